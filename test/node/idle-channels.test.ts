/** What a reactor holds for channels that are idle, or gone: counted on the heap. */
import { connect, type Socket } from "node:net";
import { queryObjects } from "node:v8";

import { expect, it } from "vitest";

import { createReactor, READABLE, type Reactor } from "iomux";

import { ByteQueue } from "../../src/bytes/byte-queue.ts";
import { BufferedChannel } from "../../src/channel.ts";
import { cleanUp, until } from "../support/raw-pair.ts";

const PEERS = 40;

/** Those that are not garbage. */
function count(kind: typeof ByteQueue | typeof BufferedChannel): number {
  return queryObjects(kind, { format: "count" });
}

/** Peers whose one message each was answered. */
async function answeredPeers(reactor: Reactor): Promise<Socket[]> {
  const listener = await reactor.listen({ port: 0, host: "127.0.0.1" });
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      reactor.register(peer, READABLE, (channel) => {
        const bytes = channel.read();
        if (bytes?.length === 0) channel.close();
        else if (bytes !== null) channel.write(bytes);
      });
    }
  });
  const { port } = listener.localAddress as { port: number };
  let answers = 0;
  const peers = Array.from({ length: PEERS }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("data", () => answers++);
    socket.write("hello");
    cleanUp.push(() => socket.destroy());
    return socket;
  });
  await until(() => answers === PEERS);
  return peers;
}

it("a channel that has read everything owns no input queue", async () => {
  await using reactor = createReactor();
  const before = count(ByteQueue);
  const peers = await answeredPeers(reactor);
  expect(peers).toHaveLength(PEERS);
  expect(count(BufferedChannel)).toBeGreaterThanOrEqual(PEERS);
  expect(count(ByteQueue)).toBe(before);
});

it("nothing of the loop holds a channel that is closed, whatever it wrote", async () => {
  await using reactor = createReactor();
  const before = count(BufferedChannel);
  for (const peer of await answeredPeers(reactor)) peer.end();
  await until(() => reactor.stats().open === 1);
  // Another turn that writes, as the lists of the last one may be looked at until then.
  const [last] = await answeredPeers(reactor);
  expect(last!.destroyed).toBe(false);
  expect(count(BufferedChannel)).toBeLessThanOrEqual(before + PEERS);
});
