/** H40: a storm of refusals is counted one by one, and reported a bounded number of times. */
import net from "node:net";

import { expect, it } from "vitest";

import { READABLE, type ServeOptions, type TurnedAway } from "iomux";

import { isOver, onStillServers, type Serving, servingLines } from "../support/serving.ts";
import type { Peer, World } from "../support/world.ts";

const BATCH = 200;
const BATCHES = 50;

interface Told {
  readonly reports: number;
  readonly peers: number;
}

/** What was reported of `advice`, and of how many peers that was. */
function told({ reports }: Serving, advice: string): Told {
  const messages = reports.map(({ error }) => error.message).filter((m) => m.includes(advice));
  const peers = messages.map((message) => Number(/ away (\d+) peers:/.exec(message)?.[1] ?? 1));
  return { reports: messages.length, peers: peers.reduce((sum, count) => sum + count, 0) };
}

/** Ten thousand peers in five seconds, none of which is let in. */
async function storm(world: World, served: Serving, why: TurnedAway): Promise<number> {
  const before = served.server.stats().turnedAway[why];
  for (let batch = 1; batch <= BATCHES; batch++) {
    const peers: Peer[] = [];
    while (peers.length < BATCH) peers.push(served.dial());
    const count = (): number => served.server.stats().turnedAway[why] - before;
    await world.until(() => count() === batch * BATCH && peers.every(isOver), "all to be refused");
    for (const peer of peers) peer.destroy();
    await world.advance(100);
  }
  return BATCH * BATCHES;
}

const CASES: [TurnedAway, ServeOptions<Buffer>, string][] = [
  ["max-connections", { maxConnections: 1 }, "(limit maxConnections)"],
  ["accepts-per-second", { acceptsPerSecond: 0.0001 }, "(limit acceptsPerSecond)"],
];

onStillServers("H40: refusals", (world) => {
  it.each(CASES)(
    "%s: 10,000 are counted, and reported once a second",
    async (why, options, advice) => {
      const served = await servingLines(world(), options);
      await served.join();
      const count = await storm(world(), served, why);
      await world().advance(5000);
      expect(served.server.stats().turnedAway[why]).toBe(count);
      expect(told(served, advice).peers).toBe(count);
      expect(told(served, advice).reports).toBeLessThanOrEqual(7);
      expect(served.reports.every(({ error }) => error.code === "IOMUX_TURNED_AWAY")).toBe(true);
      const [listener] = [...served.reactor.registrations.values()].filter(
        ({ interest }) => interest === READABLE,
      );
      expect(served.reports.every(({ fd }) => fd === listener!.fd)).toBe(true);
    },
    60_000,
  );

  it("each reason is reported for itself, the first one at once", async () => {
    const blockList = new net.BlockList();
    const served = await servingLines(world(), { maxConnections: 1, blockList });
    await served.join();
    const away = (): TurnedAway[] =>
      Object.entries(served.server.stats().turnedAway)
        .filter(([, count]) => count > 0)
        .map(([why]) => why as TurnedAway);
    served.dial();
    await world().until(() => away().length === 1, "the first");
    expect(told(served, "(limit maxConnections)")).toEqual({ reports: 1, peers: 1 });
    if (world().family === "unix") return;
    blockList.addAddress("127.0.0.1");
    served.dial();
    await world().until(() => away().length === 2, "the second");
    expect(told(served, "block list")).toEqual({ reports: 1, peers: 1 });
    expect(away().sort()).toEqual(["blocked", "max-connections"]);
  });
});
