/** What is written of answers: heads, framing, and what is never sent. */
import { describe, expect, test } from "vitest";

import type { ResponseBody, ResponseFields } from "../../examples/http/response-head.ts";
import type { ServerProtocol } from "../../examples/http/server-protocol.ts";
import { DATE, protocol } from "./http-dialogue.ts";
import { chunks, get } from "./http-samples.ts";

/** A protocol that has read `text`, up to where it waits. */
function asked(text: string): ServerProtocol {
  const asking = protocol();
  asking.receive(Buffer.from(text, "latin1"));
  while (asking.next() !== null);
  return asking;
}

const GET = get("GET / HTTP/1.1");
const HEAD = get("HEAD / HTTP/1.1");
const OLD = get("GET / HTTP/1.0");
const OLD_KEPT = get("GET / HTTP/1.0", "Connection: keep-alive");
const CLOSE = get("GET / HTTP/1.1", "Connection: close");
const CONNECT = get("CONNECT b:80 HTTP/1.1");
const UPGRADE = get("GET / HTTP/1.1", "Connection: upgrade", "Upgrade: x");

function lines(...told: string[]): string {
  return `${told.join("\r\n")}\r\n\r\n`;
}

const text = (bytes: readonly Uint8Array[]): string => Buffer.concat(bytes).toString("latin1");

/** A head, data and the end, as they go out. */
function streamed(
  asking: ServerProtocol,
  status: number,
  body: ResponseBody,
  data: readonly string[],
  trailers?: ResponseFields,
): string {
  const sent: Uint8Array[] = [asking.head(status, [], body)];
  for (const piece of data) sent.push(...asking.data(Buffer.from(piece)));
  sent.push(asking.end(trailers) ?? Buffer.alloc(0));
  return text(sent);
}

describe("a whole answer", () => {
  test("RFC 9112 section 4: has a status line, its fields, Date and Content-Length", () => {
    const answer = asked(GET).whole(
      200,
      [
        ["Content-Type", "text/plain"],
        ["X", ""],
      ],
      "hello",
    );
    const head = ["HTTP/1.1 200 OK", "Content-Type: text/plain", "X: ", `Date: ${DATE}`];
    expect(answer.toString()).toBe(`${lines(...head, "Content-Length: 5")}hello`);
  });

  test("text is UTF-8, and its length is of bytes", () => {
    for (const body of ["\xe9", "a\u20ac", "\u{1f600}b"]) {
      const answer = asked(GET).whole(200, [], body);
      const bytes = Buffer.from(body);
      const head = lines("HTTP/1.1 200 OK", `Date: ${DATE}`, `Content-Length: ${bytes.length}`);
      expect(answer).toEqual(Buffer.concat([Buffer.from(head), bytes]));
    }
  });

  test("bytes go out as they are, also behind a field beyond ASCII", () => {
    const bytes = Buffer.from([0, 13, 10, 255]);
    const answer = asked(GET)
      .whole(200, [["X", "\xe9"]], bytes)
      .toString("latin1");
    expect(answer.endsWith("\r\n\r\n\0\r\n\xff")).toBe(true);
    expect(answer).toContain("X: \xe9\r\n");
  });

  test("a status without a phrase has none", () => {
    expect(asked(GET).whole(299, [], "").toString()).toMatch(/^HTTP\/1\.1 299 \r\n/);
  });

  test.each([
    ["RFC 9112 section 9.3: nothing for 1.1", GET, null],
    ["RFC 9112 section 9.6: close, if the client wants it", CLOSE, "close"],
    ["RFC 9112 section 9.3: close, for 1.0", OLD, "close"],
    ["RFC 9112 section 9.3: keep-alive, for 1.0 that asks for it", OLD_KEPT, "keep-alive"],
    ["RFC 9112 section 9.6: close, behind a refusal", "BAD\r\n", "close"],
  ])("Connection says it: %s", (_, request, connection) => {
    const asking = asked(request);
    const answer = asking.whole(200, [], "").toString();
    expect(/^Connection: (.*)\r$/m.exec(answer)?.[1] ?? null).toBe(connection);
    expect(asking.mustClose).toBe(connection === "close");
  });

  test("closeAfter() closes, whatever the client wants", () => {
    const asking = asked(GET + GET);
    asking.closeAfter();
    expect(asking.whole(200, [], "").toString()).toContain("\r\nConnection: close\r\n");
    expect([asking.mustClose, asking.next(), asking.buffered]).toEqual([true, null, 0]);
  });

  test("closeAfter() before a request is for its answer", () => {
    const asking = protocol();
    asking.closeAfter();
    asking.receive(Buffer.from(GET));
    expect(asking.next()).toMatchObject({ kind: "request", head: { keepAlive: true } });
    expect(asking.whole(200, [], "").toString()).toContain("\r\nConnection: close\r\n");
  });

  test("the last one says close, when the client has ended its side", () => {
    const asking = protocol();
    asking.receive(Buffer.from(GET + GET));
    asking.receiveEnd();
    asking.next();
    expect(asking.whole(200, [], "").toString()).not.toContain("Connection");
    expect(asking.next()).toMatchObject({ kind: "request" });
    expect(asking.whole(200, [], "").toString()).toContain("\r\nConnection: close\r\n");
    expect([asking.next(), asking.mustClose]).toEqual([null, true]);
  });
});

describe("an answer in pieces", () => {
  test("RFC 9112 section 6.2: of known length", () => {
    const sent = streamed(asked(GET), 200, 5, ["he", "", "llo"]);
    expect(sent).toBe(`${lines("HTTP/1.1 200 OK", `Date: ${DATE}`, "Content-Length: 5")}hello`);
  });

  test("RFC 9112 section 7.1: in chunks", () => {
    const sent = streamed(asked(GET), 200, "chunked", ["he", "", "llo, world: hello"]);
    const head = lines("HTTP/1.1 200 OK", `Date: ${DATE}`, "Transfer-Encoding: chunked");
    expect(sent).toBe(`${head}2\r\nhe\r\n11\r\nllo, world: hello\r\n0\r\n\r\n`);
  });

  test("large chunks are not copied", () => {
    const asking = asked(GET);
    asking.head(200, [], "chunked");
    const large = Buffer.alloc(5000, "a");
    const sent = asking.data(large);
    expect(sent[1]).toBe(large);
    expect(text(sent)).toBe(`1388\r\n${"a".repeat(5000)}\r\n`);
  });

  test("RFC 9112 section 7.1.2: with trailers", () => {
    const sent = streamed(
      asked(GET),
      200,
      "chunked",
      ["a"],
      [
        ["X-Sum", "1"],
        ["Y", "2"],
      ],
    );
    expect(sent.endsWith("\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n")).toBe(true);
  });

  test.each([OLD, OLD_KEPT])("RFC 9112 section 6.1: up to the end for 1.0: %j", (request) => {
    const asking = asked(request);
    const sent = streamed(asking, 200, "chunked", ["he", "llo"], [["X", "1"]]);
    expect(sent).toBe(`${lines("HTTP/1.1 200 OK", `Date: ${DATE}`, "Connection: close")}hello`);
    expect(asking.mustClose).toBe(true);
  });

  test("without a body", () => {
    const sent = streamed(asked(GET), 200, "none", []);
    expect(sent).toBe(lines("HTTP/1.1 200 OK", `Date: ${DATE}`, "Content-Length: 0"));
  });
});

describe("no body where none is allowed", () => {
  test.each<ResponseBody>([5, "chunked", "none"])(
    "RFC 9110 section 9.3.2: HEAD has GET's head, and no body: %s",
    (body) => {
      const data = body === "none" ? [] : ["hello"];
      const got = streamed(asked(GET), 200, body, data);
      const headOnly = streamed(asked(HEAD), 200, body, data);
      expect(headOnly).toBe(got.slice(0, got.indexOf("\r\n\r\n") + 4));
    },
  );

  test("RFC 9110 section 9.3.2: HEAD, at once", () => {
    const got = asked(GET)
      .whole(200, [["X", "y"]], "h\xe9llo")
      .toString();
    const headOnly = asked(HEAD)
      .whole(200, [["X", "y"]], "h\xe9llo")
      .toString();
    expect(headOnly).toBe(got.slice(0, got.indexOf("\r\n\r\n") + 4));
    expect(headOnly).toContain("Content-Length: 6");
  });

  test("RFC 9110 section 9.3.2: a body need not be given for HEAD", () => {
    const asking = asked(HEAD + GET);
    asking.head(200, [], 1000);
    expect(asking.end()).toBeNull();
    expect(asking.next()).toMatchObject({ kind: "request", head: { method: "GET" } });
  });

  test("RFC 9110 section 9.3.2: a refused HEAD has none either", () => {
    const refused = asked("HEAD / HTTP/1.1\r\nBad\r\n");
    expect(refused.whole(400, [], "no").toString()).toMatch(/Content-Length: 2\r\n\r\n$/);
  });

  test.each([
    ["RFC 9110 section 15.4.5: 304, with GET's length", 304, 5, "Content-Length: 5"],
    ["RFC 9110 section 15.4.5: 304", 304, "none", null],
    ["RFC 9110 section 15.4.5: 304, for chunks", 304, "chunked", null],
    ["RFC 9110 section 15.3.5: 204", 204, "none", null],
    ["RFC 9110 section 15.3.5: 204", 204, 0, null],
    ["RFC 9110 section 15.3.6: 205", 205, "none", "Content-Length: 0"],
  ] as const)("%s, %s %s", (_, status, body, framing) => {
    const sent = streamed(asked(GET), status, body, status === 304 ? ["hello"] : []);
    expect(sent.endsWith("\r\n\r\n")).toBe(true);
    const told = /^(?:Content-Length|Transfer-Encoding): .*(?=\r$)/m.exec(sent)?.[0] ?? null;
    expect(told).toBe(framing);
  });

  test.each([204, 205])("RFC 9110 section 15.3: a body for %d is misuse", (status) => {
    expect(() => asked(GET).whole(status, [], "a")).toThrow(`a ${status} has no body`);
    expect(() => asked(GET).head(status, [], 1)).toThrow(`a ${status} has no body`);
    expect(() => asked(GET).head(status, [], "chunked")).toThrow(`a ${status} has no body`);
    expect(asked(GET).whole(status, [], "").toString()).toMatch(/\r\n\r\n$/);
  });

  test("304 at once has the length and no body", () => {
    expect(asked(GET).whole(304, [], "hello").toString()).toMatch(/Content-Length: 5\r\n\r\n$/);
  });

  test("RFC 9110 section 8.6: 304 at once has no length if nobody says that of its 200", () => {
    for (const body of ["", Buffer.alloc(0)]) {
      expect(asked(GET).whole(304, [], body).toString()).not.toContain("Content-Length");
    }
  });
});

describe("RFC 9110 section 15.2: interim answers", () => {
  const waiting = get("POST / HTTP/1.1", "Expect: 100-continue", "Content-Length: 3");

  test("100, once and to who waits for it", () => {
    const asking = asked(waiting);
    expect(asking.awaitsContinue).toBe(true);
    expect(asking.informational(100).toString()).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    expect(asking.awaitsContinue).toBe(false);
    expect(asking.informational(100)).toHaveLength(0);
    asking.receive(Buffer.from("abc"));
    expect(asking.next()).toMatchObject({ kind: "body" });
    expect(asking.next()).toMatchObject({ kind: "end" });
    expect(asking.whole(200, [], "").toString()).not.toContain("Connection");
  });

  test("no 100 when the body is coming already", () => {
    const asking = asked(`${waiting}a`);
    expect(asking.awaitsContinue).toBe(false);
    expect(asking.informational(100)).toHaveLength(0);
  });

  test("RFC 9110 section 10.1.1: an answer instead of the 100 closes: is there a body?", () => {
    for (const asking of [asked(waiting), asked(waiting)]) {
      const head = asking.whole(403, [], "").toString();
      expect(head).toContain("\r\nConnection: close\r\n");
      expect(asking.mustClose).toBe(true);
    }
  });

  test("102 and 103, with fields", () => {
    const asking = asked(GET);
    const hints = asking.informational(103, [["Link", "</a.css>; rel=preload"]]).toString();
    expect(hints).toBe(lines("HTTP/1.1 103 Early Hints", "Link: </a.css>; rel=preload"));
    expect(asking.informational(102).toString()).toBe(lines("HTTP/1.1 102 Processing"));
    expect(asking.whole(200, [], "").toString()).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  test("none to a 1.0 client, which knows none", () => {
    expect(asked(OLD).informational(103)).toHaveLength(0);
  });

  test("no other status is one", () => {
    expect(() => asked(GET).informational(101 as 100)).toThrow("status 101");
    expect(() => asked(GET).informational(200 as 100)).toThrow("status 200");
    expect(() => asked(GET).whole(103, [], "")).toThrow("status 103: give a whole number from 200");
  });
});

describe("another protocol", () => {
  test("RFC 9110 section 7.8: a 101 hands over what came behind the head", () => {
    const asking = asked(`${UPGRADE}\0raw`);
    const head = asking.head(101, [["Upgrade", "x"]], "none").toString();
    const told = ["HTTP/1.1 101 Switching Protocols", "Upgrade: x", `Date: ${DATE}`];
    expect(head).toBe(lines(...told, "Connection: upgrade"));
    expect(asking.upgrade().toString()).toBe("\0raw");
    expect(asking.next()).toBeNull();
    expect(() => asking.whole(200, [], "")).toThrow("another protocol");
  });

  test("RFC 9110 section 7.8: not before the body is read", () => {
    const fields = ["Connection: upgrade", "Upgrade: x", "Content-Length: 3"];
    const asking = asked(`${get("POST / HTTP/1.1", ...fields)}ab`);
    expect(() => asking.head(101, [["Upgrade", "x"]], "none")).toThrow("the body is not read");
    asking.receive(Buffer.from("cd"));
    while (asking.next() !== null);
    asking.head(101, [["Upgrade", "x"]], "none");
    expect(asking.upgrade().toString()).toBe("d");
  });

  test("RFC 9110 section 7.8: not to who did not ask for it, nor without saying to what", () => {
    expect(() => asked(GET).head(101, [["Upgrade", "x"]], "none")).toThrow("no 101 can be sent");
    expect(() => asked(UPGRADE).head(101, [], "none")).toThrow("give the field upgrade");
  });

  test("RFC 9110 section 7.8: an answer that only offers it names it in Connection", () => {
    const offers: ResponseFields = [["Upgrade", "x"]];
    expect(asked(GET).whole(426, offers, "").toString()).toContain("\r\nConnection: upgrade\r\n");
    const closing = asked(CLOSE).whole(426, offers, "").toString();
    expect(closing).toContain("\r\nConnection: upgrade, close\r\n");
  });

  test("RFC 9110 section 9.3.6: a 2xx to CONNECT has no framing, and hands over", () => {
    const asking = asked(`${CONNECT}raw`);
    const head = asking.head(200, [], "none").toString();
    expect(head).toBe(lines("HTTP/1.1 200 OK", `Date: ${DATE}`));
    expect(asking.upgrade().toString()).toBe("raw");
  });

  test("RFC 9110 section 9.3.6: CONNECT that is refused ends it: what follows may be no HTTP", () => {
    const asking = asked(CONNECT + GET);
    const answer = asking.whole(405, [], "no").toString();
    expect(answer).toMatch(/Connection: close\r\nContent-Length: 2\r\n\r\nno$/);
    expect([asking.mustClose, asking.next()]).toEqual([true, null]);
    expect(() => asked(CONNECT).whole(200, [], "")).toThrow("begins another protocol");
  });
});

describe("an answer before the request's body is read", () => {
  test("the rest of it is read, and then the next request", () => {
    const asking = asked(get("POST / HTTP/1.1", "Content-Length: 5"));
    expect(asking.whole(404, [], "").toString()).not.toContain("Connection");
    expect([asking.inBody, asking.answering, asking.mustClose]).toEqual([true, false, false]);
    asking.receive(Buffer.from(`hello${GET}`));
    expect(asking.next()).toMatchObject({ kind: "body" });
    expect(asking.next()).toMatchObject({ kind: "end" });
    expect(asking.next()).toMatchObject({ kind: "request" });
  });

  test("what is refused in it then ends the connection without another answer", () => {
    const asking = asked(chunks(""));
    asking.whole(404, [], "");
    asking.receive(Buffer.from("x\r\n"));
    expect(asking.next()).toMatchObject({ kind: "refused" });
    expect([asking.answering, asking.mustClose]).toEqual([false, true]);
    expect(() => asking.whole(400, [], "")).toThrow("the connection is to be closed");
  });

  test("what is refused while the answer is under way leaves it to be aborted", () => {
    const asking = asked(chunks(""));
    asking.head(200, [], "chunked");
    asking.receive(Buffer.from("x\r\n"));
    expect(asking.next()).toMatchObject({ kind: "refused" });
    expect([asking.answering, asking.mustClose]).toEqual([true, true]);
  });
});
