/**
 * Whatever comes, however it is cut: events, or one refusal; never a throw, and never a second
 * reading.
 */
import { expect, test } from "vitest";

import { forSeeds, Random } from "../support/seeds.ts";
import { byteByByte, hear, hearText, plain, type Dialogue } from "./http-dialogue.ts";
import { cut, mutated } from "./http-mutations.ts";
import { ACCEPTED_SAMPLES, chunks, get, REFUSED_SAMPLES } from "./http-samples.ts";

test("samples are read the same way however they are cut", () => {
  forSeeds(5, (random) => {
    for (const { text, limits } of REFUSED_SAMPLES) {
      const bytes = Buffer.from(text.slice(0, 20_000), "latin1");
      expect(plain(hear(cut(bytes, random), limits))).toEqual(plain(hear([bytes], limits)));
    }
    const all = Buffer.from(ACCEPTED_SAMPLES.join(""), "latin1");
    expect(plain(hear(cut(all, random)))).toEqual(plain(hear([all])));
  });
});

test("mutations of requests are read the same way however they are cut", () => {
  forSeeds(3000, (random) => {
    const bytes = mutated(random);
    const heard = plain(hear([bytes]));
    expect(plain(hear(cut(bytes, random)))).toEqual(heard);
    expect(plain(hear(byteByByte(bytes)))).toEqual(heard);
  });
});

test("any bytes are read the same way however they are cut", () => {
  forSeeds(300, (random) => {
    const bytes = Buffer.from(Array.from({ length: 300 }, () => random.number(256)));
    expect(plain(hear(cut(bytes, random)))).toEqual(plain(hear([bytes])));
  });
});

test("small limits are kept however the bytes are cut", () => {
  forSeeds(1500, (random) => {
    const bytes = mutated(random);
    const limits = {
      maxEmptyLines: random.number(3),
      maxMethodBytes: random.between(1, 8),
      maxTargetBytes: random.between(1, 30),
      maxHeadBytes: random.between(20, 120),
      maxFields: random.between(1, 4),
      maxBodyBytes: random.number(12),
      maxChunkLineBytes: random.between(3, 12),
      maxExtensionBytes: random.number(8),
      maxTrailerBytes: random.between(2, 20),
    };
    const heard = plain(hear([bytes], limits));
    expect(plain(hear(cut(bytes, random), limits))).toEqual(heard);
    expect(plain(hear(byteByByte(bytes), limits))).toEqual(heard);
  });
});

/** What was understood, written as plainly as it can be. */
function rewritten({ requests }: Dialogue): string {
  const texts = requests.map(({ head, body, trailers }) => {
    const { method, target, version, fields, bodyBytes } = head;
    const lines = [`${method} ${target.raw} HTTP/${version}`];
    for (const [name, value] of fields) {
      const framing = /^(?:content-length|transfer-encoding)$/i.test(name);
      if (!framing) lines.push(`${name}: ${value}`);
    }
    if (bodyBytes === null) lines.push("Transfer-Encoding: chunked");
    else if (bodyBytes > 0) lines.push(`Content-Length: ${bodyBytes}`);
    const start = `${lines.join("\r\n")}\r\n\r\n`;
    if (bodyBytes !== null) return start + body;
    const ends = trailers!.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
    return `${start}${chunk}0\r\n${ends}\r\n`;
  });
  return texts.join("");
}

test("what was understood is understood again when it is written plainly", () => {
  const meaning = ({ requests }: Dialogue): unknown =>
    requests.map(({ head, body, trailers }) => {
      const fields = [...head.fields].filter(
        ([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name),
      );
      return { ...head, fields, body, trailers: trailers ?? [] };
    });
  let understood = 0;
  forSeeds(3000, (random) => {
    const all = hear([mutated(random)]);
    const heard = { ...all, requests: all.requests.slice(0, all.whole) };
    understood += heard.whole;
    expect(meaning(hearText(rewritten(heard)))).toEqual(meaning(heard));
  });
  if (process.env.SEED === undefined) expect(understood).toBeGreaterThan(500);
});

test("a head and a chunk's line that come byte by byte are searched once", () => {
  // Were a line searched again with each byte of it, this would take minutes.
  const large = { maxHeadBytes: 2 ** 19, maxChunkLineBytes: 2 ** 19, maxExtensionBytes: 2 ** 19 };
  const value = "v".repeat(2 ** 17);
  const bytes = Buffer.from(
    get("GET / HTTP/1.1", `X: ${value}`) + chunks(`1;a=${value}\r\nx\r\n0\r\n\r\n`),
  );
  expect(hear(byteByByte(bytes), large)).toMatchObject({ whole: 2, refused: null });
});

test("the same seed makes the same mutation", () => {
  expect(mutated(new Random(7))).toEqual(mutated(new Random(7)));
});
