/** Parts of the HTTP server's program: its flags, the lines of its log, pages of errors, the router. */
import { describe, expect, expectTypeOf, it } from "vitest";

import { combinedLine, MAX_LOGGED } from "../../examples/http/server/access-log.ts";
import type { AccessRecord } from "../../examples/http/server/access-log.ts";
import { escapeHtml } from "../../examples/http/server/error-page.ts";
import { limitsOf, readSettings } from "../../examples/http/server/flags.ts";
import { HttpError } from "../../examples/http/server/http-error.ts";
import type { ParamsOf } from "../../examples/http/server/http-request.ts";
import { Router } from "../../examples/http/server/router.ts";
import { protocol } from "./http-dialogue.ts";

const RECORD: AccessRecord = {
  startedMs: Date.UTC(2026, 10, 21, 20, 5, 9),
  tookMs: 3,
  host: "192.0.2.1",
  user: null,
  requestLine: "GET /a?b HTTP/1.1",
  status: 200,
  bodyBytes: 13,
  referer: null,
  userAgent: "curl/8",
  isComplete: true,
};

describe("a line of the access log", () => {
  it("is one of the combined format", () => {
    expect(combinedLine(RECORD)).toBe(
      '192.0.2.1 - - [21/Nov/2026:20:05:09 +0000] "GET /a?b HTTP/1.1" 200 13 "-" "curl/8"',
    );
    const unknown = { ...RECORD, host: "", user: "ann lee", requestLine: null, bodyBytes: 0 };
    expect(combinedLine(unknown)).toMatch(/^- - ann\\x20lee \[.*\] "-" 200 - "-" "curl\/8"$/);
  });

  it("cannot be ended or forged by what a peer sends", () => {
    const userAgent = '"\\\n\r\t\0\x1b[2J\x7f\x85ü" 200 1 "-" "';
    const line = combinedLine({ ...RECORD, userAgent });
    expect(line).toMatch(/^[ -~]*$/);
    expect(line).toContain(
      '"\\"\\\\\\x0a\\x0d\\x09\\x00\\x1b[2J\\x7f\\x85\\xfc\\" 200 1 \\"-\\" \\""',
    );
    const fields = /"(?:[^"\\]|\\.)*"/g;
    expect(line.match(fields)).toHaveLength(3);
    expect(combinedLine({ ...RECORD, userAgent: "x".repeat(100_000) }).length).toBeLessThan(
      MAX_LOGGED + 200,
    );
  });
});

describe("the line of what was refused", () => {
  const logged = (said: string, end = false): string => {
    const refused = protocol({ maxTargetBytes: 10_000, maxHeadBytes: 20_000 });
    refused.receive(Buffer.from(said, "latin1"));
    if (end) refused.receiveEnd();
    while (refused.next()?.kind !== "refused");
    const line = combinedLine({ ...RECORD, requestLine: refused.refusedLine });
    return /\] (".*") 200 /.exec(line)![1]!;
  };

  it.each([
    ["GET / HTTP/1.1\r\nHost here\r\n", false, "GET / HTTP/1.1"],
    ["GET /a", true, "GET /a"],
    ["\x16\x03\x01\x02\0\x01", false, "\\x16\\x03\\x01\\x02\\x00\\x01"],
    ["GET / HTTP/1.1\r", true, "GET / HTTP/1.1"],
    ["GET / HTTP/1.1\n\n", false, "GET / HTTP/1.1"],
    ['GET /"\x1b[2J\0\\\xff" 200 1 HTTP/1.1\r\n', false, null],
    ["\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", false, "-"],
    ["\n", false, "-"],
  ])("%j is a field that cannot be forged", (said, end, line) => {
    const escaped = '"GET /\\"\\x1b[2J\\x00\\\\\\xff\\" 200 1 HTTP/1.1"';
    expect(logged(said, end)).toBe(line === null ? escaped : `"${line}"`);
  });

  it("is cut where the log ends a field, and before that where a line may be no longer", () => {
    const long = logged(`GET /${"a".repeat(9_000)}\r\n`);
    expect(long).toBe(`"GET /${"a".repeat(MAX_LOGGED - 5)}..."`);
    const endless = protocol({ maxTargetBytes: 100 });
    endless.receive(Buffer.from(`GET /${"a".repeat(60_000)}`));
    expect(endless.next()).toMatchObject({ refusal: { code: "target-too-long" } });
    expect(endless.refusedLine!.length).toBeLessThan(200);
  });
});

describe("the router", () => {
  const handler = (): void => undefined;

  it.each(["", "a", "/a/:", "/:1", "/*/a", "/a*", "/:a/:a", "/a?b", "/%41"])(
    "refuses the pattern %j",
    (pattern) => {
      expect(() => new Router().add("GET", pattern, handler)).toThrow(/pattern|twice/);
    },
  );

  it("refuses a second handler of one method and pattern", () => {
    const router = new Router();
    router.add("GET", "/:a", handler);
    router.add("PUT", "/:a", handler);
    expect(() => {
      router.add("GET", "/:a", handler);
    }).toThrow("GET /:a has a handler already");
  });

  it("knows parameters by the names of Object's properties as any others", () => {
    const router = new Router();
    router.add("GET", "/:__proto__/:constructor", handler);
    const found = router.find("GET", "/a/b");
    expect(found).toMatchObject({ kind: "handler" });
    expect(found?.kind === "handler" && Object.entries(found.params!)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  it("has the types of parameters from the pattern", () => {
    expectTypeOf<ParamsOf<"/a/:b/c/:d">>().toEqualTypeOf<Readonly<Record<"b" | "d", string>>>();
    expectTypeOf<ParamsOf<"/a/*">>().toEqualTypeOf<Readonly<Record<"*", string>>>();
  });
});

describe("what is said of an error", () => {
  it("is no markup", () => {
    expect(escapeHtml(`<a href="x" title='&'>`)).toBe(
      "&lt;a href=&quot;x&quot; title=&#39;&amp;&#39;&gt;",
    );
  });

  it.each([200, 399, 600, 404.5, NaN])("is no error's status: %s", (status) => {
    expect(() => new HttpError(status)).toThrow("from 400 to 599");
  });
});

describe("the flags", () => {
  it("say on one line what is wrong", () => {
    for (const [args, message] of [
      [[], "nothing is to be served: give --root, or --echo"],
      [["--echo", "--port", "x"], '--port is "x": give a whole number from 0 to 65535'],
      [["--root", ".", "--writable", "on"], "nobody could write: give --users too"],
      [["--echo", "--cert", "a"], "--cert is alone"],
      [["--echo", "--cert", "a", "--key", "b"], "--cert and --key are for --tls on"],
      [["--echo", "--head-seconds", "0"], "--head-seconds"],
      [["--echo", "--allow-host", "::1"], '--allow-host is "::1": give a host, such as'],
      [["--echo", "--allow-host", "a,,b"], '--allow-host is "": give a host'],
    ] as const) {
      expect(() => readSettings(args)).toThrow(message);
    }
    expect(readSettings(["--help"])).toBeNull();
  });

  it("name each host that is served, again and again or with commas", () => {
    expect(readSettings(["--echo"])).toMatchObject({ allowedHosts: null });
    const args = ["--echo", "--allow-host", "localhost,[::1]:80", "--allow-host", "files.example"];
    expect(readSettings(args)).toMatchObject({
      allowedHosts: ["localhost", "[::1]:80", "files.example"],
    });
  });

  it.each([
    ["--connections", { maxConnections: 7 }],
    ["--per-address", { maxConnectionsPerAddress: 7 }],
    ["--head-bytes", { maxHeadBytes: 700 }],
    ["--fields", { maxFields: 7 }],
    ["--target-bytes", { maxTargetBytes: 70 }],
    ["--body-bytes", { maxBodyBytes: 7 }],
    ["--pipelined-requests", { pipelinedRequests: 7 }],
    ["--requests", { maxRequests: 7 }],
    ["--head-seconds", { headMs: 7000 }],
    ["--body-seconds", { bodyMs: 7000 }],
    ["--body-progress-bytes", { bodyProgressBytes: 7 }],
    ["--answer-seconds", { answerMs: 7000 }],
    ["--idle-seconds", { idleMs: 7000 }],
    ["--stall-seconds", { writeProgressMs: 7000 }],
    ["--output-bytes", { maxOutputBytes: 7000 }],
    ["--discard-bytes", { discardBytes: 7 }],
    ["--linger-bytes", { lingerBytes: 7 }],
  ] as const)("%s sets this limit, and no other", (flag, limit) => {
    const [[name, value]] = Object.entries(limit) as [[string, number]];
    const given = name.endsWith("Ms") ? value / 1000 : value;
    const limits = limitsOf(readSettings(["--echo", flag, `${given}`])!);
    expect(limits).toEqual({ ...limitsOf(readSettings(["--echo"])!), ...limit });
  });

  it("are on loopback unless told", () => {
    expect(readSettings(["--echo"])).toMatchObject({ listen: { host: "127.0.0.1", port: 8080 } });
  });
});
