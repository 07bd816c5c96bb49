/** Debug mode and servers: frames that wait are watched too, and a server makes no false alarm. */
import { expect, it } from "vitest";

import { broadcast, OUTPUT_POLICIES } from "iomux";

import { onEveryServer, serving } from "../support/serving.ts";

const KIB = 1024;
const LIMITS = { highWaterMark: 10_000, lowWaterMark: 1000, maxOutputBytes: 1_000_000 };

onEveryServer("debug mode of a server", (world) => {
  it.each(["send", "broadcast"])(
    "17: %s: bytes that were changed while they waited",
    async (call) => {
      const served = await serving(world(), LIMITS, {}, { debug: true });
      const { connection, peer } = await served.joinStuck();
      const mine = Buffer.alloc(20 * KIB, "a");
      if (call === "send") connection.send(mine);
      else broadcast([connection], mine);
      mine[20 * KIB - 1]! ^= 1;
      peer.resume();
      await world().until(() => connection.backlog === 0, "the output to leave");
      await world().settle();
      expect(served.reports.map(({ error }) => error)).toEqual([
        expect.objectContaining({ code: "IOMUX_BORROWED_BYTES_CHANGED", fd: connection.fd }),
      ]);
    },
  );

  it("17: not small ones, not those left alone, not those that were dropped or have left", async () => {
    const served = await serving(world(), LIMITS, {}, { debug: true });
    const { connection, peer } = await served.joinStuck();
    const small = Buffer.alloc(KIB, "s");
    const large = Buffer.alloc(20 * KIB, "l");
    for (const bytes of [large, small, large]) expect(connection.send(bytes)).toBe(true);
    small.fill("x");
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    large.fill("x");
    await world().settle();
    const other = await served.joinStuck();
    const lost = Buffer.alloc(20 * KIB);
    other.connection.send(lost);
    other.connection.abort();
    lost.fill("x");
    await world().settle();
    expect(served.reports).toEqual([]);
  });

  it.each(OUTPUT_POLICIES)(
    "%s: nothing is reported of connections that end",
    async (outputPolicy) => {
      let turnedAway = false;
      const served = await serving(
        world(),
        { ...LIMITS, outputPolicy, maxConnections: 3 },
        {
          frame: (connection) => {
            connection.send(Buffer.from("bye"));
            connection.end();
            connection.abort();
          },
          turnedAway: (_, __, channel) => {
            turnedAway = true;
            channel.abort();
          },
        },
        { debug: true },
      );
      const guests = await served.joinAll(3);
      const refused = world().dial({ localAddress: served.server.addresses[0] } as never);
      await world().until(() => turnedAway, "one to be turned away");
      guests[0]!.peer.write("one\n");
      guests[1]!.peer.write("two\n");
      guests[1]!.peer.end();
      guests[2]!.peer.reset();
      const over = (): boolean => served.server.connections.size === 0;
      await world().until(over, "all to be gone");
      refused.destroy();
      await world().settle();
      expect(served.reports.map(({ error }) => error.code)).toEqual(["IOMUX_TURNED_AWAY"]);
    },
  );
});
