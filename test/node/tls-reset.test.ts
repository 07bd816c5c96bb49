import { once } from "node:events";
import { readdirSync } from "node:fs";
import type net from "node:net";
import { setImmediate } from "node:timers/promises";

import { createReactor, createTlsContext, READABLE, type Channel, type Reactor } from "iomux";
import { expect, onTestFinished, test } from "vitest";

import { local } from "../support/certificates.ts";
import { dialRaw } from "../support/tls-peers.ts";

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

interface Scene {
  readonly reactor: Reactor;
  readonly dial: () => Promise<{ channel: Channel; client: net.Socket }>;
  /** Runs `work` in a turn that bytes of a bystander have begun, while other sockets are read. */
  readonly inTurnOfBytes: (work: () => void) => void;
}

/** A turn begins with each byte that is read, in the middle of the loop's poll phase. */
async function scene(): Promise<Scene> {
  const reactor = createReactor({ turnBytes: 1 });
  onTestFinished(async () => {
    await reactor.close({ drainMs: 0 });
  });
  const listener = await reactor.listen({ port: 0 });
  const waiting: ((channel: Channel) => void)[] = [];
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      waiting.shift()?.(peer);
    }
  });
  const dial: Scene["dial"] = async () => {
    const channel = new Promise<Channel>((resolve) => waiting.push(resolve));
    const client = dialRaw(listener);
    await once(client, "connect");
    return { channel: await channel, client };
  };
  const bystander = await dial();
  let work = (): void => undefined;
  reactor.register(bystander.channel, READABLE, (channel) => {
    channel.read();
    work();
  });
  const inTurnOfBytes = (given: () => void): void => {
    work = given;
    bystander.client.write("x");
  };
  return { reactor, dial, inTurnOfBytes };
}

test("a handshake given up as its peer ends costs no descriptor", async () => {
  const { reactor, dial, inTurnOfBytes } = await scene();
  const context = createTlsContext(local);
  const before = descriptors();
  for (let i = 0; i < 10; i++) {
    const { channel, client } = await dial();
    reactor.startTls(channel, { server: context });
    await setImmediate(); // it is being read
    client.destroy();
    inTurnOfBytes(() => {
      channel.abort();
    });
    await channel.closed;
  }
  await expect.poll(descriptors).toBeLessThanOrEqual(before);
});
