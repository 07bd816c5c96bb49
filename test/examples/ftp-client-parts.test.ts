/** What the file client makes of what servers say: replies, ports, lists, names. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { localName } from "../../examples/ftp/client/local-name.ts";
import { extendedPassivePort, passivePort } from "../../examples/ftp/client/passive-reply.ts";
import {
  isListedFolderItself,
  parseFacts,
  parseListLine,
} from "../../examples/ftp/client/remote-entry.ts";
import { MAX_REPLY_LINES, ReplyReader } from "../../examples/ftp/client/reply-reader.ts";
import { formatEntry } from "../../examples/ftp/listing.ts";
import { formatReply } from "../../examples/ftp/replies.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12);

function heard(text: string): unknown[] {
  const reader = new ReplyReader();
  return text
    .split("\n")
    .map((line) => reader.hear(Buffer.from(line)))
    .filter((reply) => reply !== null);
}

describe("replies", () => {
  test.each([
    ["220 hello", [{ code: 220, lines: ["hello"] }]],
    ["220", [{ code: 220, lines: [""] }]],
    ["211-Features\n MDTM\n211 End", [{ code: 211, lines: ["Features", " MDTM", "End"] }]],
    [
      "211-a\n220 no end\n211-no end\n2110 no end\n211 z",
      [{ code: 211, lines: ["a", "220 no end", "211-no end", "2110 no end", "z"] }],
    ],
    [
      "150 a\n226 b",
      [
        { code: 150, lines: ["a"] },
        { code: 226, lines: ["b"] },
      ],
    ],
    ["SSH-2.0-x", [{ broken: "SSH-2.0-x" }]],
    ["099 x", [{ broken: "099 x" }]],
    ["600 x", [{ broken: "600 x" }]],
    ["220 \u001b[31mred\u0007", [{ code: 220, lines: ["?[31mred?"] }]],
  ])("%j", (text, replies) => {
    expect(heard(text)).toEqual(replies);
  });

  test("a reply of too many lines is cut off, and ends where it ends: MAX_REPLY_LINES", () => {
    const lines = Array.from({ length: MAX_REPLY_LINES + 10 }, (_, i) => ` ${i}`).join("\n");
    const [reply, next] = heard(`211-a\n${lines}\n211 z\n200 ok`) as { lines: string[] }[];
    expect([reply!.lines.length, reply!.lines.at(-1)]).toEqual([MAX_REPLY_LINES + 1, "z"]);
    expect(next).toEqual({ code: 200, lines: ["ok"] });
  });

  test("what our server formats is read as it was, whatever its lines hold", () => {
    const line = fc.string({ unit: "binary", maxLength: 8 });
    const digits = fc.constantFrom("211 x", "211-x", "211", "220 y", "");
    const lines = fc.array(fc.oneof(line, digits), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(lines, (lines) => {
        const bytes = formatReply({ code: 211, lines });
        const replies = heard(bytes.toString().replaceAll("\r\n", "\n").slice(0, -1));
        expect(replies).toHaveLength(1);
        const read = replies[0] as { lines: string[] };
        expect(read.lines).toHaveLength(lines.length);
      }),
    );
  });
});

test.each([
  ["227 Entering Passive Mode (127,0,0,1,200,13).", 51_213],
  ["227 =10,0,0,1,0,21", 21],
  ["227 Entering Passive Mode (1,2,3,4,256,1)", null],
  ["227 Entering Passive Mode (1,2,3,4,0,0)", null],
  ["227 Entering Passive Mode", null],
])("PASV %j: port %j, whatever the address", (text, port) => {
  expect(passivePort(text)).toBe(port);
});

test.each([
  ["229 Entering Extended Passive Mode (|||51213|)", 51_213],
  ["229 ok (!!!21!)", 21],
  ["229 ok (|||65536|)", null],
  ["229 ok (|||0|)", null],
  ["229 ok (|1|1.2.3.4|21|)", null],
  ["229 ok", null],
])("EPSV %j: port %j", (text, port) => {
  expect(extendedPassivePort(text)).toBe(port);
});

describe("lists", () => {
  const at = (...parts: [number, number, number, number?, number?]): number => Date.UTC(...parts);

  test.each([
    [
      "-rw-r--r-- 1 ftp ftp 12 Nov 20 11:59 a b.txt",
      "a b.txt",
      "file",
      12,
      at(2026, 10, 20, 11, 59),
    ],
    ["-rw-r--r--   1 0        0               5 Jan  1  2001 x", "x", "file", 5, at(2001, 0, 1)],
    ["drwxr-xr-x 2 ftp ftp 4096 Dec 24 10:00 d", "d", "folder", null, at(2025, 11, 24, 10)],
    ["lrwxrwxrwx 1 a b 3 Feb 29  2024 l -> ../etc", "l", "link", null, at(2024, 1, 29)],
    ["-rw-r--r--+ 1 owner 7 Mar  3  2020 no group", "no group", "file", 7, at(2020, 2, 3)],
    ["crw------- 1 a b 1 Mar  3  2020 dev", "dev", "other", null, at(2020, 2, 3)],
    [
      "11-21-26  09:05PM       <DIR>          My Files",
      "My Files",
      "folder",
      null,
      at(2026, 10, 21, 21, 5),
    ],
    ["02-03-1999  12:00AM             1234 old", "old", "file", 1234, at(1999, 1, 3)],
    ["02-03-70  23:10 5 x", "x", "file", 5, at(1970, 1, 3, 23, 10)],
  ])("%j", (line, name, kind, size, modifiedMs) => {
    expect(parseListLine(line, NOW_MS)).toEqual({ name, kind, size, modifiedMs });
  });

  test.each([
    "total 12",
    "",
    "drwxr-xr-x 2 a b 1 Mar  3  2020 .",
    "02-03-70  23:10 <DIR> ..",
    "hello",
  ])("%j is no entry", (line) => {
    expect(parseListLine(line, NOW_MS)).toBeNull();
  });

  test.each([
    [
      "type=file;size=5;modify=20240229123005; a b",
      "a b",
      "file",
      5,
      at(2024, 1, 29, 12, 30) + 5000,
    ],
    ["Type=Dir;Modify=20200101000000.5; d", "d", "folder", null, at(2020, 0, 1) + 500],
    ["type=OS.unix=symlink; l", "l", "link", null, null],
    ["type=file;size=-1; x", "x", "file", null, null],
    ["type=file;size=99999999999999999999; x", "x", "file", null, null],
    [" no facts", "no facts", "other", null, null],
    ["nothing", null, null, null, null],
    ["type; x", null, null, null, null],
  ])("facts %j", (line, name, kind, size, modifiedMs) => {
    const expected = name === null ? null : { name, kind, size, modifiedMs };
    expect(parseFacts(line)).toEqual(expected);
  });

  test("the folder itself and the one above are told apart", () => {
    expect(isListedFolderItself("type=cdir;perm=el; /a")).toBe(true);
    expect(isListedFolderItself("perm=el;type=pdir; ..")).toBe(true);
    expect(isListedFolderItself("type=dir; type=cdir;")).toBe(false);
  });

  test("what our server lists is read as it was", () => {
    const rights = new Set(["read"] as const);
    const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((name) => {
      return !/[\p{Cc}\u2028\u2029]/u.test(name) && !/^\.{1,2}$/.test(name);
    });
    fc.assert(
      fc.property(
        name,
        fc.nat(),
        fc.date({ min: new Date(0), max: new Date(NOW_MS) }),
        (name, size, date) => {
          fc.pre(!Number.isNaN(date.getTime()));
          const modifiedMs = Math.floor(date.getTime() / 1000) * 1000;
          const times = { modifiedMs, changedMs: NOW_MS };
          const entry = { name, kind: "file" as const, size, ...times, unique: "u" };
          const facts = formatEntry(
            entry,
            { format: "facts", facts: new Set(["type", "size", "modify"]), rights },
            NOW_MS,
          );
          expect(parseFacts(facts.slice(0, -2))).toEqual({ name, kind: "file", size, modifiedMs });
          const long = formatEntry(entry, { format: "long", rights }, NOW_MS);
          expect(parseListLine(long.slice(0, -2), NOW_MS)).toMatchObject({
            name,
            kind: "file",
            size,
          });
        },
      ),
    );
  });
});

test.each([
  ["a.txt", "a.txt"],
  ["/deep/in/a b", "a b"],
  ["..", null],
  ["/a/..", null],
  [".", null],
  ["", null],
  ["a/", null],
  ["..\\evil", null],
  ["a\u001bb", null],
  ["x".repeat(255), "x".repeat(255)],
  ["x".repeat(256), null],
])("the local name of %j is %j", (remote, local) => {
  expect(localName(remote)).toBe(local);
});
