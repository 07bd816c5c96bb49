/**
 * The processes that are measured. They are bundled into plain JavaScript, so that the time in which
 * one starts is Node's own, and not that of a loader of TypeScript.
 *
 * Every wait has a limit, and every process ends with this one.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { buildSync } from "esbuild";

import { FILE_NAMES, fileContents } from "./samples.ts";

const HERE = import.meta.dirname;
/** Inside the project, so that packages are found from there. */
const PLACE = join(HERE, "../../.reports");
const ENTRIES = [
  ...["iterative", "processes", "threads", "multiplexed", "coroutines", "mixed"],
  ...["connection-process", "connection-thread", "pool-thread"],
].map((name) => join(HERE, "servers", `${name}.ts`));

const START_MS = 20_000;
const STOP_MS = 5000;

export class Programs {
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #children = new Set<Child>();

  private constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  /** `signal`: gives up all that is waited for. */
  static async build(signal: AbortSignal): Promise<Programs> {
    mkdirSync(PLACE, { recursive: true });
    const programs = new Programs(mkdtempSync(join(PLACE, "server-models-")), signal);
    try {
      programs.#build();
      return programs;
    } catch (error) {
      await programs.end();
      throw error;
    }
  }

  #build(): void {
    mkdirSync(this.files);
    for (const name of FILE_NAMES) writeFileSync(join(this.files, name), fileContents(name));
    // Not build(): that leaves a process of its own running.
    buildSync({
      entryPoints: [...ENTRIES, join(HERE, "load/load.ts"), join(HERE, "cost-process.ts")],
      ...{ outdir: this.#folder, entryNames: "[name]", outExtension: { ".js": ".mjs" } },
      ...{ bundle: true, format: "esm", platform: "node", target: "node20.19" },
      // Piscina finds its own worker beside its own files.
      ...{ external: ["piscina"], conditions: ["iomux-source"], logLevel: "silent" },
    });
  }

  /** The folder that servers answer files from. */
  get files(): string {
    return join(this.#folder, "files");
  }

  /** Resolves once it is ready. */
  async start(name: string, args: readonly string[] = []): Promise<Child> {
    this.#signal.throwIfAborted();
    const file = join(this.#folder, `${name}.mjs`);
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
    const child = new Child(
      name,
      fork(file, args, { execArgv: [], stdio: [...stdio] }),
      this.#signal,
    );
    this.#children.add(child);
    void child.gone.then(() => this.#children.delete(child));
    await child.ready(START_MS);
    return child;
  }

  /** Ends what still runs, and leaves nothing behind. */
  async end(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()));
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 9 });
  }
}

interface Reply {
  readonly id?: number;
  readonly value?: unknown;
  readonly failed?: string;
}

/** A process that answers questions; see `child.ts`. */
export class Child {
  readonly gone: Promise<void>;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #signal: AbortSignal;
  #isGone = false;
  #lastId = 0;
  #first: Promise<unknown>;

  constructor(name: string, process: ChildProcess, signal: AbortSignal) {
    this.#name = name;
    this.#process = process;
    this.#signal = signal;
    this.gone = new Promise((resolve) => {
      const end = (): void => {
        this.#isGone = true;
        resolve();
      };
      process.once("exit", end);
      process.on("error", () => {
        if (process.pid === undefined) end();
      });
    });
    this.#first = once(process, "message").then(([message]) => message as unknown);
    this.#first.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** What it said first. */
  ready(limitMs: number): Promise<unknown> {
    return this.#within(limitMs, "start", this.#first);
  }

  /** The port of the first address that it said it listens on. */
  async port(): Promise<number> {
    const { addresses } = (await this.#first) as { addresses: readonly { port: number }[] };
    return addresses[0]!.port;
  }

  /** Rejects with one line if there is no answer in `limitMs`. */
  async ask<T>(ask: string, limitMs: number, question: object = {}): Promise<T> {
    this.#signal.throwIfAborted();
    const id = ++this.#lastId;
    let hear: (reply: Reply) => void = () => undefined;
    const reply = new Promise<Reply>((resolve) => {
      hear = (message) => {
        if (message.id === id) resolve(message);
      };
    });
    this.#process.on("message", hear);
    try {
      this.#process.send({ ...question, id, ask });
      const { value, failed } = await this.#within(limitMs, `answer "${ask}"`, reply);
      if (failed !== undefined) throw new Error(`${this.#name}: ${failed}`);
      return value as T;
    } finally {
      this.#process.off("message", hear);
    }
  }

  /** Resolves when it is gone: by itself, with all that it has started, or by SIGKILL in the end. */
  async stop(): Promise<void> {
    if (this.#isGone) return;
    if (this.#process.connected) this.#process.disconnect();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS);
    await this.gone;
    clearTimeout(late);
  }

  async #within<T>(limitMs: number, what: string, result: Promise<T>): Promise<T> {
    const over = new AbortController();
    const failed = (why: string): Error => new Error(`${this.#name} did not ${what}: ${why}`);
    try {
      return await Promise.race([
        result,
        this.gone.then(() => Promise.reject(failed("it has ended"))),
        new Promise<never>((_, reject) => {
          const late = setTimeout(() => {
            reject(failed(`${limitMs} ms are over`));
          }, limitMs);
          const stop = (): void => {
            reject(this.#signal.reason as Error);
          };
          this.#signal.addEventListener("abort", stop);
          over.signal.addEventListener("abort", () => {
            clearTimeout(late);
            this.#signal.removeEventListener("abort", stop);
          });
        }),
      ]);
    } finally {
      over.abort();
    }
  }
}
