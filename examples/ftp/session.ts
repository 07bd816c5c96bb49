/**
 * A session: events in, replies and effects out, both as data.
 *
 *   lines -> waiting -> one command at a time -> its steps -> replies
 *                                                   |  ^
 *                                         questions v  | answers
 *
 * A command that asks something is open until its final reply; the lines behind it wait, in order
 * (commands.ts says which do not). Whoever drives the session stops reading while it is `full`.
 */
import { ACCESS, type Handler } from "./access-commands.ts";
import { readCommand, type Command, type RefusedLine } from "./command.ts";
import { argumentOf, lookUp, usageOf, type CommandRow, type Verb } from "./commands.ts";
import { DATA } from "./data-commands.ts";
import type { Answer, Effect, SessionEvent } from "./effects.ts";
import { FILES } from "./file-commands.ts";
import { INFORMATION } from "./information-commands.ts";
import { reply, type Reply } from "./replies.ts";
import { State, type SessionSettings } from "./state.ts";
import { final, storeFailed, type Asked, type Step } from "./steps.ts";
import { transferObstacle, TRANSFERS } from "./transfer-commands.ts";

const HANDLERS: Readonly<Record<Verb, Handler>> = {
  ...ACCESS,
  ...DATA,
  ...FILES,
  ...INFORMATION,
  ...TRANSFERS,
};

type Waiting = Command | RefusedLine;

const REFUSALS: Readonly<Record<RefusedLine["reason"], readonly [number, string]>> = {
  "too-long": [500, "The line is too long"],
  empty: [500, "A command is needed"],
  "no-verb": [500, "A command begins with its name, of letters"],
  control: [501, "Commands have no control characters"],
  "not-utf8": [501, "Commands are UTF-8"],
};

export class Session {
  readonly #state: State;
  readonly #waiting: Waiting[] = [];
  #effects: Effect[] = [];
  /** The question that is open. */
  #open: { readonly id: number; readonly asked: Asked } | null = null;
  #questions = 0;
  /** TLS is beginning: what comes before it is on has been slipped in. */
  #securing = false;
  #inputEnded = false;
  #shuttingDown = false;
  #over = false;

  constructor(settings: SessionSettings) {
    this.#state = new State(settings, (effect) => this.#effects.push(effect));
  }

  /** No line should be given now; one that is ends the session. */
  get full(): boolean {
    return this.#waiting.length >= this.#state.settings.limits.maxWaitingCommands;
  }

  /** Nothing more will be said, and nothing more is asked. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether somebody is logged in. */
  get loggedIn(): boolean {
    return this.#state.login !== null;
  }

  /** The name of whoever is logged in, or null. */
  get user(): string | null {
    return this.#state.login?.name ?? null;
  }

  /** The transfer that runs, as STAT tells it (`RETR /a/b`), or null. */
  get transfer(): string | null {
    return this.#state.transfer?.what ?? null;
  }

  /** Data connections are to be secured. */
  get protectsData(): boolean {
    return this.#state.protect;
  }

  /** Nothing runs and nothing waits: the client's turn. */
  get idle(): boolean {
    return this.#open === null;
  }

  /** What is said and done when the session begins. */
  begin(): readonly Effect[] {
    this.#effects = [];
    this.#say(reply(220, this.#state.settings.greeting));
    return this.#effects;
  }

  /** What is said and done about it, in that order. */
  handle(event: SessionEvent): readonly Effect[] {
    this.#effects = [];
    if (this.#over) this.#late(event);
    else this.#take(event);
    return this.#effects;
  }

  #take(event: SessionEvent): void {
    switch (event.kind) {
      case "line":
        this.#receive(readCommand(event.bytes));
        break;
      case "long-line":
        this.#receive({ kind: "refused", reason: "too-long" });
        break;
      case "answer":
        this.#answer(event.id, event.answer);
        break;
      case "moved":
        if (this.#state.transfer !== null) this.#state.transfer.bytes += event.bytes;
        return;
      case "data-closed":
        if (this.#state.data.kind === "passive" && !this.#state.transfer?.moving) {
          this.#state.data = { kind: "none" };
        }
        return;
      case "expired": {
        const text =
          event.what === "idle" ? "Nothing came for too long" : "The login took too long";
        this.#end(reply(421, `${text}: goodbye`));
        return;
      }
      case "shutdown":
        this.#shuttingDown = true;
        break;
      case "deadline":
        this.#shuttingDown = true;
        this.#abort();
        break;
      case "ended":
        this.#inputEnded = true;
        this.#state.aborting = true;
        // The control connection's end is ABOR and QUIT at once (RFC 959 section 4.1.3).
        this.#abort();
        break;
    }
    this.#advance();
  }

  /** An answer that comes when the session is over: what it opened is closed. */
  #late(event: SessionEvent): void {
    if (event.kind !== "answer" || event.id !== this.#open?.id) return;
    this.#open = null;
    const { to, value } = event.answer;
    if (to === "listen" && value !== null) this.#effects.push({ kind: "close-data" });
    if (to === "open" && value.ok) this.#effects.push({ kind: "drop" });
  }

  #receive(line: Waiting): void {
    if (this.#securing) this.#end(null);
    else if (this.full) this.#end(reply(421, "Too many commands at once: goodbye"));
    else {
      this.#waiting.push(line);
      if (!isAbort(line)) return;
      this.#state.aborting = true;
      this.#abort();
    }
  }

  #abort(): void {
    const { transfer } = this.#state;
    if (transfer === null || transfer.aborted) return;
    transfer.aborted = true;
    this.#effects.push({ kind: "abort" });
  }

  #answer(id: number, answer: Answer): void {
    const open = this.#open;
    if (open?.id !== id || open.asked.question.kind !== answer.to) {
      throw new TypeError(`answer ${id} to "${answer.to}": that question is not open`);
    }
    this.#open = null;
    if (this.#securing) {
      this.#securing = false;
      this.#state.secured();
    } else this.#go(open.asked.then(answer.value as never));
  }

  /** Takes up what waits, as far as it may. */
  #advance(): void {
    while (!this.#over) {
      const busy = this.#open !== null;
      const [next] = this.#waiting;
      if (!busy && this.#shuttingDown) {
        this.#end(reply(421, "The server is shutting down: goodbye"));
      } else if (next !== undefined && (!busy || this.#mayInterrupt(next))) {
        this.#waiting.shift();
        this.#go(this.#begin(next));
      } else if (!busy && this.#inputEnded) this.#end(null);
      else return;
    }
  }

  #mayInterrupt(line: Waiting): boolean {
    return isStatus(line) && this.#state.transfer?.moving === true;
  }

  #go(first: Step): void {
    let step = first;
    for (; step.kind === "preliminary"; step = step.next) this.#say(step.reply);
    if (step.kind === "final") this.#say(step.reply);
    else if (step.kind === "farewell") this.#end(step.reply);
    else if (step.kind === "secure") this.#secure(step.reply);
    else this.#ask(step);
  }

  #ask(asked: Asked): void {
    const id = ++this.#questions;
    this.#open = { id, asked };
    this.#effects.push({ kind: "ask", id, question: asked.question });
  }

  /** What came in plain text, to be read under TLS, would be obeyed in the user's name. */
  #secure(agreed: Reply): void {
    if (this.#waiting.length > 0) {
      this.#end(reply(421, "Commands came between AUTH and TLS: goodbye"));
      return;
    }
    this.#say(agreed);
    this.#securing = true;
    this.#ask({ kind: "ask", question: { kind: "start-tls" }, then: () => final(200, "") });
  }

  #say(said: Reply): void {
    this.#effects.push({ kind: "reply", reply: said });
  }

  #end(last: Reply | null): void {
    this.#abort();
    this.#state.closeData();
    if (last !== null) this.#say(last);
    this.#over = true;
    this.#waiting.length = 0;
    this.#effects.push({ kind: "close" });
  }

  #begin(line: Waiting): Step {
    const state = this.#state;
    const { renameFrom } = state;
    state.renameFrom = null;
    state.aborting = this.#inputEnded || this.#waiting.some(isAbort);
    if (line.kind === "refused") return final(...REFUSALS[line.reason]);
    const known = lookUp(line.verb);
    switch (known.kind) {
      case "unknown":
        return final(500, `${line.verb} is not known`);
      case "not-done":
        return final(502, `${line.verb} is not done here`);
      case "http":
        return { kind: "farewell", reply: reply(500, "This is FTP, not HTTP: goodbye") };
      case "command": {
        const { verb, row } = known;
        // What the commands before have said counts for this one, and is used up by it.
        if (row.after !== undefined) state.renameFrom = renameFrom;
        const refused = this.#refusal(verb, row, line.argument);
        const step = refused ?? HANDLERS[verb](state, line.argument);
        if (row.after !== undefined) state.renameFrom = null;
        if (row.transfers === true) state.restart = 0;
        return step;
      }
    }
  }

  /** The checks of the table, in its order. */
  #refusal(verb: Verb, row: CommandRow, argument: string): Step | null {
    const state = this.#state;
    const { tls } = state.settings;
    // PASS may have an empty password, and a space at the end of a line is no argument.
    const given = argument.trim() !== "";
    const [needs, right] =
      given && row.withArgument !== undefined
        ? (["login", row.withArgument] as const)
        : [row.needs, row.right];
    if (needs !== "nothing" && !state.secure && (tls === "login" || tls === "data")) {
      return final(534, "AUTH TLS comes first here");
    }
    if (needs === "login" && state.login === null) return final(530, "USER and PASS come first");
    if (needs === "name" && (state.named === null || state.login !== null)) {
      return final(503, "USER comes before PASS");
    }
    if (row.after !== undefined && state.renameFrom === null) {
      return final(503, `${row.after} comes right before ${verb}`);
    }
    const wanted = argumentOf(row);
    if ((wanted === "none" && given) || (wanted === "required" && !given)) {
      return final(501, `It is written: ${usageOf(verb)}`);
    }
    if (right !== undefined && !state.may(right)) return storeFailed("forbidden");
    return row.transfers === true ? transferObstacle(state) : null;
  }
}

function isAbort(line: Waiting): boolean {
  return line.kind === "command" && line.verb === "ABOR" && line.argument.trim() === "";
}

function isStatus(line: Waiting): boolean {
  return line.kind === "command" && line.verb === "STAT" && line.argument === "";
}
