/** In which order test files start: one that takes long and starts last is waited for alone. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What the sizes of files, by which a first run is sorted, do not tell: the longest first. */
const LONG = [
  "simulation/scenarios",
  "examples/models-run",
  "examples/file-server-load-soak",
  "docs/docs-code",
  "examples/console-browser-",
  "examples/npm-scripts",
  "simulation/command",
];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const known = LONG.flatMap((name) => sorted.filter((file) => isNamed(file, name)));
    return [...new Set([...known, ...sorted])];
  }
}

function isNamed({ moduleId }: TestSpecification, name: string): boolean {
  return moduleId.includes(`/test/${name}`);
}
