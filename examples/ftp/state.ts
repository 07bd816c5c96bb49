/** What a session remembers from one command to the next. */
import { protocolOf } from "../program/host-address.ts";
import type { Effect, Login, Route } from "./effects.ts";
import { FACTS, type Fact } from "./listing.ts";
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from "../files/path-limits.ts";
import { resolvePath } from "./paths.ts";
import type { Right } from "../accounts/rights.ts";
import { final, type Step } from "./steps.ts";

/**
 * `none`: AUTH is refused. `offered`: who wants it has it. `login`: without it nobody logs in.
 * `data`: data connections must have it too.
 */
export type TlsPolicy = "none" | "offered" | "login" | "data";

export interface SessionSettings {
  /** The first line that a client sees. */
  readonly greeting: string;
  readonly tls: TlsPolicy;
  /** The client's address, without its port. */
  readonly peerHost: string;
  readonly limits: SessionLimits;
}

export interface SessionLimits {
  /** Then the session is over (RFC 2577 section 5). */
  readonly maxPasswordTries: number;
  /** The answer to a wrong password waits so long. */
  readonly wrongPasswordMs: number;
  /** Commands that wait for the one before them; `session.full` from there on. */
  readonly maxWaitingCommands: number;
  /** Entries that STAT lists, since its reply is built in memory. */
  readonly maxStatusEntries: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  maxPasswordTries: 3,
  wrongPasswordMs: 5000,
  maxWaitingCommands: 16,
  maxStatusEntries: 1000,
};

/** A transfer, from its command to its final reply. */
export interface Transfer {
  /** As STAT tells it: `RETR /a/b`. */
  readonly what: string;
  /** Whether its first reply has been given. */
  moving: boolean;
  aborted: boolean;
  bytes: number;
}

/** How the next data connection comes about, if a command has said it. */
export type Data = Route | { readonly kind: "none" };

export class State {
  readonly settings: SessionSettings;
  readonly tell: (effect: Effect) => void;

  secure = false;
  /** PBSZ came (RFC 4217 section 8). */
  bufferSize = false;
  /** PROT P. */
  protect = false;

  /** What USER said. */
  named: string | null = null;
  login: Login | null = null;
  passwordTries = 0;

  folder = "/";
  ascii = true;
  /** What REST said, until the next transfer. */
  restart = 0;
  /** What RNFR said, until the next command. */
  renameFrom: string | null = null;
  facts: ReadonlySet<Fact> = new Set(FACTS);

  data: Data = { kind: "none" };
  onlyExtendedPassive = false;
  transfer: Transfer | null = null;
  /** An ABOR waits behind the command that runs. */
  aborting = false;

  constructor(settings: SessionSettings, tell: (effect: Effect) => void) {
    this.settings = settings;
    this.tell = tell;
  }

  /** 1 is IPv4, 2 is IPv6. */
  get protocol(): 1 | 2 {
    return protocolOf(this.settings.peerHost) ?? 1;
  }

  may(right: Right): boolean {
    const rights = this.login?.rights;
    if (rights === undefined) return false;
    return rights.has(right) || (right === "create" && rights.has("write"));
  }

  closeData(): void {
    if (this.data.kind === "passive") this.tell({ kind: "close-data" });
    this.data = { kind: "none" };
  }

  logOut(): void {
    this.named = null;
    this.login = null;
    this.folder = "/";
    this.restart = 0;
    this.renameFrom = null;
  }

  /** As it was when the session began, but for TLS and the tries of passwords. */
  reset(): void {
    this.logOut();
    this.closeData();
    this.ascii = true;
    this.facts = new Set(FACTS);
    this.onlyExtendedPassive = false;
    this.bufferSize = false;
    this.protect = false;
  }

  /** TLS is on: nothing that was said without it counts (RFC 4217 section 4). */
  secured(): void {
    this.reset();
    this.secure = true;
  }

  /** Goes on with the virtual path that `written` means, or refuses it. */
  at(written: string, then: (path: string) => Step): Step {
    const resolved = resolvePath(written, this.folder);
    if (resolved.ok) return then(resolved.path);
    return final(553, PATH_PROBLEMS[resolved.problem]);
  }
}

const PATH_PROBLEMS = {
  control: "Names have no control characters here",
  "not-utf8": "Names are UTF-8 here",
  "name-too-long": `A name has at most ${MAX_NAME_BYTES} bytes`,
  "path-too-long": `A path has at most ${MAX_PATH_BYTES} bytes`,
};
