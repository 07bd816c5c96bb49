/** Who is connected and what moves, as data. It is made when somebody asks, and costs nothing before. */

/** Sessions that are told, those with a transfer first; of more it is told how many there are. */
export const MAX_TOLD_SESSIONS = 1000;
/** Characters of a path that are told: its end. */
export const MAX_TOLD_PATH = 256;

export type Doing =
  | { readonly kind: "logs-in" }
  /** `forMs`: since its last command or transfer. */
  | { readonly kind: "idle"; readonly forMs: number }
  /** A command that is no transfer. */
  | { readonly kind: "works"; readonly forMs: number }
  | TransferStatus;

export interface TransferStatus {
  readonly kind: "transfer";
  /** `RETR`. */
  readonly verb: string;
  /** Below the root. */
  readonly path: string;
  /** That were sent or have come. */
  readonly bytes: number;
  /** That there will be; null: nobody knows. */
  readonly expected: number | null;
  /** Since the data connection stood. */
  readonly forMs: number;
}

export interface SessionStatus {
  /** No other session of this server has it. */
  readonly id: number;
  /** Null: nobody is logged in. */
  readonly user: string | null;
  readonly host: string;
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly doing: Doing;
}

/** So many of so many. */
interface Share {
  readonly taken: number;
  readonly of: number;
}

export interface ServerStatus {
  /** Of a clock that only goes forward: what two of these tell can be compared. */
  readonly nowMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly startedMs: number;
  readonly addresses: readonly string[];
  readonly sessions: Share;
  /** Sessions that move something. */
  readonly transfers: number;
  /** Sessions that were refused since the start. */
  readonly refused: number;
  /** Bytes of all connections since the start. */
  readonly received: number;
  readonly sent: number;
  /** Bytes that wait in this process, for the disk or for clients. */
  readonly memory: Share;
  /** Large ones. */
  readonly buffers: Share;
  /** Passwords that are looked at, and that wait for it. */
  readonly logins: { readonly running: number; readonly waiting: number };
  /** At most `MAX_TOLD_SESSIONS`. */
  readonly told: readonly SessionStatus[];
}

/** What there is to know of a transfer besides. */
export interface TransferProgress {
  readonly bytes: number;
  readonly expected: number | null;
  readonly forMs: number;
}

/** `what`: as STAT tells it, `RETR /a/b`. `home`: what its user calls `/`. */
export function transferStatus(
  what: string,
  home: string,
  progress: TransferProgress | null,
): TransferStatus {
  const [, verb, path] = /^(\S*) ?(.*)$/su.exec(what)!;
  const whole = Array.from(home === "/" ? path! : home + path!);
  return {
    kind: "transfer",
    verb: verb!,
    path: whole.slice(-MAX_TOLD_PATH).join(""),
    ...(progress ?? { bytes: 0, expected: null, forMs: 0 }),
  };
}

/** Those that are told, the longest transfer first. */
export function toldSessions(sessions: readonly SessionStatus[]): SessionStatus[] {
  const rank = ({ doing }: SessionStatus): number => (doing.kind === "transfer" ? doing.forMs : -1);
  return sessions
    .toSorted((one, other) => rank(other) - rank(one) || one.id - other.id)
    .slice(0, MAX_TOLD_SESSIONS);
}
