/** Where the status of a running server is told: a Unix socket in a folder that only its user has. */
import { constants } from "node:fs";
import { lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const FOLDER = "iomux-file-server";

export interface StatusPlace {
  /** Null: it is derived from the others, and lies in the user's own folder. */
  readonly socket: string | null;
  readonly host: string;
  readonly port: number;
}

export function statusPath({ socket, host, port }: StatusPlace): string {
  return socket ?? join(userFolder(), `${encodeURIComponent(host)}-${port}.sock`);
}

/** Where programs of this user meet, and no others (XDG Base Directory Specification). */
function userFolder(): string {
  const runtime = process.env.XDG_RUNTIME_DIR ?? "";
  if (runtime.startsWith("/")) return join(runtime, FOLDER);
  return join(tmpdir(), `${FOLDER}-${process.getuid!()}`);
}

export async function makeUserFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { mode: 0o700 }).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  });
  await checkUserFolder(path);
}

/** As `checkUserFolder`; without a folder nobody tells anything there. */
export async function checkAskedFolder(path: string): Promise<void> {
  await checkUserFolder(path).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  });
}

/** Others must neither read here nor put anything in the place of ours. Rejects with one line. */
export async function checkUserFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const stats = await lstat(folder);
  const isOurs = stats.isDirectory() && stats.uid === process.getuid!();
  const open = constants.S_IRWXG | constants.S_IRWXO;
  if (isOurs && (stats.mode & open) === 0) return;
  throw new Error(`${folder} is not a folder that only you may use: give --status-socket`);
}
