/** What is refused, each rule with its section; however the bytes are cut. */
import { describe, expect, test } from "vitest";

import { REFUSALS, type RefusalCode } from "../../examples/http/refusal.ts";
import { byteByByte, hear, hearText, protocol } from "./http-dialogue.ts";
import { get, REFUSED_SAMPLES } from "./http-samples.ts";

const VALID = get("GET /before HTTP/1.1");

describe.each(Object.values(REFUSALS))("$source: $code is refused with $status", ({ code }) => {
  const samples = REFUSED_SAMPLES.filter((sample) => sample.code === code);

  test.each(samples)("$what", ({ text, limits }) => {
    const heard = hearText(text, limits);
    expect(heard).toMatchObject({ refused: code, whole: 0, mustClose: true });
    const bytes = Buffer.from(text, "latin1");
    expect(hear(byteByByte(bytes), limits)).toMatchObject({ refused: code, whole: 0 });
  });

  test.each(samples)("$what, behind a request", ({ text, limits }) => {
    const heard = hearText(VALID + text, limits);
    expect(heard.refused).toBe(code);
    expect(heard.requests[0]!.head.target.raw).toBe("/before");
    expect(heard.whole).toBe(1);
  });
});

/** Those that only the end of the stream brings out. */
const AT_THE_END: readonly RefusalCode[] = ["incomplete-head", "incomplete-body"];

test("what is refused is so as soon as its line has come, without the end", () => {
  for (const { text, code, limits, what } of REFUSED_SAMPLES) {
    if (AT_THE_END.includes(code) || text === "\r") continue;
    const heard = hear([Buffer.from(text, "latin1")], limits, false);
    expect([what, heard.refused]).toEqual([what, code]);
  }
});

test("behind a refusal nothing is read, nor kept", () => {
  const refused = protocol();
  refused.receive(Buffer.from(`BAD\r\n${VALID}`));
  expect(refused.next()).toMatchObject({ kind: "refused", refusal: { status: 400 } });
  expect([refused.next(), refused.buffered]).toEqual([null, 0]);
  refused.receive(Buffer.from(VALID));
  expect([refused.next(), refused.buffered, refused.mustClose]).toEqual([null, 0, true]);
  refused.receiveEnd();
  expect(refused.next()).toBeNull();
});

test("a refusal says nothing of what the client sent", () => {
  for (const refusal of Object.values(REFUSALS)) {
    expect(refusal.why).toMatch(/^[A-Z][\w ,./'-]+$/);
    expect(refusal.source).toMatch(/^RFC \d{4} section [\d.]+$/);
  }
});

test("the status is 400, but where there is one of its own", () => {
  const own = Object.values(REFUSALS).filter(({ status }) => status !== 400);
  expect(own.map(({ status, code }) => `${status} ${code}`).sort()).toEqual([
    "413 content-too-large",
    "414 target-too-long",
    "417 unknown-expectation",
    "431 head-too-large",
    "431 too-many-fields",
    "431 too-many-trailers",
    "431 trailers-too-large",
    "501 method-too-long",
    "501 unknown-coding",
    "505 version-unsupported",
  ]);
});
