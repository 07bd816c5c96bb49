/** What a server publishes on `node:diagnostics_channel`: overflow and refusals. */
import { expect, it } from "vitest";

import type { OutputPolicy, ServeOptions } from "iomux";

import { frame, onEveryServer, serving } from "../support/serving.ts";
import { subscribed } from "../support/subscribed.ts";

/** The channel holds 10,000 bytes, 10,000 more may wait for a second, 30,000 more at all. */
function limited(outputPolicy: OutputPolicy): ServeOptions<Buffer> {
  return {
    outputPolicy,
    highWaterMark: 10_000,
    lowWaterMark: 1000,
    softOutputBytes: 20_000,
    softOutputMs: 1000,
    maxOutputBytes: 50_000,
  };
}

onEveryServer("diagnostics of a server", (world) => {
  it.each(["close", "pause-source"] as const)(
    "%s: a frame over maxOutputBytes: once, and the connection is cut off",
    async (policy) => {
      const published = subscribed(["iomux:channel:overflow"]);
      const served = await serving(world(), limited(policy));
      const { connection } = await served.joinStuck();
      connection.send(frame(1, 40_000));
      expect(published).toEqual([]);
      expect(connection.send(frame(2, 6))).toBe(false);
      expect(published.map(({ message }) => message)).toEqual([
        { descriptor: connection.channel, limit: "maxOutputBytes", waiting: 50_000, dropped: 0 },
      ]);
      expect(connection.reason).toBe("overflow");
    },
  );

  it("drop-newest: each frame that was dropped", async () => {
    const published = subscribed(["iomux:channel:overflow"]);
    const served = await serving(world(), limited("drop-newest"));
    const { connection } = await served.joinStuck();
    connection.send(frame(1, 40_000));
    for (let i = 0; i < 2; i++) expect(connection.send(frame(2, 6))).toBe(false);
    const message = {
      descriptor: connection.channel,
      limit: "maxOutputBytes",
      waiting: 50_000,
      dropped: 1,
    };
    expect(published.map((one) => one.message)).toEqual([message, message]);
    expect(connection.droppedFrames).toBe(2);
  });

  it("drop-oldest: how many frames were dropped for one", async () => {
    const published = subscribed(["iomux:channel:overflow"]);
    const served = await serving(world(), limited("drop-oldest"));
    const { connection } = await served.joinStuck();
    for (let i = 0; i < 4; i++) connection.send(frame(i, 10_000));
    expect(connection.send(frame(4, 20_000))).toBe(true);
    expect(published.map(({ message }) => message)).toEqual([
      { descriptor: connection.channel, limit: "maxOutputBytes", waiting: 50_000, dropped: 2 },
    ]);
  });

  it.each([
    ["close", 0],
    ["drop-oldest", 2],
  ] as const)("%s: over softOutputBytes for softOutputMs", async (policy, dropped) => {
    const published = subscribed(["iomux:channel:overflow"]);
    const served = await serving(world(), limited(policy));
    const { connection } = await served.joinStuck();
    for (let i = 0; i < 3; i++) connection.send(frame(i, 10_000));
    await world().advance(1000 + world().slackMs);
    expect(published.map(({ message }) => message)).toEqual([
      { descriptor: connection.channel, limit: "softOutputBytes", waiting: 40_000, dropped },
    ]);
  });

  it("drop-newest: over softOutputBytes for softOutputMs, each frame", async () => {
    const published = subscribed(["iomux:channel:overflow"]);
    const served = await serving(world(), limited("drop-newest"));
    const { connection } = await served.joinStuck();
    connection.send(frame(1, 20_000));
    await world().advance(1000 + world().slackMs);
    expect(published).toEqual([]);
    expect(connection.send(frame(2, 6))).toBe(false);
    expect(published.map(({ message }) => message)).toEqual([
      { descriptor: connection.channel, limit: "softOutputBytes", waiting: 30_000, dropped: 1 },
    ]);
  });

  it("a peer that the gate turns away: its reason and address", async () => {
    const published = subscribed(["iomux:listener:refuse"]);
    const served = await serving(world(), { maxConnections: 1 });
    await served.join();
    world().dial({ localAddress: served.server.addresses[0] } as never);
    await world().until(() => published.length > 0, "the peer to be turned away");
    expect(published.map(({ message }) => message)).toMatchObject([
      {
        descriptor: { kind: "listener" },
        code: "IOMUX_TURNED_AWAY",
        reason: "max-connections",
        remoteAddress: { family: world().family === "unix" ? "unix" : "IPv4" },
      },
    ]);
  });
});
