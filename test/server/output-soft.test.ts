/** Promise 24: the soft limit, which may be passed for a time. */
import { expect, it } from "vitest";

import { OUTPUT_POLICIES, type OutputPolicy, type ServeOptions } from "iomux";

import { frame, framesIn, onStillServers, serving } from "../support/serving.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The channel holds 10,000 bytes, 10,000 more may wait for a second, 30,000 more at all. */
function soft(outputPolicy: OutputPolicy): ServeOptions<Buffer> {
  return {
    outputPolicy,
    highWaterMark: 10_000,
    lowWaterMark: 1000,
    softOutputBytes: 20_000,
    softOutputMs: 1000,
    maxOutputBytes: 50_000,
  };
}

const CLOSING: readonly OutputPolicy[] = ["close", "pause-source"];

onStillServers("the soft limit", (world) => {
  it.each(CLOSING)("24: %s: over it for softOutputMs, the connection is closed", async (policy) => {
    const served = await serving(world(), soft(policy));
    const { connection } = await served.joinStuck();
    expect(connection.send(frame(1, 10_001))).toBe(true);
    await world().advance(999);
    expect(connection.state).toBe("open");
    await world().advance(1);
    expect([connection.state, connection.reason]).toEqual(["closed", "overflow"]);
    expect(connection.error).toMatchObject({ code: "IOMUX_CUT_OFF" });
    expect(connection.error!.message).toContain("20000 bytes of output waiting for 1000 ms");
    expect(connection.error!.message).toContain("(limit softOutputBytes)");
  });

  it.each(OUTPUT_POLICIES)("24: %s: at it, and not over it, nothing happens", async (policy) => {
    const served = await serving(world(), soft(policy));
    const { connection, peer, before } = await served.joinStuck();
    expect(connection.send(frame(1, 10_000))).toBe(true);
    expect(connection.backlog).toBe(20_000);
    await world().advance(5000);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1]);
    expect([connection.state, connection.droppedFrames]).toEqual(["open", 0]);
  });

  it.each(OUTPUT_POLICIES)(
    "24: %s: under it again in time nothing happens, and the time starts anew",
    async (policy) => {
      const served = await serving(world(), soft(policy));
      const { connection, peer, before } = await served.joinStuck();
      expect(connection.send(frame(1, 10_001))).toBe(true);
      await world().advance(900);
      peer.resume();
      await world().until(() => connection.backlog === 0, "the output to leave");
      await world().settle();
      expect(framesIn(peer.received.subarray(before))).toEqual([1]);
      peer.pause();
      const filled = await fillAnew(connection);
      expect(connection.send(frame(2, 10_001))).toBe(true);
      await world().advance(999);
      expect(connection.send(frame(3, 1000))).toBe(true);
      expect([connection.state, connection.droppedFrames]).toEqual(["open", 0]);
      peer.resume();
      await world().until(() => connection.backlog === 0, "the output to leave");
      await world().settle();
      expect(framesIn(peer.received.subarray(before + 10_001 + filled))).toEqual([2, 3]);
    },
  );

  it("24: drop-newest: over it for softOutputMs, new frames are dropped, and later taken again", async () => {
    const served = await serving(world(), soft("drop-newest"));
    const { connection, peer, before } = await served.joinStuck();
    for (const number of [1, 2, 3]) expect(connection.send(frame(number, 4000))).toBe(true);
    await world().advance(999);
    expect(connection.send(frame(4, 4000))).toBe(true);
    await world().advance(1);
    expect(connection.send(frame(5, 4000))).toBe(false);
    expect(connection.send(frame(6, 6))).toBe(false);
    await world().advance(5000);
    expect([connection.state, connection.droppedFrames]).toEqual(["open", 2]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    expect(connection.send(frame(7, 4000))).toBe(true);
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 2, 3, 4, 7]);
    expect(connection.droppedFrames).toBe(2);
  });

  it("24: drop-oldest: after softOutputMs the oldest are dropped until it is kept", async () => {
    const served = await serving(world(), soft("drop-oldest"));
    const { connection, peer, before } = await served.joinStuck();
    for (const number of [1, 2, 3, 4, 5]) expect(connection.send(frame(number, 4000))).toBe(true);
    await world().advance(999);
    expect([connection.backlog, connection.droppedFrames]).toEqual([30_000, 0]);
    await world().advance(1);
    expect([connection.backlog, connection.droppedFrames]).toEqual([18_000, 3]);
    // The time starts anew.
    expect(connection.send(frame(6, 4000))).toBe(true);
    await world().advance(999);
    expect(connection.droppedFrames).toBe(3);
    await world().advance(1);
    expect([connection.backlog, connection.droppedFrames]).toEqual([18_000, 4]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([5, 6]);
    expect(served.server.stats().droppedFrames).toBe(4);
  });

  it("24: drop-oldest: what has begun to leave is not dropped, and what comes after it is", async () => {
    const served = await serving(world(), soft("drop-oldest"));
    const { connection, peer, before } = await served.joinStuck();
    connection.channel.setWaterMarks(10_500, 1000);
    // 500 bytes of the first one go to the channel.
    expect(connection.send(frame(1, 12_000))).toBe(true);
    expect(connection.send(frame(2, 4000))).toBe(true);
    expect(connection.backlog).toBe(26_000);
    await world().advance(1000);
    expect([connection.backlog, connection.droppedFrames]).toEqual([22_000, 1]);
    // Nothing waits that may be dropped. New frames go the same way, in the turn after.
    expect(connection.send(frame(3, 4000))).toBe(true);
    await world().advance(1);
    expect([connection.backlog, connection.droppedFrames]).toEqual([22_000, 2]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    expect(connection.send(frame(4, 4000))).toBe(true);
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 4]);
  });

  it.each(OUTPUT_POLICIES)(
    "24: %s: a peer that reads on slowly and is under it is left alone",
    async (outputPolicy) => {
      const served = await serving(
        world(),
        {
          outputPolicy,
          highWaterMark: 16 * MIB,
          lowWaterMark: MIB,
          softOutputBytes: 16 * MIB,
          softOutputMs: 1000,
          maxOutputBytes: 64 * MIB,
        },
        {},
        { flushBytes: 64 * KIB },
      );
      const { connection, peer, before } = await served.joinStuck();
      expect(connection.send(frame(1, 10_000))).toBe(true);
      peer.resume();
      await world().until(() => connection.backlog <= 14 * MIB, "some to leave");
      peer.pause();
      await world().settle();
      expect(connection.backlog).toBeGreaterThan(MIB);
      await world().advance(1000);
      expect(connection.send(frame(2, 10_000))).toBe(true);
      await world().advance(1000);
      expect([connection.state, connection.droppedFrames]).toEqual(["open", 0]);
      peer.resume();
      await world().until(() => connection.backlog === 0, "the rest to leave");
      await world().settle();
      expect(framesIn(peer.received.subarray(before))).toEqual([1, 2]);
    },
  );

  it("24: under it unseen and over it again: the time starts anew", async () => {
    const served = await serving(
      world(),
      {
        highWaterMark: 16 * MIB,
        lowWaterMark: MIB,
        softOutputBytes: 16 * MIB,
        softOutputMs: 1000,
        maxOutputBytes: 64 * MIB,
      },
      {},
      { flushBytes: 64 * KIB },
    );
    const { connection, peer } = await served.joinStuck();
    expect(connection.send(frame(1, 10_000))).toBe(true);
    await world().advance(600);
    peer.resume();
    await world().until(() => connection.backlog <= 14 * MIB, "some to leave");
    peer.pause();
    await world().settle();
    expect(connection.send(frame(2, 8 * MIB))).toBe(true);
    await world().advance(999);
    expect(connection.state).toBe("open");
    await world().advance(1);
    expect(connection.reason).toBe("overflow");
  });

  /** As `joinStuck`, for a connection that was emptied: by frames of its own. Answers their bytes. */
  async function fillAnew(connection: {
    backlog: number;
    channel: { room: number; write(bytes: Buffer): number };
  }): Promise<number> {
    let total = 0;
    for (let idle = 0; idle < 20;) {
      const { room } = connection.channel;
      const taken = room === 0 ? 0 : connection.channel.write(Buffer.alloc(room));
      idle = taken === 0 ? idle + 1 : 0;
      total += taken;
      await world().passes(1);
    }
    return total;
  }
});
