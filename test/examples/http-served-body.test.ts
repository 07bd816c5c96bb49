/** The body of a request, without its connection. */
import v8 from "node:v8";
import vm from "node:vm";

import { expect, test } from "vitest";

import { ServedBody, type BodyHome } from "../../examples/http/server/served-body.ts";
import type { RequestHead } from "../../examples/http/request-head.ts";

const HEAD = { bodyBytes: null, expectsContinue: false } as RequestHead;

/** Collects garbage, and answers how many bytes buffers still have. */
function bufferBytes(): number {
  v8.setFlagsFromString("--expose-gc");
  (vm.runInNewContext("gc") as () => void)();
  return process.memoryUsage().arrayBuffers;
}

test("a body of very small pieces costs its own size, and not that of what they came in", async () => {
  let wanted = 0;
  const home: BodyHome = {
    maxBodyBytes: null,
    bodyWanted: () => {
      wanted++;
    },
    sendContinue: () => undefined,
  };
  const body = new ServedBody(home, HEAD);
  const before = bufferBytes();
  const all = body.bytes();
  for (let piece = 0; piece < 1000; piece++) {
    body.take(Buffer.alloc(64 * 1024, piece).subarray(7, 8));
    await Promise.resolve();
    await Promise.resolve();
    expect(wanted).toBe(piece + 2);
  }
  // What is collected is given back by another thread.
  await expect.poll(() => bufferBytes() - before).toBeLessThan(8 * 1024 * 1024);
  body.finish(undefined as never);
  expect(await all).toEqual(Buffer.from(Array.from({ length: 1000 }, (_, piece) => piece)));
});
