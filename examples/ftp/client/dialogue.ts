/**
 * What a client says, and what it makes of the answers: each operation is a generator that wishes
 * for something, and is given what became of it. It knows no socket, no file and no time.
 *
 *   operation -> { say: "SIZE a" } -> control connection -> reply -> operation -> ...
 *
 * Data connections are passive: the client connects. EPSV (RFC 2428) is tried first, then PASV.
 */
import { posix } from "node:path";

import { parseTime } from "../listing.ts";
import type { Reply } from "../replies.ts";
import { extendedPassivePort, passivePort } from "./passive-reply.ts";
import {
  isListedFolderItself,
  parseFacts,
  parseListLine,
  type RemoteEntry,
} from "./remote-entry.ts";
import {
  RefusedError,
  TransferError,
  wish,
  type Moved,
  type Operation,
  type Step,
} from "./wishes.ts";

/** Replies that may come between what was under way and the answer to the last command. */
const MAX_LATE_REPLIES = 8;

/** What servers say of a command that they do not know. */
const UNKNOWN: ReadonlySet<number> = new Set([500, 502, 504]);

function isUnknown({ code }: Reply): boolean {
  return UNKNOWN.has(code);
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
  /** Where the session stands; null: it was not asked yet. */
  #folder: string | null = null;

  /** From the first reply on. */
  *logIn({ user, password, tls }: Login): Operation<void> {
    const greeting = yield* wish({ kind: "hear" });
    const ready = greeting.code === 120 ? yield* wish({ kind: "hear" }) : greeting;
    expectCode("greeting", ready, 2, "greeting");
    if (tls) yield* this.#secure();
    const named = yield* this.#say("USER", user);
    if (named.code === 331) {
      expectCode("login", yield* this.#say("PASS", password), 2, "login");
    } else expectCode("login", named, 2, "login");
    if (tls) yield* this.#protect();
    yield* this.#askFeatures();
  }

  *#secure(): Operation<void> {
    expectCode("AUTH TLS", yield* this.#say("AUTH", "TLS"), 2, "tls");
    yield* wish({ kind: "secure" });
  }

  *#protect(): Operation<void> {
    expectCode("PBSZ", yield* this.#say("PBSZ", "0"), 2, "tls");
    expectCode("PROT P", yield* this.#say("PROT", "P"), 2, "tls");
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
    const folder = folderOf(reply);
    if (folder === null) throw new RefusedError("pwd", reply);
    return folder;
  }

  /** The path from the root; that from where the session stands, if the server does not tell. */
  *absolute(path: string): Operation<string> {
    if (path.startsWith("/")) return posix.normalize(path);
    this.#folder ??= folderOf(yield* this.#say("PWD")) ?? "";
    return posix.join(this.#folder, path);
  }

  *enter(folder: string): Operation<void> {
    this.#folder = null;
    expectCode(folder, yield* this.#say("CWD", folder), 2, "folder");
  }

  *remove(file: string): Operation<void> {
    expectCode(file, yield* this.#say("DELE", file), 2, "read");
  }

  *makeFolder(folder: string): Operation<void> {
    expectCode(folder, yield* this.#say("MKD", folder), 2, "write");
  }

  *removeFolder(folder: string): Operation<void> {
    expectCode(folder, yield* this.#say("RMD", folder), 2, "folder");
  }

  *rename(from: string, to: string): Operation<void> {
    expectCode(from, yield* this.#say("RNFR", from), 3, "read");
    expectCode(to, yield* this.#say("RNTO", to), 2, "write");
  }

  /** Bytes; null: the server does not say, or there is no such file. */
  *size(file: string): Operation<number | null> {
    yield* this.#setType("I");
    const { code, lines } = yield* this.#say("SIZE", file);
    const bytes = code === 213 ? Number(/\d+/.exec(lines[0]!)?.[0] ?? NaN) : NaN;
    return Number.isSafeInteger(bytes) ? bytes : null;
  }

  /** Milliseconds since 1970; null: the server does not say, or there is no such file. */
  *modified(file: string): Operation<number | null> {
    const { code, lines } = yield* this.#say("MDTM", file);
    return code === 213 ? parseTime(lines[0]!.trim()) : null;
  }

  /** What is known of one file or folder. */
  *info(path: string): Operation<RemoteEntry> {
    if (this.has("MLST")) {
      const reply = yield* this.#say("MLST", path);
      if (!isUnknown(reply)) return oneEntry(path, reply);
    }
    const size = yield* this.size(path);
    const reply = yield* this.#say("MDTM", path);
    const modifiedMs = reply.code === 213 ? parseTime(reply.lines[0]!.trim()) : null;
    if (size === null && modifiedMs === null) throw new RefusedError(path, reply, "read");
    return { name: path, kind: size === null ? "other" : "file", size, modifiedMs };
  }

  /** By facts where the server has them, else as a list for people. */
  *list(folder: string, nowMs: number): Operation<readonly RemoteEntry[]> {
    yield* this.#setType("A");
    const facts = this.has("MLST") ? yield* this.#listing("MLSD", folder) : null;
    if (facts !== null) {
      return facts.flatMap((line) => (isListedFolderItself(line) ? [] : (parseFacts(line) ?? [])));
    }
    const lines = (yield* this.#listing("LIST", folder)) ?? [];
    return lines.flatMap((line) => parseListLine(line, nowMs) ?? []);
  }

  /** Null: the server has told of facts, but knows no MLSD. */
  *#listing(verb: "MLSD" | "LIST", folder: string): Operation<readonly string[] | null> {
    yield* this.#openData();
    const what = folder === "" ? "list" : folder;
    // What begins with a hyphen is an option of `ls` to many servers.
    const named = verb === "LIST" && folder.startsWith("-") ? `./${folder}` : folder;
    const reply = yield* this.#say(verb, named);
    if (isEmpty(reply)) return [];
    if (verb === "MLSD" && isUnknown(reply)) return null;
    expectCode(what, reply, 1, "folder");
    const { lines, moved } = yield* wish({ kind: "read-lines" });
    // A list has no size to compare: what may be a part of it is none.
    yield* this.#closeTransfer(what, moved === "whole" ? "whole" : "broken");
    return lines;
  }

  /** The file from `offset` on, to wherever what comes is put. */
  *retrieve(file: string, offset: number): Operation<Moved> {
    yield* this.#begin();
    if (offset > 0 && !(yield* this.#restart(offset))) yield* wish({ kind: "begin-anew" });
    expectCode(file, yield* this.#say("RETR", file), 1, "read");
    const moved = yield* wish({ kind: "move" });
    yield* this.#closeTransfer(file, moved);
    return moved;
  }

  /** What there is, to `file` from `offset` on, which is where the server's file ends. */
  *store(file: string, offset: number): Operation<void> {
    yield* this.#begin();
    const appends = offset > 0 && !(yield* this.#restart(offset));
    expectCode(file, yield* this.#say(appends ? "APPE" : "STOR", file), 1, "write");
    yield* this.#closeTransfer(file, yield* wish({ kind: "move" }));
  }

  *quit(): Operation<void> {
    yield* this.#say("QUIT");
  }

  /**
   * After an operation was given up in the middle: nobody knows which of its replies are still to
   * come, nor whether ABOR has one answer or two. 257 is told to PWD only, and is the last.
   */
  *abandon(): Operation<void> {
    this.#type = null;
    yield* this.#say("ABOR");
    let reply = yield* this.#say("PWD");
    for (let late = 0; reply.code !== 257; late++) {
      if (late === MAX_LATE_REPLIES) throw new RefusedError("ABOR", reply);
      reply = yield* wish({ kind: "hear" });
    }
  }

  *#begin(): Operation<void> {
    yield* this.#setType("I");
    yield* this.#openData();
  }

  *#restart(offset: number): Operation<boolean> {
    return (yield* this.#say("REST", String(offset))).code === 350;
  }

  /** The server has the last word: it knows whether it has taken or given everything. */
  *#closeTransfer(what: string, moved: Moved): Operation<void> {
    const last = yield* wish({ kind: "hear" });
    expectCode(what, last, 2, "moved");
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

/** What 257 tells, in quotes (RFC 959 appendix II). */
function folderOf({ code, lines }: Reply): string | null {
  const [, quoted] = /"((?:[^"]|"")*)"/.exec(lines[0]!) ?? [];
  return code === 257 && quoted !== undefined ? quoted.replaceAll('""', '"') : null;
}

function expectCode(what: string, reply: Reply, first: 1 | 2 | 3, step: Step = "other"): void {
  if (Math.floor(reply.code / 100) !== first) throw new RefusedError(what, reply, step);
}

/** Some servers have an error for a folder with nothing in it. */
function isEmpty({ code, lines }: Reply): boolean {
  return (code === 450 || code === 550) && /\bno files\b/i.test(lines[0]!);
}

/** 250 with one line of facts between two (RFC 3659 section 7.2). */
function oneEntry(path: string, reply: Reply): RemoteEntry {
  expectCode(path, reply, 2, "read");
  const entry = reply.lines.slice(1).flatMap((line) => parseFacts(line.trimStart()) ?? [])[0];
  if (entry === undefined) throw new RefusedError(path, reply);
  return { ...entry, name: path };
}
