/** A Node that hides its read buffer elsewhere: sockets read as they do without one. */
import type net from "node:net";

import { expect, it, vi } from "vitest";

import { createReactor } from "iomux";

import { pair, until } from "../support/raw-pair.ts";

vi.mock(import("node:net"), async (original) => {
  const real = await original();
  class Socket extends real.Socket {
    constructor(options?: net.SocketConstructorOpts) {
      super(Object.assign({}, options, { onread: undefined }));
    }
  }
  return { ...real, Socket, default: { ...real.default, Socket } };
});

it("many small messages, and sockets with `onread`, do as before", async () => {
  await using reactor = createReactor();
  const { near, far } = await pair("tcp");
  const useUserBuffer = vi.fn();
  const { _handle: handle } = near as unknown as { _handle: { useUserBuffer: unknown } };
  handle.useUserBuffer = useUserBuffer;
  const channel = reactor.adopt(near);
  for (let message = 0; message < 100; message++) {
    far.write(`${message}.`);
    await until(() => channel.unread > 0);
    expect(channel.read()!.toString()).toBe(`${message}.`);
  }
  expect(useUserBuffer).not.toHaveBeenCalled();
});
