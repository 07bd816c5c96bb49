/** Promise 24: `send()`, whole or not at all, and what becomes of it over the hard limit. */
import { expect, it } from "vitest";

import { OUTPUT_POLICIES, type OutputPolicy, type ServeOptions } from "iomux";

import { thrownBy } from "../support/crowd.ts";
import { frame, framesIn, onEveryServer, serving } from "../support/serving.ts";

/** The channel takes 10,000 bytes; 20,000 more may wait. */
function hard(outputPolicy: OutputPolicy): ServeOptions<Buffer> {
  return { outputPolicy, highWaterMark: 10_000, lowWaterMark: 1000, maxOutputBytes: 30_000 };
}

const DROPPING: readonly OutputPolicy[] = ["drop-newest", "drop-oldest"];
const CLOSING: readonly OutputPolicy[] = ["close", "pause-source"];

onEveryServer("send", (world) => {
  it("24: frames arrive whole and in order, waiting or not", async () => {
    const served = await serving(world(), { highWaterMark: 1000, lowWaterMark: 100 });
    const { connection, peer } = await served.join();
    for (let i = 0; i < 500; i++)
      expect(connection.send(frame(i, 6 + ((i * 7) % 1500)))).toBe(true);
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it.each([999, 1000, 1001, 5000])(
    "24: a frame of %d bytes, with a high mark of 1000, is taken whole",
    async (length) => {
      const served = await serving(world(), { highWaterMark: 1000, lowWaterMark: 100 });
      const { connection, peer } = await served.join();
      expect(connection.send(frame(1, length))).toBe(true);
      expect(connection.backlog).toBe(length);
      expect(served.bufferedBytes).toBeGreaterThanOrEqual(length);
      await world().until(() => peer.received.length === length, "the frame");
      await world().settle();
      expect(framesIn(peer.received)).toEqual([1]);
      expect([connection.backlog, served.bufferedBytes]).toEqual([0, 0]);
    },
  );

  it("24: no bytes are taken, and nothing comes of it", async () => {
    let drains = 0;
    const served = await serving(world(), {}, { drain: () => drains++ });
    const { connection } = await served.join();
    const { turns, timers } = served.reactor.stats();
    expect(connection.send(Buffer.alloc(0))).toBe(true);
    await world().passes(5);
    expect(served.reactor.stats()).toMatchObject({ turns, timers, bytesOut: 0 });
    expect([drains, connection.backlog]).toEqual([0, 0]);
    connection.abort();
    expect(connection.send(Buffer.alloc(0))).toBe(false);
  });

  it.each(["text", null, undefined, 7, {}, [1, 2], new ArrayBuffer(3), new Uint16Array(2)])(
    "24: %o throws, whatever state the connection is in",
    async (wrong) => {
      const served = await serving(world());
      const { connection } = await served.join();
      const message = typeof wrong === "string" ? "use Buffer.from(text)" : "takes a Uint8Array";
      for (let round = 0; round < 2; round++) {
        const error = thrownBy(() => connection.send(wrong as never));
        expect(error).toMatchObject({ code: "IOMUX_BAD_ARGUMENT", fd: connection.fd });
        expect(error.message).toContain(message);
        connection.abort();
      }
    },
  );

  it("24: a connection that is not open takes nothing, and throws nothing", async () => {
    const served = await serving(world());
    const [aborted, ending] = await served.joinAll(2);
    aborted!.connection.abort();
    ending!.connection.end();
    expect([aborted!.connection.state, ending!.connection.state]).toEqual(["closed", "ending"]);
    expect(aborted!.connection.send(frame(1))).toBe(false);
    expect(ending!.connection.send(frame(1))).toBe(false);
    await world().settle();
    expect(ending!.peer.received.length).toBe(0);
    expect(aborted!.connection.droppedFrames + ending!.connection.droppedFrames).toBe(0);
  });

  it("24: up to 1 KiB is copied, also when it waits", async () => {
    const served = await serving(world(), hard("close"));
    const { connection, peer, before } = await served.joinStuck();
    const bytes = frame(1, 1024);
    expect(connection.send(bytes)).toBe(true);
    bytes.fill(0xee);
    frame(2, 1024).copy(bytes);
    expect(connection.send(bytes)).toBe(true);
    bytes.fill(0xee);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    frame(3, 1024).copy(bytes);
    expect(connection.send(bytes)).toBe(true);
    bytes.fill(0xee);
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 2, 3]);
  });

  it("24: over 1 KiB is borrowed until it has left", async () => {
    const served = await serving(world(), hard("close"));
    const { connection, peer, before } = await served.joinStuck();
    const bytes = frame(1, 1025);
    expect(connection.send(bytes)).toBe(true);
    frame(2, 1025).copy(bytes);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([2]);
  });

  it("24: while it connects output waits, and leaves once it stands", async () => {
    const served = await serving(world(), { highWaterMark: 10_000, lowWaterMark: 1000 });
    const far = await world().run(served.reactor.listen(world().address()));
    const local = far.localAddress!;
    const address = local.family === "unix" ? { path: local.path } : { port: local.port };
    const connection = served.server.take(served.reactor.connect(address));
    for (let i = 0; i < 30; i++) expect(connection.send(frame(i, 700 + i))).toBe(true);
    expect(connection.channel.state).toBe("connecting");
    expect(connection.backlog).toBe(served.bufferedBytes);
    await world().until(() => far.waiting === 1, "the connection");
    const accepted = far.accept()!;
    const bytes: Buffer[] = [];
    const arrived = (): number => Buffer.concat(bytes).length;
    served.reactor.register(accepted, 1, () => {
      const read = accepted.read();
      if (read !== null) bytes.push(read);
    });
    const total = 30 * 700 + (29 * 30) / 2;
    await world().until(() => arrived() === total, "all frames");
    expect(framesIn(Buffer.concat(bytes))).toEqual(Array.from({ length: 30 }, (_, i) => i));
    accepted.abort();
  });

  it("24: what waits for a connection that is never made is given back", async () => {
    const served = await serving(world(), hard("close"));
    const far = await world().run(served.reactor.listen(world().address()));
    const local = far.localAddress!;
    const address = local.family === "unix" ? { path: local.path } : { port: local.port };
    far.close();
    await world().run(far.closed);
    const connection = served.server.take(served.reactor.connect(address));
    expect(connection.send(frame(1, 20_000))).toBe(true);
    await world().until(() => connection.state === "closed", "the failure");
    await world().passes(1);
    expect([connection.reason, served.bufferedBytes]).toEqual(["error", 0]);
    expect(served.reasonOf(connection)).toBe("error");
  });

  it("24: end() lets everything leave that waits, and takes nothing more", async () => {
    const served = await serving(world(), hard("close"));
    const { connection, peer, before } = await served.joinStuck();
    for (const number of [1, 2, 3]) expect(connection.send(frame(number, 6000))).toBe(true);
    connection.end();
    expect(connection.send(frame(4))).toBe(false);
    expect(connection.state).toBe("ending");
    peer.resume();
    await world().until(() => peer.ended, "the end");
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 2, 3]);
    peer.end();
    await world().until(() => connection.state === "closed", "the connection to be closed");
    expect([connection.reason, connection.error]).toEqual(["local", null]);
  });

  it("24: end() while it is under the low mark, with a backlog, ends all the same", async () => {
    const served = await serving(world(), hard("drop-oldest"));
    const { connection, peer, before } = await served.joinStuck();
    expect(connection.send(frame(1, 20_000))).toBe(true);
    peer.resume();
    await world().until(
      () => connection.channel.queued === connection.backlog,
      "it to be handed on",
    );
    connection.end();
    await world().until(() => peer.ended, "the end");
    expect(framesIn(peer.received.subarray(before))).toEqual([1]);
    peer.end();
    await world().until(() => connection.state === "closed", "the connection to be closed");
  });
});

onEveryServer("the hard limit", (world) => {
  it.each(OUTPUT_POLICIES)("24: %s: exactly maxOutputBytes may wait", async (policy) => {
    const served = await serving(world(), hard(policy));
    const { connection, peer, before } = await served.joinStuck();
    expect(connection.backlog).toBe(10_000);
    expect(connection.send(frame(1, 12_000))).toBe(true);
    expect(connection.send(frame(2, 8000))).toBe(true);
    expect([connection.backlog, connection.droppedFrames]).toEqual([30_000, 0]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 2]);
  });

  it.each(CLOSING)("24: %s: one byte more closes the connection", async (policy) => {
    const served = await serving(world(), hard(policy));
    const { connection } = await served.joinStuck();
    expect(connection.send(frame(1, 12_000))).toBe(true);
    expect(connection.send(frame(2, 8001))).toBe(false);
    expect([connection.state, connection.reason]).toEqual(["closed", "overflow"]);
    expect(connection.error).toMatchObject({ code: "IOMUX_CUT_OFF", fd: connection.fd });
    expect(connection.error!.message).toContain("22000 bytes");
    expect(connection.error!.message).toContain("(limit maxOutputBytes 30000)");
    // Not from inside of send().
    expect(served.closed.size).toBe(0);
    await world().passes(1);
    expect(served.reasonOf(connection)).toBe("overflow");
    expect(served.server.stats().closed.overflow).toBe(1);
  });

  it("24: drop-newest: the frame that does not fit is dropped, and it goes on", async () => {
    const served = await serving(world(), hard("drop-newest"));
    const { connection, peer, before } = await served.joinStuck();
    expect(connection.send(frame(1, 12_000))).toBe(true);
    expect(connection.send(frame(2, 8001))).toBe(false);
    expect(connection.send(frame(3, 7000))).toBe(true);
    expect(connection.send(frame(4, 1001))).toBe(false);
    expect(connection.send(frame(5, 1000))).toBe(true);
    expect(connection.send(frame(6, 6))).toBe(false);
    expect([connection.backlog, connection.droppedFrames]).toEqual([30_000, 3]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    expect(connection.send(frame(7, 25_000))).toBe(true);
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 3, 5, 7]);
    expect(served.server.stats().droppedFrames).toBe(3);
  });

  it("24: drop-oldest: the oldest are dropped until it fits, and it goes on", async () => {
    const served = await serving(world(), hard("drop-oldest"));
    const { connection, peer, before } = await served.joinStuck();
    for (const number of [1, 2, 3, 4]) expect(connection.send(frame(number, 5000))).toBe(true);
    expect(connection.send(frame(5, 5000))).toBe(true);
    expect(connection.droppedFrames).toBe(1);
    expect(connection.send(frame(6, 5001))).toBe(true);
    expect([connection.backlog, connection.droppedFrames]).toEqual([25_001, 3]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    expect(connection.send(frame(7, 25_000))).toBe(true);
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([4, 5, 6, 7]);
    expect(served.server.stats().droppedFrames).toBe(3);
  });

  it("24: drop-oldest: a frame of which a byte has left is never dropped", async () => {
    const served = await serving(world(), hard("drop-oldest"));
    const { connection, peer, before } = await served.joinStuck();
    connection.channel.setWaterMarks(10_001, 1000);
    expect(connection.send(frame(1, 10_000))).toBe(true);
    expect(connection.channel.queued).toBe(10_001);
    for (const number of [2, 3, 4, 5]) expect(connection.send(frame(number, 4000))).toBe(true);
    expect(connection.droppedFrames).toBe(2);
    expect(connection.send(frame(6, 10_000))).toBe(true);
    expect(connection.droppedFrames).toBe(4);
    expect(connection.backlog).toBe(30_000);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 6]);
  });

  it("24: drop-oldest: a frame that cannot fit is dropped itself, and nothing for it", async () => {
    const served = await serving(world(), hard("drop-oldest"));
    const { connection, peer, before } = await served.joinStuck();
    for (const number of [1, 2, 3]) expect(connection.send(frame(number, 5000))).toBe(true);
    // 10,000 bytes are in the channel and stay there.
    expect(connection.send(frame(4, 20_001))).toBe(false);
    expect([connection.backlog, connection.droppedFrames]).toEqual([25_000, 1]);
    peer.resume();
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received.subarray(before))).toEqual([1, 2, 3]);
  });

  it.each(DROPPING)(
    "24: %s: a frame over maxOutputBytes is dropped, also of none",
    async (policy) => {
      const served = await serving(world(), hard(policy));
      const { connection, peer } = await served.join();
      expect(connection.send(frame(1, 30_001))).toBe(false);
      expect([connection.state, connection.backlog]).toEqual(["open", 0]);
      expect(connection.send(frame(2, 30_000))).toBe(true);
      await world().until(() => connection.backlog === 0, "the output to leave");
      await world().settle();
      expect(framesIn(peer.received)).toEqual([2]);
      expect(connection.droppedFrames).toBe(1);
    },
  );

  it.each(CLOSING)("24: %s: a frame over maxOutputBytes closes", async (policy) => {
    const served = await serving(world(), hard(policy));
    const { connection } = await served.join();
    expect(connection.send(frame(1, 30_001))).toBe(false);
    expect(connection.reason).toBe("overflow");
  });

  it.each(OUTPUT_POLICIES)(
    "24: %s: each connection has its own limit, and its own dropped frames",
    async (policy) => {
      const served = await serving(world(), hard(policy));
      const stuck = await served.joinStuck();
      const { connection, peer } = await served.join();
      for (let i = 0; i < 40; i++) stuck.connection.send(frame(i, 1000));
      expect(connection.send(frame(1, 1000))).toBe(true);
      await world().until(() => peer.received.length === 1000, "the frame");
      expect([connection.state, connection.droppedFrames]).toEqual(["open", 0]);
      expect(stuck.connection.droppedFrames).toBe(DROPPING.includes(policy) ? 20 : 0);
    },
  );
});
