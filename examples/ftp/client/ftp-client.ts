/** One session with a server, for who asks for things and awaits them. */
import type { Reactor } from "iomux";

import type { ClientFailure } from "./failure.ts";
import { getFile, putFile } from "./file-transfer.ts";
import type { Progress } from "./progress.ts";
import type { RemoteEntry } from "./remote-entry.ts";
import { Session } from "./session.ts";

export interface TlsSettings {
  /** False: any certificate will do. */
  readonly check: boolean;
  /** Certificates of authorities, in PEM; null: those that Node trusts. */
  readonly authorities: string | null;
}

export interface FtpClientSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Null: in plain. */
  readonly tls: TlsSettings | null;
  /** For a connection to stand, each, and for TLS on it. */
  readonly connectMs: number;
  /** In which nothing moves, or no answer comes: then it is over. */
  readonly stallMs: number;
  /** Entries of a folder that are listed. */
  readonly maxListingEntries: number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
}

export interface OperationOptions {
  /** Aborted (Ctrl-C): the operation rejects with `interrupted`, and the session stays usable. */
  readonly signal?: AbortSignal;
}

export interface TransferOptions extends OperationOptions {
  /** Go on with what an earlier transfer has left. */
  readonly resume: boolean;
  /** At most every 100 ms, and once at the end of a transfer that was whole. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Transferred {
  /** Of the whole file. */
  readonly bytes: number;
  /** Bytes that were there before; 0: it was moved from its beginning. */
  readonly resumedAt: number;
}

/** Everything rejects with a `ClientFailure` only. One operation at a time: a second call waits. */
export interface FtpClient {
  /** The server went away (why), or null after `quit()` and `abort()`. */
  readonly closed: Promise<ClientFailure | null>;
  /** Everything there is, folders too. "": where the session stands. */
  list(folder: string, options?: OperationOptions): Promise<readonly RemoteEntry[]>;
  /** Where the session stands. */
  folder(): Promise<string>;
  enter(folder: string): Promise<void>;
  /** By MLST, else by SIZE and MDTM. */
  info(path: string): Promise<RemoteEntry>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** `local` is the path of a file, which is replaced once all has come. */
  get(remote: string, local: string, options: TransferOptions): Promise<Transferred>;
  /** `remote` is the path of a file. */
  put(local: string, remote: string, options: TransferOptions): Promise<Transferred>;
  /** Says goodbye, and resolves when the connection is closed. */
  quit(): Promise<void>;
  /** Ends the connection now; what is under way rejects with `interrupted`. */
  abort(): void;
}

/** Connects, secures, logs in. `signal` ends the connection until then. */
export async function openFtpClient(
  reactor: Reactor,
  settings: FtpClientSettings,
  options: OperationOptions = {},
): Promise<FtpClient> {
  const session = await Session.open(reactor, settings, options);
  const it = session.dialogue;
  const site = `${settings.user}@${settings.host}:${settings.port}`;
  return {
    closed: session.closed,
    list: (folder, given) => session.do(() => it.list(folder, settings.wallMs()), given),
    folder: () => session.do(() => it.folder()),
    enter: (folder) => session.do(() => it.enter(folder)),
    info: (path) => session.do(() => it.info(path)),
    remove: (path) => session.do(() => it.remove(path)),
    makeFolder: (path) => session.do(() => it.makeFolder(path)),
    removeFolder: (path) => session.do(() => it.removeFolder(path)),
    rename: (from, to) => session.do(() => it.rename(from, to)),
    get: (remote, local, given) =>
      session.alone((turn) => getFile(turn, it, { remote, local, site, ...given })),
    put: (local, remote, given) =>
      session.alone((turn) => putFile(turn, it, { remote, local, site, ...given })),
    quit: () => session.quit(),
    abort: () => {
      session.abort();
    },
  };
}
