/** The chat room's flags. */
import { describe, expect, test } from "vitest";

import { readSettings } from "../../examples/chat/flags.ts";
import { minBacklogBytes } from "../../examples/chat/server.ts";

test("without flags the room is for this machine, at port 9000", () => {
  expect(readSettings([])).toEqual({
    address: { host: "127.0.0.1", port: 9000 },
    maxLineBytes: 4096,
    backlogBytes: 262_144,
  });
});

test("every flag sets what it says", () => {
  const limits = ["--max-line-bytes", "100", "--backlog-bytes=10000"];
  expect(readSettings(["--port", "0", "--host", "::1", ...limits])).toEqual({
    address: { host: "::1", port: 0 },
    maxLineBytes: 100,
    backlogBytes: 10_000,
  });
  expect(readSettings(["--path", "/run/chat"])!.address).toEqual({ path: "/run/chat" });
  expect(readSettings(["--help", "--port", "1"])).toBeNull();
});

test("the backlog's default has place for the longest line", () => {
  const { backlogBytes } = readSettings(["--max-line-bytes", "1000000"])!;
  expect(backlogBytes).toBe(minBacklogBytes(1_000_000));
});

describe("what is wrong is said in one line:", () => {
  test.each([
    [["--colour"], "Unknown option '--colour'"],
    [["--port"], "Option '--port <value>' argument missing"],
    [["--port", "65536"], '--port is "65536": give a whole number from 0 to 65535'],
    [["--port", ""], '--port is "": give a whole number from 0 to 65535'],
    [["--port", "9e3"], '--port is "9e3": give a whole number from 0 to 65535'],
    [["--port", "-1"], "Option '--port' argument is ambiguous."],
    [["--port=-1"], '--port is "-1": give a whole number from 0 to 65535'],
    [["--path", "/x", "--port", "1"], "--path goes without --port and --host"],
    [["--path", "/x", "--host", "::1"], "--path goes without --port and --host"],
    [["--max-line-bytes", "0"], '--max-line-bytes is "0": give a whole number from 1 to 1048576'],
    [["--max-line-bytes", "1.5"], "--max-line-bytes is"],
    [["--backlog-bytes", "4096"], `from ${minBacklogBytes(4096)} to 1073741824`],
    [["--help=yes"], "Option '--help' does not take an argument"],
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
