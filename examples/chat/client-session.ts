/**
 * A person's stay in a chat, over as many connections as it takes: what is sent when, and what the
 * end of a connection means. It knows no sockets, no terminal and no time.
 *
 * Lines that were typed wait until the server has taken the name, so that a message is never taken
 * for a name. They wait in a queue that is bounded: who types is told when it is full.
 *
 * The end of a stream says little: a server that is killed ends it as one that closes in order does
 * (the system sends the FIN), and on Unix-domain sockets a reset looks the same too. So a server
 * says goodbye: a chat whose last line is one of `FAREWELLS` was closed on purpose, and the client
 * does not come back. Without it the connection was lost. Whole lines are compared, so that nothing
 * which a member says is taken for one.
 */
import { waitMs, type Backoff } from "../program/backoff.ts";
import { Joining } from "./client-joining.ts";
import { Outbox } from "./client-outbox.ts";
import type { Cause, ClientTexts } from "./client-texts.ts";
import { parseMemberLine } from "./commands.ts";
import { lastWords, LOCALES } from "./texts.ts";

const ROOMS = Object.values(LOCALES);

/** Lines that are a server's last word. */
export const FAREWELLS: ReadonlySet<string> = new Set(ROOMS.flatMap(lastWords));

/** Exit codes. 2 is for flags, and 128 with a signal's number for a second signal. */
const EXIT = { ok: 0, nameRefused: 3, gone: 4 } as const;

export interface SessionOptions {
  /** Answers the server's question, or null: the first line that is typed does. */
  readonly name: string | null;
  /** Whether there is somebody who can be asked for another name. */
  readonly interactive: boolean;
  /** Try again even if no connection has ever stood. */
  readonly retry: boolean;
  readonly backoff: Backoff;
  readonly maxQueuedBytes: number;
  readonly texts: ClientTexts;
  /** The server's address, for people. */
  readonly where: string;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The stay is over. */
export interface Over {
  readonly kind: "over";
  readonly exitCode: number;
  readonly note: string | null;
}

/** Connect again after `delayMs`. */
export interface Again {
  readonly kind: "again";
  readonly delayMs: number;
  readonly note: string;
}

/** How a connection ended: it was never made, broke, came to its end, or stood still. */
export type ConnectionEnd =
  | { readonly kind: "refused" | "broken"; readonly cause: Cause }
  | { readonly kind: "ended" | "stuck" };

export class Session {
  readonly #options: SessionOptions;
  readonly #joining: Joining;
  readonly #outbox: Outbox;
  /** The bytes on their way, and whether they are the outbox's first line. */
  #current: { rest: Buffer; readonly queued: boolean } | null = null;
  /** "input": what is queued is still to be sent. "leave": only if it can be sent at once. */
  #ending: "input" | "leave" | null = null;
  #shutDown = false;
  #stood = false;
  #hasJoined = false;
  /** On the connection that stands. */
  #joinedHere = false;
  #gaveName = false;
  #lastLine = "";
  #failures = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#joining = new Joining(options.name);
    this.#outbox = new Outbox(options.maxQueuedBytes);
  }

  /** No more is taken from the person. */
  get ending(): boolean {
    return this.#ending !== null;
  }

  /** Whether the server has taken the name, on this connection. */
  get joined(): boolean {
    return this.#joining.phase === "joined";
  }

  /** Nothing more will be sent: our side may be shut down. */
  get finished(): boolean {
    if (this.#ending === null || this.#current !== null || this.#shutDown) return false;
    if (this.#joining.phase === "asked" && !this.#joining.hasName) return true;
    if (this.#outbox.lines > 0) return false;
    return this.#ending === "leave" || this.joined;
  }

  /** A line was typed. "full": not now. "too-long": never. Then nothing was changed. */
  type(text: string): "taken" | "full" | "too-long" {
    if (this.#ending !== null) return "taken";
    const { interactive } = this.#options;
    if (parseMemberLine(text).kind === "quit") {
      this.endInput();
      return "taken";
    }
    const asked = this.#joining.phase === "asked" && !this.#joining.hasName;
    if (asked && interactive) {
      if (Buffer.byteLength(text) >= this.#outbox.maxBytes) return "too-long";
      this.#giveName(text);
      return "taken";
    }
    if (interactive && text.trim() === "") return "taken";
    return this.#outbox.offer(text);
  }

  /** There is no more to come from the person: /quit, Ctrl-D, the end of a pipe. */
  endInput(): void {
    this.#ending ??= this.#options.interactive ? "leave" : "input";
  }

  /** The person wants to go now. */
  leave(): void {
    this.#ending = "leave";
  }

  /** Whether the stay can end here and now, because there is no connection to end first. */
  overWithoutConnection(): Over | null {
    return this.#ending === "leave" ? this.#left() : null;
  }

  /** A connection stands. */
  connected(): void {
    this.#stood = true;
    this.#lastLine = "";
    this.#joinedHere = false;
    this.#joining.connected();
  }

  /** The server said a line. */
  hear(line: string): Over | null {
    this.#lastLine = line;
    const heard = this.#joining.hear(line);
    if (heard.kind === "joined") this.#hasJoined = this.#joinedHere = true;
    if (heard.kind !== "refused") return null;
    if (this.#joining.hasName || this.#options.interactive) return null;
    const note = this.#options.texts.nameRefused(heard.name, heard.why);
    return { kind: "over", exitCode: EXIT.nameRefused, note };
  }

  /** The connection has proved itself: the next loss is a new one. */
  settled(): void {
    this.#failures = 0;
  }

  /** The bytes to write next, or null: nothing now. */
  output(): Buffer | null {
    this.#current ??= this.#next();
    return this.#current?.rest ?? null;
  }

  /** The connection took `count` bytes of `output()`. */
  took(count: number): void {
    const current = this.#current!;
    current.rest = current.rest.subarray(count);
    if (current.rest.length > 0) return;
    this.#current = null;
    if (!current.queued) return;
    const command = parseMemberLine(this.#outbox.shift()!.toString().slice(0, -1));
    if (command.kind === "nick") this.#joining.renamed(command.name);
  }

  /** Our side was shut down. */
  shutDown(): void {
    this.#shutDown = true;
  }

  /** The connection is gone. A line that was on its way is sent again as a whole. */
  disconnected(end: ConnectionEnd): Over | Again {
    this.#joining.disconnected();
    this.#current = null;
    const { texts, retry } = this.#options;
    if (this.#ending === "leave") return this.#left();
    if (end.kind === "stuck") return this.#gone(texts.noAnswer);
    if (this.#shutDown) {
      if (end.kind === "ended") return { kind: "over", exitCode: EXIT.ok, note: null };
      return this.#gone(this.#why(end));
    }
    if (end.kind === "refused" && !this.#stood && !retry) return this.#gone(this.#why(end));
    const closed = FAREWELLS.has(this.#lastLine) || this.#triedTooOften;
    if (end.kind === "ended" && (closed || !(this.#hasJoined || retry))) {
      return this.#gone(texts.closedByServer);
    }
    return this.#tryAgain(this.#why(end));
  }

  /** What stands before it is why the last name was refused; who has joined is never told so. */
  get #triedTooOften(): boolean {
    return !this.#joinedHere && ROOMS.some((texts) => this.#lastLine.endsWith(texts.tooManyTries));
  }

  #tryAgain(why: string): Over | Again {
    const { texts, backoff, random } = this.#options;
    const attempt = ++this.#failures;
    const delayMs = waitMs(backoff, attempt, random());
    if (delayMs === null) return this.#gone(texts.gaveUp(why, backoff.attempts));
    return { kind: "again", delayMs, note: texts.again(why, delayMs, attempt, backoff.attempts) };
  }

  #why(end: ConnectionEnd): string {
    const { texts, where } = this.#options;
    if (end.kind === "refused") return texts.cannotConnect(where, end.cause);
    return texts.lost(end.kind === "broken" ? end.cause.code : null);
  }

  #gone(why: string): Over {
    const unsent = this.#unsent();
    const note = unsent === null ? why : `${why}; ${unsent}`;
    return { kind: "over", exitCode: EXIT.gone, note };
  }

  #left(): Over {
    return { kind: "over", exitCode: EXIT.ok, note: this.#unsent() };
  }

  #unsent(): string | null {
    const { lines } = this.#outbox;
    return lines === 0 ? null : this.#options.texts.unsent(lines);
  }

  #next(): { rest: Buffer; queued: boolean } | null {
    const { phase } = this.#joining;
    if (phase === "joined") {
      const line = this.#outbox.first();
      return line === null ? null : { rest: line, queued: true };
    }
    if (phase !== "asked") return null;
    // Only the first question is answered by what was typed before it: later it was meant as talk.
    if (!this.#joining.hasName && !this.#gaveName) {
      const typed = this.#outbox.shift();
      if (typed !== null) this.#giveName(typed.toString().slice(0, -1));
    }
    const name = this.#joining.answer();
    if (name === null) return null;
    this.#gaveName = true;
    return { rest: Buffer.from(`${name}\n`), queued: false };
  }

  #giveName(name: string): void {
    this.#gaveName = true;
    this.#joining.give(name);
  }
}
