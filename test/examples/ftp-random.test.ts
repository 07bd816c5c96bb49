/**
 * Whatever comes, however it is cut: each command gets one final reply, in its turn and of the codes
 * that the table has for it; listeners and what was opened are gone at the end; nothing throws.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readCommand } from "../../examples/ftp/command.ts";
import { lookUp, repliesOf, VERBS } from "../../examples/ftp/commands.ts";
import type { Answers, Effect, SessionEvent } from "../../examples/ftp/effects.ts";
import type { StoreErrorCode } from "../../examples/files/file-store.ts";
import type { Right } from "../../examples/accounts/rights.ts";
import { formatReply } from "../../examples/ftp/replies.ts";
import { Session } from "../../examples/ftp/session.ts";
import type { SessionSettings, TlsPolicy } from "../../examples/ftp/state.ts";
import { FtpClient, SETTINGS } from "./ftp-client.ts";

interface Asked {
  readonly final: readonly number[];
  readonly preliminary: boolean;
  readonly status: boolean;
}

function askedBy(bytes: Uint8Array): Asked {
  const line = readCommand(bytes);
  const plain = { preliminary: false, status: false };
  if (line.kind === "refused") return { ...plain, final: [500, 501, 421] };
  const known = lookUp(line.verb);
  if (known.kind !== "command")
    return { ...plain, final: [known.kind === "not-done" ? 502 : 500, 421] };
  const final = repliesOf(known.row);
  const status = known.verb === "STAT" && line.argument === "";
  return { final, preliminary: known.row.transfers === true, status };
}

/** Holds a session to its promises, and plays the driver with the answers that it is dealt. */
class Judge {
  readonly session: Session;
  readonly #waiting: Asked[] = [];
  #open: (Effect & { kind: "ask" }) | null = null;
  #listening = false;
  /** A source is open, and neither moved nor dropped. */
  #sourceOpen = false;
  #began = false;
  #aborted = false;
  #closed = false;
  readonly bytes: Buffer[] = [];

  constructor(settings: Partial<SessionSettings>) {
    this.session = new Session({ ...SETTINGS, ...settings });
    this.#judge(this.session.begin());
  }

  line(bytes: Uint8Array): void {
    if (this.session.full) return;
    // A line between AUTH and TLS ends the session, and has no reply.
    this.#waiting.push(askedBy(bytes));
    this.#judge(this.session.handle({ kind: "line", bytes }));
  }

  event(event: SessionEvent): void {
    if (event.kind === "data-closed") this.#listening = false;
    this.#judge(this.session.handle(event));
  }

  answer(dealt: Dealt): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const to = open.question.kind;
    const value: Answers[typeof to] =
      to === "move" && this.#aborted ? { ok: false, why: "aborted" } : dealt[to];
    this.#aborted = false;
    if (to === "listen") this.#listening = value !== null;
    if (to === "open") this.#sourceOpen = dealt.open.ok;
    if (open.question.kind === "move") {
      this.#sourceOpen = false;
      if (open.question.route.kind === "passive") this.#listening = false;
    }
    this.event({ kind: "answer", id: open.id, answer: { to, value } as never });
  }

  /** Answers what is asked until nothing is, and then looks at what is left. */
  finish(dealt: Dealt): void {
    this.#answerAll(dealt);
    if (!this.session.over) expect(this.#waiting).toEqual([]);
    this.event({ kind: "ended" });
    this.#answerAll(dealt);
    expect(this.session.over).toBe(true);
    expect(this.#closed).toBe(true);
    expect(this.#listening).toBe(false);
    expect(this.#sourceOpen).toBe(false);
  }

  #answerAll(dealt: Dealt): void {
    for (let i = 0; this.#open !== null; i++) {
      expect(i).toBeLessThan(1000);
      this.answer(dealt);
    }
  }

  #judge(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (this.#closed) expect(["close-data", "drop"]).toContain(effect.kind);
      switch (effect.kind) {
        case "reply":
          this.bytes.push(formatReply(effect.reply));
          if (this.#greeted) this.#replied(effect.reply.code);
          this.#greeted = true;
          break;
        case "ask":
          expect(this.#open).toBe(null);
          if (effect.question.kind === "listen") expect(this.#listening).toBe(false);
          if (effect.question.kind === "open") expect(this.#sourceOpen).toBe(false);
          if (effect.question.kind === "move") expect(this.#sourceOpen).toBe(true);
          this.#open = effect;
          break;
        case "close-data":
          this.#listening = false;
          break;
        case "drop":
          expect(this.#sourceOpen).toBe(true);
          this.#sourceOpen = false;
          break;
        case "close":
          this.#closed = true;
          break;
        case "abort":
          expect(["open", "move"]).toContain(this.#open?.question.kind);
          expect(this.#aborted).toBe(false);
          this.#aborted = true;
          break;
      }
    }
  }

  #greeted = false;

  #replied(code: number): void {
    const [first, second] = this.#waiting;
    // 421 may come unasked.
    if (code === 421) return;
    if (code < 200) {
      expect(first?.preliminary).toBe(true);
      expect(this.#began).toBe(false);
      this.#began = true;
    } else if (this.#began && code === 211 && second?.status === true) {
      this.#waiting.splice(1, 1);
    } else {
      expect(first?.final).toContain(code);
      this.#waiting.shift();
      this.#began = false;
    }
  }
}

interface Dealt extends Answers {
  /** Nothing of a type of its own: what is dealt for each question. */
  readonly kind?: never;
}

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b c", 'q"q', "é", "..", "x".repeat(300)) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
);
const path = fc.array(name, { maxLength: 3 }).map((names) => names.join("/"));
const argument = fc.oneof(
  path,
  fc.constantFrom(
    "",
    "",
    "",
    "-la",
    "ann",
    "right",
    "A",
    "I",
    "S",
    "F",
    "TLS",
    "0",
    "P",
    "ALL",
    "1",
  ),
  fc.constantFrom("127,0,0,1,156,65", "|1|127.0.0.1|40001|", "20240229123005 a", "MLST type;", "5"),
);
const command = fc
  .tuple(fc.constantFrom(...VERBS, "XPWD", "SMNT", "NONE"), argument)
  .map(([verb, rest]) => Buffer.from(rest === "" ? verb : `${verb} ${rest}`));
const likely = fc
  .constantFrom(
    ...["USER ann", "PASS right", "PASV", "PASV", "EPSV", "RETR a", "STOR a", "LIST", "ABOR"],
    ...["STAT", "NOOP", "REST 3", "CWD a", "RNFR a", "RNTO b", "AUTH TLS"],
  )
  .map((line) => Buffer.from(line));
const junk = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const line = fc.oneof(
  { weight: 6, arbitrary: likely },
  { weight: 6, arbitrary: command },
  { weight: 1, arbitrary: junk },
);

const code = fc.constantFrom<StoreErrorCode>(
  ...(["not-found", "forbidden", "bad-name", "failed", "not-a-folder"] as const),
);
function outcome<T>(
  value: fc.Arbitrary<T>,
): fc.Arbitrary<
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: StoreErrorCode }
> {
  return fc.oneof(
    { weight: 3, arbitrary: value.map((value) => ({ ok: true as const, value })) },
    { weight: 1, arbitrary: code.map((code) => ({ ok: false as const, code })) },
  );
}
const rights = fc
  .constantFrom<Right[]>(["read", "write", "delete"], ["read", "write"], ["read"], ["create"], [])
  .map((list) => new Set(list));
const entry = fc.record({
  name: fc.string({ unit: "binary" }),
  kind: fc.constantFrom("file" as const, "folder" as const),
  size: fc.nat(10),
  modifiedMs: fc.double(),
  changedMs: fc.double(),
  unique: fc.string({ unit: "binary" }),
});
const dealt: fc.Arbitrary<Dealt> = fc.record({
  "check-password": fc.oneof(
    { weight: 4, arbitrary: fc.record({ name: fc.string(), home: fc.constant("/"), rights }) },
    { weight: 1, arbitrary: fc.constantFrom("wrong" as const, "busy" as const) },
  ),
  wait: fc.constant(null),
  "start-tls": fc.constant(null),
  listen: fc.constantFrom({ host: "127.0.0.1", port: 40_001 }, { host: "::1", port: 1 }, null),
  entry: outcome(entry),
  entries: outcome(fc.record({ entries: fc.array(entry), more: fc.boolean(), nowMs: fc.double() })),
  change: outcome(fc.constant(null)),
  "free-bytes": outcome(fc.option(fc.nat())),
  open: outcome(fc.record({ size: fc.nat(10), path: fc.string({ unit: "binary" }) })),
  move: fc.oneof(
    fc.constant({ ok: true as const }),
    fc
      .constantFrom(
        "no-connection" as const,
        "no-tls" as const,
        "broken" as const,
        "too-many" as const,
      )
      .map((why) => ({ ok: false as const, why })),
    fc
      .constantFrom("full" as const, "failed" as const)
      .map((code) => ({ ok: false as const, why: "store" as const, code })),
  ),
});

type Act =
  { readonly line: Buffer } | { readonly answer: Dealt } | { readonly event: SessionEvent };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: line.map((line) => ({ line })) },
  { weight: 8, arbitrary: dealt.map((answer) => ({ answer })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<SessionEvent>({ kind: "moved", bytes: 10 }, { kind: "data-closed" })
      .map((event) => ({ event })),
  },
);
const ending = fc.constantFrom<SessionEvent>(
  ...(["ended", "shutdown", "deadline", "moved"] as const).map((kind) =>
    kind === "moved" ? { kind, bytes: 0 } : { kind },
  ),
  { kind: "expired", what: "idle" },
);
const settings = fc.record({
  tls: fc.constantFrom<TlsPolicy>("none", "offered", "offered", "login", "data"),
  peerHost: fc.constantFrom("127.0.0.1", "127.0.0.1", "::1"),
});

/** Most of what there is to do needs a login, and more a transfer. */
const login = dealt.map((answer): Act[] => [
  { line: Buffer.from("USER ann") },
  { line: Buffer.from("PASS right") },
  { answer },
  { line: Buffer.from("TYPE I") },
]);
const transfer = fc
  .tuple(login, dealt)
  .map(([before, answer]): Act[] => [
    ...before,
    { line: Buffer.from("EPSV") },
    { answer },
    { line: Buffer.from("RETR a") },
    { answer },
  ]);
const prelude = fc.oneof(fc.constant<Act[]>([]), login, transfer);

function play(judge: Judge, acts: readonly Act[]): void {
  for (const one of acts) {
    if (judge.session.over) return;
    if ("line" in one) judge.line(one.line);
    else if ("answer" in one) judge.answer(one.answer);
    else judge.event(one.event);
  }
}

describe("any session", () => {
  test("answers each command once, in its turn, by the table, and leaves nothing open", () => {
    const acts = fc.array(act, { maxLength: 40 });
    fc.assert(
      fc.property(settings, prelude, acts, ending, acts, dealt, (policy, login, ...rest) => {
        const [before, event, after, last] = rest;
        const judge = new Judge(policy);
        play(judge, [...login, ...before]);
        judge.event(event);
        play(judge, after);
        judge.finish(last);
      }),
      { numRuns: 1500 },
    );
  });

  test("says nothing but whole replies of RFC 959, whatever names there are", () => {
    const seen = new Set<number>();
    fc.assert(
      fc.property(
        settings,
        prelude,
        fc.array(act, { maxLength: 40 }),
        dealt,
        (policy, login, acts, last) => {
          const judge = new Judge(policy);
          play(judge, [...login, ...acts]);
          judge.finish(last);
          for (const code of codesOf(Buffer.concat(judge.bytes))) seen.add(code);
        },
      ),
      { numRuns: 1500, seed: 959 },
    );
    // The acts lead somewhere: transfers that end well, that break, that are broken off. The seed
    // is always the same, so that it does not depend on luck.
    for (const code of [150, 200, 211, 226, 227, 229, 230, 250, 350, 425, 426, 501, 530, 550]) {
      expect(seen, `${code}`).toContain(code);
    }
  });
});

describe("bytes of a control connection", () => {
  const telnet = fc.constantFrom(
    [0xff, 0xf4],
    [0xff, 0xf4, 0xff, 0xf2],
    [0xff, 0xfb, 0x01],
    [0xff],
  );
  const piece = fc.oneof(
    line.map((bytes) => Buffer.concat([bytes, Buffer.from("\r\n")])),
    line.map((bytes) => Buffer.concat([bytes, Buffer.from("\n")])),
    telnet.map((bytes) => Buffer.from(bytes)),
    junk,
    fc.nat(2000).map((length) => Buffer.alloc(length, "x")),
  );
  const stream = fc.array(piece, { maxLength: 15 }).map((pieces) => Buffer.concat(pieces));

  test("are answered the same, however they are cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 20 }), (bytes, cuts) => {
        const whole = new FtpClient();
        whole.receive(bytes);
        const cut = new FtpClient();
        let at = 0;
        for (const length of cuts) cut.receive(bytes.subarray(at, (at += length)));
        cut.receive(bytes.subarray(at));
        expect(cut.effects).toEqual(whole.effects);
        const single = new FtpClient();
        for (const byte of bytes) single.receive(Buffer.of(byte));
        expect(single.effects).toEqual(whole.effects);
      }),
      { numRuns: 500 },
    );
  });
});

/** Reads as a strict client does; throws for what is no reply. */
function codesOf(bytes: Buffer): number[] {
  expect(bytes.includes(0xff)).toBe(false);
  const lines = bytes.toString().split("\r\n");
  expect(lines.pop()).toBe("");
  const codes: number[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, code, mark] = /^([1-5]\d\d)([ -])[^\p{Cc}]*$/u.exec(lines[i]!)!;
    while (mark === "-" && !lines[i]!.startsWith(`${code!} `)) {
      expect(lines[++i]).toMatch(new RegExp(`^(?:${code!} |\\D)[^\\p{Cc}]*|^$`, "u"));
    }
    codes.push(Number(code));
  }
  return codes;
}
