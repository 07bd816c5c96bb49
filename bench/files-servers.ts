/**
 * The file servers that are compared, each on a port of its own, all with the same root folder: one
 * to get from, and one to put to for each, which anybody may write in. Anonymous users may read
 * and upload, nothing is encrypted, and no transfer is logged.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { childrenOf, cpuOf, peakMemoryOf } from "./process-stat.ts";
import { Child, freePort, own, ownFolder } from "./processes.ts";

const PEERS = ["vsftpd", "pyftpdlib", "ftp-srv"] as const;
export type PeerName = (typeof PEERS)[number];
export type ServerName = "iomux" | PeerName;

/** Of Debian's packages. */
const VSFTPD = "/usr/sbin/vsftpd";
const PYTHON = "/usr/bin/python3";

/**
 * Installed when it is first compared, and no dependency of this project: it has old dependencies
 * of its own, with known weaknesses.
 */
const FTP_SRV = "ftp-srv@4.6.3";
const FTP_SRV_FOLDER = fileURLToPath(new URL("../.reports/ftp-srv", import.meta.url));

/** For a server to say its first word, or to be done with a session. */
const PATIENCE_MS = 10_000;

/** What the servers serve. In memory if there is a folder for that, so that no disk is measured. */
export class Library {
  readonly root: string;
  readonly inMemory: boolean;

  constructor() {
    this.inMemory = isWritable("/dev/shm");
    this.root = ownFolder(this.inMemory ? "/dev/shm" : tmpdir());
    chmodSync(this.root, 0o755); // vsftpd serves as a user of its own, and refuses a writable root
  }

  /** Where `name` is on disk; both are the same for the servers. */
  at(name: string): string {
    return join(this.root, name);
  }

  /** The folder that uploads to `server` go to. */
  uploadsOf(server: ServerName): string {
    const name = `uploads-${server}`;
    mkdirSync(this.at(name), { recursive: true });
    chmodSync(this.at(name), 0o1777);
    return name;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Those that can be run here, and for each other one a line that says why not. */
export function findPeers(): { readonly peers: PeerName[]; readonly missing: string[] } {
  const found = PEERS.map((name) => ({ name, lack: WHY_NOT[name]() }));
  const missing = found.flatMap(({ name, lack }) => (lack === null ? [] : [`${name}: ${lack}`]));
  return { peers: found.filter(({ lack }) => lack === null).map(({ name }) => name), missing };
}

const WHY_NOT: Readonly<Record<PeerName, () => string | null>> = {
  vsftpd() {
    if (!runs(VSFTPD, ["-v"])) return `there is no ${VSFTPD}`;
    return process.getuid?.() === 0 ? null : "it serves anonymous users only if started by root";
  },
  pyftpdlib() {
    const found = runs(PYTHON, ["-c", "import pyftpdlib"]);
    return found ? null : `${PYTHON} has no such module`;
  },
  "ftp-srv"() {
    if (existsSync(join(FTP_SRV_FOLDER, "node_modules/ftp-srv"))) return null;
    const args = ["install", "--prefix", FTP_SRV_FOLDER, "--ignore-scripts", FTP_SRV];
    return runs("npm", args) ? null : `npm cannot install ${FTP_SRV}`;
  },
};

/** Whether a program is there and ends with 0. */
export function runs(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Files beside this one, which are run as they are. */
function script(name: string): string {
  return fileURLToPath(new URL(`./servers/${name}`, import.meta.url));
}

export interface StartOptions {
  /** Of `node`, for those that run in it. */
  readonly nodeFlags?: readonly string[];
  /** Whether the turns are measured: only of ours. */
  readonly watched?: boolean;
}

/** vsftpd forks for each session; the others have one process. */
export class FileServer {
  readonly port: number;
  readonly pid: number;
  /** Answers questions, if it is ours. */
  readonly child: Child | null;
  readonly #stop: () => Promise<void>;

  private constructor(port: number, started: Child | ChildProcess) {
    this.port = port;
    this.pid = started.pid!;
    this.child = started instanceof Child ? started : null;
    this.#stop = () => (started instanceof Child ? started.stop() : kill(started));
  }

  static async start(
    name: ServerName,
    { root }: Library,
    { nodeFlags = [], watched = false }: StartOptions = {},
  ): Promise<FileServer> {
    const port = await freePort();
    const command = commandOf(name, port, root, nodeFlags);
    const started =
      command === null
        ? await startOurs(watched ? "ftp-watched" : "ftp-iomux", port, root, nodeFlags)
        : spawn(command[0]!, command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
    if (!(started instanceof Child)) own(started);
    await greeted(name, port);
    return new FileServer(port, started);
  }

  /** Microseconds so far, when all sessions have ended: only then are their processes counted. */
  async cpu(): Promise<number> {
    const end = performance.now() + PATIENCE_MS;
    while (childrenOf(this.pid).length > 0) {
      if (performance.now() > end) throw new Error(`process ${this.pid} still has children`);
      await setTimeout(1);
    }
    return cpuOf(this.pid);
  }

  /** Bytes of the resident set at its largest, of a server that has one process. */
  peakMemory(): number {
    return peakMemoryOf(this.pid);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Null: ours, which is no program of its own. */
function commandOf(
  name: ServerName,
  port: number,
  root: string,
  nodeFlags: readonly string[],
): string[] | null {
  if (name === "iomux") return null;
  if (name === "vsftpd") return [VSFTPD, vsftpdSettings(port, root)];
  const program =
    name === "pyftpdlib"
      ? [PYTHON, script("ftp-pyftpdlib.py")]
      : [process.execPath, ...nodeFlags, script("ftp-srv.mjs"), FTP_SRV_FOLDER];
  return [...program, `${port}`, root];
}

/** Everybody comes from one address here, and lftp would take TLS where it is offered. */
function startOurs(
  program: "ftp-iomux" | "ftp-watched",
  port: number,
  root: string,
  nodeFlags: readonly string[],
): Promise<Child> {
  const flags = {
    ...{ port, root, "anonymous-upload": "on", tls: "none" },
    ...{ "per-address": 0, "sessions-per-second": 0 },
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
  return Child.start(program, nodeFlags, { args, quiet: true });
}

/**
 * Whatever is not named is as it is built. The sandbox does not know newer system calls. As it is
 * built a session is three processes, and the one that ends first does not always wait for the one
 * that has moved the bytes: most of its CPU time was lost that way. One process for each is counted
 * in full, and cheaper.
 */
function vsftpdSettings(port: number, root: string): string {
  const folder = ownFolder(tmpdir());
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const settings = {
    ...{ listen: "YES", listen_address: "127.0.0.1", listen_port: port, background: "NO" },
    ...{ anonymous_enable: "YES", local_enable: "NO", no_anon_password: "YES", anon_root: root },
    ...{ write_enable: "YES", anon_upload_enable: "YES", xferlog_enable: "NO" },
    ...{ secure_chroot_dir: empty, seccomp_sandbox: "NO" },
    one_process_model: "YES",
  };
  const file = join(folder, "vsftpd.conf");
  const lines = Object.entries(settings).map(([setting, value]) => `${setting}=${value}\n`);
  writeFileSync(file, lines.join(""));
  return file;
}

/** Until a server says that it is ready (220). */
async function greeted(name: ServerName, port: number): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await greetedOnce(port))) {
    if (performance.now() > end) throw new Error(`${name} does not greet on port ${port}`);
    await setTimeout(10);
  }
}

function greetedOnce(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.on("data", (said) => {
      resolve(said.toString().startsWith("220"));
      socket.end("QUIT\r\n");
    });
    socket.on("close", () => {
      resolve(false);
    });
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
