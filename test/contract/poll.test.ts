/** Promises 3 and 13: `poll`. */
import { expect, it } from "vitest";

import {
  AbortError,
  EDGE,
  formatMask,
  HANGUP,
  INVALID,
  IomuxRangeError,
  IomuxTypeError,
  ONESHOT,
  READABLE,
  WRITABLE,
  type PollResult,
  type Reactor,
} from "iomux";

import { arrived, crowd, readyCrowd, tables, thrownBy, turns } from "../support/crowd.ts";
import { connected, onEveryNetwork, type World } from "../support/world.ts";

/** What one poll answers, as `[fd, mask]`. */
async function polled(world: World, reactor: Reactor, timeoutMs?: number): Promise<string[]> {
  return text(await world.run(reactor.poll({ timeoutMs })));
}

function text(result: PollResult): string[] {
  return result.map(([{ fd }, ready]) => `${fd} ${formatMask(ready)}`);
}

/** Keeps what a promise came to, so that a test can see that it has not yet. */
function watch<T>(promise: Promise<T>): { value?: T; error?: Error } {
  const outcome: { value?: T; error?: Error } = {};
  promise.then(
    (value) => (outcome.value = value),
    (error: unknown) => (outcome.error = error as Error),
  );
  return outcome;
}

onEveryNetwork("poll", (world) => {
  it("13: poll answers the registrations that have no handler, with their masks", async () => {
    const reactor = world().createReactor();
    const [first, second, handled] = await readyCrowd(world(), reactor, 3);
    const one = reactor.register(first!.channel, READABLE, null, { data: "one" });
    const two = reactor.register(second!.channel, READABLE | WRITABLE);
    let calls = 0;
    reactor.register(handled!.channel, READABLE, (channel) => {
      calls++;
      channel.read();
    });
    const result = await world().run(reactor.poll());
    expect(result).toEqual([
      [one, READABLE],
      [two, READABLE | WRITABLE],
    ]);
    expect(result[0]![0].data).toBe("one");
    expect(calls).toBe(1);
    expect(one.dispatches).toBe(1);
  });

  it("13: poll waits until something is ready", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    const outcome = watch(reactor.poll());
    await turns(world(), reactor, 1); // wake() answers it early, with nothing
    expect(outcome.value).toEqual([]);
    const waiting = watch(reactor.poll());
    await world().settle();
    expect(waiting.value).toBeUndefined();
    peer.write("x");
    await world().until(() => waiting.value !== undefined, "the answer");
    expect(text(waiting.value!)).toEqual([`${channel.fd} READABLE`]);
  });

  it("13: level repeats in every poll, edge and oneshot do not", async () => {
    const reactor = world().createReactor();
    const [level, edge, oneshot] = await readyCrowd(world(), reactor, 3);
    const fds = [level!, edge!, oneshot!].map(({ channel }) => channel.fd);
    reactor.register(level!.channel, READABLE);
    reactor.register(edge!.channel, READABLE | EDGE);
    const once = reactor.register(oneshot!.channel, READABLE | ONESHOT);
    expect(await polled(world(), reactor)).toEqual(fds.map((fd) => `${fd} READABLE`));
    expect(await polled(world(), reactor)).toEqual([`${fds[0]} READABLE`]);
    edge!.peer.write("more");
    await world().until(() => edge!.channel.unread > 1, "more");
    once.modify(READABLE | ONESHOT);
    expect((await polled(world(), reactor)).sort()).toEqual(
      fds.map((fd) => `${fd} READABLE`).sort(),
    );
    level!.channel.read();
    expect(await polled(world(), reactor, 0)).toEqual([]);
  });

  it("13: 0 does not wait", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    const none = watch(reactor.poll({ timeoutMs: 0 }));
    await world().passes(2);
    expect(none.value).toEqual([]);
    peer.write("x");
    await arrived(world(), [channel]);
    const one = watch(reactor.poll({ timeoutMs: 0 }));
    await world().passes(2);
    expect(text(one.value!)).toEqual([`${channel.fd} READABLE`]);
  });

  it("13: timeouts round up, never down", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    const outcome = watch(reactor.poll({ timeoutMs: 10.5 }));
    await world().advance(10);
    await world().passes(3);
    expect(outcome.value).toBeUndefined();
    await world().advance(0.4);
    await world().passes(3);
    expect(outcome.value).toBeUndefined();
    await world().advance(1);
    await world().until(() => outcome.value !== undefined, "the time-out");
    expect(outcome.value).toEqual([]);
    expect(reactor.stats().timers).toBe(0);
  });

  it("13 / H31: with nothing registered poll waits for its time-out, and 0 does not wait", async () => {
    const reactor = world().createReactor();
    expect(await polled(world(), reactor, 0)).toEqual([]);
    const timeoutMs = 10 + world().slackMs;
    const outcome = watch(reactor.poll({ timeoutMs }));
    await world().passes(5);
    expect(outcome.value).toBeUndefined();
    await world().advance(timeoutMs);
    await world().until(() => outcome.value !== undefined, "the time-out");
    expect(outcome.value).toEqual([]);
  });

  it("13: an answer before the time-out leaves no timer behind", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    reactor.register(member!.channel, READABLE);
    await world().run(reactor.poll({ timeoutMs: 1000 }));
    expect(reactor.stats().timers).toBe(0);
  });

  it("13 / H6: poll inside a handler throws", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const errors: unknown[] = [];
    reactor.register(member!.channel, READABLE, (channel) => {
      channel.read();
      errors.push(thrownBy(() => reactor.poll()));
    });
    await turns(world(), reactor, 2);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: "IOMUX_POLL_IN_HANDLER" });
    expect(await polled(world(), reactor, 0)).toEqual([]);
  });

  it("13: two polls at once throw; the first goes on", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    const first = watch(reactor.poll());
    const before = tables(reactor);
    expect(thrownBy(() => reactor.poll({ timeoutMs: 0 }))).toMatchObject({
      code: "IOMUX_POLL_TWICE",
    });
    expect(tables(reactor)).toEqual(before);
    peer.write("x");
    await world().until(() => first.value !== undefined, "the first");
    expect(text(first.value!)).toEqual([`${channel.fd} READABLE`]);
    expect(await polled(world(), reactor)).toEqual([`${channel.fd} READABLE`]);
  });

  it("13: abort rejects with AbortError, at once and before", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = watch(reactor.poll({ signal, timeoutMs: 1000 }));
    await world().passes(2);
    expect(waiting.error).toBeUndefined();
    const enough = new Error("enough");
    controller.abort(enough);
    await world().passes(1);
    expect(waiting.error).toBeInstanceOf(AbortError);
    expect(waiting.error).toMatchObject({
      name: "AbortError",
      code: "ABORT_ERR",
      cause: enough,
    });
    expect(reactor.stats().timers).toBe(0);
    await expect(world().run(reactor.poll({ signal }))).rejects.toBeInstanceOf(AbortError);
    // The reactor is fit to poll again.
    expect(await polled(world(), reactor, 0)).toEqual([]);
  });

  it("13: a poll that was aborted leaves nothing for the next one", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    const controller = new AbortController();
    const waiting = watch(reactor.poll({ signal: controller.signal }));
    channel.abort();
    controller.abort();
    await turns(world(), reactor, 1);
    expect(waiting.error).toBeInstanceOf(AbortError);
    expect(await polled(world(), reactor, 0)).toEqual([]);
  });

  it("13: close() resolves it with []", async () => {
    const reactor = world().createReactor();
    const [member] = await crowd(world(), reactor, 1);
    reactor.register(member!.channel, READABLE);
    const outcome = watch(reactor.poll());
    const closing = reactor.close({ drainMs: 0 });
    await world().until(() => outcome.value !== undefined, "the answer");
    expect(outcome.value).toEqual([]);
    await world().advance(0);
    await world().run(closing);
    expect(thrownBy(() => reactor.poll())).toMatchObject({ code: "IOMUX_REACTOR_CLOSED" });
  });

  it("13: bad time-outs and signals throw, and no poll waits", async () => {
    const reactor = world().createReactor();
    for (const timeoutMs of [-1, NaN, Infinity, -Infinity]) {
      expect(() => reactor.poll({ timeoutMs })).toThrow(IomuxRangeError);
    }
    for (const options of [{ timeoutMs: "1" }, { timeoutMs: null }, { signal: {} }, null, 5]) {
      expect(() => reactor.poll(options as never)).toThrow(IomuxTypeError);
    }
    expect(reactor.stats().timers).toBe(0);
    expect(await polled(world(), reactor, 0)).toEqual([]);
  });

  it("13: what was paused, or unregistered while poll waits, is not answered", async () => {
    const reactor = world().createReactor();
    const [paused, gone, last] = await crowd(world(), reactor, 3);
    const registrations = [paused!, gone!, last!].map(({ channel }) =>
      reactor.register(channel, READABLE),
    );
    const outcome = watch(reactor.poll());
    registrations[0]!.pause();
    registrations[1]!.unregister();
    paused!.peer.write("x");
    gone!.peer.write("x");
    await arrived(world(), [paused!.channel, gone!.channel]);
    await world().passes(3);
    expect(outcome.value).toBeUndefined();
    last!.peer.write("x");
    await world().until(() => outcome.value !== undefined, "the answer");
    expect(text(outcome.value!)).toEqual([`${last!.channel.fd} READABLE`]);
    registrations[0]!.resume();
    expect(await polled(world(), reactor)).toContain(`${paused!.channel.fd} READABLE`);
  });

  it("3: INVALID is what poll answers for a descriptor closed while it waited", async () => {
    const reactor = world().createReactor();
    const [closing, aborted, before] = await crowd(world(), reactor, 3);
    const registrations = [closing!, aborted!].map(({ channel }) =>
      reactor.register(channel, READABLE),
    );
    reactor.register(before!.channel, READABLE);
    before!.channel.close();
    const outcome = watch(reactor.poll());
    await world().passes(3);
    expect(outcome.value).toBeUndefined();
    closing!.channel.close();
    aborted!.channel.abort();
    await world().until(() => outcome.value !== undefined, "the answer");
    expect(outcome.value).toEqual(registrations.map((registration) => [registration, INVALID]));
    expect(reactor.registrations.size).toBe(0);
    expect(await polled(world(), reactor, 0)).toEqual([]);
  });

  it("3: INVALID never reaches a handler, nor poll for a registration that has one", async () => {
    const reactor = world().createReactor();
    const [handled, polledOne] = await crowd(world(), reactor, 2);
    const seen: number[] = [];
    reactor.register(handled!.channel, READABLE | WRITABLE, (_, ready) => {
      seen.push(ready);
    });
    reactor.register(polledOne!.channel, READABLE);
    const outcome = watch(reactor.poll());
    handled!.channel.close();
    await world().passes(4);
    expect(seen).toEqual([]);
    expect(outcome.value).toBeUndefined();
    polledOne!.peer.write("x");
    await world().until(() => outcome.value !== undefined, "the answer");
    expect(text(outcome.value!)).toEqual([`${polledOne!.channel.fd} READABLE`]);
  });

  it("3, 7: poll answers ERROR or HANGUP once, and the registration is gone", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE);
    channel.shutdown();
    peer.end("bye");
    await arrived(world(), [channel]);
    const answers: string[] = [];
    while (registration.active) {
      const [[, ready] = [null, 0]] = await world().run(reactor.poll());
      answers.push(formatMask(ready));
      if ((ready & READABLE) !== 0) channel.read();
    }
    expect(answers.length).toBeGreaterThan(2);
    expect(answers.filter((mask) => mask !== "READABLE")).toEqual([formatMask(HANGUP)]);
    expect(await polled(world(), reactor, 0)).toEqual([]);
    expect(channel.state).toBe("closed");
  });
});
