/** What is read of requests: targets, hosts, versions, options, bodies and trailers. */
import { describe, expect, test } from "vitest";

import type { RequestHead } from "../../examples/http/request-head.ts";
import { byteByByte, hear, hearText, plain, protocol, type Heard } from "./http-dialogue.ts";
import { ACCEPTED_SAMPLES, chunks, get } from "./http-samples.ts";

/** The one request of `text`, which is read the same way byte by byte. */
function heardOf(text: string): Heard {
  const heard = hearText(text);
  expect(heard).toMatchObject({ refused: null, whole: 1 });
  const slowly = hear(byteByByte(Buffer.from(text, "latin1")));
  expect(plain(slowly)).toEqual(plain(heard));
  return heard.requests[0]!;
}

const headOf = (text: string): RequestHead => heardOf(text).head;

test.each(ACCEPTED_SAMPLES)("is accepted: %j", (text) => {
  heardOf(text);
});

describe("RFC 9110 section 9.1: methods are tokens, in their own case", () => {
  test.each(["GET", "get", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~09azAZ"])("%s", (method) => {
    expect(headOf(get(`${method} / HTTP/1.1`)).method).toBe(method);
  });
});

describe("RFC 9112 section 3.2: the four forms of a target", () => {
  const none = { query: null, authority: null };
  test.each([
    ["GET", "/", { form: "origin", path: "/", ...none }],
    ["GET", "/a/b?c?d=/e", { form: "origin", path: "/a/b", query: "c?d=/e", authority: null }],
    ["GET", "/?", { form: "origin", path: "/", query: "", authority: null }],
    ["GET", "//a/b", { form: "origin", path: "//a/b", ...none }],
    ["GET", "/%2e%2E/a%zz", { form: "origin", path: "/%2e%2E/a%zz", ...none }],
    ["GET", "/http://a/", { form: "origin", path: "/http://a/", ...none }],
    ["GET", "http://b", { form: "absolute", path: "/", query: null, authority: "b" }],
    ["GET", "HTTPS://B:1/c?d", { form: "absolute", path: "/c", query: "d", authority: "B:1" }],
    ["GET", "http://b?c", { form: "absolute", path: "/", query: "c", authority: "b" }],
    ["OPTIONS", "http://b", { form: "absolute", path: "*", query: null, authority: "b" }],
    ["OPTIONS", "http://b/", { form: "absolute", path: "/", query: null, authority: "b" }],
    ["OPTIONS", "*", { form: "asterisk", path: "*", ...none }],
    ["CONNECT", "b:443", { form: "authority", path: "", query: null, authority: "b:443" }],
    ["CONNECT", "[::1]:1", { form: "authority", path: "", query: null, authority: "[::1]:1" }],
  ])("%s %s", (method, raw, target) => {
    expect(headOf(get(`${method} ${raw} HTTP/1.1`)).target).toEqual({ raw, ...target });
  });
});

describe("RFC 9112 section 3.2: the host is the one of the target, or of Host", () => {
  test.each([
    ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a"],
    ["GET / HTTP/1.1\r\nhOST:\tExample.org:8080 \r\n\r\n", "Example.org:8080"],
    ["GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "[2001:db8::1]:80"],
    ["GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "a:"],
    ["GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "127.0.0.1"],
    ["GET / HTTP/1.1\r\nHost: a_b.%41\r\n\r\n", "a_b.%41"],
    ["GET / HTTP/1.1\r\nHost:\r\n\r\n", null],
    ["GET / HTTP/1.0\r\n\r\n", null],
    ["GET http://b:1/ HTTP/1.1\r\nHost: a\r\n\r\n", "b:1"],
    ["GET http://b/ HTTP/1.0\r\n\r\n", "b"],
    ["CONNECT b:2 HTTP/1.1\r\nHost: a\r\n\r\n", "b:2"],
  ])("%j: %s", (text, host) => {
    expect(headOf(text).host).toBe(host);
  });
});

test("requests of a connection name the same host, or another; each is checked", () => {
  const hosts = ["a", "a", "", "b:1", "b:1", "a"];
  const texts = hosts.map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const heard = hearText(`${texts.join("")}GET / HTTP/1.1\r\nHost: b:1/\r\n\r\n`);
  expect(heard.requests.map(({ head }) => head.host)).toEqual(hosts.map((host) => host || null));
  expect(heard.refused).toBe("bad-host");
});

describe("RFC 9110 section 2.5: a later 1.x is read as 1.1", () => {
  test.each([
    ["HTTP/1.0", "1.0"],
    ["HTTP/1.1", "1.1"],
    ["HTTP/1.2", "1.1"],
    ["HTTP/1.9", "1.1"],
  ])("%s", (written, version) => {
    expect(headOf(get(`GET / ${written}`)).version).toBe(version);
  });
});

describe("RFC 9112 section 9.3: a connection is kept", () => {
  test.each([
    ["1.1", [], true],
    ["1.1", ["Connection: close"], false],
    ["1.1", ["Connection: keep-alive, CLOSE"], false],
    ["1.1", ["Connection: x", "Connection:,\tclose ,"], false],
    ["1.1", ["Connection: closed, not-close"], true],
    ["1.1", ["Connection:"], true],
    ["1.0", [], false],
    ["1.0", ["Connection: keep-alive"], true],
    ["1.0", ["Connection: x, Keep-Alive"], true],
    ["1.0", ["Connection: keep-alive, close"], false],
    ["1.2", [], true],
  ])("%s %j: %s", (version, lines, keepAlive) => {
    expect(headOf(get(`GET / HTTP/${version}`, ...lines)).keepAlive).toBe(keepAlive);
  });
});

describe("RFC 9110 section 10.1.1: who waits for 100 Continue", () => {
  test.each([
    ["1.1", ["Expect: 100-continue", "Content-Length: 1"], "a", true],
    ["1.1", ["Expect: 100-CONTINUE", "Transfer-Encoding: chunked"], "0\r\n\r\n", true],
    ["1.1", ["Expect: 100-continue"], "", false],
    ["1.1", ["Expect: 100-continue", "Content-Length: 0"], "", false],
    ["1.0", ["Expect: 100-continue", "Content-Length: 1"], "a", false],
    ["1.0", ["Expect: something", "Content-Length: 1"], "a", false],
  ])("%s %j", (version, lines, body, expects) => {
    expect(headOf(get(`POST / HTTP/${version}`, ...lines) + body).expectsContinue).toBe(expects);
  });
});

describe("RFC 9110 section 7.8: an upgrade is asked for by both fields, in 1.1", () => {
  const field = "Upgrade: websocket";
  test.each([
    ["1.1", ["Connection: Upgrade", field], "websocket"],
    ["1.1", ["Connection: keep-alive, upgrade", field, "Upgrade: h2c/1"], "websocket, h2c/1"],
    ["1.1", [field], null],
    ["1.1", ["Connection: upgrade"], null],
    ["1.1", ["Connection: close", field], null],
    ["1.0", ["Connection: upgrade", field], null],
  ])("%s %j: %s", (version, lines, upgrade) => {
    expect(headOf(get(`GET / HTTP/${version}`, ...lines)).upgrade).toBe(upgrade);
  });
});

describe("RFC 9112 section 6.3: how long a body is", () => {
  test.each([
    [["Content-Length: 3"], "abc", 3, "abc"],
    [["Content-Length:  0003  "], "abc", 3, "abc"],
    [["Content-Length: 0"], "", 0, ""],
    [[], "", 0, ""],
    [["Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n", null, "abc"],
    [["Transfer-Encoding:CHUNKED "], "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", null, "abc"],
    [["Transfer-Encoding: chunked"], "0\r\n\r\n", null, ""],
  ])("%j %j", (lines, text, bodyBytes, body) => {
    for (const method of ["POST", "GET", "DELETE", "X"]) {
      const heard = heardOf(get(`${method} / HTTP/1.1`, ...lines) + text);
      expect([heard.head.bodyBytes, heard.body]).toEqual([bodyBytes, body]);
      expect(heard.trailers).toEqual(bodyBytes === 0 ? null : []);
    }
  });

  test("a body's bytes are not looked into", () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
    const length = get("POST / HTTP/1.1", "Content-Length: 256");
    expect(heardOf(length + body).body).toBe(body);
    expect(heardOf(chunks(`100\r\n${body}\r\n0\r\n\r\n`)).body).toBe(body);
  });

  test("a request behind it is one of its own", () => {
    const first = get("POST / HTTP/1.1", "Content-Length: 5");
    const heard = hearText(`${first}GET /${get("GET /2 HTTP/1.1")}`);
    expect(heard).toMatchObject({ whole: 2, refused: null });
    expect(heard.requests[0]!.body).toBe("GET /");
    expect(heard.requests[1]!.head.target.raw).toBe("/2");
  });
});

describe("RFC 9112 section 7.1: chunks", () => {
  test.each([
    ["A\r\n0123456789\r\n0\r\n\r\n", "0123456789"],
    ["a\r\n0123456789\r\n0\r\n\r\n", "0123456789"],
    ["0003\r\nabc\r\n0000\r\n\r\n", "abc"],
    ["3;a\r\nabc\r\n0;b=c\r\n\r\n", "abc"],
    ['3;a="b;c\\"d\\\\"\r\nabc\r\n0\r\n\r\n', "abc"],
    ["3 ; a = b\t;c\r\nabc\r\n0\r\n\r\n", "abc"],
    ['3;a="\xe9"\r\nabc\r\n0\r\n\r\n', "abc"],
    ["5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"],
  ])("%j", (text, body) => {
    expect(heardOf(chunks(text)).body).toBe(body);
  });
});

test("RFC 9112 section 7.1.2: trailers come with the end", () => {
  const heard = heardOf(
    chunks("1\r\na\r\n0\r\nX-Sum:  1\t\r\nServer-Timing: b\r\nx-sum: 2\r\n\r\n"),
  );
  const trailers = [
    ["X-Sum", "1"],
    ["Server-Timing", "b"],
    ["x-sum", "2"],
  ];
  expect(heard.trailers).toEqual(trailers);
});

describe("RFC 9112 section 2.2: empty lines before a request line", () => {
  test.each([0, 1, 4])("%d are passed over", (count) => {
    expect(headOf("\r\n".repeat(count) + get("GET / HTTP/1.1")).method).toBe("GET");
  });

  test("they are no request: an end behind them says nothing", () => {
    expect(hearText("\r\n\r\n")).toMatchObject({ refused: null, whole: 0, mustClose: true });
    const lines = protocol();
    lines.receive(Buffer.from("\r\n"));
    expect([lines.next(), lines.inHead, lines.buffered]).toEqual([null, false, 0]);
  });

  test("each request may have them", () => {
    const padded = `\r\n\r\n\r\n${get("GET / HTTP/1.1")}`;
    expect(hearText(padded.repeat(5))).toMatchObject({ whole: 5, refused: null });
  });
});

test("behind a request that closes nothing is read", () => {
  const texts = [get("GET / HTTP/1.1", "Connection: close"), get("GET / HTTP/1.0")];
  for (const text of texts) {
    const heard = hearText(`${text}${get("GET /2 HTTP/1.1")}garbage`);
    expect(heard).toMatchObject({ whole: 1, refused: null, mustClose: true });
  }
});
