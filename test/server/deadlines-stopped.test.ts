/** A connection that is closed has no times any more, whatever was under way. */
import { expect, it } from "vitest";

import { serve } from "iomux";

import { fill } from "../support/record.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("times of a closed connection", (world) => {
  it("23: a look that was due already sets no timer again", async () => {
    const reactor = world().createReactor({ onError: () => undefined });
    const { channel, peer } = await connected(world(), reactor);
    const before = reactor.stats().timers;
    const server = await world().run(
      serve(
        reactor,
        {
          outputPolicy: "drop-oldest",
          softOutputBytes: 20_000,
          softOutputMs: 100,
          highWaterMark: 10_000,
          lowWaterMark: 1000,
          idleMs: 200,
          writeProgressMs: 0,
        },
        {},
      ),
    );
    const connection = server.take(channel);
    peer.pause();
    await fill(world(), channel);
    connection.send(Buffer.alloc(500_000));
    await world().advance(1000);
    connection.send(Buffer.alloc(1));
    connection.abort();
    await world().settle();
    await world().advance(1000);
    expect(server.connections.size).toBe(0);
    expect(reactor.stats().timers).toBe(before);
  });
});
