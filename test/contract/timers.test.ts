/** Promises 5 and 13: timers, deferred callbacks and `wake`. */
import { expect, it } from "vitest";

import { IomuxRangeError, IomuxTypeError, READABLE, type Clock, type Timer } from "iomux";

import { readyCrowd, tables, thrownBy, turns } from "../support/crowd.ts";
import { onEveryNetwork, onStillNetworks } from "../support/world.ts";

/** A clock whose time can be set, and that remembers the delays it was asked for. */
class ShiftedClock implements Clock {
  shift = 0;
  readonly delays: number[] = [];
  readonly #inner: Clock;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  now(): number {
    return this.#inner.now() + this.shift;
  }

  immediate(callback: () => void): void {
    this.#inner.immediate(callback);
  }

  timer(delayMs: number, callback: () => void): () => void {
    this.delays.push(delayMs);
    return this.#inner.timer(delayMs, callback);
  }

  keepAlive(alive: boolean): void {
    this.#inner.keepAlive(alive);
  }
}

onEveryNetwork("timers", (world) => {
  it("13: timers fire in the order of their deadlines, then of their age", async () => {
    const reactor = world().createReactor();
    const order: string[] = [];
    const apartMs = 10 + world().slackMs;
    for (const [place, name] of [
      [3, "c"],
      [1, "a"],
      [2, "b1"],
      [2, "b2"],
      [0, "zero"],
    ] as const) {
      reactor.setTimer(place * apartMs, () => order.push(name));
    }
    world().spend(4 * apartMs);
    await turns(world(), reactor, 1);
    expect(order).toEqual(["zero", "a", "b1", "b2", "c"]);
  });

  it("13: timers wake the reactor by themselves, one after the other", async () => {
    const reactor = world().createReactor();
    const fired: number[] = [];
    const { slackMs } = world();
    const apartMs = 10 + 4 * slackMs;
    const setTimer = (place: number): Timer =>
      reactor.setTimer(place * apartMs, () => fired.push(place));
    for (const place of [3, 1, 2]) setTimer(place);
    await world().advance(slackMs);
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      await world().advance(apartMs);
      await world().settle();
      expect(fired).toEqual(expected);
    }
    // Later than the last alarm, earlier than the one that is set, and in place of a cancelled one.
    setTimer(100);
    setTimer(0.5);
    setTimer(0.2).cancel();
    await world().advance(0.5 * apartMs + slackMs);
    await world().settle();
    expect(fired.slice(3)).toEqual([0.5]);
    await world().advance(99.5 * apartMs);
    await world().settle();
    expect(fired.slice(3)).toEqual([0.5, 100]);
  });

  it("13 / H13: a timer due exactly now fires; a jump forward fires each once", async () => {
    const reactor = world().createReactor();
    const fired: number[] = [];
    for (const delay of [1, 1000, 3_600_000]) reactor.setTimer(delay, () => fired.push(delay));
    world().spend(3_600_000);
    await turns(world(), reactor, 3);
    expect(fired).toEqual([1, 1000, 3_600_000]);
    await world().advance(10_000_000);
    await turns(world(), reactor, 2);
    expect(fired).toHaveLength(3);
  });

  it("13 / H13: a clock that goes back fires nothing early or twice, and no delay is negative", async () => {
    const clock = new ShiftedClock(world().clock);
    const reactor = world().createReactor({ clock });
    let fired = 0;
    clock.shift = 1000;
    reactor.setTimer(100, () => fired++);
    clock.shift = 500;
    await world().advance(100);
    await turns(world(), reactor, 2);
    expect(fired).toBe(0);
    await world().advance(499);
    await turns(world(), reactor, 2);
    expect(fired).toBe(0);
    await world().advance(1);
    await turns(world(), reactor, 2);
    expect(fired).toBe(1);
    // Long overdue when it is armed: the delay is 0, not less.
    reactor.setTimer(5, () => {
      fired++;
      reactor.setTimer(5, () => fired++);
      clock.shift += 10_000;
    });
    await world().advance(5);
    await world().advance(5);
    await turns(world(), reactor, 2);
    expect(fired).toBe(3);
    expect(Math.min(...clock.delays)).toBeGreaterThanOrEqual(0);
  });

  it("5: a timer set during a turn fires in the next one at the earliest, also with 0", async () => {
    const reactor = world().createReactor();
    const turnOf: number[] = [];
    const set = (): void => {
      turnOf.push(reactor.stats().turns);
      if (turnOf.length < 4) reactor.setTimer(0, set);
    };
    reactor.setTimer(0, set);
    await turns(world(), reactor, 5);
    expect(turnOf).toEqual([0, 1, 2, 3].map((later) => turnOf[0]! + later));
  });

  it("5: what is deferred runs at the start of the next turn, once, in order", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const order: string[] = [];
    const at = (name: string) => (): void => {
      order.push(`${name} ${reactor.stats().turns - first}`);
    };
    const first = reactor.stats().turns + 1;
    reactor.register(member!.channel, READABLE, (channel) => {
      at("handler")();
      channel.read();
      reactor.defer(at("from handler"));
    });
    reactor.setTimer(0, at("timer"));
    reactor.defer(() => {
      at("a")();
      reactor.defer(at("from a"));
    });
    reactor.defer(at("b"));
    await turns(world(), reactor, 3);
    expect(order).toEqual(["timer 0", "a 0", "b 0", "handler 0", "from a 1", "from handler 1"]);
  });

  it("cancel calls a timer off; it answers whether there was anything to call off", async () => {
    const reactor = world().createReactor();
    let fired = 0;
    const timer = reactor.setTimer(10, () => fired++);
    expect(timer.cancel()).toBe(true);
    expect(timer.cancel()).toBe(false);
    expect(timer.active).toBe(false);
    expect(reactor.stats().timers).toBe(0);
    await world().advance(20);
    expect(fired).toBe(0);
    const done = reactor.setTimer(0, () => fired++);
    await turns(world(), reactor, 2);
    expect(fired).toBe(1);
    expect(done.cancel()).toBe(false);
  });

  it("H33: cancelled inside its own callback, and inside another's that is due as well", async () => {
    const reactor = world().createReactor();
    const answers: boolean[] = [];
    const fired: string[] = [];
    const timers: Timer[] = [];
    for (const name of ["a", "b"]) {
      timers.push(
        reactor.setTimer(5, () => {
          fired.push(name);
          for (const timer of timers) answers.push(timer.cancel());
        }),
      );
    }
    world().spend(10);
    await turns(world(), reactor, 3);
    expect(fired).toEqual(["a"]);
    expect(answers).toEqual([false, true]);
    expect(reactor.stats().timers).toBe(0);
  });

  it("refresh starts the delay again, also after it fired or was cancelled, and in its callback", async () => {
    const reactor = world().createReactor();
    let fired = 0;
    const { slackMs } = world();
    const delayMs = 10 + 4 * slackMs;
    const timer = reactor.setTimer(delayMs, () => {
      fired++;
      if (fired === 1) timer.refresh();
    });
    await world().advance(delayMs - 1 - slackMs);
    expect(timer.refresh()).toBe(timer);
    await world().advance(delayMs - 1 - slackMs);
    await turns(world(), reactor, 1);
    expect(fired).toBe(0);
    await world().advance(1 + 2 * slackMs);
    await turns(world(), reactor, 1);
    expect(fired).toBe(1);
    expect(timer.active).toBe(true);
    await world().advance(delayMs);
    await turns(world(), reactor, 1);
    expect(fired).toBe(2);
    timer.refresh();
    timer.cancel();
    timer.refresh();
    expect(reactor.stats().timers).toBe(1);
    await world().advance(delayMs + slackMs);
    await turns(world(), reactor, 1);
    expect(fired).toBe(3);
  });

  it("H33: 100,000 cancelled timers leave nothing behind", () => {
    const reactor = world().createReactor();
    const timers: Timer[] = [];
    for (let i = 0; i < 100_000; i++) timers.push(reactor.setTimer(i % 977, () => {}));
    reactor.assertInvariants();
    for (const timer of timers) timer.cancel();
    expect(reactor.stats().timers).toBe(0);
    reactor.assertInvariants();
  });

  it("wake makes a turn happen though nothing is ready; many wakes make one", async () => {
    const reactor = world().createReactor();
    await world().settle();
    const before = reactor.stats().turns;
    await world().passes(3);
    expect(reactor.stats().turns).toBe(before);
    for (let i = 0; i < 10; i++) reactor.wake();
    await world().settle();
    expect(reactor.stats().turns).toBe(before + 1);
  });

  it("13: bad delays and callbacks throw, and the tables stay", () => {
    const reactor = world().createReactor();
    const before = tables(reactor);
    for (const delay of [-1, -0.1, NaN, Infinity, -Infinity]) {
      expect(() => reactor.setTimer(delay, () => {})).toThrow(IomuxRangeError);
    }
    for (const delay of ["1", null, undefined, {}]) {
      expect(() => reactor.setTimer(delay as never, () => {})).toThrow(IomuxTypeError);
    }
    for (const callback of [undefined, null, 1, {}]) {
      expect(() => reactor.setTimer(1, callback as never)).toThrow(IomuxTypeError);
      expect(() => {
        reactor.defer(callback as never);
      }).toThrow(IomuxTypeError);
    }
    expect(tables(reactor)).toEqual(before);
    expect(world().alive).toBe(false);
  });

  it("after close() no timer fires, none can be set, and refresh throws", async () => {
    const reactor = world().createReactor();
    let ran = 0;
    const timer = reactor.setTimer(1, () => ran++);
    reactor.defer(() => ran++);
    const closing = reactor.close({ drainMs: 10 });
    await world().advance(10);
    await world().run(closing);
    expect(ran).toBe(0);
    expect(timer.active).toBe(false);
    expect(reactor.stats().timers).toBe(0);
    for (const call of [
      () => timer.refresh(),
      () => reactor.setTimer(1, () => {}),
      () => {
        reactor.defer(() => {});
      },
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: "IOMUX_REACTOR_CLOSED" });
    }
    expect(timer.cancel()).toBe(false);
    expect(world().alive).toBe(false);
  });
});

onStillNetworks("timers", (world) => {
  it("13: a timer fires once, not before its time", async () => {
    const reactor = world().createReactor();
    let fired = 0;
    const timer = reactor.setTimer(10.5, () => fired++);
    expect(timer.active).toBe(true);
    await world().advance(10);
    await world().advance(0.4);
    await turns(world(), reactor, 2);
    expect(fired).toBe(0);
    await world().advance(0.1);
    await turns(world(), reactor, 1);
    expect(fired).toBe(1);
    expect(timer.active).toBe(false);
    await world().advance(100);
    await turns(world(), reactor, 2);
    expect(fired).toBe(1);
    expect(reactor.stats()).toMatchObject({ timers: 0, timersFired: 1 });
  });
});
