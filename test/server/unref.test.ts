/** What a server adds to a reactor keeps no process alive: its registrations do, its timers do not. */
import { expect, it } from "vitest";

import { onEveryServer, servingLines } from "../support/serving.ts";

onEveryServer("H32: the timers of a server", (world) => {
  it.each([
    ["handshakeMs", { handshakeMs: 100_000 }],
    ["idleMs", { idleMs: 100_000 }],
    ["lifetimeMs", { lifetimeMs: 100_000 }],
    ["a rate", { bytesPerSecond: 0.01 }],
  ])("%s keeps nothing alive", async (_, limits) => {
    const served = await servingLines(world(), { writeProgressMs: 0, ...limits });
    const { peer } = await served.join();
    peer.write("more bytes than that\n");
    await world().until(() => served.reactor.stats().timers > served.timersBefore, "a timer");
    expect(world().alive).toBe(true);
    for (const registration of served.reactor.registrations.values()) registration.unref();
    await world().passes(2);
    expect(served.reactor.stats().timers).toBeGreaterThan(served.timersBefore);
    expect(world().alive).toBe(false);
  });

  it("with the option unref neither listener nor connections keep it alive", async () => {
    const served = await servingLines(world(), { unref: true });
    expect(world().alive).toBe(false);
    const { peer } = await served.join();
    peer.write("heard\n");
    await world().until(() => served.frames.length > 0, "a line");
    await world().passes(2);
    expect(world().alive).toBe(false);
  });
});
