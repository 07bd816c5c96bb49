/**
 * What a client says, and what it makes of the answers: each operation is a generator that wishes
 * for something, and is given what became of it. It knows no socket, no file and no time.
 *
 *   operation -> { say: "SIZE a" } -> control connection -> reply -> operation -> ...
 *
 * Data connections are passive: the client connects. EPSV (RFC 2428) is tried first, then PASV.
 */
import type { Reply } from "../replies.ts";
import { extendedPassivePort, passivePort } from "./passive-reply.ts";
import {
  isListedFolderItself,
  parseFacts,
  parseListLine,
  type RemoteEntry,
} from "./remote-entry.ts";

export type Wish =
  /** A command, without its ending. Answered by the next reply, whatever its code. */
  | { readonly kind: "say"; readonly line: string }
  /** The reply that follows a preliminary one. */
  | { readonly kind: "hear" }
  /** TLS on the control connection. */
  | { readonly kind: "secure" }
  /** A data connection to that port of the server, with TLS if data is protected. */
  | { readonly kind: "connect"; readonly port: number; readonly secure: boolean }
  /** Everything that comes over it as lines. */
  | { readonly kind: "read-lines" }
  /** All that comes is received, or all that there is is sent. */
  | { readonly kind: "move" };

/** How a data connection ended. */
export type Moved = "whole" | "broken";

/** What each wish is answered with. */
export interface Given {
  readonly say: Reply;
  readonly hear: Reply;
  readonly secure: null;
  readonly connect: boolean;
  readonly "read-lines": { readonly lines: readonly string[]; readonly moved: Moved };
  readonly move: Moved;
}

export type Operation<T> = Generator<Wish, T, Given[Wish["kind"]]>;

function* wish<K extends Wish["kind"]>(wanted: Wish & { readonly kind: K }): Operation<Given[K]> {
  return (yield wanted) as Given[K];
}

/** The server has said no, or something that makes no sense here. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly reply: Reply;

  constructor(what: string, reply: Reply) {
    super(`${what}: the server says ${reply.code} ${reply.lines.join(" / ")}`);
    this.reply = reply;
  }
}

/** Data could not be moved, or not all of it. */
export class TransferError extends Error {
  override readonly name = "TransferError";
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly tls: boolean;
}

/** What a client remembers of its server. */
export class Dialogue {
  /** Whether data connections are protected. */
  protectsData = false;
  #features: ReadonlySet<string> = new Set();
  #type: "A" | "I" | null = null;
  #extendedPassive = true;

  /** From the first reply on. */
  *logIn({ user, password, tls }: Login): Operation<void> {
    const greeting = yield* wish({ kind: "hear" });
    const ready = greeting.code === 120 ? yield* wish({ kind: "hear" }) : greeting;
    expectCode("greeting", ready, 2);
    if (tls) yield* this.#secure();
    const named = yield* this.#say("USER", user);
    if (named.code === 331) {
      expectCode("login", yield* this.#say("PASS", password), 2);
    } else expectCode("login", named, 2);
    if (tls) yield* this.#protect();
    yield* this.#askFeatures();
  }

  *#secure(): Operation<void> {
    expectCode("AUTH TLS", yield* this.#say("AUTH", "TLS"), 2);
    yield* wish({ kind: "secure" });
  }

  *#protect(): Operation<void> {
    expectCode("PBSZ", yield* this.#say("PBSZ", "0"), 2);
    expectCode("PROT P", yield* this.#say("PROT", "P"), 2);
    this.protectsData = true;
  }

  /** A server without FEAT has none. */
  *#askFeatures(): Operation<void> {
    const { code, lines } = yield* this.#say("FEAT");
    if (code !== 211) return;
    const told = lines.slice(1, -1).map((line) => line.trim().split(" ", 1)[0]!.toUpperCase());
    this.#features = new Set(told);
    if (this.#features.has("UTF8")) yield* this.#say("OPTS", "UTF8 ON");
  }

  has(feature: string): boolean {
    return this.#features.has(feature);
  }

  *folder(): Operation<string> {
    const reply = yield* this.#say("PWD");
    expectCode("pwd", reply, 2);
    const [, quoted] = /"((?:[^"]|"")*)"/.exec(reply.lines[0]!) ?? [];
    if (quoted === undefined) throw new RefusedError("pwd", reply);
    return quoted.replaceAll('""', '"');
  }

  *enter(folder: string): Operation<void> {
    expectCode(folder, yield* this.#say("CWD", folder), 2);
  }

  *remove(file: string): Operation<void> {
    expectCode(file, yield* this.#say("DELE", file), 2);
  }

  *makeFolder(folder: string): Operation<void> {
    expectCode(folder, yield* this.#say("MKD", folder), 2);
  }

  *removeFolder(folder: string): Operation<void> {
    expectCode(folder, yield* this.#say("RMD", folder), 2);
  }

  *rename(from: string, to: string): Operation<void> {
    expectCode(from, yield* this.#say("RNFR", from), 3);
    expectCode(to, yield* this.#say("RNTO", to), 2);
  }

  /** Bytes; null: the server does not say, or there is no such file. */
  *size(file: string): Operation<number | null> {
    yield* this.#setType("I");
    const { code, lines } = yield* this.#say("SIZE", file);
    const bytes = code === 213 ? Number(/\d+/.exec(lines[0]!)?.[0] ?? NaN) : NaN;
    return Number.isSafeInteger(bytes) ? bytes : null;
  }

  /** By facts where the server has them, else as a list for people. */
  *list(folder: string, nowMs: number): Operation<readonly RemoteEntry[]> {
    const facts = this.has("MLST");
    yield* this.#setType("A");
    const lines = yield* this.#listing(facts ? "MLSD" : "LIST", folder);
    const entries = lines.flatMap((line) => {
      const none = facts && isListedFolderItself(line);
      const entry = facts ? parseFacts(line) : parseListLine(line, nowMs);
      return none || entry === null ? [] : [entry];
    });
    return entries;
  }

  *#listing(verb: string, folder: string): Operation<readonly string[]> {
    yield* this.#openData();
    const what = folder === "" ? "list" : folder;
    expectCode(what, yield* this.#say(verb, folder), 1);
    const { lines, moved } = yield* wish({ kind: "read-lines" });
    yield* this.#closeTransfer(what, moved);
    return lines;
  }

  /** The file from `offset` on, to wherever what comes is put. */
  *retrieve(file: string, offset: number): Operation<void> {
    yield* this.#transfer("RETR", file, offset);
  }

  /** What there is, to `file` from `offset` on. */
  *store(file: string, offset: number): Operation<void> {
    yield* this.#transfer("STOR", file, offset);
  }

  *quit(): Operation<void> {
    yield* this.#say("QUIT");
  }

  *#transfer(verb: "RETR" | "STOR", file: string, offset: number): Operation<void> {
    yield* this.#setType("I");
    yield* this.#openData();
    if (offset > 0) expectCode(file, yield* this.#say("REST", String(offset)), 3);
    expectCode(file, yield* this.#say(verb, file), 1);
    yield* this.#closeTransfer(file, yield* wish({ kind: "move" }));
  }

  /** The server has the last word: it knows whether it has taken or given everything. */
  *#closeTransfer(what: string, moved: Moved): Operation<void> {
    const last = yield* wish({ kind: "hear" });
    expectCode(what, last, 2);
    if (moved === "broken") throw new TransferError(`${what}: the data connection broke off`);
  }

  *#openData(): Operation<void> {
    const port = yield* this.#passivePort();
    const secure = this.protectsData;
    if (yield* wish({ kind: "connect", port, secure })) return;
    throw new TransferError(`the server waits at port ${port}, which cannot be reached`);
  }

  *#passivePort(): Operation<number> {
    if (this.#extendedPassive) {
      const reply = yield* this.#say("EPSV");
      const port = reply.code === 229 ? extendedPassivePort(reply.lines[0]!) : null;
      if (port !== null) return port;
      if (reply.code === 421) throw new RefusedError("EPSV", reply);
      this.#extendedPassive = false;
    }
    const reply = yield* this.#say("PASV");
    const port = reply.code === 227 ? passivePort(reply.lines[0]!) : null;
    if (port === null) throw new RefusedError("PASV", reply);
    return port;
  }

  *#setType(type: "A" | "I"): Operation<void> {
    if (this.#type === type) return;
    expectCode(`TYPE ${type}`, yield* this.#say("TYPE", type), 2);
    this.#type = type;
  }

  *#say(verb: string, argument = ""): Operation<Reply> {
    if (/[\r\n\0]/.test(argument)) throw new RangeError("a command is one line");
    // A server that speaks telnet takes 0xFF for its own; UTF-8 has none.
    const reply = yield* wish({
      kind: "say",
      line: argument === "" ? verb : `${verb} ${argument}`,
    });
    return reply;
  }
}

function expectCode(what: string, reply: Reply, first: 1 | 2 | 3): void {
  if (Math.floor(reply.code / 100) !== first) throw new RefusedError(what, reply);
}
