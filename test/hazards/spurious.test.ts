/** H24, H6: readiness with nothing behind it, over a network whose every word is the test's. */
import { expect, it } from "vitest";

import {
  createReactor,
  EDGE,
  READABLE,
  WRITABLE,
  type Adopted,
  type Channel,
  type ListenTransport,
  type Network,
  type Reactor,
  type ReactorOptions,
  type SocketAddress,
  type Transport,
  type TransportSink,
} from "iomux";
import { SimulatedClock } from "iomux/testing";

const NOWHERE: SocketAddress = { family: "IPv4", host: "127.0.0.1", port: 1 };

/** One connection that says what it is told to say. */
class FakeNetwork implements Network, Transport {
  readonly capabilities = {
    pauseAccept: false,
    urgent: false,
    kernelQueue: false,
    resetWhilePaused: false,
    tls: false,
  };
  readonly connecting = false;
  readonly localAddress = NOWHERE;
  readonly remoteAddress = NOWHERE;
  sink!: TransportSink;
  writes = 0;

  connect(): Transport {
    return this;
  }

  attach(sink: TransportSink): void {
    this.sink = sink;
  }

  write(): boolean {
    this.writes++;
    return true;
  }

  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  destroy(): void {}
  reset(): void {}
  markAdopted(): void {}

  signals(): () => void {
    throw new Error("not here");
  }

  adoptedBy(): undefined {
    return undefined;
  }

  descriptorsLeft(): null {
    return null;
  }

  listen(): Promise<ListenTransport> {
    throw new Error("not here");
  }

  bind(): never {
    throw new Error("not here");
  }

  adopt(): Adopted {
    throw new Error("not here");
  }
}

function fake(options: ReactorOptions = {}): {
  clock: SimulatedClock;
  network: FakeNetwork;
  reactor: Reactor;
  channel: Channel;
} {
  const clock = new SimulatedClock();
  const network = new FakeNetwork();
  const reactor = createReactor({ network, clock, ...options });
  return { clock, network, reactor, channel: reactor.connect({ port: 1 }) };
}

it.each([
  ["level", 0],
  ["edge", EDGE],
])("H24: an arrival of nothing is no readiness, no end and no error: %s", async (_, mode) => {
  const { clock, network, reactor, channel } = fake();
  let calls = 0;
  const registration = reactor.register(channel, READABLE | mode, () => {
    calls++;
  });
  network.sink.onBytes(Buffer.alloc(0));
  reactor.wake();
  await clock.settle();
  expect(calls).toBe(0);
  expect(channel.read()).toBeNull();
  expect(channel).toMatchObject({ ended: false, state: "open", error: null });
  network.sink.onBytes(Buffer.from("x"));
  clock.stepSync();
  expect(calls).toBe(1);
  registration.unregister();
  reactor.assertInvariants();
});

it("H24: read and peek answer null when readiness was a hint too much", async () => {
  const { clock, network, reactor, channel } = fake();
  network.sink.onBytes(Buffer.from("x"));
  const hint = reactor.select([channel]);
  await clock.settle();
  expect(await hint).toEqual([[channel], [], []]);
  // Somebody else was faster.
  expect(channel.read()).toHaveLength(1);
  for (let i = 0; i < 3; i++) {
    expect(channel.read()).toBeNull();
    expect(channel.peek()).toBeNull();
  }
  expect(channel).toMatchObject({ ended: false, state: "open", error: null });
});

it("H24: edge state is kept when what was collected is gone: the next arrival is told of", () => {
  const { clock, network, reactor, channel } = fake();
  const seen: number[] = [];
  reactor.register(channel, READABLE | EDGE, (_, ready) => {
    seen.push(ready);
  });
  network.sink.onBytes(Buffer.from("a"));
  channel.read();
  clock.stepSync();
  expect(seen).toEqual([]);
  for (let i = 1; i <= 3; i++) {
    network.sink.onBytes(Buffer.from("b"));
    clock.stepSync();
    clock.stepSync();
    expect(seen).toHaveLength(i);
  }
});

it("H24: a turn without anything ready calls nobody", async () => {
  const { clock, reactor, channel } = fake();
  let calls = 0;
  reactor.register(channel, READABLE, () => {
    calls++;
  });
  for (let i = 0; i < 10; i++) {
    reactor.wake();
    await clock.settle();
  }
  expect(reactor.stats()).toMatchObject({ turns: 10, dispatches: 0 });
  expect(calls).toBe(0);
  expect(reactor.poll({ timeoutMs: 0 })).toBeInstanceOf(Promise);
  await clock.settle();
});

it("H6: write inside a handler for WRITABLE does not recurse, and leaves once a turn", () => {
  const { clock, network, reactor, channel } = fake();
  let depth = 0;
  let deepest = 0;
  let calls = 0;
  reactor.register(channel, READABLE | WRITABLE, () => {
    deepest = Math.max(deepest, ++depth);
    calls++;
    for (let i = 0; i < 10; i++) channel.write(Buffer.alloc(100));
    depth--;
  });
  for (let turn = 1; turn <= 5; turn++) {
    clock.stepSync();
    expect(calls).toBe(turn);
    expect(network.writes).toBe(turn);
  }
  expect(deepest).toBe(1);
});

it("H6: what comes while a handler runs is for the next turn, in order", () => {
  const { clock, network, reactor, channel } = fake({ turnBytes: 2 });
  const seen: string[] = [];
  reactor.register(channel, READABLE, () => {
    seen.push(channel.read()!.toString());
    if (seen.length < 4) network.sink.onBytes(Buffer.from(`+${seen.length}`));
  });
  network.sink.onBytes(Buffer.from("0"));
  for (let turn = 1; turn <= 4; turn++) {
    clock.stepSync();
    expect(seen).toHaveLength(turn);
  }
  expect(seen).toEqual(["0", "+1", "+2", "+3"]);
});
