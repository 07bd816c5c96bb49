/** Defects that simulations have found, each by the seed in which it was seen. */
import { describe, expect, it } from "vitest";

import { MemoryNetwork, SimulatedClock, type Conditions, type Link } from "iomux/testing";

describe("regressions: the network in memory", () => {
  it("channels, seed 51: what is written after the network has broken a stream never arrives", async () => {
    const clock = new SimulatedClock();
    let segments = 0;
    const link: Link = {
      segment: (bytes) => bytes,
      carry: (_what, _bytes, arrive) => {
        clock.post(arrive, 1);
      },
      breaks: () => ++segments === 2,
      cut: () => undefined,
    };
    const conditions: Conditions = {
      buffers: () => ({ receive: 1000, send: 1000 }),
      link: () => link,
      connectFailure: () => null,
      acceptFailure: () => null,
    };
    const [near, far] = new MemoryNetwork(clock, { conditions }).pair();
    for (const text of ["before ", "lost ", "after"]) near.write(text);
    await clock.advance(10);
    expect(far.received.toString()).toBe("before ");
    expect([near.error, far.error]).toMatchObject([{ code: "ECONNRESET" }, { code: "ECONNRESET" }]);
  });
});
