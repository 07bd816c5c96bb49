import { describe, expect, it } from "vitest";

import { READABLE, WRITABLE, type Reactor } from "iomux";

import { fill, pattern } from "../support/record.ts";
import { another, connected, onEveryChannel, type World } from "../support/world.ts";

const KIB = 1024;

onEveryChannel("bytes: reading", (world) => {
  it("15: read answers bytes, null for nothing now, and an empty Buffer once at the end", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const seen: (string | null)[] = [];
    expect(channel.read()).toBeNull();
    reactor.register(channel, READABLE, () => {
      seen.push(channel.read()?.toString() ?? null);
    });
    peer.end("hello");
    await world().until(() => channel.ended, "the end");
    expect(seen).toEqual(["hello", ""]);
    expect(channel.read()).toBeNull();
    expect(channel.read()).toBeNull();
    expect(channel.ended).toBe(true);
  });

  it("15: read answers at most maxBytes, in order, and nothing twice", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const sent = pattern(1000);
    peer.write(sent);
    await world().until(() => channel.unread === 1000, "the bytes");
    const read: Buffer[] = [];
    for (const maxBytes of [1, 7, 100, 300, Infinity]) read.push(channel.read(maxBytes)!);
    expect(read.map(({ length }) => length)).toEqual([1, 7, 100, 300, 592]);
    expect(Buffer.concat(read)).toEqual(sent);
    expect([channel.read(), channel.unread, channel.bytesIn]).toEqual([null, 0, 1000]);
  });

  it("15: many small pieces are read in order, at whatever size", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const sent = pattern(20_000);
    for (let at = 0; at < sent.length; at += 200) {
      peer.write(sent.subarray(at, at + 200));
      if (at % 1000 === 0) await world().passes(2);
    }
    await world().until(() => channel.unread === sent.length, "the bytes");
    const read: Buffer[] = [];
    for (let size = 1; channel.unread > 0; size += 97) {
      const bytes = channel.read(size)!;
      expect(bytes.length).toBeLessThanOrEqual(size);
      expect(bytes.length).toBeGreaterThan(0);
      read.push(bytes);
    }
    expect(Buffer.concat(read).equals(sent)).toBe(true);
  });

  it("15: read(0) answers null and takes nothing, also at the end", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    expect(channel.read(0)).toBeNull();
    peer.end("ab");
    await world().settle();
    expect(channel.read(0)).toBeNull();
    expect(channel.read()!.toString()).toBe("ab");
    expect([channel.read(0), channel.ended]).toEqual([null, false]);
    expect(channel.read()).toHaveLength(0);
    expect(channel.ended).toBe(true);
  });

  it("15: peek shows the next bytes without taking them", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    expect(channel.peek()).toBeNull();
    peer.end("peeked");
    await world().settle();
    expect(channel.peek()!.toString()).toBe("peeked");
    expect(channel.peek()!.toString()).toBe("peeked");
    expect(channel.read(2)!.toString()).toBe("pe");
    expect(channel.peek()!.toString()).toBe("eked");
    channel.read();
    expect(channel.peek()).toBeNull();
    expect([channel.read()?.length, channel.ended]).toEqual([0, true]);
  });

  it("15: readiness is a hint: a handler that finds nothing is answered null", async () => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    const other = await another(world(), listener);
    const seen: (string | undefined)[] = [];
    const read = (): void => {
      seen.push(channel.read()?.toString(), other.channel.read()?.toString());
    };
    reactor.register(channel, READABLE, read);
    reactor.register(other.channel, READABLE, read);
    peer.write("one");
    other.peer.write("two");
    await world().settle();
    expect(seen.filter((text) => text !== undefined).sort()).toEqual(["one", "two"]);
    expect(channel.error ?? other.channel.error).toBeNull();
    expect([channel.state, other.channel.state]).toEqual(["open", "open"]);
  });

  it.each([[-1], [1.5], [NaN], [-Infinity]])(
    "15: read(%s) throws a RangeError",
    async (maxBytes) => {
      const reactor = world().createReactor();
      const { channel } = await connected(world(), reactor);
      expect(() => channel.read(maxBytes)).toThrow(
        expect.objectContaining({
          name: "IomuxRangeError",
          code: "IOMUX_BAD_RANGE",
          fd: channel.fd,
        }),
      );
    },
  );
});

onEveryChannel("bytes: writing", (world) => {
  it("16: write takes what fits under the high-water mark and answers how much", async () => {
    const reactor = world().createReactor({ highWaterMark: 1000, lowWaterMark: 100 });
    const { channel, peer } = await connected(world(), reactor);
    const sent = pattern(1500);
    expect(channel.room).toBe(1000);
    expect(channel.write(sent.subarray(0, 400))).toBe(400);
    expect([channel.room, channel.queued]).toEqual([600, 400]);
    expect(channel.write(sent.subarray(400))).toBe(600);
    expect([channel.room, channel.queued]).toEqual([0, 1000]);
    expect(channel.write(sent)).toBe(0);
    await world().until(() => channel.room === 1000, "room");
    expect(channel.write(sent.subarray(1000))).toBe(500);
    await world().until(() => peer.received.length === 1500, "all bytes");
    expect(peer.received.equals(sent)).toBe(true);
    expect([channel.bytesOut, channel.queued]).toEqual([1500, 0]);
  });

  it("16, H23: a write of nothing takes nothing and fires nothing", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    expect(channel.write(Buffer.alloc(0))).toBe(0);
    expect(channel.queued).toBe(0);
    const { turns } = reactor.stats();
    await world().settle();
    expect(reactor.stats().turns).toBe(turns);
    expect(peer.received).toHaveLength(0);
  });

  it("16: WRITABLE returns at the low-water mark, in a later turn, never inside write", async () => {
    const reactor = world().createReactor({ highWaterMark: 4 * KIB, lowWaterMark: KIB });
    const { channel } = await connected(world(), reactor);
    const rooms: number[] = [];
    let writing = false;
    let nested = 0;
    reactor.register(channel, WRITABLE, (_, __, registration) => {
      if (writing) nested++;
      rooms.push(channel.room);
      if (rooms.length === 4) {
        registration.unregister();
        return;
      }
      const { dispatches } = reactor.stats();
      writing = true;
      expect(channel.write(pattern(4 * KIB))).toBe(4 * KIB);
      writing = false;
      expect(reactor.stats().dispatches).toBe(dispatches);
      expect([channel.room, registration.ready]).toEqual([0, 0]);
    });
    await world().until(() => rooms.length === 4, "four reports");
    expect(Math.min(...rooms)).toBeGreaterThanOrEqual(3 * KIB);
    expect(nested).toBe(0);
  });

  it("16: over the high-water mark nothing is WRITABLE until a stopped peer reads", async () => {
    const reactor = world().createReactor({ highWaterMark: 64 * KIB, lowWaterMark: 16 * KIB });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    const sent = await fill(world(), channel);
    let reports = 0;
    reactor.register(channel, WRITABLE, (_, __, registration) => {
      reports++;
      registration.unregister();
    });
    await world().settle();
    expect([reports, channel.queued > 16 * KIB]).toEqual([0, true]);
    peer.resume();
    await world().until(() => reports === 1, "WRITABLE");
    expect(channel.queued).toBeLessThanOrEqual(16 * KIB);
    await world().until(() => peer.received.length === sent, "all bytes");
    expect(peer.received.equals(pattern(sent))).toBe(true);
  });

  it.each([
    ["a string", "text"],
    ["null", null],
    ["an array", [1, 2]],
    ["a number", 5],
    ["an ArrayBuffer", new ArrayBuffer(4)],
  ])("16: write of %s throws a TypeError and takes nothing", async (_, value) => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const write = (): number => channel.write(value as never);
    const wrong = { name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT", fd: channel.fd };
    expect(write).toThrow(expect.objectContaining(wrong));
    channel.close();
    expect(write).toThrow(expect.objectContaining(wrong));
    expect(channel.bytesOut + channel.queued).toBe(0);
  });
});

onEveryChannel("bytes: ownership", (world) => {
  it.each([
    ["pieces up to 1 KiB are the caller's again at once", KIB, undefined],
    ["larger ones too with { copy: true }", 100 * KIB, { copy: true }],
  ])("17: %s", async (_, size, options) => {
    const errors: unknown[] = [];
    const reactor = world().createReactor({ debug: true, onError: (error) => errors.push(error) });
    const { channel, peer } = await connected(world(), reactor);
    const sent = pattern(size);
    const mine = Buffer.from(sent);
    expect(channel.write(mine, options)).toBe(size);
    mine.fill(0);
    await world().until(() => peer.received.length === size, "the bytes");
    expect(peer.received.equals(sent)).toBe(true);
    expect(errors).toEqual([]);
  });

  it("17: larger pieces are borrowed, not copied: a change before they left is sent", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const mine = Buffer.alloc(KIB + 1, 1);
    channel.write(mine);
    mine.fill(2);
    await world().until(() => peer.received.length === KIB + 1, "the bytes");
    expect(peer.received.equals(Buffer.alloc(KIB + 1, 2))).toBe(true);
  });

  it("17, H38: debug mode reports borrowed bytes that were changed, and only those", async () => {
    const errors: unknown[] = [];
    const reactor = world().createReactor({ debug: true, onError: (error) => errors.push(error) });
    const { channel, peer } = await connected(world(), reactor);
    const left = pattern(4 * KIB);
    channel.write(left);
    await world().until(() => channel.queued === 0, "the first piece to leave");
    left.fill(0);
    await world().settle();
    expect(errors).toEqual([]);
    const mine = pattern(4 * KIB);
    channel.write(mine);
    mine[4095]! ^= 1;
    await world().until(() => peer.received.length === 8 * KIB, "both pieces");
    await world().settle();
    expect(errors).toEqual([
      expect.objectContaining({ code: "IOMUX_BORROWED_BYTES_CHANGED", fd: channel.fd }),
    ]);
  });
});

onEveryChannel("bytes: leaving", (world) => {
  it("18: small writes made in one turn leave together at its end", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const queuedInside: number[] = [];
    await inTurn(world(), reactor, () => {
      for (let i = 0; i < 100; i++) channel.write(pattern(10, i * 10));
      queuedInside.push(channel.queued, channel.bytesOut);
    });
    expect(queuedInside).toEqual([1000, 0]);
    await world().until(() => peer.received.length === 1000, "the bytes");
    expect(peer.received.equals(pattern(1000))).toBe(true);
  });

  it("18: writes made outside a turn are flushed by an immediate", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    await world().settle();
    channel.write(Buffer.from("out"));
    channel.write(Buffer.from("side"));
    expect([channel.queued, channel.bytesOut]).toEqual([7, 0]);
    // Node tells that TLS has taken them a pass later.
    await world().passes(world().secure ? 2 : 1);
    expect([channel.queued, channel.bytesOut]).toEqual([0, 7]);
    await world().until(() => peer.received.length === 7, "the bytes");
    expect(peer.received.toString()).toBe("outside");
  });

  it("18: one write of at most flushBytes is in flight; only its completion lowers queued", async () => {
    const flushBytes = 32 * KIB;
    const reactor = world().createReactor({ flushBytes, highWaterMark: 512 * KIB });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    const sent = await fill(world(), channel);
    await world().settle();
    const stuck = channel.queued;
    expect(stuck).toBeGreaterThan(flushBytes);
    const steps = new Set<number>();
    let before = stuck;
    peer.resume();
    while (channel.queued > 0) {
      await world().passes(1);
      if (channel.queued !== before) steps.add((before - channel.queued) % flushBytes);
      before = channel.queued;
    }
    // Whole writes: all but the last step are multiples of flushBytes.
    expect([...steps].filter((rest) => rest !== 0).length).toBeLessThanOrEqual(1);
    await world().until(() => peer.received.length === sent, "all bytes");
    expect(peer.received.equals(pattern(sent))).toBe(true);
    expect(channel.bytesOut).toBe(sent);
  });

  it("18: small and large pieces, copied and borrowed, leave in the order of the writes", async () => {
    const reactor = world().createReactor({ highWaterMark: 8 * 1024 * KIB, flushBytes: 100_000 });
    const { channel, peer } = await connected(world(), reactor);
    const sizes = [
      1, 1023, 1024, 1025, 3, 5000, 4095, 4096, 4097, 100_000, 2, 100_001, 999, 65_536,
    ];
    let at = 0;
    for (const [i, size] of [...sizes, ...sizes.toReversed()].entries()) {
      expect(channel.write(pattern(size, at), { copy: i % 3 === 0 })).toBe(size);
      at += size;
      if (i % 5 === 4) await world().passes(1);
    }
    await world().until(() => peer.received.length === at, "all bytes");
    expect(peer.received.equals(pattern(at))).toBe(true);
  });
});

describe("bytes", () => {
  it("18: the small writes of a turn are one write to the network", async () => {
    const { MemoryWorld } = await import("../support/memory-world.ts");
    const world = new MemoryWorld("tcp");
    const writes: number[] = [];
    const dial = world.memory.connect.bind(world.memory);
    world.memory.connect = (address) => {
      const transport = dial(address);
      const write = transport.write.bind(transport);
      transport.write = (bytes) => {
        const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
        writes.push(chunks.reduce((sum, { length }) => sum + length, 0));
        return write(bytes);
      };
      return transport;
    };
    const reactor = world.createReactor({ flushBytes: 600 });
    const listener = await world.run(reactor.listen({ port: 0 }));
    const channel = reactor.connect(listener.localAddress as { port: number; host: string });
    await world.until(() => channel.state === "open", "the connection");
    await inTurn(world, reactor, () => {
      for (let i = 0; i < 50; i++) channel.write(pattern(10));
    });
    await world.settle();
    expect(writes).toEqual([500]);
    await inTurn(world, reactor, () => {
      for (let i = 0; i < 50; i++) channel.write(pattern(30));
    });
    await world.settle();
    expect(writes).toEqual([500, 600, 600, 300]);
    await world.end();
  });
});

async function inTurn(world: World, reactor: Reactor, act: () => void): Promise<void> {
  let done = false;
  reactor.defer(() => {
    act();
    done = true;
  });
  await world.until(() => done, "the turn");
}
