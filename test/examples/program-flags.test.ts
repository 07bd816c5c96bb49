/** What all programs here share of their flags. */
import { describe, expect, test } from "vitest";

import { readSettings as readTalker } from "../../examples/chat/client-flags.ts";
import { HELP as CHAT, readSettings as readChat } from "../../examples/chat/flags.ts";
import { readSettings as readFetcher } from "../../examples/ftp/client/flags.ts";
import { HELP as FILES, readSettings as readFiles } from "../../examples/ftp/server/flags.ts";
import { readSettings as readHttp } from "../../examples/http/server/flags.ts";
import { readSettings as readModels } from "../../examples/models/flags.ts";
import { readSettings as readLoop } from "../../examples/one-loop/flags.ts";
import { Flags, flagOf, limitsHelp } from "../../examples/program/flags.ts";
import { readSettings as readTour } from "../../examples/readiness/flags.ts";
import { readSettings as readReceiver } from "../../examples/records/receive-flags.ts";
import { readSettings as readSender } from "../../examples/records/send-flags.ts";
import { readClientSettings } from "../../examples/udp/client-flags.ts";
import { readServerSettings } from "../../examples/udp/server-flags.ts";

describe("the help of limits", () => {
  test("has what each does in one column, also if the flag is longer than that", () => {
    const does = [1, 0, 9, "what it does"] as const;
    const [fits, touches] = ["x".repeat(17), "y".repeat(18)];
    const flags = { short: does, [fits]: does, [touches]: does, muchLongerThanOthers: does };
    expect(limitsHelp(flags)).toBe(
      [
        "  --short N             what it does (1)",
        "  --xxxxxxxxxxxxxxxxx N what it does (1)",
        "  --yyyyyyyyyyyyyyyyyy N",
        "                        what it does (1)",
        "  --much-longer-than-others N",
        "                        what it does (1)",
      ].join("\n"),
    );
  });

  test.each([
    ["chat room", CHAT],
    ["file server", FILES],
  ])("of the %s has no flag that touches its text", (_, help) => {
    expect(help.match(/^ {2}--[a-z-]+ N\S.*$/gm)).toBeNull();
    expect(help).toContain(`--${flagOf("idleSeconds")} N`);
  });
});

test.each([
  ["chat-room", readChat, "idle-seconds"],
  ["chat", readTalker, "port"],
  ["file-server", readFiles, "idle-seconds"],
  ["file-client", readFetcher, "stall-seconds"],
  ["http-server", (args: readonly string[]) => readHttp(["--echo", ...args]), "drain-seconds"],
  ["one loop", readLoop, "http-port"],
  ["readiness-tour", readTour, "port"],
  ["server-models", readModels, "seconds"],
  ["unix-receive", readReceiver, "idle-seconds"],
  ["unix-send", readSender, "wait-seconds"],
  ["udp-server", readServerSettings, "port"],
  ["udp-client", readClientSettings, "timeout"],
] as const)("%s answers a negative number in one line of its own", (_, read, flag) => {
  expect(() => read([`--${flag}`, "-1"])).toThrow(
    /^--[a-z-]+ is "-1": give a (whole )?number [^\n]*$/,
  );
});

describe("what is wrong with arguments is said in one line, and what to do", () => {
  const names = {
    ...{ named: ["out", "port"], listed: ["host"], switches: ["quiet"], short: { out: "o" } },
  };

  test.each([
    [["--out"], "--out has no value: give one"],
    [["-o"], "-o has no value: give one"],
    [["--out", "--quiet"], '--out has no value: give one before "--quiet", or --out=--quiet'],
    [["-o", "-q"], '-o has no value: give one before "-q", or --out=-q'],
    [["--host", "a", "--host", "-b"], '--host has no value: give one before "-b", or --host=-b'],
    [["--quiet=yes"], '--quiet takes no value: leave out "yes"'],
    [["--no-quiet"], "Unknown option '--no-quiet'"],
    [["--__proto__", "x"], "Unknown option '--__proto__'"],
    [["--toString"], "Unknown option '--toString'"],
    [["-5"], "Unknown option '-5'"],
    [["word"], "Unexpected argument 'word'"],
    [["--", "word"], "Unexpected argument 'word'"],
  ])("%j", (args, why) => {
    expect(() => new Flags(args, names)).toThrow(new Error(why));
  });

  test("words that look like flags have a place where they are none", () => {
    const why = "Unknown option '-5': words that begin with - stand behind --";
    expect(() => new Flags(["set", "-5"], { ...names, words: true })).toThrow(new Error(why));
    expect(new Flags(["set", "--", "-5"], { ...names, words: true }).words).toEqual(["set", "-5"]);
  });

  test("what may begin with - is a value: a number, a lone -, and what = ties to its flag", () => {
    const flags = new Flags(["--port", "-1", "-o", "-", "--host=-a", "--host", "b"], names);
    expect([flags.text("port"), flags.text("out"), flags.list("host")]).toEqual([
      ...["-1", "-", ["-a", "b"]],
    ]);
  });
});
