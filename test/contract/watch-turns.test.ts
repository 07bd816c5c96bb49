/** `watchTurns()`: who hears of each call of a handler and of each turn, and what that changes. */
import { expect, it } from "vitest";

import { READABLE, WRITABLE, type Reactor, type Registration, type Turn } from "iomux";

import { readyCrowd, thrownBy, turns } from "../support/crowd.ts";
import { gate, listening } from "../support/reports.ts";
import { connected, onEveryNetwork, onStillNetworks, type World } from "../support/world.ts";

type Call = [registration: Registration, ready: number, ms: number];
type Heard = Call | Turn;

/** What a watcher of `reactor` hears, in its order, until the answered function is called. */
function hear(reactor: Reactor): { heard: Heard[]; end: () => void } {
  const heard: Heard[] = [];
  const end = reactor.watchTurns({
    dispatched: (...call) => {
      heard.push(call);
    },
    turnEnded: (turn) => {
      heard.push(turn);
    },
  });
  return { heard, end };
}

const isTurn = (what: Heard): what is Turn => !Array.isArray(what);
const isCall = (what: Heard): what is Call => Array.isArray(what);

/** A registration that is always ready, and counts its calls. */
async function busy(world: World, reactor: Reactor): Promise<{ calls: number }> {
  const { channel } = await connected(world, reactor);
  const busy = { calls: 0 };
  reactor.register(channel, WRITABLE, () => {
    busy.calls++;
  });
  return busy;
}

onEveryNetwork("watchTurns", (world) => {
  it("every call of a handler is heard once, just after it, in the turn that ends next", async () => {
    const reactor = world().createReactor({ turnDispatches: 3 });
    const log: unknown[] = [];
    for (const { channel } of await readyCrowd(world(), reactor, 5)) {
      reactor.register(channel, READABLE | WRITABLE, (_, ready, registration) => {
        log.push(["call", registration.fd, ready]);
      });
    }
    reactor.watchTurns({
      dispatched: ({ fd }, ready) => log.push(["heard", fd, ready]),
      turnEnded: ({ turn }) => log.push(turn),
    });
    const before = reactor.stats();
    await turns(world(), reactor, 8);
    const after = reactor.stats();
    const calls = log.filter((what) => Array.isArray(what) && what[0] === "call");
    expect(calls).toHaveLength(after.dispatches - before.dispatches);
    const told = log.filter((what) => typeof what === "number");
    const numbers = Array.from(
      { length: after.turns - before.turns },
      (_, i) => before.turns + 1 + i,
    );
    expect(told).toEqual(numbers);
    log.forEach((what, i) => {
      if (!Array.isArray(what) || what[0] !== "call") return;
      expect(log[i + 1]).toEqual(["heard", ...(what.slice(1) as number[])]);
    });
    expect(typeof log.at(-1)).toBe("number");
  });

  it("a turn: its number, when it began, how long it took, and how many were ready", async () => {
    const reactor = world().createReactor({ slowHandlerMs: 1000, turnBudgetMs: 1000 });
    const members = await readyCrowd(world(), reactor, 3);
    const began: number[] = [];
    for (const { channel } of members) {
      reactor.register(channel, READABLE, () => {
        began.push(reactor.now());
        world().spend(5);
        channel.read();
      });
    }
    const { heard } = hear(reactor);
    await world().until(() => began.length === 3, "three calls");
    await turns(world(), reactor, 1);
    const calls = heard.filter(isCall);
    expect(calls.map(([{ fd }, ready]) => [fd, ready]).sort()).toEqual(
      members.map(({ channel }) => [channel.fd, READABLE]).sort(),
    );
    for (const [, , ms] of calls) expect(ms).toBeGreaterThanOrEqual(4.9);
    const turn = heard.filter(isTurn).find(({ ready }) => ready > 0)!;
    expect(turn).toMatchObject({ ready: 3, beganAt: began[0] });
    const spent = calls.reduce((sum, [, , ms]) => sum + ms, 0);
    expect(turn.ms).toBeGreaterThanOrEqual(spent);
    expect(heard.filter(isTurn).at(-1)).toMatchObject({ ready: 0 });
  });

  it("what is left over from a turn is ready in the next one", async () => {
    const reactor = world().createReactor({ turnDispatches: 2 });
    const called: number[] = [];
    for (const { channel } of await readyCrowd(world(), reactor, 5)) {
      reactor.register(channel, READABLE, ({ fd }) => {
        called.push(fd);
        channel.read();
      });
    }
    const { heard } = hear(reactor);
    await world().until(() => called.length === 5, "five calls");
    await turns(world(), reactor, 1);
    const ready = heard.filter(isTurn).map((turn) => turn.ready);
    expect(ready.slice(0, 4)).toEqual([5, 3, 1, 0]);
  });

  it("a handler that throws, or ends its registration, was called like any other", async () => {
    const [reactor, reports] = listening(world());
    const [one, two] = await readyCrowd(world(), reactor, 2);
    const { heard } = hear(reactor);
    const thrown = new Error("thrown by a handler");
    reactor.register(one!.channel, READABLE, () => {
      throw thrown;
    });
    reactor.register(two!.channel, READABLE, () => {
      two!.channel.abort();
    });
    await world().until(() => two!.channel.state === "closed", "the call");
    await turns(world(), reactor, 2);
    const calls = heard.filter(isCall);
    expect(calls.map(([{ fd, active }, ready]) => [fd, active, ready]).sort()).toEqual([
      [one!.channel.fd, false, READABLE],
      [two!.channel.fd, false, READABLE],
    ]);
    expect(reports.map(({ error }) => error)).toEqual([thrown]);
  });

  it("a handler that answers a promise is heard of when it has returned, and once", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const { heard } = hear(reactor);
    const opened = gate();
    const registration = reactor.register(member!.channel, READABLE, async () => {
      await opened.promise;
      member!.channel.read();
    });
    await turns(world(), reactor, 3);
    const calls = (): number => heard.filter(isCall).length;
    expect([registration.held, calls()]).toEqual([true, 1]);
    opened.open();
    await world().until(() => !registration.held, "the end of the handler");
    await turns(world(), reactor, 2);
    expect(calls()).toBe(1);
  });

  it("what poll() answers, and a handler that is not called after all, is not heard of", async () => {
    const reactor = world().createReactor();
    const [one, two, polled] = await readyCrowd(world(), reactor, 3);
    const { heard } = hear(reactor);
    const others: Registration[] = [];
    const endOthers = (channel: unknown): void => {
      for (const other of others) if (other.descriptor !== channel) other.unregister();
    };
    for (const { channel } of [one!, two!]) {
      others.push(reactor.register(channel, READABLE, endOthers));
    }
    reactor.register(polled!.channel, READABLE);
    expect(await world().run(reactor.poll())).toHaveLength(1);
    await turns(world(), reactor, 1);
    const active = others.filter((registration) => registration.active);
    expect(active).toHaveLength(1);
    const fds = heard.filter(isCall).map(([{ fd }]) => fd);
    expect(new Set(fds)).toEqual(new Set(active.map(({ fd }) => fd)));
  });

  it("several hear the same; one that has ended hears no more, and ending twice is nothing", async () => {
    const reactor = world().createReactor();
    await busy(world(), reactor);
    const first = hear(reactor);
    const second = hear(reactor);
    await turns(world(), reactor, 2);
    expect(first.heard).toEqual(second.heard);
    expect(first.heard.length).toBeGreaterThan(2);
    const { length } = first.heard;
    first.end();
    first.end();
    await turns(world(), reactor, 2);
    expect(first.heard).toHaveLength(length);
    expect(second.heard.length).toBeGreaterThan(length);
    second.end();
    const then = second.heard.length;
    await turns(world(), reactor, 2);
    expect(second.heard).toHaveLength(then);
  });

  it("the same watcher twice hears twice, and each is ended alone", async () => {
    const reactor = world().createReactor();
    await busy(world(), reactor);
    let heard = 0;
    const watcher = { turnEnded: () => heard++ };
    const ends = [reactor.watchTurns(watcher), reactor.watchTurns(watcher)];
    await turns(world(), reactor, 1);
    expect(heard % 2).toBe(0);
    ends[0]!();
    heard = 0;
    const before = reactor.stats().turns;
    await turns(world(), reactor, 3);
    expect(heard).toBe(reactor.stats().turns - before);
  });

  it("what a watcher throws is reported; the other watchers and the loop go on", async () => {
    const [reactor, reports] = listening(world());
    const thrown = new Error("thrown by a watcher");
    const fail = (): never => {
      throw thrown;
    };
    const handler = await busy(world(), reactor);
    const ends = [reactor.watchTurns({ dispatched: fail, turnEnded: fail })];
    const { heard, end } = hear(reactor);
    await turns(world(), reactor, 3);
    for (const stop of [...ends, end]) stop();
    expect(reports.map(({ error }) => error)).toEqual(heard.map(() => thrown));
    const fds = heard.map((what) => (isCall(what) ? what[0].fd : null));
    expect(reports.map(({ fd }) => fd)).toEqual(fds);
    const { calls } = handler;
    await turns(world(), reactor, 2);
    expect(handler.calls).toBeGreaterThan(calls);
  });

  it("what is no Error is told as a watcher's, and onError may throw as well", async () => {
    const errors: Error[] = [];
    const reactor = world().createReactor({ onError: (error) => errors.push(error) });
    const end = reactor.watchTurns({
      turnEnded: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what users may do
        throw "no error";
      },
    });
    await turns(world(), reactor, 1);
    end();
    expect(errors[0]).toMatchObject({ code: "IOMUX_HANDLER_THREW" });
    expect(errors[0]!.message).toContain("a turn watcher threw no error");
  });

  it("watchers come and go in handlers and in watchers: who came hears of what comes next", async () => {
    const reactor = world().createReactor();
    const handler = await busy(world(), reactor);
    const log: string[] = [];
    let calls = 0;
    const end = reactor.watchTurns({
      dispatched: () => {
        calls = handler.calls;
        log.push(`first ${handler.calls}`);
        const endThird = reactor.watchTurns({
          dispatched: () => {
            log.push(`third ${handler.calls}`);
            endThird();
          },
        });
        end();
        endSecond();
      },
    });
    const endSecond = reactor.watchTurns({ dispatched: () => log.push("second") });
    await world().until(() => handler.calls > 2, "some calls");
    expect(log).toEqual([`first ${calls}`, `third ${calls + 1}`]);
  });

  it("a handler that begins to watch is heard of itself, with the end of its turn", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    let watching: ReturnType<typeof hear> | null = null;
    let turn = 0;
    const registration = reactor.register(member!.channel, READABLE, () => {
      member!.channel.read();
      turn = reactor.stats().turns;
      watching = hear(reactor);
    });
    await world().until(() => watching !== null, "the call");
    await turns(world(), reactor, 1);
    const { heard } = watching!;
    expect(heard[0]).toEqual([registration, READABLE, expect.any(Number)]);
    expect(heard[1]).toMatchObject({ turn, ready: 1 });
  });

  it("what a watcher does to the reactor counts: it writes, ends, sets timers", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    let fired = false;
    const end = reactor.watchTurns({
      turnEnded: () => {
        end();
        channel.write(Buffer.from("from a watcher"));
        reactor.setTimer(1, () => {
          fired = true;
        });
      },
    });
    reactor.wake();
    await world().until(() => peer.received.length === 14, "what it wrote");
    await world().advance(1 + world().slackMs);
    await world().until(() => fired, "its timer");
    const { channel: other } = await connected(world(), reactor);
    const ended = reactor.watchTurns({
      dispatched: ({ descriptor }) => {
        ended();
        descriptor.abort();
      },
    });
    let calls = 0;
    reactor.register(other, WRITABLE, () => {
      calls++;
    });
    await world().until(() => other.state === "closed", "the end");
    expect(calls).toBe(1);
  });

  it("keeps nobody alive, and ends with the reactor", async () => {
    const reactor = world().createReactor();
    const { heard, end } = hear(reactor);
    expect(world().alive).toBe(false);
    await world().run(reactor.close());
    end();
    const { length } = heard;
    await world().settle();
    expect(heard).toHaveLength(length);
    expect(thrownBy(() => reactor.watchTurns({ turnEnded: () => undefined }))).toMatchObject({
      code: "IOMUX_REACTOR_CLOSED",
    });
  });

  it("what cannot watch is refused", () => {
    const reactor = world().createReactor();
    for (const wrong of [undefined, null, 1, "x", {}, [], () => undefined, { turnEnd: hear }]) {
      expect(thrownBy(() => reactor.watchTurns(wrong as never))).toMatchObject({
        code: "IOMUX_BAD_ARGUMENT",
        message: "a turn watcher must have a method dispatched or turnEnded, or both",
      });
    }
    for (const name of ["dispatched", "turnEnded"]) {
      expect(() => reactor.watchTurns({ [name]: 1 })).toThrow(
        `${name} of a turn watcher must be a function, not number`,
      );
    }
  });
});

onStillNetworks("watchTurns", (world) => {
  it("what a watcher takes is not the time of the next handler, nor of anybody who is slow", async () => {
    const [reactor, reports] = listening(world(), { slowHandlerMs: 8 });
    let calls = 0;
    for (const { channel } of await readyCrowd(world(), reactor, 4)) {
      reactor.register(channel, READABLE, () => {
        calls++;
        channel.read();
      });
    }
    const times: number[] = [];
    const end = reactor.watchTurns({
      dispatched: (_, __, ms) => {
        times.push(ms);
        world().spend(10);
      },
    });
    await world().until(() => calls === 4, "all calls");
    end();
    await turns(world(), reactor, 1);
    expect(times).toHaveLength(4);
    expect(reports).toEqual([]);
    for (const ms of times) expect(ms).toBeLessThan(8);
  });
});
