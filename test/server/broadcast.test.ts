/** Promise 24: one frame to many, held and counted once. */
import { expect, it } from "vitest";

import { broadcast, OUTPUT_POLICIES, type Connection, type ServeOptions } from "iomux";

import { thrownBy } from "../support/crowd.ts";
import { frame, framesIn, onStillServers, serving, stuff } from "../support/serving.ts";

const SMALL: ServeOptions<Buffer> = {
  highWaterMark: 10_000,
  lowWaterMark: 1000,
  maxOutputBytes: 30_000,
};

onStillServers("broadcast", (world) => {
  it("24: everybody gets the same frames in the same order, and their number is answered", async () => {
    const served = await serving(world());
    const guests = await served.joinAll(5);
    for (let i = 0; i < 20; i++) {
      expect(broadcast(served.server.connections, frame(i, 500 + 200 * i))).toBe(5);
    }
    await world().until(
      () => guests.every(({ connection }) => connection.backlog === 0),
      "the output to leave",
    );
    await world().settle();
    for (const { peer } of guests) {
      expect(framesIn(peer.received)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
  });

  it("24: except leaves one out, and who is not open takes nothing", async () => {
    const served = await serving(world());
    const [speaker, ending, closed, ...others] = await served.joinAll(5);
    const connections = served.opened.slice();
    ending!.connection.end();
    closed!.connection.abort();
    expect(broadcast(connections, frame(1), { except: speaker!.connection })).toBe(2);
    expect(broadcast(connections, frame(2), { except: closed!.connection })).toBe(3);
    expect(broadcast([], frame(3))).toBe(0);
    expect(broadcast(connections, Buffer.alloc(0))).toBe(3);
    await world().settle();
    expect(framesIn(speaker!.peer.received)).toEqual([2]);
    for (const { peer } of others) expect(framesIn(peer.received)).toEqual([1, 2]);
    expect(ending!.peer.received.length + closed!.peer.received.length).toBe(0);
  });

  it("24: any iterable will do, also one of several servers", async () => {
    const one = await serving(world());
    const other = await serving(world());
    const first = await one.join();
    const second = await other.join();
    function* both(): Generator<Connection> {
      yield first.connection;
      yield second.connection;
    }
    expect(broadcast(both(), frame(1))).toBe(2);
    await world().settle();
    expect(framesIn(first.peer.received)).toEqual([1]);
    expect(framesIn(second.peer.received)).toEqual([1]);
  });

  it.each(["text", null, 7, {}, new ArrayBuffer(3)])("24: %o is no frame: it throws", (wrong) => {
    const error = thrownBy(() => broadcast([], wrong as never));
    expect(error.message).toContain("broadcast takes a Uint8Array");
    expect(error.code).toBe("IOMUX_BAD_ARGUMENT");
  });

  it("24: what is no connection throws", () => {
    for (const wrong of [{}, null, "text"]) {
      const error = thrownBy(() => broadcast([wrong] as never, frame(1)));
      expect(error).toMatchObject({ code: "IOMUX_BAD_ARGUMENT" });
      expect(error.message).toContain("no connection of a server");
    }
  });

  it("24: where a frame waits for many it is counted once, until the last one has it", async () => {
    const served = await serving(world(), SMALL);
    const guests = await served.joinAll(4);
    for (const guest of guests) await stuff(world(), guest);
    const before = served.bufferedBytes;
    expect(broadcast(served.server.connections, frame(1, 2000))).toBe(4);
    expect(broadcast(served.server.connections, frame(2, 20))).toBe(4);
    expect(served.bufferedBytes - before).toBe(2020);
    expect(guests.map(({ connection }) => connection.backlog)).toEqual(Array(4).fill(12_020));
    expect(served.server.stats().backlog).toBe(4 * 12_020);
    // Each has the channel's 10,000 bytes for itself.
    for (const { connection } of guests.slice(1)) {
      const held = served.bufferedBytes;
      connection.abort();
      expect(held - served.bufferedBytes).toBe(10_000);
    }
    expect(served.bufferedBytes).toBe(12_020);
    guests[0]!.connection.abort();
    expect(served.bufferedBytes).toBe(0);
  });

  it("24: up to 1 KiB is copied, for all who wait and for all who do not", async () => {
    const served = await serving(world(), SMALL);
    const stuck = await served.joinStuck();
    const other = await served.joinStuck();
    const quick = await served.join();
    const bytes = frame(1, 1024);
    expect(broadcast(served.opened, bytes)).toBe(3);
    bytes.fill(0xee);
    await world().settle();
    expect(framesIn(quick.peer.received)).toEqual([1]);
    for (const { peer, connection, before } of [stuck, other]) {
      peer.resume();
      await world().until(() => connection.backlog === 0, "the output to leave");
      await world().settle();
      expect(framesIn(peer.received.subarray(before))).toEqual([1]);
    }
  });

  it("24: to connections of two reactors: each gives back what it has counted", async () => {
    const one = await serving(world(), SMALL);
    const other = await serving(world(), SMALL);
    const first = await one.joinStuck();
    const second = await other.joinStuck();
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      const before = [one.bufferedBytes, other.bufferedBytes];
      const connections = order.map(({ connection }) => connection);
      expect(broadcast(connections, frame(1, 2000))).toBe(2);
      expect(one.bufferedBytes - before[0]!).toBe(2000);
      expect(other.bufferedBytes - before[1]!).toBe(2000);
    }
    first.connection.abort();
    expect(one.bufferedBytes).toBe(0);
    expect(other.bufferedBytes).toBe(14_000);
    second.connection.abort();
    expect(other.bufferedBytes).toBe(0);
  });

  it.each(OUTPUT_POLICIES)(
    "24: %s: each follows its own backlog, and the others get all",
    async (outputPolicy) => {
      const served = await serving(world(), { ...SMALL, outputPolicy });
      const stuck = await served.joinStuck();
      const others = await served.joinAll(2);
      const answers: number[] = [];
      for (let i = 0; i < 30; i++) {
        answers.push(broadcast(served.server.connections, frame(i, 1000)));
        await world().until(
          () => others.every(({ connection }) => connection.backlog === 0),
          "others",
        );
      }
      await world().settle();
      const all = Array.from({ length: 30 }, (_, i) => i);
      for (const { peer } of others) expect(framesIn(peer.received)).toEqual(all);
      const kept = outputPolicy === "drop-oldest";
      expect(answers).toEqual(all.map((i) => (i < 20 || kept ? 3 : 2)));
      if (outputPolicy === "close" || outputPolicy === "pause-source") {
        expect(served.closed).toEqual(new Map([[stuck.connection, ["overflow"]]]));
        return;
      }
      stuck.peer.resume();
      await world().until(() => stuck.connection.backlog === 0, "the output to leave");
      await world().settle();
      const got = framesIn(stuck.peer.received.subarray(stuck.before));
      expect(got).toEqual(outputPolicy === "drop-newest" ? all.slice(0, 20) : all.slice(10));
      expect(stuck.connection.droppedFrames).toBe(10);
    },
  );
});
