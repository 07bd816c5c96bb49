/**
 * The HTTP servers that are compared, each a process on a port of its own. All answer GET / with the
 * same 13 bytes of text/plain; nothing is encrypted or logged.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { runs } from "./files-servers.ts";
import { cpuOf } from "./process-stat.ts";
import { Child, freePort, own, ownFolder } from "./processes.ts";

export const HTTP_PEERS = ["node:http", "fastify", "bun", "nginx"] as const;
export type HttpPeer = (typeof HTTP_PEERS)[number];
export type HttpServerName = "iomux" | HttpPeer;

/** Of Debian's package nginx-light. */
const NGINX = "/usr/sbin/nginx";
/** Of Debian's package wrk. */
export const WRK = "wrk";

/** Installed when it is first compared, and no dependency of this project: it is a runtime. */
const BUN_VERSION = "bun@1.4.5";
const BUN_FOLDER = fileURLToPath(new URL("../.reports/bun", import.meta.url));
const BUN = join(BUN_FOLDER, "node_modules/@oven", bunPackage(), "bin/bun");

/** For a server to say its first word. */
const PATIENCE_MS = 10_000;

function bunPackage(): string {
  return `bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
}

/** Those that can be run here, and for each other one a line that says why not. */
export function findHttpPeers(): { readonly peers: HttpPeer[]; readonly missing: string[] } {
  const missing: string[] = [];
  const peers = HTTP_PEERS.filter((name) => {
    const lack = name === "bun" ? lackOfBun() : name === "nginx" ? lackOfNginx() : null;
    if (lack !== null) missing.push(`${name}: ${lack}`);
    return lack === null;
  });
  return { peers, missing };
}

function lackOfNginx(): string | null {
  return runs(NGINX, ["-v"]) ? null : `there is no ${NGINX}`;
}

function lackOfBun(): string | null {
  if (!existsSync(BUN)) {
    const args = ["install", "--prefix", BUN_FOLDER, "--ignore-scripts", BUN_VERSION];
    if (!runs("npm", args)) return `npm cannot install ${BUN_VERSION}`;
  }
  return runs(BUN, ["--version"]) ? null : `${bunPackage()} does not run here`;
}

export class HttpPeerServer {
  readonly port: number;
  readonly #pid: number;
  readonly #stop: () => Promise<void>;

  private constructor(port: number, pid: number, stop: () => Promise<void>) {
    this.port = port;
    this.#pid = pid;
    this.#stop = stop;
  }

  static async start(name: HttpServerName): Promise<HttpPeerServer> {
    const port = await freePort();
    const started = name === "iomux" ? await startOurs(port) : startPeer(name, port);
    await listening(name, port);
    const stop = (): Promise<void> => (started instanceof Child ? started.stop() : killed(started));
    return new HttpPeerServer(port, started.pid!, stop);
  }

  /** Microseconds of CPU so far. */
  get cpu(): number {
    return cpuOf(this.#pid);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

function startOurs(port: number): Promise<Child> {
  return Child.start("http-iomux", [], { args: [`${port}`], quiet: true });
}

function startPeer(name: HttpPeer, port: number): ChildProcess {
  const script = (file: string): string =>
    fileURLToPath(new URL(`./servers/${file}`, import.meta.url));
  const command = {
    "node:http": [process.execPath, script("http-node.mjs"), `${port}`],
    fastify: [process.execPath, script("http-fastify.mjs"), `${port}`],
    bun: [BUN, script("http-bun.mjs"), `${port}`],
    nginx: [NGINX, "-e", "stderr", "-c", name === "nginx" ? nginxSettings(port) : ""],
  }[name];
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
  own(child);
  return child;
}

/** One process, with what is not named as it is built. */
function nginxSettings(port: number): string {
  const folder = ownFolder(tmpdir());
  const file = join(folder, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000000; default_type text/plain;
  ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server { listen 127.0.0.1:${port}; location = / { return 200 "Hello, World!"; } }
}
`,
  );
  return file;
}

async function listening(name: string, port: number): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await connects(port))) {
    if (performance.now() > end) throw new Error(`${name} does not listen on port ${port}`);
    await setTimeout(10);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => {
      resolve(false);
    });
  });
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds that 99 of 100 answers did not take. */
  readonly p99: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** Sixteen requests at once, as in the wrk scripts that others publish. */
const PIPELINED = `init = function()
  local all = {}
  for i = 1, 16 do all[i] = wrk.format(nil, "/") end
  pipelined = table.concat(all)
end
request = function() return pipelined end
`;

/** Requests on `connections` for so long, one after the other or 16 at once. */
export async function wrk(
  port: number,
  { connections, seconds, pipelined }: WrkOptions,
): Promise<WrkResult> {
  const script = pipelined ? ["-s", pipelinedScript()] : [];
  const flags = [`-t1`, `-c${connections}`, `-d${seconds}s`, "--latency", ...script];
  const child = spawn(WRK, [...flags, `http://127.0.0.1:${port}/`]);
  own(child);
  const said: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
  await once(child, "close");
  const text = Buffer.concat(said).toString();
  const count = /(\d+) requests in ([\d.]+)(ms|s|m)/.exec(text);
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
  if (count === null || p99 === null || /Non-2xx|Socket errors/.test(text)) {
    throw new Error(`wrk has failed: ${text}`);
  }
  return {
    requests: Number(count[1]),
    seconds: Number(count[2]),
    p99: Number(p99[1]) * UNITS[p99[2]!]!,
  };
}

export interface WrkOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly pipelined: boolean;
}

let script: string | null = null;

function pipelinedScript(): string {
  if (script === null) {
    script = join(ownFolder(tmpdir()), "pipelined.lua");
    writeFileSync(script, PIPELINED);
  }
  return script;
}

/** Whether the load is here. */
export function hasWrk(): boolean {
  try {
    execFileSync("which", [WRK], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
