/** Defects that simulations have found, each by the seed in which it was seen. */
import { describe, expect, it } from "vitest";

import {
  MemoryNetwork,
  SimulatedClock,
  type Conditions,
  type Link,
  type MemorySocket,
  type StreamAccount,
} from "iomux/testing";

/** Two ends, a millisecond away from each other. */
function distant(
  clock: SimulatedClock,
  link: Partial<Link> = {},
  accounts: StreamAccount[] = [],
  family?: "tcp" | "unix",
): [MemorySocket, MemorySocket] {
  const carry: Link["carry"] = (_what, bytes, arrive) => {
    clock.post(() => {
      arrive(bytes);
    }, 1);
  };
  const whole: Link = {
    segment: (bytes) => bytes,
    carry,
    breaks: () => false,
    cut: () => false,
    ...link,
  };
  const conditions: Conditions = {
    buffers: () => ({ receive: 1000, send: 1000 }),
    link: () => whole,
    connectFailure: () => null,
    acceptFailure: () => null,
  };
  return new MemoryNetwork(clock, { conditions, accounts }).pair(family);
}

describe("regressions: the network in memory", () => {
  it("channels, seed 51: what is written after the network has broken a stream never arrives", async () => {
    const clock = new SimulatedClock();
    let segments = 0;
    const [near, far] = distant(clock, { breaks: () => ++segments === 2 });
    for (const text of ["before ", "lost ", "after"]) near.write(text);
    await clock.advance(10);
    expect(far.received.toString()).toBe("before ");
    expect([near.error, far.error]).toMatchObject([{ code: "ECONNRESET" }, { code: "ECONNRESET" }]);
  });

  it("half-close, seed 1: that a peer has closed is not known before its last words have come", async () => {
    const clock = new SimulatedClock();
    const [near, far] = distant(clock);
    far.write("last words");
    far.destroy();
    near.write("too late");
    await clock.advance(10);
    expect(near.received.toString()).toBe("last words");
    expect(near.error).toMatchObject({ code: "ECONNRESET" });
  });

  it.each([["tcp"], ["unix"]] as const)(
    "held-echo, seed 32: who is written to after it has closed sends no more of what it had left: %s",
    async (family) => {
      const clock = new SimulatedClock();
      const accounts: StreamAccount[] = [];
      const [near, far] = distant(clock, {}, accounts, family);
      far.pause();
      near.write(Buffer.alloc(1500));
      await clock.advance(10);
      near.destroy();
      far.write(Buffer.alloc(3000));
      await clock.advance(10);
      expect(far.error).toMatchObject({ code: family === "tcp" ? "ECONNRESET" : "EPIPE" });
      const [ours, theirs] = accounts.slice(-2);
      expect(ours).toMatchObject({ sent: 1500, delivered: 0, inFlight: 0 });
      expect(theirs).toMatchObject({ sent: 3000, delivered: 0, inFlight: 0 });
    },
  );

  it("expire, seed 1: a window that was filled in pieces is not filled byte by byte from then on", async () => {
    const clock = new SimulatedClock();
    let segments = 0;
    let lastAt = 0;
    const [near, far] = distant(clock, {
      segment: (bytes) => Math.ceil(bytes / (segments++ % 3 === 0 ? 3 : 1)),
      carry: (_what, bytes, arrive) => {
        lastAt = Math.max(lastAt, clock.now()) + 1;
        clock.postAt(() => {
          arrive(bytes);
        }, lastAt);
      },
    });
    near.write(Buffer.alloc(100_000));
    await clock.advance(100_000);
    expect(far.received).toHaveLength(100_000);
    // Each is a sixth of the window at least, most are more.
    expect(segments).toBeLessThan(600);
  });
});
