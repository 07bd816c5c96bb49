/** What a turn costs, in counts: nothing here is a time. */
import { expect, it } from "vitest";

import { EDGE, READABLE, WRITABLE, type Channel, type Reactor, type Registration } from "iomux";

import type { MemoryWorld } from "../support/memory-world.ts";
import type { MemorySocket } from "iomux/testing";
import { onNetworks } from "../support/world.ts";

interface Crowd {
  readonly reactor: Reactor;
  readonly channels: Channel[];
  readonly registrations: Registration<Channel>[];
  readonly peers: MemorySocket[];
  /** How often the reactor has asked any of them for its condition. */
  looks: number;
}

const READY = 10;

/** `count` registered channels in memory; every look at one of them is counted. */
async function crowd(world: MemoryWorld, count: number, interest = READABLE): Promise<Crowd> {
  const reactor = world.createReactor({ acceptQueue: count });
  const listener = await world.run(reactor.listen(world.address(), { backlog: count }));
  const peers = Array.from({ length: count }, () => world.memory.dial(listener.localAddress!));
  await world.settle();
  const channels = Array.from({ length: count }, () => listener.accept()!);
  const made: Crowd = { reactor, channels, peers, registrations: [], looks: 0 };
  for (const channel of channels) {
    const source = channel as Channel & { condition(): number };
    const condition = source.condition.bind(source);
    source.condition = () => {
      made.looks++;
      return condition();
    };
    made.registrations.push(reactor.register(channel, interest, (ready) => void ready.read()));
  }
  await world.settle();
  made.looks = 0;
  return made;
}

onNetworks([["memory", "tcp"]], "28: cost, counted on the memory network", (world) => {
  const memory = (): MemoryWorld => world() as MemoryWorld;

  /** Looks and dispatches of the turns in which ten of `count` are ready, five times over. */
  async function cost(count: number, interest?: number): Promise<number[]> {
    const made = await crowd(memory(), count, interest);
    const before = made.reactor.stats();
    const step = Math.floor(count / READY);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < READY; i++) made.peers[i * step]!.write("x");
      await memory().settle();
    }
    const after = made.reactor.stats();
    return [made.looks, after.dispatches - before.dispatches, after.turns - before.turns];
  }

  it.each([
    ["level", READABLE],
    ["edge", READABLE | EDGE],
  ])("of a turn depends on what is ready, not on what is registered: %s", async (_, interest) => {
    const few = await cost(READY, interest);
    expect(few[1]).toBe(5 * READY);
    expect(await cost(100, interest)).toEqual(few);
    expect(await cost(5000, interest)).toEqual(few);
  });

  it("of a turn with nothing ready is nothing, however many are registered", async () => {
    const made = await crowd(memory(), 5000);
    const { turns, dispatches } = made.reactor.stats();
    for (let i = 0; i < 10; i++) {
      made.reactor.wake();
      await memory().settle();
    }
    expect(made.reactor.stats().turns).toBe(turns + 10);
    expect([made.looks, made.reactor.stats().dispatches]).toEqual([0, dispatches]);
  });

  it("of modify, pause and unregister of one is the same among 10 and 5,000", async () => {
    const costs: number[] = [];
    for (const count of [10, 5000]) {
      const made = await crowd(memory(), count);
      const [one, two, three] = made.registrations;
      one!.modify(WRITABLE | EDGE);
      two!.pause();
      two!.resume();
      three!.unregister();
      await memory().settle();
      costs.push(made.looks);
    }
    expect(costs[1]).toBe(costs[0]);
  });

  it("of timers: those that are not due cost nothing", async () => {
    const reactor = world().createReactor();
    const timers = Array.from({ length: 5000 }, (_, i) =>
      reactor.setTimer(1_000_000 + i, () => undefined),
    );
    let fired = 0;
    for (let i = 0; i < 10; i++) reactor.setTimer(i, () => fired++);
    await world().advance(20);
    expect([fired, reactor.stats().timersFired]).toEqual([10, 10]);
    expect(reactor.stats().turns).toBeLessThanOrEqual(20);
    for (const timer of timers) timer.cancel();
    expect(reactor.stats().timers).toBe(0);
  });
});
