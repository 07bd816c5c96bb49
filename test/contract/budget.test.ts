/** Promise 24, the loop's part: what all channels hold together, and who is shed first. */
import { expect, it } from "vitest";

import { READABLE, WRITABLE, type Channel, type Reactor } from "iomux";

import { fill, pattern } from "../support/record.ts";
import { another, connected, onEveryChannel, type World } from "../support/world.ts";

const BUDGET = 4_000_000;

const MARK = 2 * BUDGET;

interface Report extends Error {
  code: string;
}

function budgeted(world: World): { reactor: Reactor; reports: Report[] } {
  const reports: Report[] = [];
  const reactor = world.createReactor({
    maxBufferedBytes: BUDGET,
    onError: (error) => reports.push(error as Report),
  });
  return { reactor, reports };
}

/** Channels whose peers read nothing and whose systems take no more: what is written stays. */
async function stuck(world: World, reactor: Reactor, count: number): Promise<Channel[]> {
  const first = await connected(world, reactor);
  const pairs = [first];
  while (pairs.length < count) {
    pairs.push({ ...(await another(world, first.listener)), listener: first.listener });
  }
  for (const { channel, peer } of pairs) {
    peer.pause();
    await fill(world, channel);
    channel.setWaterMarks(MARK, 0);
  }
  return pairs.map(({ channel }) => channel);
}

function writeUntil(channel: Channel, queued: number): void {
  channel.write(pattern(queued - channel.queued));
}

onEveryChannel("the loop's budget", (world) => {
  it("24: over maxBufferedBytes the largest holder is shed first, and nobody else", async () => {
    const { reactor, reports } = budgeted(world());
    const [small, large, middle] = await stuck(world(), reactor, 3);
    writeUntil(small!, 600_000);
    writeUntil(large!, 2_000_000);
    writeUntil(middle!, 1_400_000);
    await world().passes(3);
    expect(reactor.stats()).toMatchObject({ bufferedBytes: BUDGET, shed: 0 });
    writeUntil(small!, 600_001);
    await world().until(() => reactor.stats().shed > 0, "somebody to be shed");
    expect([small!.state, large!.state, middle!.state]).toEqual(["open", "closed", "open"]);
    expect(reactor.stats()).toMatchObject({ bufferedBytes: 2_000_001, shed: 1 });
    expect(reports.map(({ code }) => code)).toEqual(["IOMUX_OVER_BUDGET"]);
    expect(reports[0]!.message).toContain("(limit maxBufferedBytes)");
  });

  it("24: a shed channel ends with IOMUX_OVER_BUDGET, and its handler hears nothing", async () => {
    const { reactor } = budgeted(world());
    const [channel] = await stuck(world(), reactor, 1);
    let calls = 0;
    const registration = reactor.register(channel!, READABLE, () => {
      calls++;
    });
    writeUntil(channel!, BUDGET + 1);
    const error = await world().run(channel!.closed);
    expect(error).toMatchObject({ code: "IOMUX_OVER_BUDGET", fd: channel!.fd });
    expect([calls, registration.active]).toEqual([0, false]);
    expect(reactor.stats().bufferedBytes).toBe(0);
  });

  it("24: input that nobody reads counts, also without a registration", async () => {
    const reactor = world().createReactor({
      maxBufferedBytes: 1500,
      onError: () => undefined,
    });
    const { channel, peer } = await connected(world(), reactor);
    peer.write(pattern(1000));
    await world().until(() => channel.unread === 1000, "a thousand bytes");
    expect(reactor.stats().bufferedBytes).toBe(1000);
    expect(channel.read(400)!.length).toBe(400);
    expect(reactor.stats().bufferedBytes).toBe(600);
    peer.write(pattern(901));
    await world().until(() => channel.state === "closed", "the channel to be shed");
    expect(reactor.stats()).toMatchObject({ shed: 1, bufferedBytes: 0 });
  });

  it("24: the budget is whole again after every way to the end", async () => {
    const { reactor } = budgeted(world());
    const channels = await stuck(world(), reactor, 3);
    for (const channel of channels) writeUntil(channel, 700_000);
    channels[0]!.abort();
    channels[1]!.close();
    const closed = reactor.close({ drainMs: 10, answerMs: 0 });
    await world().advance(11);
    await world().run(closed);
    expect(channels.map(({ state }) => state)).toEqual(["closed", "closed", "closed"]);
    expect(reactor.stats().bufferedBytes).toBe(0);
  });

  it("24: many sheds make one report with their number", async () => {
    const { reactor, reports } = budgeted(world());
    const channels = await stuck(world(), reactor, 4);
    for (const channel of channels) writeUntil(channel, 2_000_000);
    await world().until(() => reactor.stats().shed > 1, "two to be shed");
    expect(reports).toHaveLength(1);
    await world().advance(1001);
    expect(reactor.stats().shed).toBe(3);
    expect(reports).toHaveLength(2);
    expect(reports[1]!.message).toContain("2 descriptors were shed; the last one: fd ");
  });
});

onEveryChannel("marks of one channel", (world) => {
  it("16, H21: setWaterMarks holds for this channel alone, and at once", async () => {
    const reactor = world().createReactor();
    const [channel, other] = await stuck(world(), reactor, 2);
    const before = channel!.queued;
    channel!.setWaterMarks(before + 500, 100);
    expect(channel!.room).toBe(500);
    expect(channel!.write(pattern(2000))).toBe(500);
    expect(channel!.room).toBe(0);
    expect(other!.room).toBe(MARK - other!.queued);
    channel!.setWaterMarks(100, 100);
    expect([channel!.room, channel!.write(pattern(1))]).toEqual([0, 0]);
    expect(channel!.queued).toBe(before + 500);
    const registration = reactor.register(channel!, WRITABLE);
    expect(registration.ready).toBe(0);
    channel!.setWaterMarks(MARK, channel!.queued);
    expect(registration.ready).toBe(WRITABLE);
  });

  it.each([
    [0, 0],
    [-1, -2],
    [1.5, 1],
    [10, 11],
    [NaN, 0],
  ])("16: marks of %d and %d throw, and the old ones stay", async (high, low) => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const { room } = channel;
    expect(() => {
      channel.setWaterMarks(high, low);
    }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_RANGE" }));
    expect(() => {
      channel.setWaterMarks("1" as never, 0);
    }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }));
    expect(channel.room).toBe(room);
  });
});

onEveryChannel("the reactor's time", (world) => {
  it("10: now() stands still within a turn, and goes on between turns", async () => {
    const reactor = world().createReactor();
    const times: number[] = [];
    for (let i = 0; i < 2; i++) {
      reactor.defer(() => {
        times.push(reactor.now());
        world().spend(5);
      });
    }
    await world().until(() => times.length === 2, "both");
    expect(times[1]).toBe(times[0]);
    expect(reactor.now()).toBeGreaterThanOrEqual(times[0]! + 10);
  });
});
