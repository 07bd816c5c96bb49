/** Sending by coroutine: who sends waits for room, and limits stay limits. */
import { expect, it } from "vitest";

import { broadcast, type AbortError, type IomuxError, type ServeOptions } from "iomux";

import {
  awaiting,
  onEveryAsyncServer,
  onStillAsyncServers,
  outcome,
  watch,
} from "../support/awaiting.ts";
import type { AsyncGuest, AsyncServing } from "../support/awaiting.ts";
import { fill, pattern } from "../support/record.ts";
import type { World } from "../support/world.ts";

const MARKS: ServeOptions<Buffer> = {
  highWaterMark: 10_000,
  lowWaterMark: 1000,
  maxOutputBytes: 50_000,
};

/** What the error of a send that was given up says. */
function sentOf({ error }: { error: Error | undefined }): unknown {
  return (error as IomuxError | AbortError).sent;
}

type End = (guest: AsyncGuest & { served: AsyncServing }) => void;
const ENDS: Record<string, [End, string]> = {
  "end()": [({ connection }) => connection.end(), "local"],
  "server.close()": [({ served }) => void served.server.close(), "shutdown"],
  "reactor.close()": [({ served }) => void served.reactor.close(), "shutdown"],
};

/** A guest that reads nothing, and `before` bytes that are on their way to it. */
async function stuck(
  world: World,
  options = MARKS,
): Promise<AsyncGuest & { served: AsyncServing; before: number }> {
  const served = await awaiting(world, options);
  const guest = await served.join();
  guest.peer.pause();
  return { ...guest, served, before: await fill(world, guest.connection.channel) };
}

onEveryAsyncServer("send()", (world) => {
  it("resolves at once under the mark, and keeps the order of the calls", async () => {
    const served = await awaiting(world(), MARKS);
    const { connection, peer } = await served.join();
    const sends = ["a", "b", "c"].map((text) => watch(connection.send(Buffer.from(text))));
    await Promise.resolve();
    await Promise.resolve();
    expect(sends.map(({ text }) => text)).toEqual(["true", "true", "true"]);
    await world().until(() => peer.received.length === 3, "the bytes");
    expect(peer.received.toString()).toBe("abc");
    expect((await outcome(world(), connection.send(Buffer.alloc(0)))).text).toBe("true");
  });

  it("24: a slow peer holds the sender back, until the backlog has drained", async () => {
    const { connection, peer, before } = await stuck(world());
    const state = { sent: 0 };
    let most = 0;
    const sending = watch(
      (async () => {
        while (state.sent < 500_000) {
          await connection.send(pattern(2000, before + state.sent));
          state.sent += 2000;
          most = Math.max(most, connection.backlog);
        }
      })(),
    );
    await world().settle();
    // It is full already: the first one waits.
    expect([state.sent, connection.backlog <= 12_000]).toEqual([0, true]);
    peer.resume();
    await world().until(() => sending.settled, "all of it");
    await world().until(() => peer.received.length === before + 500_000, "all bytes");
    expect(peer.received.equals(pattern(before + 500_000))).toBe(true);
    expect(most).toBeLessThanOrEqual(12_000);
  });

  it("maxOutputBytes: more than one frame over it is an overflow", async () => {
    const { connection } = await stuck(world());
    const first = watch(connection.send(Buffer.alloc(60_000)));
    const second = await outcome(world(), connection.send(Buffer.alloc(60_000)));
    await world().passes(1);
    for (const { error } of [first, second]) {
      expect([error?.code, error?.reason]).toEqual(["IOMUX_CUT_OFF", "overflow"]);
    }
    expect(connection.error?.message).toBe(
      `fd ${connection.fd} was sent a frame that does not fit behind an unfinished send(): ` +
        "await that one first (limit maxOutputBytes 50000): it was cut off",
    );
  });

  it("what is sent and broadcast meanwhile goes behind it, never into it", async () => {
    const { connection, peer, before, served } = await stuck(world());
    const sends = [watch(connection.send(pattern(100_000, before)))];
    const state = { behind: 0, limit: 40_000 };
    // Up to the limit, of which the high-water mark is the channel's.
    while (state.behind < state.limit) {
      const frame = pattern(2000, before + 100_000 + state.behind);
      if (state.behind % 4000 === 0) expect(broadcast([connection], frame)).toBe(1);
      else sends.push(watch(connection.send(frame)));
      state.behind += 2000;
    }
    expect([connection.state, connection.backlog]).toEqual(["open", 50_000]);
    peer.resume();
    await world().until(() => {
      served.server.assertInvariants();
      return sends.every(({ settled }) => settled);
    }, "all sends");
    const total = before + 100_000 + state.limit;
    await world().until(() => peer.received.length === total, "all bytes");
    expect(peer.received.equals(pattern(total))).toBe(true);
    expect(sends.every(({ text }) => text === "true")).toBe(true);
  });

  it("maxOutputBytes: no more than that waits behind it, whoever sends", async () => {
    const { connection } = await stuck(world());
    void connection.send(Buffer.alloc(60_000));
    expect(broadcast([connection], Buffer.alloc(40_000))).toBe(1);
    expect(connection.state).toBe("open");
    expect(broadcast([connection], Buffer.alloc(1))).toBe(0);
    expect([connection.state, connection.reason]).toEqual(["closed", "overflow"]);
  });

  it("what does not fit because of what waits is whole, too", async () => {
    const served = await awaiting(world(), { highWaterMark: 10_000, maxOutputBytes: 10_000 });
    const { connection, peer } = await served.join();
    void connection.send(pattern(3000));
    const send = watch(connection.send(pattern(8000, 3000)));
    expect([connection.state, connection.backlog]).toEqual(["open", 10_000]);
    await world().until(() => send.settled && peer.received.length === 11_000, "all bytes");
    expect([send.text, peer.received.equals(pattern(11_000))]).toEqual(["true", true]);
  });

  it("has left but for a backlog when it resolves, whatever the marks are", async () => {
    const { connection, peer, before } = await stuck(world(), { ...MARKS, lowWaterMark: 10_000 });
    const send = watch(connection.send(pattern(200_000, before)));
    peer.resume();
    await world().until(() => send.settled, "the frame");
    const { bytesOut, queued } = connection.channel;
    expect([send.text, bytesOut + queued]).toEqual(["true", before + 200_000]);
  });

  it.each(["writeProgressMs", "drainMs"])("%s: the end does not wait for ever", async (limit) => {
    const { connection, served } = await stuck(world(), { ...MARKS, writeProgressMs: 1000 });
    void connection.send(Buffer.alloc(300_000));
    void connection.read();
    const closed = limit === "drainMs" ? served.server.close({ drainMs: 500 }) : null;
    connection.end();
    await world().advance(limit === "drainMs" ? 500 : 1000);
    await world().until(() => connection.state === "closed", "the connection to close");
    const cutOff = closed === null ? [] : (await world().run(closed)).cutOff;
    if (closed === null) expect(connection.error?.message).toContain("limit writeProgressMs");
    else expect([cutOff.length, cutOff[0]!.queued]).toEqual([1, 310_000]);
    expect(served.bufferedBytes).toBe(0);
  });

  it("a time limit ends the wait, and takes nothing back", async () => {
    const { connection, peer, before } = await stuck(world(), { ...MARKS, writeProgressMs: 0 });
    const timeoutMs = 100 + world().slackMs;
    const send = watch(connection.send(Buffer.from("still sent"), { timeoutMs }));
    await world().advance(99);
    expect(send.text).toBe("pending");
    await world().advance(1 + 2 * world().slackMs);
    expect([send.text, connection.state]).toEqual(["IOMUX_TIMED_OUT", "open"]);
    const now = await outcome(world(), connection.send(Buffer.from("!"), { timeoutMs: 0 }));
    expect(now.text).toBe("IOMUX_TIMED_OUT");
    expect([sentOf(send), sentOf(now)]).toEqual([true, true]);
    expect(send.error!.message).toBe(
      `send to fd ${connection.fd} took longer than ${timeoutMs} ms: its bytes leave all the same, do not ` +
        "send them again; abort() if the peer is too slow",
    );
    const signal = AbortSignal.abort();
    const not = await outcome(world(), connection.send(Buffer.from("?"), { signal }));
    expect([not.text, sentOf(not)]).toEqual(["ABORT_ERR", false]);
    peer.resume();
    await world().until(() => peer.received.length === before + 11, "the bytes");
    expect(peer.received.subarray(before).toString()).toBe("still sent!");
  });

  it("given up in the middle of a frame, the connection is aborted", async () => {
    const { connection, peer } = await stuck(world());
    const controller = new AbortController();
    const send = watch(connection.send(pattern(20_000_000), { signal: controller.signal }));
    // Some of it leaves, after what the channel had.
    peer.resume();
    const { bytesOut } = connection.channel;
    await world().until(() => connection.channel.bytesOut > bytesOut + 10_000, "a piece");
    expect(send.text).toBe("pending");
    controller.abort();
    await world().passes(1);
    expect(sentOf(send)).toBe(true);
    expect([send.text, connection.state, connection.reason]).toEqual([
      "ABORT_ERR",
      "closed",
      "abort",
    ]);
  });

  it("given up before any of it was taken, nothing is sent of it", async () => {
    const { connection, peer, before, served } = await stuck(world());
    await outcome(world(), connection.send(Buffer.alloc(10), { timeoutMs: 0 }));
    const send = watch(connection.send(pattern(60_000), { timeoutMs: 50 }));
    const behind = watch(connection.send(Buffer.from("behind")));
    await world().advance(50);
    expect([send.text, connection.state, sentOf(send)]).toEqual(["IOMUX_TIMED_OUT", "open", false]);
    expect(send.error!.message).toContain("none of its bytes were sent, so send them again");
    const now = await outcome(world(), connection.send(pattern(60_000), { timeoutMs: 0 }));
    expect([now.text, sentOf(now)]).toEqual(["IOMUX_TIMED_OUT", false]);
    served.server.assertInvariants();
    peer.resume();
    expect((await outcome(world(), connection.send(Buffer.from("on")))).text).toBe("true");
    await world().until(() => peer.received.length === before + 18, "the bytes");
    expect(peer.received.subarray(-8).toString()).toBe("behindon");
    expect(behind.text).toBe("true");
  });

  it.each(["drop-newest", "drop-oldest"] as const)(
    "%s: false says that it was dropped",
    async (outputPolicy) => {
      const { connection } = await stuck(world(), { ...MARKS, outputPolicy });
      void connection.send(Buffer.alloc(40_000));
      expect((await outcome(world(), connection.send(Buffer.alloc(60_000)))).text).toBe("false");
      expect(connection.droppedFrames).toBe(outputPolicy === "drop-newest" ? 1 : 1);
      expect(connection.state).toBe("open");
    },
  );

  it.each(["send", "broadcast"])("pause-source: %s() holds back whose frame it is", async (by) => {
    const options = { ...MARKS, outputPolicy: "pause-source" } as const;
    const { connection, peer, served } = await stuck(world(), options);
    const source = await served.join();
    const frame = Buffer.alloc(20_000);
    if (by === "send") void connection.send(frame, { source: source.connection });
    else broadcast([connection], frame, { source: source.connection });
    source.peer.write("x");
    await world().until(() => source.connection.channel.bytesIn === 1, "a byte");
    const read = watch(source.connection.read());
    await world().passes(5);
    expect(read.text).toBe("pending");
    peer.resume();
    await world().until(() => read.settled, "the byte");
    expect(read.text).toBe('"x"');
  });

  it("broadcast() takes these connections too", async () => {
    const served = await awaiting(world(), MARKS);
    const guests = [await served.join(), await served.join(), await served.join()];
    const { connections } = served.server;
    const except = guests[1]!.connection;
    expect(broadcast(connections, Buffer.from("all"), { except, source: except })).toBe(2);
    const received = (): string[] => guests.map(({ peer }) => peer.received.toString());
    await world().until(() => received().join("") === "allall", "the bytes");
    expect(received()).toEqual(["all", "", "all"]);
  });
});

onStillAsyncServers("send()", (world) => {
  it("a frame over maxOutputBytes goes out in pieces, and no more than that ever waits", async () => {
    const { connection, peer, before, served } = await stuck(world());
    const bytes = pattern(1_000_000, before);
    const send = watch(connection.send(bytes));
    await world().settle();
    expect(send.text).toBe("pending");
    peer.resume();
    let most = 0;
    await world().until(() => {
      most = Math.max(most, connection.backlog);
      served.server.assertInvariants();
      return send.settled;
    }, "the frame");
    await world().until(() => peer.received.length === before + bytes.length, "all bytes");
    expect([send.text, most <= 50_000]).toEqual(["true", true]);
    expect(peer.received.equals(pattern(before + bytes.length))).toBe(true);
  });

  it.each(Object.entries(ENDS))("%s ends the connection behind it", async (_, [end, reason]) => {
    const guest = await stuck(world());
    const { connection, peer, before, served } = guest;
    void connection.send(pattern(300_000, before));
    const behind = reason === "local" ? 0 : 1000;
    void connection.send(pattern(behind, before + 300_000));
    void connection.read();
    end(guest);
    await world().passes(3);
    expect([connection.state, peer.ended]).toEqual(["ending", false]);
    peer.resume();
    await world().until(() => {
      served.server.assertInvariants();
      return peer.ended;
    }, "our end");
    const total = before + 300_000 + behind;
    expect(peer.received.length).toBe(total);
    expect(peer.received.equals(pattern(total))).toBe(true);
    peer.end();
    await world().until(() => connection.state === "closed", "the connection to close");
    expect([connection.reason, connection.error]).toEqual([reason, null]);
  });
});
