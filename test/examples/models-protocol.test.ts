/** The protocol of the server models: what is encoded is decoded, however the stream is cut. */
import { describe, expect, it } from "vitest";

import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  FrameReader,
  KINDS,
  MAX_PAYLOAD_BYTES,
} from "../../examples/models/protocol.ts";

function framesOf(...chunks: Buffer[]): Buffer[] {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => reader.push(chunk));
}

describe("the protocol of the server models", () => {
  it.each(KINDS)("carries a request: %s", (kind) => {
    const request = { kind, payload: Buffer.from("what is asked") };
    expect(framesOf(encodeRequest(request)).map(decodeRequest)).toEqual([request]);
  });

  it.each([true, false])("carries an answer, ok: %s", (ok) => {
    const answer = { ok, payload: Buffer.from("what is answered") };
    expect(framesOf(encodeAnswer(answer)).map(decodeAnswer)).toEqual([answer]);
  });

  it("is the same whole, cut anywhere, and byte by byte", () => {
    const requests = KINDS.map((kind, i) => ({ kind, payload: Buffer.alloc(i * 3, kind) }));
    const bytes = Buffer.concat(requests.map(encodeRequest));
    for (let cut = 0; cut <= bytes.length; cut++) {
      const frames = framesOf(bytes.subarray(0, cut), bytes.subarray(cut));
      expect(frames.map(decodeRequest)).toEqual(requests);
    }
    const single = framesOf(...[...bytes].map((byte) => Buffer.of(byte)));
    expect(single.map(decodeRequest)).toEqual(requests);
  });

  it("takes payloads up to MAX_PAYLOAD_BYTES, and no longer ones", () => {
    const request = { kind: "echo", payload: Buffer.alloc(MAX_PAYLOAD_BYTES) } as const;
    expect(framesOf(encodeRequest(request))).toHaveLength(1);
    const longer = { kind: "echo", payload: Buffer.alloc(MAX_PAYLOAD_BYTES + 1) } as const;
    expect(() => encodeRequest(longer)).toThrow("a frame has at most 65537");
    expect(() => framesOf(Buffer.from("GET / HTTP/1.1\r\n"))).toThrow(
      "announces 1195725856 bytes, over 65537",
    );
  });

  it("knows what is no request and no answer", () => {
    for (const frame of [Buffer.of(), Buffer.of(0), Buffer.of(4), Buffer.of(255, 1)]) {
      expect(decodeRequest(frame)).toBeNull();
    }
    for (const frame of [Buffer.of(), Buffer.of(2), Buffer.of(255)]) {
      expect(decodeAnswer(frame)).toBeNull();
    }
  });
});
