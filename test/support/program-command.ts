/** How tests start the programs of this repository, and those of their own. */
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");
/** Where programs are that were built: inside the repository, so that packages are found. */
export const BUILT = join(ROOT, ".reports/programs");

/** What `buildPrograms` builds before all tests. */
export const PROGRAMS = [
  "examples/bus/conductor.ts",
  "examples/chat-client.ts",
  "examples/chat-room.ts",
  "examples/driver-and-conductor.ts",
  "examples/file-client.ts",
  "examples/file-server.ts",
  "examples/http-server.ts",
  "examples/one-loop.ts",
  "examples/readiness-tour.ts",
  "examples/server-models.ts",
  "examples/udp-client.ts",
  "examples/udp-server.ts",
  "examples/unix-receive.ts",
  "examples/unix-send.ts",
  "test/examples/files-uploads.ts",
  "test/examples/inspected-program.ts",
  "test/node/emfile-server.ts",
  "test/node/input-cases.ts",
  "test/node/lifetime-cases.ts",
  "test/unit/traced-program.ts",
  "tools/simulate.ts",
] as const;

export type Program = (typeof PROGRAMS)[number];

/** Where a source is as it was built. */
export function builtFile(source: string): string {
  return join(BUILT, source.replace(/\.ts$/, ".js"));
}

/** What `node` is given for a program as it was built from its sources before the tests. */
export function programCommand(program: Program): readonly string[] {
  return [builtFile(program)];
}

/** What `node` is given for a program as `npm run` starts it. It takes five times as long. */
export function sourceCommand(source: string): readonly string[] {
  return ["--import", "tsx", "--conditions=iomux-source", join(ROOT, source)];
}
