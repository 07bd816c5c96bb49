/** Promise 24: a backlog, the callback that ends it, and what it costs while it lasts. */
import { expect, it } from "vitest";

import { turns } from "../support/crowd.ts";
import { frame, framesIn, onStillServers, serving } from "../support/serving.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Marks that no system's own buffers reach. */
const WIDE = { highWaterMark: 16 * MIB, lowWaterMark: 4 * MIB, maxOutputBytes: 64 * MIB };

onStillServers("a backlog", (world) => {
  it("24: drain comes once for each backlog, at the low mark, in a later turn", async () => {
    const log: string[] = [];
    let sending = false;
    const served = await serving(
      world(),
      { highWaterMark: 64 * KIB, lowWaterMark: 16 * KIB, maxOutputBytes: MIB },
      {
        drain({ backlog }) {
          log.push(sending ? "inside send" : backlog <= 16 * KIB ? "drain" : `at ${backlog}`);
        },
      },
    );
    const { connection, peer } = await served.joinStuck();
    for (let round = 1; round <= 3; round++) {
      sending = true;
      for (let i = 0; i < 100; i++) expect(connection.send(frame(i, 1000 + i))).toBe(true);
      sending = false;
      expect(connection.backlog).toBeGreaterThan(64 * KIB);
      expect(log).toHaveLength(round - 1);
      peer.resume();
      await world().until(() => connection.backlog === 0, "the output to leave");
      await turns(world(), served.reactor, 3);
      expect(log).toEqual(Array(round).fill("drain"));
      peer.pause();
      while (round < 3 && connection.backlog < 64 * KIB) {
        connection.send(frame(0, 60 * KIB));
        await world().passes(1);
      }
    }
  });

  it("24: under the high mark there is no backlog, at it there is one", async () => {
    let drained = 0;
    const served = await serving(
      world(),
      { highWaterMark: 10_000, lowWaterMark: 1000 },
      { drain: () => drained++ },
    );
    const { connection, peer } = await served.join();
    expect(connection.send(frame(1, 9999))).toBe(true);
    await world().until(() => peer.received.length === 9999, "the first frame");
    await turns(world(), served.reactor, 3);
    expect(drained).toBe(0);
    expect(connection.send(frame(2, 10_000))).toBe(true);
    expect(drained).toBe(0);
    await world().until(() => drained === 1, "drain");
    await world().until(() => peer.received.length === 19_999, "the second frame");
    await turns(world(), served.reactor, 3);
    expect(drained).toBe(1);
    expect(framesIn(peer.received)).toEqual([1, 2]);
  });

  it("24: at the low mark exactly it has drained", async () => {
    const drains: number[] = [];
    const served = await serving(
      world(),
      { highWaterMark: 10_000, lowWaterMark: 1000 },
      { drain: ({ backlog }) => drains.push(backlog) },
    );
    const { connection, peer } = await served.joinStuck();
    expect(connection.send(frame(1, 1000))).toBe(true);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    expect(drains).toEqual([1000]);
  });

  it("24: between the marks it takes no turns while the peer reads nothing", async () => {
    const drains: number[] = [];
    const served = await serving(
      world(),
      WIDE,
      { drain: ({ backlog }) => drains.push(backlog) },
      { flushBytes: 64 * KIB },
    );
    const { connection, peer } = await served.joinStuck();
    expect(connection.send(frame(1, 8 * MIB))).toBe(true);
    peer.resume();
    const handedOn = (): boolean => connection.channel.queued === connection.backlog;
    await world().until(handedOn, "the frame to go to the channel");
    peer.pause();
    await world().settle();
    expect(connection.backlog).toBeGreaterThan(4 * MIB);
    const { turns: before, dispatches } = served.reactor.stats();
    await world().passes(20);
    expect(served.reactor.stats()).toMatchObject({ turns: before, dispatches });
    expect(drains).toEqual([]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the rest to leave");
    expect(drains).toHaveLength(1);
    expect(drains[0]).toBeLessThanOrEqual(4 * MIB);
    expect(connection.channel.room).toBe(16 * MIB);
    expect(served.reports).toEqual([]);
  });

  it("24: it can be sent to between the marks, and nothing overtakes", async () => {
    const served = await serving(world(), WIDE, {}, { flushBytes: 64 * KIB });
    const { connection, peer, before } = await served.joinStuck();
    expect(connection.send(frame(1, 8 * MIB))).toBe(true);
    peer.resume();
    const handedOn = (): boolean => connection.channel.queued === connection.backlog;
    await world().until(handedOn, "the frame to go to the channel");
    for (let i = 2; i < 50; i++) expect(connection.send(frame(i, 1000 * i))).toBe(true);
    await world().until(() => connection.backlog === 0, "the rest to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual(
      Array.from({ length: 49 }, (_, i) => i + 1),
    );
  });
});
