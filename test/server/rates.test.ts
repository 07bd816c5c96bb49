/** Promise 23 of rates: bytes and frames a second, of one connection and of all of a server. */
import { expect, it, vi } from "vitest";

import { lines, raw, type Connection } from "iomux";

import { type Guest, onStillServers, type Serving, servingLines } from "../support/serving.ts";

function numbered(count: number, length = 0): string {
  const all = Array.from({ length: count }, (_, i) => `${String(i).padStart(length - 1, "0")}\n`);
  return all.join("");
}

/** How many bytes of `connection` were read from its channel. */
function bytesRead({ channel }: Connection): number {
  return channel.bytesIn - channel.unread;
}

/** What was handled after each tenth of a second; the first one before any time has passed. */
async function tenths(served: Serving, count: number, handled: () => number): Promise<number[]> {
  const amounts: number[] = [];
  await served.world.settle();
  for (let i = 0; i <= count; i++) {
    amounts.push(handled());
    await served.world.advance(100);
    await served.world.settle();
  }
  return amounts;
}

/** `amounts` are what a bucket of a second's worth lets through, but for `grain`. */
function expectRate(amounts: number[], perSecond: number, total: number, grain: number): void {
  amounts.forEach((amount, tenth) => {
    const most = perSecond + (perSecond * tenth) / 10;
    expect(amount).toBeLessThanOrEqual(most);
    expect(amount).toBeGreaterThanOrEqual(Math.min(total, most - grain));
  });
  expect(amounts.at(-1)).toBe(total);
}

async function flood(served: Serving, count: number, bytes: string): Promise<Guest[]> {
  const guests: Guest[] = [];
  while (guests.length < count) guests.push(await served.join());
  for (const { peer } of guests) peer.write(bytes);
  await served.world.settle();
  return guests;
}

onStillServers("rates of a connection", (world) => {
  it("23: framesPerSecond: a second's worth at once, then so many a second, in order", async () => {
    const served = await servingLines(world(), { framesPerSecond: 10 });
    const { peer } = await served.join();
    peer.write(numbered(200));
    const amounts = await tenths(served, 200, () => served.frames.length);
    expectRate(amounts, 10, 200, 1);
    expect(served.frames).toEqual(numbered(200).trim().split("\n"));
  });

  it("23: bytesPerSecond: within one frame and a tenth of a second, whatever came at once", async () => {
    const served = await servingLines(world(), { bytesPerSecond: 1000 });
    const { connection, peer } = await served.join();
    peer.write(numbered(200, 100));
    const read: number[] = [];
    const amounts = await tenths(served, 200, () => {
      read.push(bytesRead(connection));
      return served.frames.length * 100;
    });
    expectRate(amounts, 1000, 20_000, 200);
    expectRate(read, 1000, 20_000, 100);
    expect(served.frames.map(Number)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("23: bytesPerSecond: raw bytes are the same bytes", async () => {
    const served = await servingLines(world(), { bytesPerSecond: 10_000, framer: raw });
    const { peer } = await served.join();
    peer.write(numbered(10_000, 10));
    const amounts = await tenths(served, 100, () => served.frames.join("").length);
    expectRate(amounts, 10_000, 100_000, 1000);
    expect(served.frames.join("")).toBe(numbered(10_000, 10));
  });

  it("23: bytesPerSecond: what a framer throws away counts too", async () => {
    const served = await servingLines(world(), {
      bytesPerSecond: 1000,
      framer: () => lines({ maxBytes: 10 }),
    });
    const { connection, peer } = await served.join();
    peer.write("x".repeat(20_000));
    const amounts = await tenths(served, 200, () => bytesRead(connection));
    expectRate(amounts, 1000, 20_000, 100);
  });

  it("23: reading stops, so that the peer's bytes wait with the peer; it goes on by itself", async () => {
    const served = await servingLines(world(), { bytesPerSecond: 100_000 });
    const { connection, peer } = await served.join();
    peer.write("x".repeat(999).concat("\n").repeat(10_000));
    for (let i = 0; i < 50; i++) {
      await world().advance(100);
      await world().settle();
      const { bufferedBytes } = served.reactor.stats();
      expect(bufferedBytes).toBeLessThanOrEqual(4 * 64 * 1024);
      expect(connection.channel.bytesIn).toBeLessThan(1_000_000);
    }
    expect(served.frames.length).toBeGreaterThanOrEqual(590);
  });

  it("23: fractions: one frame, and the next after two seconds", async () => {
    const served = await servingLines(world(), { framesPerSecond: 0.5 });
    const { peer } = await served.join();
    peer.write(numbered(4));
    const amounts = await tenths(served, 60, () => served.frames.length);
    expect(amounts.map((amount) => amount - 1).filter((amount) => amount === 0)).toHaveLength(20);
    expect([amounts[19], amounts[20], amounts[39], amounts[40], amounts[60]]).toEqual([
      1, 2, 2, 3, 4,
    ]);
  });

  it("23: fractions of a byte: one, and the next after two seconds", async () => {
    const served = await servingLines(world(), { bytesPerSecond: 0.5, framer: raw });
    const { peer } = await served.join();
    peer.write("abc");
    const amounts = await tenths(served, 40, () => served.frames.length);
    expect([amounts[0], amounts[19], amounts[20], amounts[39], amounts[40]]).toEqual([
      1, 1, 2, 2, 3,
    ]);
    expect(served.frames).toEqual(["a", "b", "c"]);
  });

  it("23: time in which nothing came is not saved up beyond a second", async () => {
    const served = await servingLines(world(), { framesPerSecond: 10, bytesPerSecond: 1000 });
    const { peer } = await served.join();
    await world().advance(1_000_000);
    peer.write(numbered(50));
    await world().settle();
    expect(served.frames).toHaveLength(10);
    await world().advance(4000);
    expect(served.frames).toHaveLength(50);
  });

  it("23: the end is told after the last frame, and is not held back by a rate of its own", async () => {
    const served = await servingLines(world(), { framesPerSecond: 1, bytesPerSecond: 1000 });
    const { connection, peer } = await served.join();
    peer.end("one\ntwo\n");
    await world().settle();
    expect([served.frames, connection.state]).toEqual([["one"], "open"]);
    await world().advance(1000);
    await world().settle();
    expect(served.frames).toEqual(["one", "two"]);
    expect(await served.closedFor(connection)).toBe("end");
  });

  it.each(["pause", "upgrade"])("23: %s in the middle buys nothing", async (how) => {
    const served = await servingLines(
      world(),
      { framesPerSecond: 10 },
      {
        frame: (connection) => {
          if (how === "upgrade") connection.upgrade(lines());
          else {
            connection.pause();
            connection.resume();
          }
        },
      },
    );
    const { connection, peer } = await served.join();
    peer.write(numbered(60));
    const amounts = await tenths(served, 60, () => {
      connection.pause();
      connection.resume();
      return served.frames.length;
    });
    expectRate(amounts, 10, 60, 1);
  });

  it("23: who is closed while it waits leaves no timer", async () => {
    const served = await servingLines(world(), {
      framesPerSecond: 0.001,
      bytesPerSecond: 10,
      writeProgressMs: 0,
    });
    const guests = await flood(served, 2, numbered(10));
    await world().advance(500);
    for (const { connection } of guests) connection.abort();
    expect(served.reactor.stats().timers).toBe(served.timersBefore);
  });
});

onStillServers("rates of a server", (world) => {
  it("23: one connection's own rate slows no other one", async () => {
    const served = await servingLines(world(), { framesPerSecond: 2, bytesPerSecond: 1000 });
    const [quiet] = [await served.join()];
    await flood(served, 3, numbered(100));
    served.frames.length = 0;
    quiet.peer.write("quiet\n");
    await world().settle();
    expect(served.frames).toEqual(["quiet"]);
  });

  it("23: the server's rate slows everybody, and nobody for long", async () => {
    const served = await servingLines(world(), { serverFramesPerSecond: 10 });
    const quiet = await served.join();
    await flood(served, 3, numbered(100));
    expect(served.frames).toHaveLength(10);
    quiet.peer.write("quiet\n");
    await world().settle();
    expect(served.frames).toHaveLength(10);
    // One turn for each of the three others comes first.
    await world().advance(400);
    await world().settle();
    expect(served.frames.slice(10)).toHaveLength(4);
    expect(served.frames).toContain("quiet");
  });

  it.each([
    ["serverFramesPerSecond", 20, 1],
    ["serverBytesPerSecond", 2000, 100],
  ] as const)("23: %s: all together, fairly shared", async (limit, perSecond, size) => {
    const shares = new Map<Connection, number>();
    const served = await servingLines(
      world(),
      { [limit]: perSecond },
      { frame: (who) => void shares.set(who, (shares.get(who) ?? 0) + 1) },
    );
    await flood(served, 4, numbered(120, 100));
    const handled = (): number => served.frames.length * size;
    const amounts = await tenths(served, 140, handled);
    amounts.forEach((amount, tenth) => {
      const most = perSecond + (perSecond * tenth) / 10;
      expect(amount).toBeLessThanOrEqual(most);
      // Each of the four may have begun a frame, and wait for a tenth of a second's worth.
      expect(amount).toBeGreaterThanOrEqual(most - 4 * (size + perSecond / 10) - size);
    });
    // The first second's worth went to who came first.
    const [most, least] = [Math.max(...shares.values()), Math.min(...shares.values())];
    expect(most - least).toBeLessThanOrEqual(22);
    expect(shares.size).toBe(4);
    await world().advance(20_000);
    await world().settle();
    expect(served.frames).toHaveLength(480);
  });

  it("23: nobody is woken in vain, however many wait", async () => {
    const served = await servingLines(world(), { serverFramesPerSecond: 10, writeProgressMs: 0 });
    const setTimer = vi.spyOn(served.reactor, "setTimer");
    await flood(served, 50, numbered(10));
    await tenths(served, 100, () => 0);
    expect(served.frames.length).toBeGreaterThanOrEqual(110);
    expect(setTimer.mock.calls.length).toBeLessThanOrEqual(50 + 110 + 5);
  });

  it("23: both rates at once: the stricter one counts", async () => {
    const served = await servingLines(world(), { framesPerSecond: 5, serverFramesPerSecond: 8 });
    const [first] = await flood(served, 1, numbered(100));
    await world().advance(4000);
    await world().settle();
    expect(served.frames).toHaveLength(25);
    const second = await served.join();
    const before = served.frames.length;
    second.peer.write(numbered(100));
    await world().advance(10_000);
    await world().settle();
    expect(served.frames.length - before).toBeGreaterThanOrEqual(87);
    expect(served.frames.length - before).toBeLessThanOrEqual(88);
    first!.peer.reset();
  });
});
