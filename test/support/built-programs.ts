/** Builds the programs that tests start: before all tests, and in a watch before each run. */
import type { TestProject } from "vitest/node";

import { buildPrograms } from "./program-build.ts";

export default async function build(project: TestProject): Promise<void> {
  await buildPrograms();
  project.onTestsRerun(buildPrograms);
}
