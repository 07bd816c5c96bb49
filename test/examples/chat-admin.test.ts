/** The administrator's lines. */
import { beforeEach, describe, expect, test } from "vitest";

import { parseAdminLine } from "../../examples/chat/admin-commands.ts";
import { Audience } from "./chat-audience.ts";

let chat: Audience;

beforeEach(() => {
  chat = new Audience();
  chat.join("a", "ann");
  chat.join("l", "Ann Lee");
  chat.join("z", "张三");
  chat.enter("n");
  chat.news("n");
  chat.forget();
});

describe("a line", () => {
  test.each([
    ["hello", { kind: "say", text: "hello" }],
    ["//kick", { kind: "say", text: "/kick" }],
    ["/who", { kind: "who" }],
    ["/kick ann", { kind: "kick", name: "ann" }],
    ["/kick Ann Lee", { kind: "kick", name: "Ann Lee" }],
    ['/kick "Ann Lee"', { kind: "kick", name: "Ann Lee" }],
    ["/kick", { kind: "misused", command: "kick" }],
    ["/mute ann 30", { kind: "mute", name: "ann", seconds: 30 }],
    ["/mute Ann Lee 30", { kind: "mute", name: "Ann Lee", seconds: 30 }],
    ['/mute "Ann Lee"  30', { kind: "mute", name: "Ann Lee", seconds: 30 }],
    ["/mute ann", { kind: "misused", command: "mute" }],
    ["/mute 30", { kind: "misused", command: "mute" }],
    ["/mute ann -1", { kind: "misused", command: "mute" }],
    ["/mute ann 9999999", { kind: "misused", command: "mute" }],
    ["/stats", { kind: "stats" }],
    ["/explain ann", { kind: "explain", name: "ann" }],
    ["/shutdown", { kind: "shutdown", seconds: 0 }],
    ["/shutdown 60", { kind: "shutdown", seconds: 60 }],
    ["/shutdown now", { kind: "misused", command: "shutdown" }],
    ["/help", { kind: "help" }],
    ["/nick x", { kind: "unknown", command: "nick" }],
  ])("%j", (line, command) => {
    expect(parseAdminLine(line)).toEqual(command);
  });
});

test("what is said goes to everyone who has joined, and into the history", () => {
  expect(chat.console("hello //all")).toEqual([]);
  for (const member of ["a", "l", "z"]) expect(chat.news(member)).toEqual(["admin: hello //all"]);
  expect(chat.hearers).toEqual([]);
  expect(chat.transcript).toEqual([]);
  expect(chat.answer("a", "/history")).toEqual(["[14:05] admin: hello //all"]);
  expect(chat.console("   ")).toEqual([]);
  expect(chat.hearers).toEqual([]);
});

test("what is said to nobody is said to be so", () => {
  expect(new Audience().console("hello")).toEqual(["Nobody is here."]);
});

describe("a command", () => {
  test("/who tells who is here, from where, and who is muted", () => {
    chat.admin("/mute 张三 61");
    chat.wait(500);
    expect(chat.console("/who")).toEqual([
      "ann, at a",
      "Ann Lee, at l",
      "张三, at z, muted for 61 s",
      "Without a name yet: 1.",
    ]);
    expect(new Audience().console("/who")).toEqual(["Nobody is here."]);
  });

  test("/kick disconnects a member; the others are told, and its name is free", () => {
    chat.admin("/kick ann lee");
    expect(chat.news("l")).toEqual(["The administrator removed you from the chat. Goodbye."]);
    expect(chat.disconnected).toEqual(["l"]);
    const told = ["Ann Lee was removed by the administrator", "Ann Lee left the chat"];
    expect(chat.news("a")).toEqual(told);
    expect(chat.transcript).toEqual(told);
    chat.leave("l");
    chat.hear("l", "I am still here");
    expect(chat.news("a")).toEqual([]);
    chat.hear("n", "Ann Lee");
    expect(chat.news("a")).toEqual(["Ann Lee joined the chat"]);
  });

  test("/mute lets a member read, but not speak, for its time", () => {
    expect(chat.console("/mute 张三 60")).toEqual(["张三 is muted for 60 s."]);
    expect(chat.news("z")).toEqual(["The administrator muted you for 60 s."]);
    expect(chat.hearers).toEqual([]);
    chat.wait(59_999);
    const dropped = "You are muted for 1 s more: that line was dropped.";
    expect(chat.answer("z", "hello?")).toEqual([dropped]);
    expect(chat.answer("z", "/nick loud")).toEqual([]);
    expect(chat.answer("z", "/who")).toEqual(["Here are 3: ann, Ann Lee, 张三."]);
    chat.hear("a", "hi");
    expect(chat.news("z")).toEqual(["ann says: hi"]);
    chat.wait(1);
    chat.hear("z", "thanks");
    expect(chat.news("a")).toEqual(["张三 says: thanks"]);
  });

  test("/mute with 0 seconds ends a mute", () => {
    chat.admin("/mute 张三 60");
    chat.news("z");
    expect(chat.console("/mute 张三 0")).toEqual(["张三 may speak again."]);
    expect(chat.news("z")).toEqual(["You may speak again."]);
    chat.hear("z", "thanks");
    expect(chat.news("a")).toEqual(["张三 says: thanks"]);
  });

  test("/stats tells the room's counters, and asks for the reactor's", () => {
    chat.hear("a", "hi");
    expect(chat.console("/stats")).toEqual([
      "3 here, 1 without a name yet; so far 3 joined, 1 lines said, 0 mutes; " +
        "history: 1 lines, 21 bytes.",
    ]);
    expect(chat.others.at(-1)).toEqual({ kind: "stats" });
  });

  test("/explain asks about the member's connection", () => {
    expect(chat.console("/explain ANN")).toEqual([]);
    expect(chat.others).toEqual([{ kind: "explain", member: "a", name: "ann" }]);
  });

  test.each(["/kick bob", "/mute bob 3", "/explain bob"])("%s: nobody is called so", (line) => {
    expect(chat.console(line)).toEqual(["Nobody here is called bob."]);
    expect(chat.hearers).toEqual([]);
  });

  test("/shutdown tells everybody when, also who has no name", () => {
    expect(chat.console("/shutdown 60")).toEqual(["The chat ends in 60 s, and everybody knows."]);
    expect(chat.others.at(-1)).toEqual({ kind: "shutdown", seconds: 60 });
    for (const member of ["a", "n"]) expect(chat.news(member)).toEqual(["The chat ends in 60 s."]);
    chat.forget();
    // Whoever carries it out says so.
    expect(chat.console("/shutdown")).toEqual([]);
    expect(chat.others.at(-1)).toEqual({ kind: "shutdown", seconds: 0 });
    expect(chat.hearers).toEqual([]);
  });

  test("/help names every command in a line of its own", () => {
    const commands = ["who", "kick", "mute", "stats", "explain", "shutdown", "help"];
    const lines = chat.console("/help");
    expect(lines.slice(0, -1).map((line) => line.split(" ")[0])).toEqual(
      commands.map((command) => `/${command}`),
    );
  });

  test("that is unknown or misused is answered in one line", () => {
    expect(chat.console("/nick x")[0]).toMatch(/^There is no command \/nick /);
    expect(chat.console("/mute ann")).toEqual([
      "Write it so: /mute NAME SECONDS (lets a member read, but not speak; 0 seconds: again)",
    ]);
    expect(chat.hearers).toEqual([]);
  });
});
