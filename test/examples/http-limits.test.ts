/** Each limit of the protocol: what is at it is read, and one more is refused. */
import { describe, expect, test } from "vitest";

import { DEFAULT_PROTOCOL_LIMITS, type ProtocolLimits } from "../../examples/http/http-limits.ts";
import type { RefusalCode } from "../../examples/http/refusal.ts";
import { byteByByte, hear, hearText, protocol } from "./http-dialogue.ts";
import { chunks, get } from "./http-samples.ts";

interface Case {
  readonly refusal: RefusalCode;
  /** A request with so much of it. */
  readonly make: (count: number) => string;
  /** The least that a request has. */
  readonly least: number;
}

const HEAD_BYTES = get("GET / HTTP/1.1", "X: ").length;

const CASES: Readonly<Record<keyof ProtocolLimits, Case>> = {
  maxEmptyLines: {
    refusal: "empty-lines",
    make: (count) => "\r\n".repeat(count) + get("GET / HTTP/1.1"),
    least: 0,
  },
  maxMethodBytes: {
    refusal: "method-too-long",
    make: (count) => get(`${"M".repeat(count)} / HTTP/1.1`),
    least: 1,
  },
  maxTargetBytes: {
    refusal: "target-too-long",
    make: (count) => get(`GET ${"/".repeat(count)} HTTP/1.1`),
    least: 1,
  },
  maxHeadBytes: {
    refusal: "head-too-large",
    make: (count) => get("GET / HTTP/1.1", `X: ${"x".repeat(count - HEAD_BYTES)}`),
    least: HEAD_BYTES,
  },
  maxFields: {
    refusal: "too-many-fields",
    make: (count) => get("GET / HTTP/1.1", ...Array.from({ length: count - 1 }, () => "X:")),
    least: 1,
  },
  maxBodyBytes: {
    refusal: "content-too-large",
    make: (count) => get("GET / HTTP/1.1", `Content-Length: ${count}`) + "a".repeat(count),
    least: 0,
  },
  maxChunkLineBytes: {
    refusal: "chunk-line-too-long",
    make: (count) => chunks(`${"1".padStart(count - 2, "0")}\r\na\r\n0\r\n\r\n`),
    least: 3,
  },
  maxExtensionBytes: {
    refusal: "extensions-too-large",
    make: (count) => {
      // In two chunks, each shorter than a line may be.
      const lines = Array.from({ length: 20 }, (_, index) => {
        const bytes = Math.floor((count + index) / 20);
        return `1${bytes === 0 ? "" : `;${"x".repeat(bytes - 1)}`}\r\na\r\n`;
      });
      return chunks(`${lines.join("")}0\r\n\r\n`);
    },
    least: 40,
  },
  maxTrailerBytes: {
    refusal: "trailers-too-large",
    make: (count) => chunks(`0\r\nX:${"x".repeat(count - 6)}\r\n\r\n`),
    least: 6,
  },
};

const NAMES = Object.keys(CASES) as (keyof ProtocolLimits)[];

test.each(NAMES)("%s", (name) => {
  const { make, least, refusal } = CASES[name];
  for (const limit of [DEFAULT_PROTOCOL_LIMITS[name]!, least, least + 7]) {
    const limits = { [name]: limit };
    expect([limit, hearText(make(limit), limits)]).toMatchObject([limit, { refused: null }]);
    const over = Buffer.from(make(limit + 1), "latin1");
    expect([limit, hear([over], limits)]).toMatchObject([limit, { refused: refusal, whole: 0 }]);
    const slowly = hear(byteByByte(over), limits);
    expect([limit, slowly]).toMatchObject([limit, { refused: refusal, whole: 0 }]);
  }
});

test("maxFields is also for trailers", () => {
  const make = (count: number): string => chunks(`0\r\n${"X: a\r\n".repeat(count)}\r\n`);
  expect(hearText(make(100))).toMatchObject({ refused: null, whole: 1 });
  expect(hearText(make(101))).toMatchObject({ refused: "too-many-trailers", whole: 0 });
});

test("maxBodyBytes counts the bytes of all chunks, and not their framing", () => {
  const make = (count: number): string => chunks(`${"1;a\r\nx\r\n".repeat(count)}0\r\n\r\n`);
  expect(hearText(make(9), { maxBodyBytes: 9 })).toMatchObject({ refused: null, whole: 1 });
  expect(hearText(make(10), { maxBodyBytes: 9 })).toMatchObject({ refused: "content-too-large" });
  expect(hearText(make(10), { maxBodyBytes: null })).toMatchObject({ refused: null, whole: 1 });
});

test("limits of a body begin anew with each request", () => {
  const text = chunks("1;abc\r\nx\r\n2;d\r\nyz\r\n0\r\n\r\n");
  const heard = hearText(text.repeat(5), { maxBodyBytes: 3, maxExtensionBytes: 6 });
  expect(heard).toMatchObject({ refused: null, whole: 5 });
});

describe("the driver sets maxBodyBytes for a request", () => {
  const large = get("POST / HTTP/1.1", "Content-Length: 10") + "0123456789";
  const chunked = chunks("a\r\n0123456789\r\n0\r\n\r\n");

  test.each([large, chunked])("up, before it takes the body: %j", (text) => {
    for (const most of [10, null]) {
      const raised = protocol({ maxBodyBytes: 5 });
      raised.receive(Buffer.from(text + text));
      expect(raised.next()).toMatchObject({ kind: "request" });
      expect(raised.maxBodyBytes).toBe(5);
      raised.maxBodyBytes = most;
      expect(raised.next()).toMatchObject({ kind: "body" });
      expect(raised.next()).toMatchObject({ kind: "end" });
      raised.whole(200, [], "");
      expect(raised.next()).toMatchObject({ kind: "request" });
      // Each request begins with the limit of all.
      expect(raised.maxBodyBytes).toBe(5);
      expect(raised.next()).toMatchObject({ kind: "refused", refusal: { status: 413 } });
    }
  });

  test("down", () => {
    const lowered = protocol();
    lowered.receive(Buffer.from(large));
    lowered.next();
    lowered.maxBodyBytes = 9;
    expect(lowered.next()).toMatchObject({ kind: "refused", refusal: { status: 413 } });
  });
});

describe("what a driver waits for", () => {
  test("a pipelined request waits for the answer before it", () => {
    const piped = protocol();
    piped.receive(Buffer.from(get("GET /1 HTTP/1.1") + get("GET /2 HTTP/1.1")));
    expect([piped.waiting, piped.inHead]).toEqual([false, true]);
    expect(piped.next()).toMatchObject({ head: { target: { path: "/1" } } });
    expect([piped.next(), piped.waiting, piped.answering]).toEqual([null, true, true]);
    expect([piped.inHead, piped.inBody]).toEqual([false, false]);
    const { buffered } = piped;
    expect(buffered).toBe(get("GET /2 HTTP/1.1").length);
    piped.head(200, [], 0);
    expect([piped.next(), piped.waiting]).toEqual([null, true]);
    piped.end();
    expect([piped.waiting, piped.answering]).toEqual([false, false]);
    expect(piped.next()).toMatchObject({ head: { target: { path: "/2" } } });
    expect([piped.waiting, piped.buffered]).toEqual([false, 0]);
  });

  test("a head, a body, or nothing", () => {
    const slow = protocol();
    const state = (): unknown => {
      const events = [];
      for (let event = slow.next(); event !== null; event = slow.next()) events.push(event.kind);
      return { events, inHead: slow.inHead, inBody: slow.inBody, answering: slow.answering };
    };
    const idle = { events: [], inHead: false, inBody: false, answering: false };
    expect(state()).toEqual(idle);
    slow.receive(Buffer.from("P"));
    expect(state()).toEqual({ ...idle, inHead: true });
    slow.receive(Buffer.from(get("OST / HTTP/1.1", "Content-Length: 2")));
    expect(state()).toEqual({ ...idle, events: ["request"], inBody: true, answering: true });
    slow.receive(Buffer.from("a"));
    expect(state()).toEqual({ ...idle, events: ["body"], inBody: true, answering: true });
    slow.receive(Buffer.from("b"));
    expect(state()).toEqual({ ...idle, events: ["body", "end"], answering: true });
    slow.whole(200, [], "");
    expect(state()).toEqual(idle);
  });

  test("bytes of a body are views of what came", () => {
    const bytes = Buffer.from(`${get("POST / HTTP/1.1", "Content-Length: 5")}hello`);
    const viewed = protocol();
    viewed.receive(bytes);
    viewed.next();
    const event = viewed.next();
    expect(event).toMatchObject({ kind: "body", bytes: Buffer.from("hello") });
    if (event?.kind === "body") expect(event.bytes.buffer).toBe(bytes.buffer);
  });

  test("what was handed on stays as it is, whatever comes then", () => {
    const kept = protocol();
    const pieces: Buffer[] = [];
    kept.receive(Buffer.from(get("POST / HTTP/1.1", "Content-Length: 300").slice(0, 30)));
    kept.next();
    kept.receive(Buffer.from(get("POST / HTTP/1.1", "Content-Length: 300").slice(30)));
    for (let index = 0; index < 300; index++) {
      kept.receive(Buffer.from([index % 256]));
      if (index % 7 !== 0) continue;
      for (let event = kept.next(); event !== null; event = kept.next()) {
        if (event.kind === "body") pieces.push(event.bytes);
      }
    }
    const event = kept.next();
    if (event?.kind === "body") pieces.push(event.bytes);
    const expected = Array.from({ length: 300 }, (_, index) => index % 256);
    expect([...Buffer.concat(pieces)]).toEqual(expected);
  });
});
