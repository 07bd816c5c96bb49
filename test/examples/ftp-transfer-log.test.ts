/** Lines of the transfer log have always as many fields, whatever clients call their files. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { MAX_LOGGED_USER, xferlogLine } from "../../examples/ftp/server/transfer-log.ts";
import type { TransferRecord } from "../../examples/ftp/server/transfer-log.ts";

const RECORD: TransferRecord = {
  endedMs: Date.UTC(2026, 10, 2, 3, 4, 5),
  tookMs: 1499,
  host: "127.0.0.1",
  bytes: 1024,
  path: "/pub/file.txt",
  type: "binary",
  direction: "download",
  access: "user",
  user: "alice",
  isComplete: true,
};

it("is a line of xferlog(5)", () => {
  expect(xferlogLine(RECORD)).toBe(
    "Mon Nov  2 03:04:05 2026 1 127.0.0.1 1024 /pub/file.txt b _ o r alice ftp 0 * c",
  );
  expect(
    xferlogLine({
      ...RECORD,
      endedMs: Date.UTC(2026, 0, 31, 23, 59, 59, 999),
      host: "::1",
      path: "/文件",
      type: "ascii",
      direction: "upload",
      access: "anonymous",
      user: "",
      isComplete: false,
    }),
  ).toBe("Sat Jan 31 23:59:59 2026 1 ::1 1024 /文件 a _ i a - ftp 0 * i");
  expect(xferlogLine({ ...RECORD, direction: "delete" })).toContain(" b _ d r ");
});

it.each([
  ["/a b", "/a%20b"],
  ["/a\r\nMon Nov", "/a%0D%0AMon%20Nov"],
  ["/\u001b[2J", "/%1B[2J"],
  ["/\u009b31m", "/%C2%9B31m"],
  ["/\u202etxt.exe", "/%E2%80%AEtxt.exe"],
  ["/a\u2028b\u00a0c", "/a%E2%80%A8b%C2%A0c"],
  ["/100%20", "/100%2520"],
  ["/\ud800", "/%EF%BF%BD"],
])("%j is written as %s", (path, expected) => {
  const line = xferlogLine({ ...RECORD, path });
  expect(line).toContain(expected === "/%EF%BF%BD" ? " /\ufffd " : ` ${expected} `);
});

it("any names: one line, always as many fields, and the name can be read back", () => {
  const hostile = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(hostile, hostile, (path, user) => {
      const fields = xferlogLine({ ...RECORD, path: `/${path}`, user, host: user }).split(/\s+/);
      expect(fields).toHaveLength(18);
      expect(decodeURIComponent(fields[8]!)).toBe(`/${path}`);
    }),
    { numRuns: 500 },
  );
});

it("MAX_LOGGED_USER: a longer name is cut, but not within a character", () => {
  const user = "😀".repeat(MAX_LOGGED_USER + 1);
  expect(xferlogLine({ ...RECORD, user })).toContain(` r ${"😀".repeat(MAX_LOGGED_USER)} ftp`);
});
