/** Promises 3 and 13: `select`. */
import { expect, it } from "vitest";

import {
  AbortError,
  IomuxRangeError,
  IomuxTypeError,
  READABLE,
  type Channel,
  type Descriptor,
  type SelectResult,
} from "iomux";

import { crowd, readyCrowd, tables, thrownBy, turns } from "../support/crowd.ts";
import { connected, onEveryNetwork, onStillNetworks } from "../support/world.ts";

/** Keeps what a promise came to, so that a test can see that it has not yet. */
function watch(promise: Promise<SelectResult>): { value?: number[][]; error?: Error } {
  const outcome: { value?: number[][]; error?: Error } = {};
  promise.then(
    (value) => (outcome.value = value.map((list) => list.map(({ fd }) => fd))),
    (error: unknown) => (outcome.error = error as Error),
  );
  return outcome;
}

const NONE = [[], [], []];

onEveryNetwork("select", (world) => {
  it("select answers those of three lists that are ready, registered or not", async () => {
    const reactor = world().createReactor();
    const [registered, plain, silent] = await readyCrowd(world(), reactor, 3);
    silent!.channel.read();
    reactor.register(registered!.channel, READABLE).pause();
    const channels = [registered!, plain!, silent!].map(({ channel }) => channel);
    const [readers, writers, exceptional] = await world().run(
      reactor.select(channels, [plain!.channel, silent!.channel], channels),
    );
    expect(readers).toEqual([registered!.channel, plain!.channel]);
    expect(writers).toEqual([plain!.channel, silent!.channel]);
    expect(exceptional).toEqual([]);
  });

  it("select is level and consumes nothing", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const { channel } = member!;
    for (let i = 0; i < 3; i++) {
      expect(await world().run(reactor.select([channel]))).toEqual([[channel], [], []]);
    }
    expect(channel.unread).toBe(1);
    channel.read();
    expect(await world().run(reactor.select([channel], [], [], { timeoutMs: 0 }))).toEqual(NONE);
  });

  it("select takes nothing from an edge or a oneshot registration", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    let calls = 0;
    reactor
      .register(channel, READABLE, () => {
        calls++;
        channel.read();
      })
      .pause();
    peer.write("x");
    await world().run(reactor.select([channel]));
    expect(calls).toBe(0);
    reactor.get(channel)!.resume();
    await turns(world(), reactor, 2);
    expect(calls).toBe(1);
  });

  it("select waits until one is ready: bytes, a peer to accept, the end", async () => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    const wait = (): { value?: number[][] } => watch(reactor.select([channel, listener]));
    let outcome = wait();
    await world().settle();
    expect(outcome.value).toBeUndefined();
    peer.write("x");
    await world().until(() => outcome.value !== undefined, "bytes");
    expect(outcome.value).toEqual([[channel.fd], [], []]);
    channel.read();
    outcome = wait();
    world().dial(listener);
    await world().until(() => outcome.value !== undefined, "a peer");
    expect(outcome.value).toEqual([[listener.fd], [], []]);
    listener.accept();
    outcome = wait();
    peer.end();
    await world().until(() => outcome.value !== undefined, "the end");
    expect(outcome.value).toEqual([[channel.fd], [], []]);
  });

  it("select says of a channel that is connecting when it stands, or has failed", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const { localAddress } = listener;
    const good = reactor.connect(localAddress as never);
    expect(await world().run(reactor.select([], [good]))).toEqual([[], [good], []]);
    expect(good.state).toBe("open");
    const closing = listener.closed;
    listener.close();
    await world().run(closing);
    const bad = reactor.connect(localAddress as never);
    const [readers, writers, exceptional] = await world().run(reactor.select([bad], [bad], [bad]));
    expect([readers, writers, exceptional]).toEqual([[bad], [bad], [bad]]);
    expect(bad.state).toBe("failed");
  });

  it("3: what is closed while select waits counts as ready in each list", async () => {
    const reactor = world().createReactor();
    const [one, two] = await crowd(world(), reactor, 2);
    for (const end of ["close", "abort"] as const) {
      const channel: Channel = end === "close" ? one!.channel : two!.channel;
      const outcome = watch(reactor.select([channel], [], [channel]));
      await world().passes(3);
      expect(outcome.value).toBeUndefined();
      channel[end]();
      await world().until(() => outcome.value !== undefined, "the answer");
      expect(outcome.value).toEqual([[channel.fd], [], [channel.fd]]);
    }
  });

  it("13: many selects wait at once, also beside poll and inside a handler", async () => {
    const reactor = world().createReactor();
    const [first, second] = await crowd(world(), reactor, 2);
    const inside: { value?: number[][] }[] = [];
    reactor.register(second!.channel, READABLE, (channel) => {
      channel.read();
      inside.push(watch(reactor.select([first!.channel])));
    });
    const outcomes = [first!, second!, first!].map(({ channel }) =>
      watch(reactor.select([channel])),
    );
    const polling = reactor.poll({ timeoutMs: 0 });
    second!.peer.write("x");
    await world().until(() => outcomes[1]!.value !== undefined || inside.length > 0, "the second");
    await world().passes(3);
    expect(outcomes[0]!.value).toBeUndefined();
    expect(outcomes[2]!.value).toBeUndefined();
    expect(inside[0]!.value).toBeUndefined();
    first!.peer.write("x");
    await world().until(() => inside[0]!.value !== undefined, "the answers");
    expect(outcomes[0]!.value).toEqual([[first!.channel.fd], [], []]);
    expect(outcomes[2]!.value).toEqual(outcomes[0]!.value);
    expect(await world().run(polling)).toEqual([]);
  });

  it("13: abort rejects with AbortError, at once and before", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = watch(reactor.select([channel], [], [], { signal, timeoutMs: 1000 }));
    await world().passes(2);
    expect(waiting.error).toBeUndefined();
    controller.abort();
    await world().passes(1);
    expect(waiting.error).toBeInstanceOf(AbortError);
    expect(reactor.stats().timers).toBe(0);
    const late = reactor.select([channel], [channel], [], { signal });
    await expect(world().run(late)).rejects.toBeInstanceOf(AbortError);
  });

  it("13: wake() makes it answer with what there is; so does close()", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const woken = watch(reactor.select([channel]));
    await world().passes(2);
    expect(woken.value).toBeUndefined();
    reactor.wake();
    await world().until(() => woken.value !== undefined, "the answer");
    expect(woken.value).toEqual(NONE);
    const closed = watch(reactor.select([channel]));
    const closing = reactor.close({ drainMs: 0 });
    await world().until(() => closed.value !== undefined, "the answer");
    await world().advance(0);
    await world().run(closing);
    expect(thrownBy(() => reactor.select([]))).toMatchObject({ code: "IOMUX_REACTOR_CLOSED" });
  });

  it("13: what is no open descriptor, no list, and bad time-outs throw", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const before = tables(reactor);
    for (const bad of [undefined, null, channel, "list", 1]) {
      expect(() => reactor.select(bad as never)).toThrow(IomuxTypeError);
      if (bad === undefined) continue;
      expect(() => reactor.select([], bad as never)).toThrow(IomuxTypeError);
      expect(() => reactor.select([], [], bad as never)).toThrow(IomuxTypeError);
    }
    for (const bad of [{}, 1, null, undefined, channel.fd, "x"]) {
      expect(thrownBy(() => reactor.select([channel, bad as Descriptor]))).toMatchObject({
        code: "IOMUX_CLOSED",
      });
    }
    for (const timeoutMs of [-1, NaN, Infinity]) {
      expect(() => reactor.select([channel], [], [], { timeoutMs })).toThrow(IomuxRangeError);
    }
    expect(() => reactor.select([channel], [], [], null as never)).toThrow(IomuxTypeError);
    expect(tables(reactor)).toEqual(before);
    channel.abort();
    expect(thrownBy(() => reactor.select([channel]))).toMatchObject({ code: "IOMUX_CLOSED" });
  });
});

onStillNetworks("select", (world) => {
  it("13: 0 does not wait; a time-out answers three empty lists, not before its time", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const none = watch(reactor.select([channel], [], [], { timeoutMs: 0 }));
    await world().passes(2);
    expect(none.value).toEqual(NONE);
    const outcome = watch(reactor.select([channel], [], [], { timeoutMs: 10.5 }));
    await world().advance(10.4);
    await world().passes(3);
    expect(outcome.value).toBeUndefined();
    await world().advance(1);
    await world().until(() => outcome.value !== undefined, "the time-out");
    expect(outcome.value).toEqual(NONE);
    expect(reactor.stats().timers).toBe(0);
  });

  it("13: empty lists are a way to wait", async () => {
    const reactor = world().createReactor();
    const outcome = watch(reactor.select([], [], [], { timeoutMs: 5 }));
    await world().passes(3);
    expect(outcome.value).toBeUndefined();
    await world().advance(5);
    await world().until(() => outcome.value !== undefined, "the time-out");
    expect(outcome.value).toEqual(NONE);
  });
});
