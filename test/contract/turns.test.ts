/** Promise 10: when a turn begins, when it ends, and that nobody starves. */
import { expect, it } from "vitest";

import { READABLE, WRITABLE, type Clock, type Reactor, type Registration } from "iomux";

import { crowd, knocking, readyCrowd, turns, type Member } from "../support/crowd.ts";
import { connected, onEveryNetwork, onStillNetworks, type World } from "../support/world.ts";

/** A clock that knows whether its immediate phase runs. */
class PhaseClock implements Clock {
  inImmediate = false;
  readonly #inner: Clock;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  now(): number {
    return this.#inner.now();
  }

  immediate(callback: () => void): void {
    this.#inner.immediate(() => {
      this.inImmediate = true;
      callback();
      this.inImmediate = false;
    });
  }

  timer(delayMs: number, callback: () => void): () => void {
    return this.#inner.timer(delayMs, callback);
  }

  keepAlive(alive: boolean): void {
    this.#inner.keepAlive(alive);
  }
}

/** Registers everybody; answers the log of who was called in which turn. Nobody reads. */
function watch(
  reactor: Reactor,
  members: readonly Member[],
  onCall = (): void => {},
): { who: number; turn: number }[] {
  const calls: { who: number; turn: number }[] = [];
  members.forEach(({ channel }, who) => {
    reactor.register(channel, READABLE, () => {
      calls.push({ who, turn: reactor.stats().turns });
      onCall();
    });
  });
  return calls;
}

function perTurn(calls: readonly { who: number; turn: number }[]): number[][] {
  const byTurn = new Map<number, number[]>();
  for (const { who, turn } of calls) byTurn.set(turn, [...(byTurn.get(turn) ?? []), who]);
  return [...byTurn.values()];
}

/** Whether the first handler for 2000 bytes is called in the immediate phase. */
async function readsInImmediate(world: World, turnBytes: number): Promise<boolean> {
  const clock = new PhaseClock(world.clock);
  const reactor = world.createReactor({ clock, turnBytes });
  const { channel, peer } = await connected(world, reactor);
  const phases: boolean[] = [];
  reactor.register(channel, READABLE, () => {
    phases.push(clock.inImmediate);
    channel.read();
  });
  peer.write(Buffer.alloc(2000));
  await world.until(() => phases.length > 0, "the handler");
  return phases[0]!;
}

onEveryNetwork("turns", (world) => {
  it("10: fewer bytes than turnBytes wait for the immediate phase", async () => {
    expect(await readsInImmediate(world(), 2001)).toBe(true);
  });

  it("10 / H6: a turn never nests, whatever a handler does", async () => {
    const reactor = world().createReactor({ turnBytes: 1, turnBudgetMs: Infinity });
    const members = await readyCrowd(world(), reactor, 3);
    let depth = 0;
    let calls = 0;
    for (const { channel } of members) {
      reactor.register(channel, READABLE | WRITABLE, (_, _ready, registration) => {
        expect(depth++).toBe(0);
        calls++;
        const turn = reactor.stats().turns;
        reactor.wake();
        reactor.defer(() => {});
        channel.write(Buffer.from("answer"));
        registration.modify(READABLE | WRITABLE);
        members[0]!.channel.write(Buffer.from("x"));
        expect(reactor.stats().turns).toBe(turn);
        depth--;
      });
    }
    await turns(world(), reactor, 5);
    expect(calls).toBeGreaterThanOrEqual(15);
  });

  it("10: what is left over is served, though nothing else happens", async () => {
    const reactor = world().createReactor({ turnDispatches: 1 });
    const members = await readyCrowd(world(), reactor, 4);
    const turnOf: number[] = [];
    for (const { channel } of members) {
      reactor.register(channel, READABLE, () => {
        turnOf.push(reactor.stats().turns);
        channel.read();
      });
    }
    await world().settle();
    expect(turnOf).toEqual([0, 1, 2, 3].map((later) => turnOf[0]! + later));
  });

  it("10: a handler over the budget still gives everybody a turn", async () => {
    const reactor = world().createReactor({ turnBudgetMs: 10, slowHandlerMs: 1000 });
    const members = await readyCrowd(world(), reactor, 3);
    const calls = watch(reactor, members, () => {
      world().spend(50);
    });
    await world().until(() => calls.length >= 9, "nine calls");
    for (const called of perTurn(calls.slice(0, 9))) expect(called).toHaveLength(1);
    expect(new Set(calls.slice(0, 3).map(({ who }) => who)).size).toBe(3);
  });

  it("10 / H12: timers that are due fire every turn, though I/O never rests", async () => {
    const reactor = world().createReactor({ turnDispatches: 1 });
    const members = await readyCrowd(world(), reactor, 4);
    const calls = watch(reactor, members);
    await turns(world(), reactor, 3);
    const fired: number[] = [];
    for (let i = 0; i < 3; i++) {
      reactor.setTimer(5, () => fired.push(reactor.stats().turns));
      world().spend(5);
      const before = reactor.stats().turns;
      await turns(world(), reactor, 1);
      expect(fired).toHaveLength(i + 1);
      expect(fired[i]).toBe(before + 1);
    }
    expect(calls.length).toBeGreaterThan(5);
  });

  it("10 / H12: a timer that sets itself again at 0 does not hold up I/O", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    let fired = 0;
    const again = (): void => {
      fired++;
      reactor.setTimer(0, again);
    };
    again();
    await echoThrough(world(), reactor, channel, peer);
    expect(fired).toBeGreaterThan(1);
    expect(fired).toBeLessThanOrEqual(reactor.stats().turns + 1);
  });

  it("10: a defer that defers itself again does not hold up I/O", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    let ran = 0;
    const again = (): void => {
      ran++;
      reactor.defer(again);
    };
    again();
    await echoThrough(world(), reactor, channel, peer);
    expect(ran).toBeLessThanOrEqual(reactor.stats().turns + 1);
  });

  it("10: Node's own timers and promises are not starved by a handler that never rests", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    let calls = 0;
    let promises = 0;
    reactor.register(member!.channel, READABLE, () => {
      expect(promises).toBe(calls);
      calls++;
      void Promise.resolve()
        .then(() => {})
        .then(() => promises++);
    });
    let fired = false;
    setTimeout(() => (fired = true), 1);
    await world().until(() => fired && calls > 10, "Node's timer");
  });
});

onStillNetworks("turns", (world) => {
  it.each([
    [1000, "before the immediate phase", false],
    [Infinity, "in the immediate phase at the latest", true],
  ])("10: with turnBytes %d a turn starts %s", async (turnBytes, _, inImmediate) => {
    expect(await readsInImmediate(world(), turnBytes)).toBe(inImmediate);
  });

  it("10: a turn is a snapshot: it ends at turnDispatches, and what is left goes first", async () => {
    const reactor = world().createReactor({ turnDispatches: 2 });
    const members = await readyCrowd(world(), reactor, 5);
    const calls = watch(reactor, members);
    await world().until(() => calls.length >= 30, "thirty calls");
    for (const called of perTurn(calls.slice(0, 30))) expect(called).toHaveLength(2);
    // Whoever was left over came before those that had their turn: any five in a row differ.
    for (let i = 0; i + 5 <= 30; i++) {
      expect(new Set(calls.slice(i, i + 5).map(({ who }) => who)).size).toBe(5);
    }
  });

  it("10 / H10: one that always has more does not hold up another's echo", async () => {
    const reactor = world().createReactor();
    const [hose, echo] = await crowd(world(), reactor, 2);
    let taken = 0;
    reactor.register(hose!.channel, READABLE, () => {
      taken += hose!.channel.read()?.length ?? 0;
      // Its peer never runs dry.
      hose!.peer.write(Buffer.alloc(64 * 1024));
    });
    hose!.peer.write(Buffer.alloc(512 * 1024));
    await world().until(() => taken > 512 * 1024, "the hose to run");
    let answeredIn = 0;
    reactor.register(echo!.channel, READABLE, () => {
      answeredIn = reactor.stats().turns;
      echo!.channel.write(echo!.channel.read()!);
    });
    for (let round = 1; round <= 10; round++) {
      const before = { turn: reactor.stats().turns, taken };
      echo!.peer.write("ping");
      await world().until(() => echo!.peer.received.length === 4 * round, "the echo");
      // One pass of the loop reads 2 MiB of the hose at most, and 64 KiB start a turn.
      expect(answeredIn - before.turn).toBeLessThanOrEqual(2 * 32);
      await world().until(() => taken > before.taken, "the hose to go on");
    }
    hose!.channel.abort();
  });

  it("10 / H11: an accept flood and busy channels both get on in each turn", async () => {
    const reactor = world().createReactor();
    const members = await readyCrowd(world(), reactor, 3);
    const { listener } = await connected(world(), reactor);
    await knocking(world(), listener, 20);
    const accepted: number[] = [];
    reactor.register(listener, READABLE, () => {
      accepted.push(reactor.stats().turns);
      listener.accept()!.abort();
    });
    const calls = watch(reactor, members);
    await world().until(() => accepted.length === 20, "all to be accepted");
    const [first, last] = [accepted[0]!, accepted.at(-1)!];
    expect(last - first).toBe(19);
    for (let turn = first + 1; turn < last; turn++) {
      expect(calls.filter((call) => call.turn === turn)).toHaveLength(3);
    }
  });

  it.each([2, 3, 5, 8])(
    "10, H10: the start of the rotation moves: each of %d is first some time",
    async (count) => {
      const reactor = world().createReactor();
      const members = await readyCrowd(world(), reactor, count);
      const calls = watch(reactor, members);
      await turns(world(), reactor, 20 * count);
      const full = perTurn(calls).filter((called) => called.length === count);
      expect(full.length).toBeGreaterThanOrEqual(20 * count - 1);
      expect(new Set(full.map(([first]) => first)).size).toBe(count);
    },
  );

  it("10: a turn ends at turnBudgetMs, and what is left goes first in the next one", async () => {
    const reactor = world().createReactor({ turnBudgetMs: 10, slowHandlerMs: 100 });
    const members = await readyCrowd(world(), reactor, 5);
    const calls = watch(reactor, members, () => {
      world().spend(6);
    });
    await world().until(() => calls.length >= 20, "twenty calls");
    for (const called of perTurn(calls.slice(0, 20))) expect(called).toHaveLength(2);
    for (let i = 0; i + 5 <= 20; i++) {
      expect(new Set(calls.slice(i, i + 5).map(({ who }) => who)).size).toBe(5);
    }
  });
});

async function echoThrough(
  world: World,
  reactor: Reactor,
  channel: Member["channel"],
  peer: Member["peer"],
): Promise<void> {
  const registration: Registration = reactor.register(channel, READABLE, () => {
    channel.write(channel.read()!);
  });
  for (let round = 1; round <= 3; round++) {
    peer.write("ping");
    await world.until(() => peer.received.length === 4 * round, "the echo");
  }
  registration.unregister();
}
