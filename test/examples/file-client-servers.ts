/** The servers that the file client must get along with, each on a port and in a folder of its own. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { authority } from "../support/certificates.ts";
import { ANN, endFileServer, openFileServer, UNLIMITED, usersFile } from "./file-server-process.ts";
import { run, temporaryFolder, type Running } from "./programs.ts";

export type ServerName = "vsftpd" | "pyftpdlib" | "ours";

/** The user may get from everywhere, and put to `up/`. */
export interface Site {
  readonly name: ServerName;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** What it serves, on the disk. */
  readonly root: string;
  /** Ends it, and rejects if it had complaints. */
  end(): Promise<void>;
}

export interface SiteSettings {
  readonly tls?: boolean;
}

const VSFTPD = "/usr/sbin/vsftpd";
/** Of the system: another one may be first in PATH, and have no pyftpdlib. */
const PYTHON = "/usr/bin/python3";

/** Whether the servers that others wrote are missing, and need not be there. */
export function peersAbsent(): boolean {
  if (process.env.IOMUX_REQUIRE_PEERS === "1") return false;
  const vsftpd = spawnSync(VSFTPD, ["-v"], { timeout: 10_000 });
  const pyftpdlib = spawnSync(PYTHON, ["-c", "import pyftpdlib"], { timeout: 10_000 });
  const isRoot = process.getuid?.() === 0;
  return vsftpd.error !== undefined || pyftpdlib.status !== 0 || !isRoot;
}

export async function openSite(name: ServerName, settings: SiteSettings = {}): Promise<Site> {
  const root = temporaryFolder();
  // vsftpd serves as a user of its own, and refuses a root that this one may write to.
  chmodSync(root, 0o755);
  mkdirSync(join(root, "up"));
  chmodSync(join(root, "up"), 0o1777);
  return OPEN[name](root, settings);
}

const OPEN: Readonly<Record<ServerName, (root: string, settings: SiteSettings) => Promise<Site>>> =
  {
    vsftpd: openVsftpd,
    pyftpdlib: openPyftpdlib,
    ours: openOurs,
  };

async function openOurs(root: string, { tls = false }: SiteSettings): Promise<Site> {
  const flags = tls ? ["--tls", "data", "--cert", identity().cert, "--key", identity().key] : [];
  const users = ["--users", await usersFile(ANN), ...UNLIMITED];
  const server = await openFileServer([...users, ...flags], root);
  const { name: user, password } = ANN;
  return {
    name: "ours",
    port: server.port,
    root,
    user,
    password,
    end: () => endFileServer(server),
  };
}

async function openPyftpdlib(root: string, { tls = false }: SiteSettings): Promise<Site> {
  const script = join(import.meta.dirname, "pyftpdlib-server.py");
  const server = run(PYTHON, [script, root, ...(tls ? [identity().both] : [])]);
  const port = Number(await server.out.until(/^\d+$/));
  const { name: user, password } = ANN;
  return { name: "pyftpdlib", port, root, user, password, end: () => kill(server) };
}

/**
 * It takes no port 0: one that was free a moment ago is the nearest to it. Data connections must go
 * on with the TLS session of the control connection, as it is built.
 */
async function openVsftpd(root: string, { tls = false }: SiteSettings): Promise<Site> {
  const folder = temporaryFolder();
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const port = await freePort();
  const settings = {
    ...{ listen: "YES", listen_address: "127.0.0.1", listen_port: port, background: "NO" },
    ...{ anonymous_enable: "YES", local_enable: "NO", no_anon_password: "YES", anon_root: root },
    ...{ write_enable: "YES", anon_upload_enable: "YES", anon_other_write_enable: "YES" },
    ...{ anon_mkdir_write_enable: "YES", anon_umask: "022", xferlog_enable: "NO" },
    ...{ secure_chroot_dir: empty, seccomp_sandbox: "NO" },
    ...(tls
      ? {
          ...{ ssl_enable: "YES", allow_anon_ssl: "YES", require_ssl_reuse: "YES" },
          ...{ force_anon_data_ssl: "YES", force_anon_logins_ssl: "YES", ssl_ciphers: "HIGH" },
          ...{ rsa_cert_file: identity().cert, rsa_private_key_file: identity().key },
        }
      : {}),
  };
  const file = join(folder, "vsftpd.conf");
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([setting, value]) => `${setting}=${value}\n`)
      .join(""),
  );
  const server = run(VSFTPD, [file]);
  await greeted(port, server);
  const anonymous = { user: "anonymous", password: "anonymous@" };
  return { name: "vsftpd", port, root, ...anonymous, end: () => kill(server) };
}

function kill({ child, ended }: Running): Promise<void> {
  child.kill("SIGKILL");
  return ended.then(() => undefined);
}

let files: { readonly cert: string; readonly key: string; readonly both: string } | null = null;

/** For localhost and 127.0.0.1, from an authority of the tests' own. */
function identity(): { readonly cert: string; readonly key: string; readonly both: string } {
  if (files !== null) return files;
  const { cert, key } = authority.issue({ names: ["localhost", "127.0.0.1"] });
  const folder = temporaryFolder();
  files = { cert: join(folder, "cert"), key: join(folder, "key"), both: join(folder, "both") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.both, `${cert}\n${key}`, { mode: 0o600 });
  return files;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Until it says 220. */
async function greeted(port: number, { child, ended, err, out }: Running): Promise<void> {
  while (!(await greetsAt(port))) {
    if (child.exitCode === null && child.signalCode === null) continue;
    await ended;
    throw new Error(`no server at ${port}: ${[...out.lines, ...err.lines].join("\n")}`);
  }
}

function greetsAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.on("data", (said) => {
      resolve(said.toString().startsWith("220"));
      socket.end("QUIT\r\n");
    });
    socket.on("close", () => {
      setTimeout(() => resolve(false), 10);
    });
  });
}
