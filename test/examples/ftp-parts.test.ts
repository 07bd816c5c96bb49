/** Replies, lines, addresses, paths and listings of FTP, each alone. */
import { isIPv4, isIPv6 } from "node:net";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import * as addresses from "../../examples/ftp/addresses.ts";
import { readCommand } from "../../examples/ftp/command.ts";
import type { Right } from "../../examples/accounts/rights.ts";
import * as listing from "../../examples/ftp/listing.ts";
import * as paths from "../../examples/ftp/paths.ts";
import { protocolOf, sameHost } from "../../examples/program/host-address.ts";
import { formatReply, quoted, reply } from "../../examples/ftp/replies.ts";
import { file, folder } from "./ftp-client.ts";

const anyText = fc.string({ unit: "binary" });

describe("replies", () => {
  test("have one line, or several of which the first and the last have the code", () => {
    expect(formatReply(reply(220, "Hello")).toString()).toBe("220 Hello\r\n");
    const several = formatReply(reply(211, "Features", " EPSV", "220 no", "End"));
    expect(several.toString()).toBe("211-Features\r\n EPSV\r\n 220 no\r\n211 End\r\n");
  });

  test("show as a question mark what would end a line or steer a terminal", () => {
    const text = "a\r\n226 b\u0085\u2028\u001b[2J\0";
    expect(formatReply(reply(250, text)).toString()).toBe("250 a??226 b???[2J?\r\n");
  });

  test("quote a path so that it can be read back", () => {
    const read = (text: string): string => text.slice(1, -1).replaceAll('""', '"');
    fc.assert(
      fc.property(anyText, (path) => {
        expect(read(quoted(path))).toBe(path);
      }),
    );
  });
});

describe("a line", () => {
  test.each([
    ["user Ann", "USER", "Ann"],
    ["NOOP", "NOOP", ""],
    ["NOOP ", "NOOP", ""],
    ["CWD  a b ", "CWD", " a b "],
    ["CWD 张三", "CWD", "张三"],
    ["CWD \ufeffa", "CWD", "\ufeffa"],
  ])("%j is the command %s with %j", (line, verb, argument) => {
    expect(readCommand(Buffer.from(line))).toEqual({ kind: "command", verb, argument });
  });

  test.each([
    ["", "empty"],
    [" NOOP", "no-verb"],
    ["CWD\0", "control"],
    ["CWD a\rb", "control"],
    ["CWD a\tb", "control"],
    ["CWD a\u007fb", "control"],
    ["é", "no-verb"],
  ])("%j is refused: %s", (line, reason) => {
    expect(readCommand(Buffer.from(line))).toEqual({ kind: "refused", reason });
  });

  test.each([[[0xff]], [[0xc0, 0xaf]], [[0xed, 0xa0, 0x80]], [[0xe4, 0xbc]]])(
    "%j after CWD is no UTF-8",
    (bytes) => {
      const line = Buffer.from([...Buffer.from("CWD "), ...bytes]);
      expect(readCommand(line)).toEqual({ kind: "refused", reason: "not-utf8" });
    },
  );
});

describe("addresses", () => {
  const port = fc.integer({ min: 0, max: 0xffff });

  test("of IPv4 come back from PORT and EPRT", () => {
    fc.assert(
      fc.property(fc.ipV4(), port, (host, port) => {
        const address = { host, port };
        expect(addresses.parsePort(addresses.formatPort(address))).toEqual(address);
        expect(addresses.parseExtendedPort(addresses.formatExtendedPort(address))).toEqual({
          kind: "address",
          address,
        });
      }),
    );
  });

  test("of IPv6 come back from EPRT, and are the same however they are written", () => {
    fc.assert(
      fc.property(fc.ipV6(), port, (host, port) => {
        const parsed = addresses.parseExtendedPort(addresses.formatExtendedPort({ host, port }));
        if (parsed?.kind !== "address") throw new Error(`${host}: ${JSON.stringify(parsed)}`);
        expect(parsed.address.port).toBe(port);
        expect(sameHost(parsed.address.host, host)).toBe(true);
        const canonical = new URL(`http://[${host}]/`).hostname.slice(1, -1);
        expect(sameHost(canonical, host)).toBe(true);
      }),
    );
  });

  test("are what Node takes for addresses", () => {
    const almost = fc.array(
      fc.constantFrom("1", "0", "ffff", "::", ":", ".", "255", "256", "g", "%"),
      {
        maxLength: 16,
      },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          almost.map((parts) => parts.join("")),
          fc.ipV6(),
          fc.ipV4(),
        ),
        (host) => {
          const known = isIPv4(host) || (isIPv6(host) && !host.includes("%"));
          expect(protocolOf(host) !== null, host).toBe(known);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["::ffff:1.2.3.4", "1.2.3.4", true],
    ["::FFFF:102:304", "1.2.3.4", true],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["::1", "::2", false],
    ["1.2.3.4", "1.2.3.5", false],
    ["x", "x", false],
    ["1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:8", false],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true],
  ])("%s and %s are the same: %s", (one, other, same) => {
    expect(sameHost(one, other)).toBe(same);
  });

  test.each([
    "",
    "1,2,3,4,5",
    "1,2,3,4,5,6,7",
    "1,2,3,4,5,256",
    "1,2,3,4,5,-6",
    "1,2,3,4,5, 6",
    "a",
  ])("%j is no address of PORT", (text) => {
    expect(addresses.parsePort(text)).toBe(null);
  });

  test.each([
    ["!1!1.2.3.4!5!", "address"],
    ["|9|x|5|", "unknown-protocol"],
  ])("%j is %s", (text, kind) => {
    expect(addresses.parseExtendedPort(text)).toMatchObject({ kind });
  });

  test.each([
    "",
    "|",
    "|||5|",
    "|1|1.2.3.4|5",
    "|1|1.2.3.4|5|x",
    "|1|1.2.3.4|65536|",
    "|1|::1|5|",
    "|2|1.2.3.4|5|",
    "|2|::1%eth0|5|",
    "|1|1.2.3.4||",
    " 1 1.2.3.4 5 ",
  ])("%j is no address of EPRT", (text) => {
    expect(addresses.parseExtendedPort(text)).toBe(null);
  });

  test("any text is an address or null", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        addresses.parsePort(text);
        addresses.parseExtendedPort(text);
        protocolOf(text);
      }),
    );
  });
});

describe("paths", () => {
  const written = fc
    .array(fc.oneof(fc.constantFrom("..", ".", "", "a", " b", "c.d", "张三"), anyText), {
      maxLength: 6,
    })
    .map((parts) => parts.join("/"));

  test.each([
    ["a", "/", "/a"],
    ["a", "/b", "/b/a"],
    ["/a", "/b", "/a"],
    ["", "/b", "/b"],
    ["..", "/b/c", "/b"],
    ["../../../../etc", "/b", "/etc"],
    ["/../..", "/b", "/"],
    ["a/./b//c/", "/", "/a/b/c"],
    ["...", "/", "/..."],
    ["..a/.. ", "/", "/..a/.. "],
    ["a\\..\\b", "/", "/a\\..\\b"],
  ])("%j in %j is %j", (text, folder, path) => {
    expect(paths.resolvePath(text, folder)).toEqual({ ok: true, path });
  });

  test.each([
    ["a\0b", "control"],
    ["a\nb", "control"],
    ["a\u0085", "control"],
    ["a\ud800", "not-utf8"],
    ["é".repeat(128), "name-too-long"],
    ["abcd/".repeat(820), "path-too-long"],
  ])("%j is refused: %s", (text, problem) => {
    expect(paths.resolvePath(text, "/")).toEqual({ ok: false, problem });
  });

  test("have names of up to 255 bytes and are up to 4095 long", () => {
    expect(paths.resolvePath("x".repeat(255), "/").ok).toBe(true);
    const long = `/${Array.from({ length: 15 }, () => "x".repeat(255)).join("/")}/${"x".repeat(254)}`;
    expect([long.length, paths.resolvePath(long, "/").ok]).toEqual([4095, true]);
    expect(paths.resolvePath(`${long}/`, "/").ok).toBe(true);
    expect(paths.resolvePath(`${long}x`, "/").ok).toBe(false);
  });

  test("are normal whatever was written, and stay so", () => {
    fc.assert(
      fc.property(written, written, (one, other) => {
        const first = paths.resolvePath(one, "/");
        if (!first.ok) return;
        const second = paths.resolvePath(other, first.path);
        if (!second.ok) return;
        const { path } = second;
        expect(path).toMatch(/^\/$|^(?:\/[^/]+)+$/u);
        const parts = path.split("/").slice(1);
        for (const part of parts) expect([".", ".."]).not.toContain(part);
        expect(path).not.toMatch(/\p{Cc}/u);
        expect(paths.resolvePath(path, "/elsewhere")).toEqual(second);
        expect(paths.resolvePath(paths.nameOf(path), paths.parentOf(path))).toEqual(second);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["a.txt", "*.txt", true],
    ["a.txt", "*", true],
    ["a.txt", "a?txt", true],
    ["a.txt", "*.t", false],
    ["a.txt", "a.txt?", false],
    ["", "*", true],
    ["", "?", false],
    [".a", "*", false],
    [".a", ".*", true],
    ["a*b", "a*b", true],
    ["张三", "??", true],
    ["😀", "?", true],
    ["abcbcd", "a*bcd", true],
    ["a[b]", "a[b]", true],
  ])("%j matches %j: %s", (name, pattern, matches) => {
    expect(paths.matchesPattern(name, pattern)).toBe(matches);
  });

  test("match as the regular expression that says the same", () => {
    const text = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 8 });
    fc.assert(
      fc.property(text, text, (name, pattern) => {
        const source = pattern.map((c) => (c === "*" ? ".*" : c === "?" ? "." : c)).join("");
        expect(paths.matchesPattern(name.join(""), pattern.join(""))).toBe(
          new RegExp(`^${source}$`, "s").test(name.join("")),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe("listings", () => {
  const all = new Set<Right>(["read", "write", "delete"]);
  const modifiedMs = Date.UTC(2024, 1, 9, 3, 4, 5);
  const entry = { ...file("a b", 12), modifiedMs };
  const day = 86_400_000;

  test.each([
    ["the hour within half a year", modifiedMs + 100 * day, "Feb  9 03:04"],
    ["the year beyond", modifiedMs + 200 * day, "Feb  9  2024"],
    ["the hour of a clock that is a little ahead", modifiedMs - 1000, "Feb  9 03:04"],
    ["the year of what is to come", modifiedMs - 2 * day, "Feb  9  2024"],
  ])("have %s", (_, nowMs, time) => {
    const line = `-rw-r--r-- 1 ftp      ftp                12 ${time} a b`;
    expect(listing.longLine(entry, all, nowMs)).toBe(line);
  });

  test("have what clients find in ls -l: nine columns, the name last", () => {
    fc.assert(
      fc.property(fc.nat(), fc.double(), fc.double(), (size, modifiedMs, nowMs) => {
        const line = listing.longLine({ ...folder("x  y"), size, modifiedMs }, new Set(), nowMs);
        expect(line).toMatch(
          /^dr-xr-xr-x +\d+ \w+ +\w+ +\d+ [A-Z][a-z]{2} [ 123]\d (?:\d\d:\d\d| \d{4}) x {2}y$/,
        );
      }),
    );
  });

  test("are one line for each entry, whatever its name", () => {
    const forms: listing.Listing[] = [
      { format: "long", rights: all },
      { format: "names", prefix: "p/" },
      { format: "facts", facts: new Set(listing.FACTS), rights: all },
    ];
    fc.assert(
      fc.property(anyText, anyText, fc.constantFrom(...forms), (name, unique, form) => {
        const line = listing.formatEntry({ ...file(name), unique }, form, 0);
        expect(line.endsWith("\r\n")).toBe(true);
        expect(line.slice(0, -2)).not.toMatch(/\p{Cc}/u);
      }),
    );
    expect(listing.formatEntry(entry, forms[1]!, 0)).toBe("p/a b\r\n");
  });

  test.each<[Right[], string, string]>([
    [["read", "write", "delete"], "adfrw", "cdeflmp"],
    [["read"], "r", "el"],
    [["read", "create"], "r", "cel"],
    [[], "", "e"],
  ])(
    "tell who has %j the permissions %s and %s (RFC 3659 section 7.5.5)",
    (rights, ofFile, ofFolder) => {
      const facts = new Set<listing.Fact>(["perm"]);
      expect(listing.factsOf(file("a"), facts, new Set(rights))).toBe(`perm=${ofFile};`);
      expect(listing.factsOf(folder("a"), facts, new Set(rights))).toBe(`perm=${ofFolder};`);
    },
  );

  test("have the facts that were asked for, in the order of RFC 3659's examples", () => {
    const facts = new Set(listing.FACTS);
    expect(listing.formatEntry(entry, { format: "facts", facts, rights: all }, 0)).toBe(
      "type=file;size=12;modify=20240209030405;perm=adfrw;unique=f1; a b\r\n",
    );
    const none = { format: "facts", facts: new Set<listing.Fact>(), rights: all } as const;
    expect(listing.formatEntry(entry, none, 0)).toBe(" a b\r\n");
    expect(listing.factsOf(folder("x"), new Set(["size", "type"]), all)).toBe("type=dir;");
  });

  test("tell times that are read back, to the second", () => {
    const last = Date.UTC(9999, 11, 31, 23, 59, 59);
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000_000, max: last }), (ms) => {
        expect(listing.parseTime(listing.formatTime(ms))).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
    expect(listing.parseTime("20240229123005.25")).toBe(Date.UTC(2024, 1, 29, 12, 30, 5, 250));
    for (const ms of [NaN, Infinity, -Infinity]) expect(listing.formatTime(ms)).toMatch(/^\d{14}$/);
  });

  test.each([
    "",
    "2024",
    "20230229000000",
    "20241301000000",
    "20240101240000",
    "20240101006000",
    "x",
  ])("%j is no time", (text) => {
    expect(listing.parseTime(text)).toBe(null);
  });
});
