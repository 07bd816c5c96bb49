/** A client of a session without a network: says lines, answers questions, and holds invariants. */
import { expect } from "vitest";

import { FrameInput, lines as lineFramer, nextFrame, RefusedFrame } from "iomux";

import type { Answers, Effect, Question, SessionEvent } from "../../examples/ftp/effects.ts";
import type { Entry } from "../../examples/files/file-store.ts";
import type { Right } from "../../examples/accounts/rights.ts";
import { formatReply, type Reply } from "../../examples/ftp/replies.ts";
import { Session } from "../../examples/ftp/session.ts";
import { ControlFilter } from "../../examples/ftp/telnet.ts";
import { DEFAULT_SESSION_LIMITS, type SessionSettings } from "../../examples/ftp/state.ts";

export const SETTINGS: SessionSettings = {
  greeting: "Files",
  tls: "offered",
  peerHost: "127.0.0.1",
  limits: DEFAULT_SESSION_LIMITS,
};

/** Answers a question, or null: it stays open until `answer()`. */
export type Answering = {
  [K in keyof Answers]?: (question: Question & { kind: K }) => Answers[K] | null;
};

const ALL: readonly Right[] = ["read", "write", "delete"];

export function file(name: string, size = 0): Entry {
  const modifiedMs = Date.UTC(2024, 1, 29, 12, 30, 5);
  return { name, kind: "file", size, modifiedMs, changedMs: modifiedMs, unique: "f1" };
}

export function folder(name: string): Entry {
  const modifiedMs = Date.UTC(2024, 0, 1);
  return { name, kind: "folder", size: 0, modifiedMs, changedMs: modifiedMs, unique: "d1" };
}

/** `/` and `/docs` are folders, `/docs/a.txt` has 5 bytes and `/big` a million; all changes are done. */
const STORE: Answering = {
  "check-password": ({ name, password }) =>
    password === "right" ? { name, home: "/", rights: new Set(ALL) } : "wrong",
  listen: () => ({ host: "127.0.0.1", port: 40_001 }),
  entry: ({ path }) => {
    const known: Record<string, Entry> = {
      "/": folder("/"),
      "/docs": folder("docs"),
      "/docs/a.txt": file("a.txt", 5),
      "/big": file("big", 1_000_000),
    };
    const entry = known[path];
    return entry === undefined ? { ok: false, code: "not-found" } : { ok: true, value: entry };
  },
  change: () => ({ ok: true, value: null }),
  "free-bytes": () => ({ ok: true, value: 4096 }),
  open: ({ source }) => {
    if (source.kind === "store") return { ok: true, value: { size: 0, path: "/upload.1" } };
    if (source.kind === "list") return { ok: true, value: { size: 0, path: "/" } };
    if (source.offset > 5) return { ok: false, code: "past-end" };
    return { ok: true, value: { size: 5, path: source.path } };
  },
};

/** `220 Files`; of several lines the code and the lines with ` | ` between them. */
function told({ code, lines }: Reply): string {
  return `${code} ${lines.join(" | ")}`;
}

export class FtpClient {
  readonly session: Session;
  readonly replies: Reply[] = [];
  readonly effects: Effect[] = [];
  readonly #answering: Answering;
  /** Oldest first; the protocol has one open at a time. */
  readonly #open: (Effect & { kind: "ask" })[] = [];
  readonly #telnet = new ControlFilter();
  readonly #framer = lineFramer({ maxBytes: 1024 });
  readonly #input = new FrameInput();
  #listening = false;

  constructor(settings: Partial<SessionSettings> = {}, answering: Answering = {}) {
    this.session = new Session({ ...SETTINGS, ...settings });
    this.#answering = { ...STORE, ...answering };
    this.#carryOut(this.session.begin());
  }

  /** Logged in as ann, who may do everything unless told otherwise. */
  static loggedIn(
    answering: Answering = {},
    rights: readonly Right[] = ALL,
    settings: Partial<SessionSettings> = {},
  ): FtpClient {
    const client = new FtpClient(settings, {
      ...answering,
      "check-password": ({ name }) => ({ name, home: "/", rights: new Set(rights) }),
    });
    client.say("USER ann", "PASS x", "TYPE I");
    client.forget();
    return client;
  }

  /** Says lines, and answers what was replied since. */
  say(...lines: string[]): string[] {
    const before = this.replies.length;
    for (const line of lines) this.tell({ kind: "line", bytes: Buffer.from(line) });
    return this.replies.slice(before).map(told);
  }

  /** The codes of what `say` answers. */
  codes(...lines: string[]): number[] {
    return this.say(...lines).map((line) => parseInt(line));
  }

  /** Bytes as they come, through the filter and the framer of lines. */
  receive(bytes: Uint8Array): void {
    this.#input.push(this.#telnet.filter(Buffer.from(bytes)));
    for (;;) {
      const frame = nextFrame(this.#framer, this.#input, false);
      if (frame === null) return;
      if (frame instanceof RefusedFrame) this.tell({ kind: "long-line" });
      else this.tell({ kind: "line", bytes: frame });
    }
  }

  tell(event: SessionEvent): string[] {
    const before = this.replies.length;
    this.#carryOut(this.session.handle(event));
    return this.replies.slice(before).map(told);
  }

  /** The question that is open, or null. */
  get question(): Question | null {
    return this.#open[0]?.question ?? null;
  }

  get listening(): boolean {
    return this.#listening;
  }

  /** Answers the open question, and answers what was replied to that. */
  answer<K extends keyof Answers>(to: K, value: Answers[K]): string[] {
    const asked = this.#open.shift()!;
    expect(asked.question.kind).toBe(to);
    if (to === "listen") this.#listening = value !== null;
    const { question } = asked;
    if (question.kind === "move" && question.route.kind === "passive") this.#listening = false;
    return this.tell({ kind: "answer", id: asked.id, answer: { to, value } as never });
  }

  /** The kinds of what was done, without replies and questions. */
  done(): string[] {
    const kinds = this.effects.map((effect) => effect.kind);
    return kinds.filter((kind) => kind !== "reply" && kind !== "ask");
  }

  questions(): Question[] {
    return this.effects.flatMap((effect) => (effect.kind === "ask" ? [effect.question] : []));
  }

  forget(): void {
    this.replies.length = 0;
    this.effects.length = 0;
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.kind === "reply") {
        this.replies.push(effect.reply);
        assertReply(effect.reply);
      }
      if (effect.kind === "close-data") this.#listening = false;
      if (effect.kind === "ask") {
        this.#open.push(effect);
        expect(this.#open).toHaveLength(1);
        if (effect.question.kind === "listen") expect(this.#listening).toBe(false);
      }
      if (effect.kind === "close") expect(this.session.over).toBe(true);
    }
    const { question } = this;
    if (question === null || this.session.over) return;
    const answer = this.#answering[question.kind] as ((question: Question) => unknown) | undefined;
    const given = answer?.(question) ?? null;
    if (given !== null) this.answer(question.kind, given as never);
  }
}

/** What a strict client of RFC 959 section 4.2 reads: one reply, whole, with no line of another. */
function assertReply(reply: Reply): void {
  const text = formatReply(reply).toString();
  expect(text.endsWith("\r\n")).toBe(true);
  const lines = text.slice(0, -2).split("\r\n");
  expect(lines).toHaveLength(reply.lines.length);
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  expect(lines.at(-1)).toMatch(/^[1-5]\d\d /);
  const code = lines.at(-1)!.slice(0, 3);
  if (lines.length > 1) expect(lines[0]!.startsWith(`${code}-`)).toBe(true);
  for (const line of lines.slice(1, -1)) expect(line).not.toMatch(/^\d/);
}
