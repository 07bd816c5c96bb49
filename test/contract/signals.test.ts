/** Signals as a descriptor of the same reactor (promises 11, 14 and the table of calls). */
import { expect, it } from "vitest";

import { EDGE, ONESHOT, READABLE, WRITABLE, type SignalName, type Signals } from "iomux";

import { readyCrowd, tables, thrownBy, turns } from "../support/crowd.ts";
import { HARMLESS, raise } from "../support/inputs.ts";
import { MemoryWorld } from "../support/memory-world.ts";
import { gate, listening } from "../support/reports.ts";
import { onNetworks, SIMULATED, type World } from "../support/world.ts";

const [FIRST, SECOND, THIRD] = HARMLESS;

/** Raises `name` and waits until `signals` has something to read. */
async function arrive(world: World, signals: Signals, name: SignalName): Promise<void> {
  raise(world, name);
  await world.until(() => held(signals) > 0, name);
}

/** Whether something is to be read: what `condition()` says, seen from outside. */
function held(signals: Signals): number {
  return (signals as unknown as { condition(): number }).condition();
}

onNetworks([["net", "tcp"], ["memory", "tcp"], ...SIMULATED], "signals", (world) => {
  it("a signal makes its descriptor readable, and read() answers its name, once", async () => {
    const reactor = world().createReactor();
    const signals = reactor.signals([FIRST, SECOND]);
    expect(signals).toMatchObject({
      fd: 1,
      kind: "signals",
      state: "open",
      error: null,
      localAddress: null,
      names: [FIRST, SECOND],
    });
    const seen: unknown[] = [];
    reactor.register(signals, READABLE | WRITABLE, (given, ready) => {
      expect(given).toBe(signals);
      seen.push(ready, given.read(), given.read());
    });
    await turns(world(), reactor, 2);
    expect(seen).toEqual([]);
    raise(world(), SECOND);
    await world().until(() => seen.length > 0, "the signal");
    await turns(world(), reactor, 2);
    expect(seen).toEqual([READABLE, SECOND, null]);
  });

  it("several are read one by one, in the order in which they came", async () => {
    const reactor = world().createReactor();
    const all = reactor.signals(HARMLESS);
    for (const name of [THIRD, FIRST, SECOND]) {
      // Another one, that watches this name alone, says when it came.
      const one = reactor.signals([name]);
      await arrive(world(), one, name);
    }
    expect([all.read(), all.read(), all.read(), all.read()]).toEqual([THIRD, FIRST, SECOND, null]);
  });

  it("one that comes again before it was read is read once: signals do not queue", async () => {
    const reactor = world().createReactor();
    const slow = reactor.signals([FIRST]);
    const quick = reactor.signals([FIRST]);
    for (let i = 0; i < 100; i++) {
      await arrive(world(), quick, FIRST);
      expect(quick.read()).toBe(FIRST);
    }
    expect([slow.read(), slow.read()]).toEqual([FIRST, null]);
    await arrive(world(), slow, FIRST);
    expect(slow.read()).toBe(FIRST);
  });

  it("a signal watched twice, also by another reactor, is told to each", async () => {
    const reactor = world().createReactor();
    const other = world().createReactor();
    const watching = [
      reactor.signals([FIRST]),
      reactor.signals([SECOND, FIRST]),
      other.signals([FIRST]),
    ];
    raise(world(), FIRST);
    await world().until(() => watching.every((signals) => held(signals) > 0), "all of them");
    expect(watching.map((signals) => signals.read())).toEqual([FIRST, FIRST, FIRST]);
    watching[0]!.close();
    raise(world(), FIRST);
    await world().until(() => held(watching[1]!) + held(watching[2]!) === 2, "the others");
    expect(watching.map((signals) => signals.read())).toEqual([null, FIRST, FIRST]);
  });

  it("close() gives the default action back, once nobody else watches; it ends once", async () => {
    const before = world().network === "net" ? process.listenerCount(FIRST) : 0;
    const reactor = world().createReactor();
    const [one, two] = [reactor.signals([FIRST]), reactor.signals([FIRST])];
    const watched = async (): Promise<boolean> => {
      if (!(world() instanceof MemoryWorld)) return process.listenerCount(FIRST) > before;
      const { memory } = world() as MemoryWorld;
      const defaults = memory.unwatched.length;
      memory.raise(FIRST);
      await world().settle();
      return memory.unwatched.length === defaults;
    };
    expect(await watched()).toBe(true);
    one.close();
    expect(await watched()).toBe(true);
    two.close();
    two.close();
    two.abort(new Error("too late"));
    expect(await watched()).toBe(false);
    expect(await world().run(two.closed)).toBeNull();
    expect([two.state, two.error, two.read()]).toEqual(["closed", null, null]);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0 });
  });

  it("what came before close() is not read after it; abort() has a reason", async () => {
    const reactor = world().createReactor();
    const signals = reactor.signals([FIRST]);
    const registration = reactor.register(signals, READABLE);
    await arrive(world(), signals, FIRST);
    const reason = new Error("enough");
    const closed = signals.closed;
    signals.abort(reason);
    expect(signals.read()).toBeNull();
    expect([registration.active, registration.signal.aborted]).toEqual([false, true]);
    expect(await world().run(closed)).toBe(reason);
    expect(thrownBy(() => reactor.register(signals, READABLE))).toMatchObject({
      code: "IOMUX_CLOSED",
    });
    expect(reactor.unregister(signals)).toBe(false);
  });

  it("14: signals never keep the process alive, registered or not, ref'd or not", async () => {
    const reactor = world().createReactor();
    const signals = reactor.signals([FIRST]);
    expect(world().alive).toBe(false);
    const registration = reactor.register(signals, READABLE, () => {});
    expect(world().alive).toBe(false);
    registration.ref();
    expect(world().alive).toBe(false);
    registration.unref().ref();
    expect(world().alive).toBe(false);
    registration.unregister();
    expect(world().alive).toBe(false);
    const [member] = await readyCrowd(world(), reactor, 1);
    const channel = reactor.register(member!.channel, READABLE);
    reactor.register(signals, READABLE, () => {}).unregister();
    expect(world().alive).toBe(true);
    channel.unregister();
    expect(world().alive).toBe(false);
  });

  it("11: a handler that throws is reported and kept, and paused after 8 in a row", async () => {
    const [reactor, reports] = listening(world());
    const signals = reactor.signals([FIRST]);
    let calls = 0;
    const registration = reactor.register(signals, READABLE, () => {
      calls++;
      if (calls === 3) return;
      throw new Error(`failure ${calls}`);
    });
    raise(world(), FIRST);
    await world().until(() => registration.paused, "it to be paused");
    // Two failures, one success, and then eight in a row.
    expect(calls).toBe(11);
    expect([registration.active, signals.state]).toEqual([true, "open"]);
    expect(reports).toHaveLength(11);
    expect(reports.at(-1)!.error).toMatchObject({
      code: "IOMUX_HANDLER_KEEPS_FAILING",
      fd: signals.fd,
    });
    expect(reports.at(-1)!.error.message).toContain("fd 1 (signals) failed 8 times");
    expect(signals.read()).toBe(FIRST);
    registration.resume();
    raise(world(), FIRST);
    await world().until(() => calls > 11, "another call");
  });

  it("8, 9: edge reports each arrival, oneshot once, and a pending promise holds it", async () => {
    const reactor = world().createReactor();
    const signals = reactor.signals([FIRST, SECOND]);
    const witness = reactor.signals([FIRST]);
    let calls = 0;
    let answer: Promise<void> | undefined;
    const registration = reactor.register(signals, READABLE | EDGE, () => {
      calls++;
      return answer;
    });
    raise(world(), FIRST);
    await world().until(() => calls === 1, "the first edge");
    await turns(world(), reactor, 3);
    expect(calls).toBe(1);
    raise(world(), SECOND);
    await world().until(() => calls === 2, "the second edge");
    // It is unread already: nothing arrives.
    witness.read();
    await arrive(world(), witness, FIRST);
    await turns(world(), reactor, 3);
    expect(calls).toBe(2);
    registration.modify(READABLE | ONESHOT);
    await turns(world(), reactor, 3);
    expect([calls, registration.disarmed]).toEqual([3, true]);
    const opened = gate();
    answer = opened.promise;
    registration.modify(READABLE);
    await turns(world(), reactor, 4);
    expect([calls, registration.held]).toEqual([4, true]);
    answer = undefined;
    signals.read();
    signals.read();
    opened.open();
    await turns(world(), reactor, 2);
    expect(calls).toBe(4);
  });

  it("12: a handler that reads nothing is reported as spinning", async () => {
    const [reactor, reports] = listening(world(), { spinTurns: 10, pauseSpinning: true });
    const registration = reactor.register(reactor.signals([FIRST]), READABLE, () => {});
    raise(world(), FIRST);
    await world().until(() => registration.paused, "it to be paused");
    expect(reports.map(({ error }) => error.code)).toEqual(["IOMUX_SPINNING"]);
  });

  it("poll, select, explain, stats and registrations know it", async () => {
    const reactor = world().createReactor();
    const signals = reactor.signals([FIRST, SECOND]);
    expect(reactor.stats()).toMatchObject({ open: 1, registered: 0 });
    expect(reactor.explain(signals)).toMatchObject({
      fd: 1,
      kind: "signals",
      reading: "nothing came",
      writing: "no output side",
    });
    expect(reactor.explain(1).text).toContain(`fd 1 (signals ${FIRST}, ${SECOND}) is open`);
    const selecting = reactor.select([signals], [signals], [signals]);
    raise(world(), FIRST);
    expect(await world().run(selecting)).toEqual([[signals], [], []]);
    const registration = reactor.register(signals, READABLE);
    expect(reactor.get(signals)).toBe(registration);
    expect([...reactor.registrations.keys()]).toEqual([1]);
    expect(await world().run(reactor.poll())).toEqual([[registration, READABLE]]);
    expect(signals.read()).toBe(FIRST);
    expect(reactor.explain(signals).reading).toBe("nothing came");
    expect(thrownBy(() => world().createReactor().register(signals, READABLE))).toMatchObject({
      code: "IOMUX_OTHER_REACTOR",
    });
  });

  it("close() of the reactor closes it; then there are no more", async () => {
    const before = process.listenerCount(FIRST);
    const reactor = world().createReactor();
    const signals = reactor.signals([FIRST]);
    reactor.register(signals, READABLE, () => {});
    const closing = reactor.close();
    expect([signals.state, process.listenerCount(FIRST)]).toEqual(["closed", before]);
    await world().run(closing);
    expect(thrownBy(() => reactor.signals([FIRST]))).toMatchObject({
      code: "IOMUX_REACTOR_CLOSED",
    });
  });

  it.each([
    ["no list", undefined, "TypeError", /array of names, not undefined/],
    ["a name", "SIGINT", "TypeError", /array of names, not string/],
    ["a number", [2], "TypeError", /string such as "SIGINT", not number/],
    ["an empty list", [], "RangeError", /empty/],
    ["one name twice", [FIRST, SECOND, FIRST], "RangeError", /SIGWINCH is named twice/],
    ["SIGKILL", [FIRST, "SIGKILL"], "RangeError", /no process can watch SIGKILL/],
    ["SIGSTOP", ["SIGSTOP"], "RangeError", /no process can watch SIGSTOP/],
    ["an unknown name", [FIRST, "SIGNAL"], "RangeError", /no signal "SIGNAL"/],
    ["a name of every object", ["toString"], "RangeError", /no signal "toString"/],
  ])("2: %s throws at once, and leaves everything as it was", (_, names, kind, why) => {
    const reactor = world().createReactor();
    const before = [tables(reactor), process.listenerCount(FIRST)];
    const thrown = thrownBy(() => reactor.signals(names as never));
    expect(thrown).toBeInstanceOf(kind === "TypeError" ? TypeError : RangeError);
    expect(thrown.code).toBe(kind === "TypeError" ? "IOMUX_BAD_ARGUMENT" : "IOMUX_BAD_RANGE");
    expect(thrown.message).toMatch(why);
    expect([tables(reactor), process.listenerCount(FIRST)]).toEqual(before);
  });

  it("the list is copied: changing it later changes nothing", async () => {
    const reactor = world().createReactor();
    const names: SignalName[] = [FIRST];
    const signals = reactor.signals(names);
    names[0] = SECOND;
    expect(signals.names).toEqual([FIRST]);
    await arrive(world(), signals, FIRST);
    signals.close();
    expect(Object.isFrozen(signals.names)).toBe(true);
  });
});
