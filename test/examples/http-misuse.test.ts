/** What a driver does wrong throws, says what to do, and changes nothing. */
import { describe, expect, test } from "vitest";

import { FORBIDDEN_TRAILERS } from "../../examples/http/forbidden-trailers.ts";
import type { ServerProtocol } from "../../examples/http/server-protocol.ts";
import { FieldLines } from "../../examples/http/response-head.ts";
import { DATE, protocol } from "./http-dialogue.ts";
import { get } from "./http-samples.ts";

function asked(method = "GET"): ServerProtocol {
  const asking = protocol();
  asking.receive(Buffer.from(get(`${method} / HTTP/1.1`)));
  asking.next();
  return asking;
}

/** It can still be answered, and the answer has nothing of what was tried. */
function expectUntouched(asking: ServerProtocol): void {
  expect(asking.whole(200, [], "ok").toString()).toBe(
    `HTTP/1.1 200 OK\r\nDate: ${DATE}\r\nContent-Length: 2\r\n\r\nok`,
  );
}

describe("RFC 9110 section 5.5, RFC 9112 section 11.1: an answer cannot be split", () => {
  test.each([
    ["CR LF", "a\r\nX: b"],
    ["LF", "a\nX: b"],
    ["CR", "a\rb"],
    ["NUL", "a\0b"],
    ["a control character", "a\x01b"],
    ["DEL", "a\x7f"],
    ["a character whose low byte is LF", "a\u010ab"],
    ["a character whose low byte is CR", "a\u560d"],
    ["a character beyond Latin-1", "a\u0141"],
    ["half a pair", "\ud800"],
    ["an emoji", "\u{1f600}"],
  ])("a value with %s", (_, value) => {
    for (const method of ["GET", "HEAD"]) {
      const asking = asked(method);
      expect(() => asking.whole(200, [["X", value]], "")).toThrow(/^field X: its value has U\+/);
      expect(() => asking.head(200, [["X", value]], 0)).toThrow(TypeError);
      expect(() => asking.informational(103, [["X", value]])).toThrow(TypeError);
      if (method === "GET") expectUntouched(asking);
    }
  });

  test.each(["", "X Y", "X:", "X\r\nY", "X\n", "\xe9", "X\0", '"', "X\u010a"])(
    "the name %j",
    (name) => {
      const asking = asked();
      expect(() => asking.whole(200, [[name, "a"]], "")).toThrow("give a token");
      expectUntouched(asking);
    },
  );

  test("what is no text", () => {
    const asking = asked();
    for (const value of [5, null, undefined, ["a\r\n"], { length: 0 }]) {
      expect(() => asking.whole(200, [["X", value as string]], "")).toThrow("as text");
    }
    expect(() => asking.whole(200, [[5 as unknown as string, ""]], "")).toThrow("give a token");
    expectUntouched(asking);
  });

  test("a field that is added to the lines of an answer", () => {
    const lines = new FieldLines();
    lines.add("X-One", "a\xe9");
    expect(() => lines.add("X One", "a")).toThrow("give a token");
    expect(() => lines.add("X", "a\nb")).toThrow("its value has U+a at 1");
    expect(() => lines.add("Date", "a")).toThrow("leave it to the protocol");
    expect(lines.text).toBe("X-One: a\xe9\r\n");
  });

  test("a trailer", () => {
    const asking = asked();
    asking.head(200, [], "chunked");
    expect(() => asking.end([["X", "a\r\n\r\nHTTP/1.1 200 OK"]])).toThrow("its value has U+d");
    expect(asking.end()!.toString()).toBe("0\r\n\r\n");
  });
});

describe("what the protocol says itself", () => {
  test.each([
    "Content-Length",
    "content-length",
    "Transfer-Encoding",
    "CONNECTION",
    "Date",
    "Keep-Alive",
  ])("%s is left to it", (name) => {
    const asking = asked();
    expect(() => asking.whole(200, [[name, "5"]], "")).toThrow("leave it to the protocol");
    expect(() => asking.head(200, [[name, "5"]], 0)).toThrow("leave it to the protocol");
    expectUntouched(asking);
  });

  test.each([...FORBIDDEN_TRAILERS])("RFC 9110 section 6.5.1: %s is no trailer", (name) => {
    const asking = asked();
    asking.head(200, [], "chunked");
    expect(() => asking.end([[name.toUpperCase(), "a"]])).toThrow("it comes too late there");
  });

  test("trailers need chunks", () => {
    const asking = asked();
    asking.head(200, [], 0);
    expect(() => asking.end([["X", "a"]])).toThrow("send it in chunks");
    expect(asking.end()).toBeNull();
  });
});

describe("a promised length is kept", () => {
  test("more is misuse, and nothing of it goes out", () => {
    const asking = asked();
    asking.head(200, [], 3);
    expect(() => asking.data(Buffer.from("abcd"))).toThrow("4 bytes of 3 that are left");
    expect(asking.data(Buffer.from("ab"))).toHaveLength(1);
    expect(() => asking.data(Buffer.from("cd"))).toThrow("2 bytes of 1 that are left");
    asking.data(Buffer.from("c"));
    expect(asking.end()).toBeNull();
  });

  test("less is misuse: the answer is not whole", () => {
    const asking = asked();
    asking.head(200, [], 3);
    asking.data(Buffer.from("ab"));
    expect(() => asking.end()).toThrow("1 bytes are missing");
    expect(asking.answering).toBe(true);
  });

  test.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])("%d is no length", (bytes) => {
    const asking = asked();
    expect(() => asking.head(200, [], bytes)).toThrow(`a body of ${bytes} bytes`);
    expectUntouched(asking);
  });
});

test.each([0, 99, 199, 600, 200.5, Number.NaN, "200"])("%j is no status", (status) => {
  const asking = asked();
  expect(() => asking.whole(status as number, [], "")).toThrow("from 200 to 599");
  expect(() => asking.head(status as number, [], 0)).toThrow("from 200 to 599");
  expectUntouched(asking);
});

describe("what is out of turn", () => {
  test("an answer to nothing", () => {
    const asking = protocol();
    expect(() => asking.whole(200, [], "")).toThrow(
      "no whole answer can be sent while the answer is idle: wait for a request",
    );
    expect(() => asking.head(200, [], 0)).toThrow("no head can be sent");
    expect(() => asking.data(Buffer.from("a"))).toThrow("no data can be sent");
    expect(() => asking.end()).toThrow("no end can be sent");
    expect(() => asking.informational(100)).toThrow("no interim answer can be sent");
    expect(() => asking.upgrade()).toThrow("no other protocol is spoken");
  });

  test("giving up a head that has not begun", () => {
    const asking = protocol();
    expect(() => asking.giveUpHead()).toThrow("no head has begun");
    asking.receive(Buffer.from(`\r\n${get("GET / HTTP/1.1")}GET`));
    asking.next();
    expect(() => asking.giveUpHead()).toThrow("no head has begun");
    asking.whole(200, [], "");
    asking.next();
    asking.giveUpHead();
    expect([asking.next(), asking.buffered, asking.mustClose]).toEqual([null, 0, true]);
    expect(asking.whole(408, [], "").toString()).toContain("\r\nConnection: close\r\n");
    expect(() => asking.giveUpHead()).toThrow("no head has begun");
  });

  test("two heads, or data without one", () => {
    const asking = asked();
    expect(() => asking.data(Buffer.from("a"))).toThrow("is due: send its head first");
    expect(() => asking.end()).toThrow("is due: send its head first");
    asking.head(200, [], 1);
    expect(() => asking.head(200, [], 1)).toThrow("go on with data and end");
    expect(() => asking.whole(200, [], "")).toThrow("go on with data and end");
    expect(() => asking.informational(103)).toThrow("go on with data and end");
    asking.data(Buffer.from("a"));
    asking.end();
    expect(() => asking.end()).toThrow("wait for a request");
  });
});
