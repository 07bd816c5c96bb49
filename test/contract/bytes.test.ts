import { expect, it } from "vitest";

import { READABLE } from "iomux";

import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("bytes", (world) => {
  it("15: read answers bytes, null for nothing now, and an empty Buffer once at the end", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const seen: (string | null)[] = [];
    expect(channel.read()).toBeNull();
    reactor.register(channel, READABLE, () => {
      seen.push(channel.read()?.toString() ?? null);
    });
    peer.end("hello");
    await world().until(() => channel.ended, "the end");
    expect(seen).toEqual(["hello", ""]);
    expect(channel.read()).toBeNull();
    expect(channel.ended).toBe(true);
  });
});
