/** The chat room's flags. */
import { describe, expect, test } from "vitest";

import { HELP, minBacklogBytes, readSettings } from "../../examples/chat/flags.ts";

const DEFAULTS = {
  listen: [{ host: "127.0.0.1", port: 9000 }],
  locale: "en",
  transcript: null,
  maxLineBytes: 4096,
  maxNameLength: 32,
  nameTries: 10,
  linesPerSecond: 5,
  lineBurst: 10,
  muteSeconds: 30,
  maxMembers: 1000,
  maxPerAddress: 100,
  joinsPerSecond: 100,
  joinSeconds: 60,
  idleSeconds: 3600,
  stallSeconds: 60,
  memoryBytes: 268_435_456,
  historyLines: 500,
  historyBytes: 65_536,
  drainSeconds: 2,
  backlogBytes: 262_144,
  backlogPolicy: "close",
};

test("without flags the room is for this machine, at port 9000", () => {
  expect(readSettings([])).toEqual(DEFAULTS);
});

describe("where to listen", () => {
  const tcp = { host: "127.0.0.1", port: 9000 };
  const path = { path: "/run/chat" };
  test.each([
    [["--port", "0"], [{ ...tcp, port: 0 }]],
    [["--host", "::1"], [{ ...tcp, host: "::1" }]],
    [["--path", "/run/chat"], [path]],
    [
      ["--path", "/run/chat", "--port", "9000"],
      [tcp, path],
    ],
    [
      ["--path", "/run/chat", "--host", "127.0.0.1"],
      [tcp, path],
    ],
  ])("%j", (flags, listen) => {
    expect(readSettings(flags)).toEqual({ ...DEFAULTS, listen });
  });
});

test.each([
  ["--locale=zh", { locale: "zh" }],
  ["--transcript=on", { transcript: true }],
  ["--transcript=off", { transcript: false }],
  ["--max-line-bytes=100", { maxLineBytes: 100 }],
  ["--max-name-length=8", { maxNameLength: 8 }],
  ["--name-tries=3", { nameTries: 3 }],
  ["--lines-per-second=0", { linesPerSecond: 0 }],
  ["--line-burst=3", { lineBurst: 3 }],
  ["--mute-seconds=5", { muteSeconds: 5 }],
  ["--max-members=5", { maxMembers: 5 }],
  ["--max-per-address=0", { maxPerAddress: 0 }],
  ["--joins-per-second=0", { joinsPerSecond: 0 }],
  ["--join-seconds=0", { joinSeconds: 0 }],
  ["--idle-seconds=0", { idleSeconds: 0 }],
  ["--history-lines=0", { historyLines: 0 }],
  ["--history-bytes=0", { historyBytes: 0 }],
  ["--drain-seconds=0", { drainSeconds: 0 }],
  ["--backlog-bytes=1000000", { backlogBytes: 1_000_000 }],
  ["--backlog-policy=pause-source", { backlogPolicy: "pause-source" }],
])("%s sets what it says", (flag, setting) => {
  expect(readSettings([flag])).toEqual({ ...DEFAULTS, ...setting });
  expect(HELP).toContain(`  ${flag.split("=")[0]!} `);
});

test("--help is enough, whatever else is said", () => {
  expect(readSettings(["--help", "--port", "1"])).toBeNull();
  for (const line of HELP.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("the backlog's default has place for the longest line and the whole history", () => {
  const settings = readSettings(["--max-line-bytes", "1000000"])!;
  expect(settings.backlogBytes).toBe(minBacklogBytes(settings));
  expect(settings.backlogBytes).toBeGreaterThan(16_000_000 + 65_536);
});

describe("what is wrong is said in one line:", () => {
  test.each([
    [["--colour"], "Unknown option '--colour'"],
    [["--port"], "--port has no value: give one"],
    [["--port", "65536"], '--port is "65536": give a whole number from 0 to 65535'],
    [["--port", ""], '--port is "": give a whole number from 0 to 65535'],
    [["--port", "9e3"], '--port is "9e3": give a whole number from 0 to 65535'],
    [["--port", "-1"], '--port is "-1": give a whole number from 0 to 65535'],
    [["--port=-1"], '--port is "-1": give a whole number from 0 to 65535'],
    [["--max-line-bytes", "0"], '--max-line-bytes is "0": give a whole number from 1 to 1048576'],
    [["--max-line-bytes", "1.5"], "--max-line-bytes is"],
    [["--max-name-length", "129"], '--max-name-length is "129": give a whole number from 1 to 128'],
    [["--backlog-bytes", "4096"], `from ${minBacklogBytes(DEFAULTS)} to 1073741824`],
    [["--locale", "fr"], '--locale is "fr": give one of en, zh'],
    [["--transcript", ""], '--transcript is "": give one of on, off'],
    [["--backlog-policy", "drop"], "give one of close, drop-newest, drop-oldest, pause-source"],
    [["--help=yes"], '--help takes no value: leave out "yes"'],
    [["9000"], "Unexpected argument '9000'"],
  ])("%j", (flags, why) => {
    const failure = (() => {
      try {
        return readSettings(flags);
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(failure).toContain(why);
    expect(failure).not.toContain("\n");
  });
});
