/** Standard input as a channel of the same reactor (promises 11, 15, 16, 19, 21, 27). */
import type { Readable } from "node:stream";

import { expect, it } from "vitest";

import { PEER_CLOSED, READABLE, WRITABLE, type Channel } from "iomux";

import { thrownBy, turns } from "../support/crowd.ts";
import { standardInput } from "../support/inputs.ts";
import { pattern, record } from "../support/record.ts";
import { listening } from "../support/reports.ts";
import { onNetworks, SIMULATED } from "../support/world.ts";

/** Everything that is to be read of `channel` now. */
function readAll(channel: Channel): Buffer {
  const pieces: Buffer[] = [];
  for (let bytes = channel.read(); bytes !== null; bytes = channel.read()) pieces.push(bytes);
  return Buffer.concat(pieces);
}

/** Where nothing is delayed, slow or cut into pieces. */
const STILL = [
  ["net", "tcp"],
  ["net", "unix"],
  ["memory", "tcp"],
] as const;

onNetworks([...STILL, ...SIMULATED], "stdin", (world) => {
  it("16: it cannot be written to: room 0, write 0, never WRITABLE", async () => {
    const reactor = world().createReactor();
    const input = await standardInput(world());
    const seen: number[] = [];
    const { descriptor: channel } = reactor.register(
      input.source,
      READABLE | WRITABLE,
      (given, ready) => {
        seen.push(ready);
        readAll(given);
      },
    );
    expect([channel.room, channel.write(Buffer.from("x")), channel.queued]).toEqual([0, 0, 0]);
    expect(() => channel.write("x" as never)).toThrow(TypeError);
    await turns(world(), reactor, 3);
    channel.shutdown();
    await turns(world(), reactor, 3);
    expect(seen).toEqual([]);
    input.write("x");
    await world().until(() => seen.length > 0, "the byte");
    expect(new Set(seen)).toEqual(new Set([READABLE]));
    expect(reactor.explain(channel).text).toMatch(
      /^fd 1 \(channel stdin\) is open, .* reading: nothing came; writing: no output side$/,
    );
  });

  it("27: close() gives it back with what was read ahead; it is adopted again, anywhere", async () => {
    const input = await standardInput(world());
    const ends: ((reactor: ReturnType<typeof make>, channel: Channel) => unknown)[] = [
      (_, channel) => {
        channel.close();
      },
      (_, channel) => {
        channel.abort();
      },
      (reactor) => world().run(reactor.close()),
    ];
    const make = () => world().createReactor();
    let reactor = make();
    let read = 0;
    input.write(pattern(30_000));
    for (const end of ends) {
      const channel = reactor.adopt(input.source);
      await world().until(() => channel.unread > 1000, "bytes");
      const bytes = channel.read(1000)!;
      expect(bytes.equals(pattern(1000, read))).toBe(true);
      read += 1000;
      await end(reactor, channel);
      expect(channel.state).toBe("closed");
      if (world().network === "net") {
        const { destroyed } = input.source;
        expect([destroyed, input.source.isPaused(), listeners(input.source)]).toEqual([
          false,
          true,
          0,
        ]);
      }
      if (ends.indexOf(end) === 0) reactor = make();
    }
    reactor = make();
    const { bytes } = record(reactor, reactor.adopt(input.source));
    input.end();
    await world().until(() => bytes().length === 30_000 - read, "the rest");
    expect(bytes().equals(pattern(30_000 - read, read))).toBe(true);
  });

  it("11: a handler that throws is reported and kept, and paused after 8 in a row", async () => {
    const [reactor, reports] = listening(world());
    const input = await standardInput(world());
    let calls = 0;
    const registration = reactor.register(input.source, READABLE, async () => {
      calls++;
      throw new Error(`failure ${calls}`);
    });
    input.write("bytes");
    await world().until(() => registration.paused, "it to be paused");
    expect([calls, registration.active]).toEqual([8, true]);
    expect(registration.descriptor).toMatchObject({ state: "open", error: null });
    expect(reports).toHaveLength(9);
    expect(reports.at(-1)!.error).toMatchObject({ code: "IOMUX_HANDLER_KEEPS_FAILING" });
    await world().settle();
    expect(registration.descriptor.read()!.toString()).toBe("bytes");
    registration.resume();
    input.write("more");
    await world().until(() => calls > 8, "another call");
    expect(registration.active).toBe(true);
  });

  it("14: its registration keeps the process alive, until it is closed or unref'd", async () => {
    const reactor = world().createReactor();
    const { source } = await standardInput(world());
    const channel = reactor.adopt(source);
    expect(world().alive).toBe(false);
    const registration = reactor.register(channel, READABLE, () => {});
    expect(world().alive).toBe(true);
    registration.unref();
    expect(world().alive).toBe(false);
    registration.ref();
    channel.close();
    expect(world().alive).toBe(false);
  });
});

onNetworks(STILL, "stdin", (world) => {
  it("19: it is read ahead up to the input mark, then it is paused; nothing is lost", async () => {
    const reactor = world().createReactor({ inputMark: 50_000 });
    const input = await standardInput(world());
    const channel = reactor.adopt(input.source);
    const total = 2_000_000;
    input.write(pattern(total));
    await world().until(() => channel.unread >= 50_000, "the mark");
    await world().passes(20);
    const held = channel.unread;
    expect(held).toBeLessThan(50_000 + 65_536);
    await world().passes(20);
    expect(channel.unread).toBe(held);
    input.end();
    const { bytes } = record(reactor, channel);
    await world().until(() => channel.ended, "the end");
    expect(bytes().equals(pattern(total))).toBe(true);
  });

  it("15, 21: its bytes and its end are told as those of any channel", async () => {
    const reactor = world().createReactor();
    const input = await standardInput(world());
    const channel = reactor.adopt(input.source);
    expect(channel).toMatchObject({ fd: 1, kind: "channel", state: "open", error: null });
    expect([channel.localAddress, channel.remoteAddress]).toEqual([null, null]);
    const { log, registration } = record(reactor, channel, READABLE | PEER_CLOSED);
    input.write("hello");
    await world().until(() => log.length > 0, "the bytes");
    input.end("bye");
    await world().until(() => channel.ended, "the end");
    await turns(world(), reactor, 3);
    expect(log[0]).toBe('READABLE "hello"');
    expect(log.at(-1)).toBe("READABLE|PEER_CLOSED end");
    expect([channel.read(), channel.state, registration.active]).toEqual([null, "open", true]);
  });

  it("1, 4, 27: it names its registration; a closed one is not in the way of the next", async () => {
    const reactor = world().createReactor();
    const other = world().createReactor();
    const { source, write } = await standardInput(world());
    const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
    const registration = reactor.register(source, READABLE, () => {});
    expect(reactor.get(source)).toBe(registration);
    expect(() => reactor.register(source, READABLE)).toThrow(code("IOMUX_ALREADY_REGISTERED"));
    expect(() => reactor.adopt(source)).toThrow(code("IOMUX_CANNOT_ADOPT"));
    expect(() => other.adopt(source)).toThrow(code("IOMUX_OTHER_REACTOR"));
    registration.descriptor.close();
    expect([registration.active, reactor.has(source)]).toEqual([false, false]);
    expect(reactor.unregister(source)).toBe(false);
    expect(() => other.unregister(source)).toThrow(code("IOMUX_NOT_REGISTERED"));
    expect(() => reactor.register(registration.descriptor, READABLE)).toThrow(code("IOMUX_CLOSED"));
    const { log } = record(other, other.adopt(source));
    write("for the other");
    await world().until(() => log.length > 0, "the bytes");
    expect(log).toEqual(['READABLE "for the other"']);
    expect(reactor.stats().open).toBe(0);
  });

  it("poll, select and stats know it", async () => {
    const reactor = world().createReactor();
    const input = await standardInput(world());
    const channel = reactor.adopt(input.source);
    const selecting = reactor.select([channel], [channel], [channel]);
    input.write("abc");
    expect(await world().run(selecting)).toEqual([[channel], [], []]);
    expect(reactor.stats()).toMatchObject({ open: 1, unreadBytes: 3, queuedBytes: 0 });
    const registration = reactor.register(channel, READABLE);
    expect(await world().run(reactor.poll())).toEqual([[registration, READABLE]]);
    expect(channel.peek()!.toString()).toBe("abc");
    const closed = channel.closed;
    const reason = new Error("enough");
    channel.abort(reason);
    expect(await world().run(closed)).toBe(reason);
    expect([channel.read(), channel.peek(), channel.unread]).toEqual([null, null, 0]);
  });

  it("27: what cannot be taken over is refused, and stays as it was", async () => {
    const reactor = world().createReactor();
    const { source, write } = await standardInput(world());
    expect(thrownBy(() => reactor.register(source, 0))).toMatchObject({ code: "IOMUX_BAD_MASK" });
    expect(reactor.stats().open).toBe(0);
    const { log } = record(reactor, reactor.adopt(source));
    write("untouched");
    await world().until(() => log.length > 0, "the bytes");
    expect(log).toEqual(['READABLE "untouched"']);
  });
});

/** How many listen to it: only what Node itself has put there does. */
function listeners(stream: Readable): number {
  return ["data", "error", "close"].reduce((sum, name) => sum + stream.listenerCount(name), 0);
}
