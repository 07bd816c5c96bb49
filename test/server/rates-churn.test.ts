/** Rates of a server, and connections that do not stay for their turn. */
import { expect, it } from "vitest";

import { lines, serve } from "iomux";

import { another, connected, onStillNetworks } from "../support/world.ts";

onStillNetworks("rates of a server", (world) => {
  it("23: who leaves gives back what it had reserved: nobody waits for those who are gone", async () => {
    const reactor = world().createReactor({ onError: () => undefined });
    const first = await connected(world(), reactor);
    let handled = 0;
    const server = await world().run(
      serve(
        reactor,
        { framer: () => lines(), serverFramesPerSecond: 10 },
        {
          frame: () => {
            handled++;
          },
        },
      ),
    );
    for (let i = 0; i < 40; i++) {
      const { channel, peer } = await another(world(), first.listener);
      const connection = server.take(channel);
      peer.write("line\n");
      await world().until(() => channel.bytesIn === 5, "the line");
      await world().passes(2);
      connection.abort();
    }
    await world().advance(1000);
    const before = handled;
    server.take(first.channel);
    first.peer.write("honest\n");
    await world().settle();
    await world().advance(200);
    expect(handled - before).toBe(1);
  });
});
