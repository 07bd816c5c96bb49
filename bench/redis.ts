/**
 * `redis-server`, to be compared with: of Debian, without persistence, on a port of its own. Its
 * CPU time is what the kernel says (proc(5): `utime` and `stime` of /proc/PID/stat).
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";

import { own } from "./processes.ts";

/** Microseconds in a clock tick: Linux tells times in hundredths of a second (USER_HZ). */
const TICK = 10_000;

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
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, "latin1");
    // The second field is the name in parentheses, and may have anything in it.
    const [utime, stime] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return (Number(utime) + Number(stime)) * TICK;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }
}

/** redis-server takes no port 0; one that was free a moment ago is the nearest to it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
