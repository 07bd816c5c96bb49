/** Warnings and mutes outlast a visit. */
import { beforeEach, describe, expect, test } from "vitest";

import { WARNING_MS } from "../../examples/chat/conduct.ts";
import { MAX_STANDINGS, Standings } from "../../examples/chat/standings.ts";
import { Audience } from "./chat-audience.ts";

const MUTED = (seconds: number) =>
  `You are muted for ${seconds} s more, as somebody of your name or from your address was.`;

describe("who was muted and comes again", () => {
  let chat: Audience;

  /** Members are called as they come: `e 1` is the first that comes from the address `e`. */
  beforeEach(() => {
    chat = new Audience({ address: (member) => member.split(" ")[0]! });
    chat.join("a 1", "ann");
    chat.join("e 1", "eve");
    chat.admin("/mute eve 60");
    chat.wait(10_000);
    chat.leave("e 1");
    chat.forget();
  });

  /** Whether it is heard. */
  function mayTalk(member: string): boolean {
    chat.news("a 1");
    chat.hear(member, "hello");
    return chat.news("a 1").length > 0;
  }

  test("under its name is muted for the rest of the time, wherever it comes from", () => {
    chat.join("x 1", "ＥＶＥ");
    expect(chat.news("x 1")).toEqual([
      ...["What is your name?", "Hello ＥＶＥ. Also here: ann."],
      MUTED(50),
    ]);
    chat.wait(49_999);
    expect(mayTalk("x 1")).toBe(false);
    chat.wait(1);
    expect(mayTalk("x 1")).toBe(true);
  });

  test("from its address is muted under any name; the next one from there is not", () => {
    chat.join("e 2", "eva");
    expect(chat.news("e 2").at(-1)).toBe(MUTED(50));
    expect(mayTalk("e 2")).toBe(false);
    chat.join("e 3", "bob");
    expect(mayTalk("e 3")).toBe(true);
    // The name is still known, and so is the mute of who has left with another.
    chat.join("x 1", "eve");
    expect(mayTalk("x 1")).toBe(false);
    chat.leave("e 2");
    chat.join("e 4", "evi");
    expect(mayTalk("e 4")).toBe(false);
  });

  test("by another way to leave is muted too", () => {
    chat.join("e 2", "eve");
    chat.admin("/kick eve");
    chat.join("e 3", "eve");
    expect(mayTalk("e 3")).toBe(false);
    chat.hear("e 3", "/quit");
    chat.join("e 4", "eve");
    expect(mayTalk("e 4")).toBe(false);
  });

  test("may speak again when the administrator says so, or the time is up", () => {
    chat.join("e 2", "eve");
    chat.admin("/mute eve 0");
    chat.leave("e 2");
    chat.join("e 3", "eve");
    expect(mayTalk("e 3")).toBe(true);
    chat.admin("/mute eve 60");
    chat.leave("e 3");
    chat.wait(60_000);
    chat.join("e 4", "eve");
    expect(chat.news("e 4").join("\n")).not.toContain("You are muted");
    expect(mayTalk("e 4")).toBe(true);
  });

  test("is known by its name alone where addresses tell nothing", () => {
    chat = new Audience();
    chat.join("1", "eve");
    chat.admin("/mute eve 60");
    chat.leave("1");
    chat.join("2", "ann");
    chat.join("3", "eve");
    expect(chat.news("2")).not.toContain(MUTED(60));
    expect(chat.news("3")).toContain(MUTED(60));
  });
});

test("who was warned and comes again is muted for the next line too fast", () => {
  const once = () => ({ take: () => --left >= 0 });
  let left = 1;
  const chat = new Audience({ address: () => "e", limiter: once, linesPerSecond: 1 });
  chat.join("1", "eve");
  chat.hear("1", "one");
  expect(chat.answer("1", "two")).toEqual([expect.stringContaining("That line was dropped")]);
  chat.leave("1");
  left = 1;
  chat.join("2", "eva");
  chat.hear("2", "one");
  expect(chat.answer("2", "two")).toEqual([expect.stringContaining("You are muted")]);
});

describe("what is kept", () => {
  const standing = (untilMs: number) => ({ warnedUntilMs: -Infinity, mutedUntilMs: untilMs });

  test("is nothing of those who have done nothing, and nothing that is over", () => {
    const standings = new Standings();
    standings.keep({ name: "ann", address: "a" }, standing(-Infinity), 0);
    standings.keep({ name: "bob", address: "b" }, standing(5), 5);
    expect(standings.size).toBe(0);
    standings.keep({ name: "eve", address: "e" }, standing(WARNING_MS), 0);
    expect(standings.take({ name: "eve", address: null }, WARNING_MS)).toBeNull();
  });

  test("of an address is the longest", () => {
    const standings = new Standings();
    for (const [name, ms] of [
      ["a", 10],
      ["b", 30],
      ["c", 20],
    ] as const) {
      standings.keep({ name, address: "e" }, standing(ms), 0);
    }
    expect(standings.take({ name: "x", address: "e" }, 0)).toEqual(standing(30));
    expect(standings.take({ name: "x", address: "e" }, 0)).toBeNull();
  });

  test("is bounded, and a flood of short ones does not push out a long one", () => {
    const standings = new Standings();
    standings.keep({ name: "eve", address: "e" }, standing(3_600_000), 0);
    for (let i = 0; i < 3 * MAX_STANDINGS; i++) {
      standings.keep({ name: `n${i}`, address: `a${i}` }, standing(60_000 + i), i);
      expect(standings.size).toBeLessThanOrEqual(MAX_STANDINGS);
    }
    expect(standings.size).toBe(MAX_STANDINGS);
    expect(standings.take({ name: "eve", address: null }, 3000)).toEqual(standing(3_600_000));
    expect(standings.take({ name: "n0", address: null }, 3000)).toBeNull();
  });
});
