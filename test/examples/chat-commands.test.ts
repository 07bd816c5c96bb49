/** The members' commands, and how fast they may come. */
import { beforeEach, describe, expect, test } from "vitest";

import { parseMemberLine } from "../../examples/chat/commands.ts";
import { REMINDER_MS, WARNING_MS } from "../../examples/chat/conduct.ts";
import { History } from "../../examples/chat/history.ts";
import { clockTime } from "../../examples/chat/moment.ts";
import { LOCALES } from "../../examples/chat/texts.ts";
import { Audience } from "./chat-audience.ts";

let chat: Audience;

function open(options: ConstructorParameters<typeof Audience>[0] = {}): void {
  chat = new Audience(options);
  chat.join("a", "ann");
  chat.join("l", "Ann Lee");
  chat.join("z", "张三");
  chat.forget();
}

beforeEach(() => {
  open();
});

describe("a line", () => {
  test.each([
    ["hello", { kind: "say", text: "hello" }],
    ["  hello ", { kind: "say", text: "  hello " }],
    ["//who", { kind: "say", text: "/who" }],
    ["///", { kind: "say", text: "//" }],
    ["／／x", { kind: "say", text: "/x" }],
    ["/WHO", { kind: "who" }],
    ["  /who ", { kind: "who" }],
    ["／who", { kind: "who" }],
    ["/me  waves ", { kind: "me", text: "waves" }],
    ["/me", { kind: "misused", command: "me" }],
    ["/msg ann hello there", { kind: "msg", name: "ann", text: "hello there" }],
    ["/msg Ann Lee", { kind: "msg", name: "Ann", text: "Lee" }],
    ['/msg "Ann Lee" hello', { kind: "msg", name: "Ann Lee", text: "hello" }],
    ["/msg “Ann Lee” hello", { kind: "msg", name: "Ann Lee", text: "hello" }],
    ['/msg "Ann" say "hi"', { kind: "msg", name: "Ann", text: 'say "hi"' }],
    ['/msg "Ann Lee hello', { kind: "msg", name: '"Ann', text: "Lee hello" }],
    ["/msg ann", { kind: "misused", command: "msg" }],
    ["/msg", { kind: "misused", command: "msg" }],
    ["/nick Ann  Lee", { kind: "nick", name: "Ann  Lee" }],
    ['/nick "Ann Lee"', { kind: "nick", name: "Ann Lee" }],
    ["/nick", { kind: "misused", command: "nick" }],
    ["/history", { kind: "history", lines: 20 }],
    ["/history 3", { kind: "history", lines: 3 }],
    ["/history -3", { kind: "misused", command: "history" }],
    ["/history 3.5", { kind: "misused", command: "history" }],
    ["/history all", { kind: "misused", command: "history" }],
    ["/help me", { kind: "help" }],
    ["/quit", { kind: "quit" }],
    ["/quit please", { kind: "quit" }],
    ["/quitter", { kind: "unknown", command: "quitter" }],
    ["/", { kind: "unknown", command: "" }],
    ["/usr/bin/node", { kind: "unknown", command: "usr/bin/node" }],
    ["/kick ann", { kind: "unknown", command: "kick" }],
    [`/${"x".repeat(5000)}`, { kind: "unknown", command: "x".repeat(20) }],
  ])("%j", (line, command) => {
    expect(parseMemberLine(line)).toEqual(command);
  });
});

describe("a command", () => {
  test("/who tells who is here", () => {
    expect(chat.answer("a", "/who")).toEqual(["Here are 3: ann, Ann Lee, 张三."]);
    expect(chat.hearers).toEqual([]);
  });

  test("/who tells at most 50 by name", () => {
    for (let i = 0; i < 60; i++) chat.join(`m${i}`, `m${i}`);
    expect(chat.answer("a", "/who")[0]).toMatch(/^Here are 63: ann, .*, m46 and 13 more\.$/);
  });

  test("/me tells what one does", () => {
    chat.hear("z", "/me waves");
    for (const member of ["a", "l"]) expect(chat.news(member)).toEqual(["* 张三 waves"]);
    expect(chat.hearers).toEqual([]);
  });

  test("/msg tells one member only, and the sender who it was", () => {
    expect(chat.answer("a", '/msg "ann lee" psst')).toEqual(["[private] to Ann Lee: psst"]);
    expect(chat.news("l")).toEqual(["[private] ann: psst"]);
    expect(chat.hearers).toEqual([]);
    expect(chat.transcript).toEqual([]);
    expect(chat.answer("z", "/history")).toEqual(["Nothing was said yet."]);
  });

  test("/msg never takes more of a name than was given", () => {
    chat.hear("z", "/msg Ann Lee is late");
    expect(chat.news("a")).toEqual(["[private] 张三: Lee is late"]);
    expect(chat.news("l")).toEqual([]);
  });

  test("/msg to nobody, and to oneself", () => {
    expect(chat.answer("a", "/msg bob hi")).toEqual(["Nobody here is called bob."]);
    expect(chat.answer("a", "/msg ann note")).toEqual([
      "[private] ann: note",
      "[private] to ann: note",
    ]);
  });

  test("/nick gives another name by the same rules, and frees the old one", () => {
    expect(chat.answer("a", "/nick Bob")).toEqual(["You are now called Bob."]);
    expect(chat.news("z")).toEqual(["ann is now called Bob"]);
    chat.hear("a", "hi");
    expect(chat.news("z")).toEqual(["Bob says: hi"]);
    expect(chat.answer("a", "/nick admin")).toEqual(["That name is reserved."]);
    expect(chat.answer("a", "/nick ANN LEE")).toEqual(["The name ANN LEE is taken."]);
    expect(chat.answer("a", "/nick x:")).toEqual(["A name cannot have a colon or double quotes."]);
    expect(chat.room.nameOf("a")).toBe("Bob");
    chat.join("b", "ann");
    expect(chat.room.nameOf("b")).toBe("ann");
    chat.leave("a");
    expect(chat.news("z").at(-1)).toBe("Bob left the chat");
  });

  test("/nick may spell one's own name in another way", () => {
    expect(chat.answer("a", "/nick ANN")).toEqual(["You are now called ANN."]);
    expect(chat.news("z")).toEqual(["ann is now called ANN"]);
    expect(chat.answer("a", "/nick ANN")).toEqual(["You are now called ANN."]);
    expect(chat.news("z")).toEqual([]);
    chat.join("b", "ann");
    expect(chat.room.nameOf("b")).toBeNull();
  });

  test("/history tells what was said to all, with its time", () => {
    chat.hear("z", "hello");
    chat.now = { ms: 1, minuteOfDay: 9 * 60 + 7 };
    chat.hear("z", "/me waves");
    chat.admin("welcome");
    chat.hear("z", "/nick Li");
    chat.leave("z");
    const said = ["[14:05] 张三 says: hello", "[09:07] * 张三 waves", "[09:07] admin: welcome"];
    expect(chat.answer("a", "/history")).toEqual(said);
    expect(chat.answer("a", "/history 1")).toEqual(said.slice(-1));
    expect(chat.answer("a", "/history 0")).toEqual(["Nothing was said yet."]);
  });

  test("/help names every command in a line of its own", () => {
    const lines = chat.answer("a", "/help");
    const commands = ["who", "me", "msg", "nick", "history", "help", "quit"];
    expect(lines.slice(0, -1).map((line) => line.split(" ")[0])).toEqual(
      commands.map((command) => `/${command}`),
    );
  });

  test("that is unknown or misused is answered in one line", () => {
    expect(chat.answer("a", "/usr/bin")).toEqual([
      "There is no command /usr/bin (/help lists them; // says a line that begins with a slash).",
    ]);
    expect(chat.answer("a", "/history x")).toEqual([
      "Write it so: /history [N] (what was said last, 20 lines or N)",
    ]);
    expect(chat.hearers).toEqual([]);
  });
});

describe("a newcomer", () => {
  test("gets the last 20 lines with their times, between its welcome and the rest", () => {
    for (let i = 0; i < 30; i++) chat.hear("a", `line ${i}`);
    chat.join("b", "bob");
    const [, welcome, ...history] = chat.news("b");
    expect(welcome).toMatch(/^Hello bob/);
    expect(history).toEqual(
      Array.from({ length: 20 }, (_, i) => `[14:05] ann says: line ${10 + i}`),
    );
    chat.hear("a", "next");
    expect(chat.news("b")).toEqual(["ann says: next"]);
  });
});

describe("the history", () => {
  test("is bounded in lines", () => {
    const history = new History({ maxLines: 3, maxBytes: 1000 });
    for (let i = 0; i < 5; i++) history.add(`${i}`, 0);
    expect(history.last(10)).toEqual(["[00:00] 2", "[00:00] 3", "[00:00] 4"]);
    expect(history.last(0)).toEqual([]);
  });

  test("is bounded in bytes, not characters", () => {
    const history = new History({ maxLines: 100, maxBytes: 40 });
    for (let i = 0; i < 5; i++) {
      history.add(`张三${i}`, 0);
      expect(history.bytes).toBeLessThanOrEqual(40);
    }
    expect(history.last(10)).toEqual(["[00:00] 张三3", "[00:00] 张三4"]);
    history.add("x".repeat(41), 0);
    expect(history.lines).toBe(2);
  });

  test("may remember nothing", () => {
    for (const limits of [
      { maxLines: 0, maxBytes: 100 },
      { maxLines: 10, maxBytes: 0 },
    ]) {
      const history = new History(limits);
      history.add("hello", 0);
      expect(history.last(10)).toEqual([]);
    }
  });

  test("has times of two digits", () => {
    expect([0, 61, 23 * 60 + 59].map(clockTime)).toEqual(["00:00", "01:01", "23:59"]);
  });
});

/** `burst` lines at once, one more each second. */
function limiter(burst: number) {
  let tokens = burst;
  let lastMs = 0;
  return {
    take(count: number, nowMs: number): boolean {
      tokens = Math.min(burst, tokens + (nowMs - lastMs) / 1000);
      lastMs = nowMs;
      if (tokens < count) return false;
      tokens -= count;
      return true;
    },
  };
}

describe("who sends too many lines", () => {
  const WARNING =
    "That line was dropped: at most 1 lines a second. If you go on, you are muted for 30 s.";
  const MUTED = "You are muted for 30 s: at most 1 lines a second.";
  const STILL = (seconds: number) => `You are muted for ${seconds} s more: that line was dropped.`;

  beforeEach(() => {
    open({ limiter: () => limiter(2), linesPerSecond: 1 });
  });

  function flood(lines: number, line = "flood"): string[] {
    return Array.from({ length: lines }, () => chat.answer("a", line)).flat();
  }

  test("is warned, then muted, and told once of each", () => {
    expect(flood(10)).toEqual([WARNING, MUTED]);
    expect(chat.news("z")).toEqual(["ann says: flood", "ann says: flood"]);
    expect(chat.answers).toEqual(["ann is muted for 30 s."]);
    chat.wait(29_999);
    expect(chat.answer("a", "still muted")).toEqual([STILL(1)]);
    expect(chat.news("z")).toEqual([]);
    chat.wait(1);
    chat.hear("a", "sorry");
    expect(chat.news("z")).toEqual(["ann says: sorry"]);
  });

  test("is told that its lines are dropped, and for how long, but not for each of them", () => {
    flood(10);
    chat.forget();
    const told: string[] = [];
    for (let ms = 0; ms < 30_000; ms += 100) {
      told.push(...flood(5));
      chat.wait(100);
    }
    expect(told).toEqual([STILL(20), STILL(10)]);
    expect(chat.hearers).toEqual([]);
  });

  test("is told so for a line that cannot be read, too", () => {
    flood(10);
    chat.wait(REMINDER_MS);
    chat.forget();
    const refuse = () =>
      chat.carry(chat.room.hear("a", { kind: "refused", reason: "not-utf8" }, chat.now));
    refuse();
    expect(chat.news("a")).toEqual([STILL(20)]);
    refuse();
    expect(chat.news("a")).toEqual([]);
  });

  test("is told so at the first line of another mute", () => {
    flood(10);
    chat.wait(REMINDER_MS);
    expect(chat.answer("a", "hi")).toEqual([STILL(20)]);
    chat.admin("/mute ann 60");
    chat.news("a");
    chat.wait(1000);
    expect(chat.answer("a", "hi")).toEqual([STILL(59)]);
  });

  test("is told so in the room's language", () => {
    open({ limiter: () => limiter(2), linesPerSecond: 1, texts: LOCALES.zh });
    flood(10);
    chat.wait(REMINDER_MS);
    expect(chat.answer("a", "hi")).toEqual(["您还将被禁言 20 秒：这一行没有发出。"]);
  });

  test("is not muted longer for going on", () => {
    flood(10);
    chat.wait(29_000);
    flood(1000);
    chat.wait(1000);
    chat.hear("a", "hi");
    expect(chat.news("z").at(-1)).toBe("ann says: hi");
  });

  test("is warned again, not muted, when the warning is long past", () => {
    expect(flood(3)).toEqual([WARNING]);
    chat.wait(WARNING_MS);
    expect(flood(3)).toEqual([WARNING]);
    chat.wait(WARNING_MS - 1);
    expect(flood(3)).toEqual([MUTED]);
  });

  test("is warned again before the next mute", () => {
    flood(10);
    chat.wait(30_000);
    expect(flood(10)).toEqual([WARNING, MUTED]);
  });

  test("is counted alone", () => {
    flood(10);
    chat.news("z");
    chat.hear("l", "hi");
    expect(chat.news("z")).toEqual(["Ann Lee says: hi"]);
  });

  test("is warned for commands too, and for lines that were refused", () => {
    expect(flood(10, "/who")).toHaveLength(4);
    open({ limiter: () => limiter(2), linesPerSecond: 1 });
    for (let i = 0; i < 10; i++) {
      chat.carry(chat.room.hear("a", { kind: "refused", reason: "not-utf8" }, chat.now));
    }
    const refusal = "That line was refused: it is not UTF-8.";
    expect(chat.news("a")).toEqual([refusal, refusal, WARNING, MUTED]);
  });

  test("may ask while it is muted, as fast as the limit allows, but not be heard", () => {
    flood(10);
    chat.wait(2000);
    chat.forget();
    for (const line of ["hi", "/me waves", "/msg 张三 hi", "/nick loud"]) {
      chat.wait(1000);
      expect(chat.answer("a", line)).toEqual([]);
    }
    expect(chat.hearers).toEqual([]);
    chat.wait(2000);
    expect(flood(10, "/who")).toHaveLength(2);
    expect(chat.answer("a", "/quit")).toEqual(["Goodbye."]);
  });

  test("does not find empty lines counted", () => {
    expect(flood(10, "  ")).toEqual([]);
    expect(flood(2)).toEqual([]);
  });
});
