/** Writing to adopted sockets whose own machinery still holds bytes, or that somebody destroys. */
import type { Socket } from "node:net";

import { afterEach, beforeEach, expect, it } from "vitest";

import { createReactor, type Reactor } from "iomux";

import { pair, until } from "../support/raw-pair.ts";
import { pattern } from "../support/record.ts";

let reactor: Reactor;

beforeEach(() => {
  reactor = createReactor();
});

afterEach(async () => {
  reactor.assertInvariants();
  await reactor.close({ drainMs: 0, answerMs: 0 });
});

function collect(socket: Socket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

it("what the socket held when it was adopted leaves first, and then what the channel writes", async () => {
  const { near, far } = await pair("tcp");
  const early = pattern(8_000_000);
  // The first is on its way, the second waits in the machinery.
  near.write(early);
  near.write("second,");
  expect(near.writableLength).toBeGreaterThan(early.length);
  const channel = reactor.adopt(near);
  channel.write(Buffer.from("third,"));
  await until(() => reactor.stats().turns > 0);
  const came = collect(far);
  await until(() => channel.queued === 0);
  channel.write(Buffer.from("fourth"));
  const whole = Buffer.concat([early, Buffer.from("second,third,fourth")]);
  await until(() => came().length >= whole.length);
  expect(came().equals(whole)).toBe(true);
});

it.each([0, 8_000_000])("destroyed by somebody, %i bytes in its machinery", async (held) => {
  const { near } = await pair("tcp");
  if (held > 0) {
    near.write(pattern(held));
    near.write("more");
  }
  const channel = reactor.adopt(near);
  channel.write(Buffer.from("before"));
  near.destroy();
  expect(channel.write(Buffer.from(" and after"))).toBe(10);
  await until(() => channel.state === "failed");
  expect(channel.error).toMatchObject({ code: "ECONNABORTED" });
  expect([channel.bytesOut, channel.write(Buffer.from("x"))]).toEqual([0, 0]);
});
