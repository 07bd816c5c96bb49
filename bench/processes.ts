/**
 * The processes of a benchmark: every server and the load have one each.
 *
 * They run as plain JavaScript under plain `node`: library, servers and load are bundled once, from
 * the sources, into a temporary folder. Under `tsx` the loader's hooks would sit in the measured
 * process, and its share would differ between a server of one file and one that imports a library.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "tsup";

const PROGRAMS = {
  load: new URL("./load.ts", import.meta.url),
  iomux: new URL("./servers/iomux.ts", import.meta.url),
  net: new URL("./servers/net.ts", import.meta.url),
  "tls-iomux": new URL("./servers/tls-iomux.ts", import.meta.url),
  "tls-net": new URL("./servers/tls-net.ts", import.meta.url),
  "flood-iomux": new URL("./servers/flood-iomux.ts", import.meta.url),
  "flood-net": new URL("./servers/flood-net.ts", import.meta.url),
  turn: new URL("./servers/turn.ts", import.meta.url),
  struct: new URL("./servers/struct.ts", import.meta.url),
  audience: new URL("./audience.ts", import.meta.url),
  visitors: new URL("./visitors.ts", import.meta.url),
  "room-iomux": new URL("./servers/room-iomux.ts", import.meta.url),
  "room-net": new URL("./servers/room-net.ts", import.meta.url),
  "slow-readers": new URL("./files-readers.ts", import.meta.url),
  "ftp-iomux": new URL("./servers/ftp-iomux.ts", import.meta.url),
  "soak-client": new URL("./soak-client.ts", import.meta.url),
  "ftp-watched": new URL("./servers/ftp-watched.ts", import.meta.url),
  "http-iomux": new URL("./servers/http-iomux.ts", import.meta.url),
  "http-crowd": new URL("./http-crowd.ts", import.meta.url),
  "http-files": new URL("./servers/http-files.ts", import.meta.url),
  console: new URL("./servers/console.ts", import.meta.url),
  "console-viewer": new URL("./console-viewer.ts", import.meta.url),
};
export type ProgramName = keyof typeof PROGRAMS;
const LOADS: ReadonlySet<ProgramName> = new Set([
  ...(["load", "audience", "visitors", "slow-readers", "soak-client", "http-crowd"] as const),
  "console-viewer",
]);

const running = new Set<ChildProcess>();
const folders: string[] = [];
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 9 });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

/** Has `child` end with this process at the latest. */
export function own(child: ChildProcess): void {
  running.add(child);
  child.on("exit", () => running.delete(child));
}

/** A new folder, gone with this process. */
export function ownFolder(parent: string): string {
  const path = mkdtempSync(join(parent, "iomux-bench-"));
  folders.push(path);
  return path;
}

/** For who takes no port 0: one that was free a moment ago is the nearest to it. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const folder = ownFolder(tmpdir());
const REQUIRE =
  'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';
let serverFlags: readonly string[] = [];

/** Bundles the programs; `profileDir`: where the servers leave a CPU profile each. */
export async function buildPrograms(profileDir: string | undefined): Promise<void> {
  if (profileDir !== undefined) serverFlags = ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  await build({
    config: false,
    silent: true,
    entry: Object.fromEntries(
      Object.entries(PROGRAMS).map(([name, url]) => [name, fileURLToPath(url)]),
    ),
    outDir: folder,
    format: "esm",
    outExtension: () => ({ js: ".mjs" }),
    target: "node20.19",
    platform: "node",
    noExternal: [/^iomux/],
    esbuildOptions(options) {
      options.conditions = ["iomux-source"];
      // For packages that are CommonJS, and require() what Node has built in.
      options.banner = { js: REQUIRE };
    },
  });
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface ChildOptions {
  /** Of the program. */
  readonly args?: readonly string[];
  /** What it prints is not shown, errors aside. */
  readonly quiet?: boolean;
}

/** A child that answers questions; see `child.ts`. */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(name: ProgramName, nodeFlags: readonly string[], options: ChildOptions) {
    const { args = [], quiet = false } = options;
    const child = fork(join(folder, `${name}.mjs`), args, {
      execArgv: [...nodeFlags],
      stdio: ["inherit", quiet ? "ignore" : "inherit", "inherit", "ipc"],
    });
    this.#process = child;
    own(child);
    child.on("message", (reply: { id: number; value?: unknown; failed?: string }) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.failed === undefined) waiting?.resolve(reply.value);
      else waiting?.reject(new Error(`${name}: ${reply.failed}`));
    });
    child.on("exit", (code, signal) => {
      const error = new Error(`${name} ended with ${signal ?? code}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  static async start(
    name: ProgramName,
    nodeFlags: readonly string[] = [],
    options: ChildOptions = {},
  ): Promise<Child> {
    const flags = LOADS.has(name) ? nodeFlags : [...serverFlags, ...nodeFlags];
    const child = new Child(name, flags, options);
    await child.#reply(0);
    return child;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  async ask<T>(ask: string, rest: object = {}): Promise<T> {
    const id = ++this.#lastId;
    const reply = this.#reply(id);
    this.#process.send({ id, ask, ...rest });
    return (await reply) as T;
  }

  #reply(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async stop(): Promise<void> {
    if (!running.has(this.#process)) return;
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.disconnect();
    await gone;
  }
}
