/** `redis-server`, to be compared with: of Debian, without persistence, on a port of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { tmpdir } from "node:os";

import { freePort, own } from "./processes.ts";
import { cpuOf } from "./process-stat.ts";

export class Redis {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#process = child;
  }

  /** Such as "7.0.15"; null if there is none. */
  static version(): string | null {
    try {
      return /v=([\d.]+)/.exec(execFileSync("redis-server", ["--version"]).toString())?.[1] ?? null;
    } catch {
      return null;
    }
  }

  static async start(): Promise<Redis> {
    const port = await freePort();
    const flags = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
    const child = spawn("redis-server", flags, { stdio: ["ignore", "pipe", "inherit"] });
    own(child);
    await new Promise<void>((resolve, reject) => {
      let said = "";
      child.stdout.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        if (said.includes("Ready to accept connections")) resolve();
      });
      child.on("exit", () => {
        reject(new Error(`redis-server ended: ${said}`));
      });
    });
    return new Redis(port, child);
  }

  /** Microseconds so far. */
  cpu(): number {
    return cpuOf(this.#process.pid!);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }
}
