/** The servers of static files that are compared, each a process, all with the same root folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { childrenOf, cpuOf, peakMemoryOf } from "./process-stat.ts";
import { Child, freePort, own, ownFolder } from "./processes.ts";

/** `sirv`: what it saw at its start. `sirv-dev`: looks at the disk for each request, as ours. */
export type StaticServerName = "iomux" | "sirv" | "sirv-dev" | "nginx";

/** Of Debian's package. */
const NGINX = "/usr/sbin/nginx";
/** For a server to answer for the first time. */
const PATIENCE_MS = 10_000;

export class StaticServer {
  readonly port: number;
  readonly #started: Child | ChildProcess;

  private constructor(port: number, started: Child | ChildProcess) {
    this.port = port;
    this.#started = started;
  }

  /** `probe`: the path of a file that is there. */
  static async start(name: StaticServerName, root: string, probe: string): Promise<StaticServer> {
    const port = await freePort();
    const server = new StaticServer(port, await start(name, port, root));
    const end = performance.now() + PATIENCE_MS;
    while (!(await answers(`http://127.0.0.1:${port}${probe}`))) {
      if (performance.now() > end) throw new Error(`${name} does not answer on port ${port}`);
      await setTimeout(10);
    }
    return server;
  }

  /** Microseconds so far, of all of its processes. */
  cpu(): number {
    return this.#pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
  }

  /** Bytes, of a server that has one process. */
  peakMemory(): number {
    return peakMemoryOf(this.#started.pid!);
  }

  async stop(): Promise<void> {
    if (this.#started instanceof Child) await this.#started.stop();
    else this.#started.kill("SIGTERM");
  }

  get #pids(): number[] {
    const pid = this.#started.pid!;
    return [pid, ...childrenOf(pid)];
  }
}

async function start(
  name: StaticServerName,
  port: number,
  root: string,
): Promise<Child | ChildProcess> {
  if (name === "iomux") {
    const args = ["--port", `${port}`, "--root", root, "--requests", "0"];
    return Child.start("http-files", [], { args, quiet: true });
  }
  const script = fileURLToPath(new URL("./servers/http-sirv.mjs", import.meta.url));
  const [program, ...args] =
    name === "nginx"
      ? [NGINX, "-c", nginxSettings(port, root)]
      : [process.execPath, script, `${port}`, root, name === "sirv" ? "prod" : "dev"];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  own(child);
  return child;
}

/** One worker; whatever else is not named is as it is built. */
function nginxSettings(port: number, root: string): string {
  const folder = ownFolder(tmpdir());
  mkdirSync(join(folder, "temporary"));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (what) => `${what}_temp_path ${join(folder, "temporary")};`,
  );
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log stderr crit;
    events { worker_connections 1024; }
    http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
      ${paths.join(" ")}
      server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  return file;
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}
