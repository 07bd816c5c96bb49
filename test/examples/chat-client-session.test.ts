/** The client's session: what is sent when, and what the end of a connection means. */
import { describe, expect, test } from "vitest";

import {
  FAREWELLS,
  Session,
  type ConnectionEnd,
  type SessionOptions,
} from "../../examples/chat/client-session.ts";
import { CLIENT_TEXTS } from "../../examples/chat/client-texts.ts";
import { parseMemberLine } from "../../examples/chat/commands.ts";

const RESET: ConnectionEnd = { kind: "broken", cause: { code: "ECONNRESET", message: "reset" } };
const REFUSED: ConnectionEnd = {
  kind: "refused",
  cause: { code: "ECONNREFUSED", message: "cannot connect: ECONNREFUSED" },
};
const ENDED: ConnectionEnd = { kind: "ended" };

function session(options: Partial<SessionOptions> = {}): Session {
  return new Session({
    name: "ann",
    interactive: false,
    retry: false,
    backoff: { firstMs: 1000, factor: 2, maxMs: 4000, jitter: 0, attempts: 3 },
    maxQueuedBytes: 100,
    texts: CLIENT_TEXTS.en,
    where: "here",
    random: () => 0.5,
    ...options,
  });
}

/** Everything that it would send now. */
function sent(of: Session): string {
  let text = "";
  for (let bytes = of.output(); bytes !== null; bytes = of.output()) {
    text += bytes.toString();
    of.took(bytes.length);
  }
  return text;
}

function joined(options: Partial<SessionOptions> = {}): Session {
  const stay = session(options);
  join(stay);
  return stay;
}

function join(stay: Session): void {
  stay.connected();
  stay.hear("Name?");
  expect(sent(stay)).toBe("ann\n");
  stay.hear("Hello ann.");
}

describe("what is sent", () => {
  test("nothing before the question, the name after it, and talk when the name was taken", () => {
    const stay = session();
    expect(stay.type("hello")).toBe("taken");
    stay.connected();
    expect(sent(stay)).toBe("");
    stay.hear("Name?");
    expect(sent(stay)).toBe("ann\n");
    stay.hear("Hello ann.");
    expect(sent(stay)).toBe("hello\n");
  });

  test("the first line that was typed is the name, if none was given", () => {
    for (const interactive of [true, false]) {
      const stay = session({ name: null, interactive });
      stay.type("ann");
      stay.type("hello");
      join(stay);
      expect(sent(stay)).toBe("hello\n");
    }
  });

  test("a line that was taken in part goes on where it was, and again as a whole after a loss", () => {
    const stay = joined();
    stay.type("hello");
    expect(stay.output()!.toString()).toBe("hello\n");
    stay.took(2);
    expect(stay.output()!.toString()).toBe("llo\n");
    stay.took(0);
    expect(stay.output()!.toString()).toBe("llo\n");
    stay.disconnected(RESET);
    join(stay);
    expect(sent(stay)).toBe("hello\n");
  });

  test("what is over the limit is refused, and taken when there is room", () => {
    const stay = joined();
    const line = "x".repeat(60);
    expect(stay.type(line)).toBe("taken");
    expect(stay.type(line)).toBe("full");
    expect(stay.type("x".repeat(100))).toBe("too-long");
    expect(sent(stay)).toBe(`${line}\n`);
    expect(stay.type(line)).toBe("taken");
  });

  test("empty lines of a person are not sent; those of a pipe are", () => {
    const person = joined({ interactive: true });
    person.type(" ");
    expect(sent(person)).toBe("");
    const pipe = joined();
    pipe.type("");
    expect(sent(pipe)).toBe("\n");
  });
});

describe("a name that is refused", () => {
  test("ends the stay of a pipe, with the reason", () => {
    const stay = session();
    stay.connected();
    stay.hear("Name?");
    sent(stay);
    expect(stay.hear("It is taken. Name?")).toEqual({
      kind: "over",
      exitCode: 3,
      note: 'the name "ann" was refused: It is taken.',
    });
  });

  test("is asked of a person; what was typed before is not taken for one", () => {
    const stay = session({ interactive: true });
    stay.type("early");
    stay.connected();
    stay.hear("Name?");
    sent(stay);
    stay.type("talk");
    expect(stay.hear("Taken. Name?")).toBeNull();
    expect(sent(stay)).toBe("");
    expect(stay.type("x".repeat(100))).toBe("too-long");
    stay.type("bob");
    expect(sent(stay)).toBe("bob\n");
    stay.hear("Hello bob.");
    expect(sent(stay)).toBe("early\ntalk\n");
  });
});

describe("a connection ends:", () => {
  const closed = { kind: "over", exitCode: 4, note: "the server has closed the chat" };

  test("lost, it is made again, later and later, until the attempts are over", () => {
    const stay = joined();
    const again = (delayMs: number, why: string, attempt: number): object => ({
      kind: "again",
      delayMs,
      note: `${why}, trying again in ${delayMs / 1000} s (attempt ${attempt} of 3)`,
    });
    expect(stay.disconnected(RESET)).toEqual(again(1000, "connection lost (ECONNRESET)", 1));
    expect(stay.disconnected(REFUSED)).toEqual(again(2000, "cannot connect: ECONNREFUSED", 2));
    expect(stay.disconnected(REFUSED)).toEqual(again(4000, "cannot connect: ECONNREFUSED", 3));
    stay.type("hello");
    expect(stay.disconnected(REFUSED)).toEqual({
      kind: "over",
      exitCode: 4,
      note: "cannot connect: ECONNREFUSED; gave up after 3 attempts; 1 line was not sent",
    });
  });

  test("the attempts count on until a connection has proved itself", () => {
    const stay = joined();
    expect(stay.disconnected(RESET)).toMatchObject({ delayMs: 1000 });
    join(stay);
    expect(stay.disconnected(RESET)).toMatchObject({ delayMs: 2000 });
    join(stay);
    stay.settled();
    expect(stay.disconnected(RESET)).toMatchObject({ delayMs: 1000 });
  });

  test("with a goodbye in either language it was closed; without, it was lost", () => {
    expect(FAREWELLS).toContain("The chat is ending. Goodbye.");
    expect(FAREWELLS).toContain("聊天室即将关闭，再见。");
    for (const farewell of FAREWELLS) {
      const stay = joined();
      stay.hear(farewell);
      expect(stay.disconnected(ENDED)).toEqual(closed);
    }
  });

  test.each([
    "bob says: Goodbye.",
    "* bob The chat is ending. Goodbye.",
    "bob is now called Goodbye.",
    "bob says: Those were too many tries. Goodbye.",
    "张三 说：再见。",
  ])("no member can say goodbye for the room: %s", (line) => {
    const stay = joined();
    stay.hear(line);
    const lost = stay.disconnected(ENDED);
    expect(lost.kind).toBe("again");
    expect(lost.note).toContain("without a goodbye");
  });

  test("a goodbye of an earlier connection does not count", () => {
    const stay = joined();
    stay.hear("Goodbye.");
    stay.disconnected(RESET);
    stay.connected();
    expect(stay.disconnected(ENDED)).toMatchObject({ kind: "again" });
  });

  test("before the first name was taken, the server has closed, unless we are to try again", () => {
    const stay = session();
    stay.connected();
    stay.hear("The room is full.");
    expect(stay.disconnected(ENDED)).toEqual(closed);
    const stubborn = session({ retry: true });
    stubborn.connected();
    expect(stubborn.disconnected(ENDED)).toMatchObject({ kind: "again" });
  });

  test("never made, the stay is over, unless we are to try again", () => {
    const note = "cannot connect: ECONNREFUSED";
    expect(session().disconnected(REFUSED)).toEqual({ kind: "over", exitCode: 4, note });
    expect(session({ retry: true }).disconnected(REFUSED)).toMatchObject({ kind: "again" });
  });

  test("broken before the name was taken, it is made again: it has stood", () => {
    const stay = session();
    stay.connected();
    expect(stay.disconnected(RESET)).toMatchObject({ kind: "again" });
    expect(stay.disconnected(REFUSED)).toMatchObject({ kind: "again" });
  });
});

describe("the end of the input", () => {
  test("of a pipe: what is queued is sent, then our side is shut down, then the server ends", () => {
    const stay = session();
    stay.type("hello");
    stay.endInput();
    expect(stay.type("too late")).toBe("taken");
    expect(stay.overWithoutConnection()).toBeNull();
    expect(stay.finished).toBe(false);
    join(stay);
    expect(stay.finished).toBe(false);
    expect(sent(stay)).toBe("hello\n");
    expect(stay.finished).toBe(true);
    stay.shutDown();
    expect(stay.finished).toBe(false);
    expect(stay.disconnected(ENDED)).toEqual({ kind: "over", exitCode: 0, note: null });
  });

  test("of a pipe: a connection that is lost before all was sent is made again", () => {
    const stay = joined();
    stay.type("hello");
    stay.endInput();
    expect(stay.disconnected(RESET)).toMatchObject({ kind: "again" });
    join(stay);
    expect(sent(stay)).toBe("hello\n");
  });

  test("of a pipe: the answer that does not come whole is exit status 4", () => {
    const stay = joined();
    stay.endInput();
    stay.shutDown();
    expect(stay.disconnected(RESET)).toEqual({
      kind: "over",
      exitCode: 4,
      note: "connection lost (ECONNRESET)",
    });
  });

  test("of a pipe that was empty: the name is still told; without one there is nothing to tell", () => {
    const named = session();
    named.endInput();
    named.connected();
    named.hear("Name?");
    expect(named.finished).toBe(false);
    expect(sent(named)).toBe("ann\n");
    expect(named.finished).toBe(false);
    named.hear("Hello ann.");
    expect(named.finished).toBe(true);

    const nameless = session({ name: null });
    nameless.endInput();
    nameless.connected();
    expect(nameless.finished).toBe(false);
    nameless.hear("Name?");
    expect(nameless.finished).toBe(true);
  });

  test("a server that stands still is exit status 4, with what was not sent", () => {
    const stay = joined();
    stay.type("hello");
    stay.endInput();
    expect(stay.disconnected({ kind: "stuck" })).toEqual({
      kind: "over",
      exitCode: 4,
      note: "the server does not answer any more; 1 line was not sent",
    });
  });

  test("/quit is one, and is not sent, wherever the room itself would take it for that", () => {
    for (const line of ["/quit", "/QUIT  ", " /quit", "／quit", "/quit please"]) {
      expect(parseMemberLine(line)).toEqual({ kind: "quit" });
      const stay = joined();
      expect(stay.type(line)).toBe("taken");
      expect(stay.ending).toBe(true);
      expect(sent(stay)).toBe("");
    }
    const stay = joined();
    stay.type("/quitter");
    stay.type("//quit");
    expect(stay.ending).toBe(false);
  });

  test("of a person, or a signal, does not wait for what cannot be sent: exit status 0", () => {
    const person = joined({ interactive: true });
    person.disconnected(RESET);
    person.type("hello");
    person.endInput();
    expect(person.overWithoutConnection()).toEqual({
      kind: "over",
      exitCode: 0,
      note: "1 line was not sent",
    });
    const signalled = session();
    signalled.endInput();
    signalled.leave();
    expect(signalled.overWithoutConnection()).toEqual({ kind: "over", exitCode: 0, note: null });
  });

  test("of a person who is asked for a name is the end, whatever is queued", () => {
    const stay = session({ name: null, interactive: true });
    stay.connected();
    stay.hear("Name?");
    stay.endInput();
    expect(stay.finished).toBe(true);
    stay.shutDown();
    expect(stay.disconnected(ENDED)).toEqual({ kind: "over", exitCode: 0, note: null });
  });
});
