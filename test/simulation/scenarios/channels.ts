/**
 * Both ends of some streams on reactors, whose handlers do anything that may be done to a channel:
 * what one end reads is what the other one wrote, or its beginning if something broke; each is
 * closed once; nothing is called that may not be; nobody is forgotten.
 */
import assert from "node:assert/strict";
import { READABLE, type Channel, type Reactor, type SocketAddress } from "iomux";
import type { Scenario, SimulatedHost, Simulation } from "iomux/testing";

import { ChannelEnd, type Meddling } from "../channel-end.ts";

const PORT = 9000;
const STREAMS = 3;
const MEDDLINGS = 40;
/** What a reactor reports in a world in which handlers are slow and accepting fails. */
const OFTEN = /^(EMFILE|ECONNABORTED|IOMUX_SLOW_HANDLER)$/;

/** Ends by the name of their stream: negative where it was accepted. */
type Ends = Map<number, ChannelEnd>;

/** A reactor with ends of its own, and small limits. */
function meddler(world: Simulation, host: SimulatedHost, thrown: Set<Error>, ends: Ends): Meddling {
  const random = world.random.fork(host.name);
  const highWaterMark = random.integer(1, random.pick([100, 10_000, 100_000]));
  const reactor = host.createReactor({
    highWaterMark,
    // 0: who waits for room waits until all has left.
    lowWaterMark: random.pick([0, random.integer(0, highWaterMark)]),
    inputMark: random.integer(1, random.pick([100, 10_000])),
    flushBytes: random.integer(1, random.pick([100, 10_000, 100_000])),
    turnBytes: random.pick([1, 1000, Infinity]),
    turnDispatches: random.pick([1, 2, Infinity]),
    closesPerTurn: random.pick([1, Infinity]),
    onError: (error) => {
      const expected =
        thrown.delete(error) || OFTEN.test(String((error as { code?: string }).code));
      if (!expected) thrown.add(error);
    },
  });
  const another = (): ChannelEnd => random.pick([...ends.values()]);
  return { reactor, random, sleep: (ms) => world.sleep(ms), another, thrown };
}

/** The port of the side that connected: both ends know it. */
function nameOf(address: SocketAddress | null): number {
  assert.ok(address !== null && address.family !== "unix");
  return address.port;
}

/** Takes an end in: its stream has a peer once both are there. */
function join(ends: Ends, others: Ends, name: number, channel: Channel, shared: Meddling): void {
  const end = new ChannelEnd(channel, name, shared);
  ends.set(name, end);
  const peer = others.get(-name) ?? null;
  end.peer = peer;
  if (peer !== null) peer.peer = end;
  end.register();
}

async function accepting(shared: Meddling, ends: Ends, others: Ends): Promise<void> {
  const { reactor } = shared;
  const listener = await reactor.listen({ port: PORT, host: "0.0.0.0" });
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      join(ends, others, -nameOf(peer.remoteAddress), peer, shared);
    }
  });
}

function connecting(shared: Meddling, ends: Ends, others: Ends, host: string): void {
  const channel = shared.reactor.connect({ port: PORT, host });
  join(ends, others, nameOf(channel.localAddress), channel, shared);
}

async function meddle(world: Simulation, ends: Ends): Promise<void> {
  for (let n = 0; n < MEDDLINGS; n++) {
    await world.sleep(world.random.integer(0, world.random.pick([1, 20, 200])));
    if (ends.size > 0) world.random.pick([...ends.values()]).act();
  }
}

function assertCounters(reactor: Reactor, ends: Ends): void {
  const { queuedBytes, unreadBytes, bufferedBytes } = reactor.stats();
  const all = [...ends.values()].map(({ channel }) => channel);
  assert.equal(
    queuedBytes,
    all.reduce((sum, { queued }) => sum + queued, 0),
  );
  assert.equal(
    unreadBytes,
    all.reduce((sum, { unread }) => sum + unread, 0),
  );
  assert.equal(bufferedBytes, queuedBytes + unreadBytes, "what is held is not what is counted");
}

export const channels: Scenario = {
  name: "channels",
  run: async (world) => {
    const thrown = new Set<Error>();
    const left: Ends = new Map();
    const right: Ends = new Map();
    const here = meddler(world, world.host("here"), thrown, left);
    const there = meddler(world, world.host("there"), thrown, right);
    await accepting(there, right, left);
    for (let n = 0; n < STREAMS; n++) {
      connecting(here, left, right, world.host("there").address);
    }
    await meddle(world, new Map([...left, ...right]));
    assertCounters(here.reactor, left);
    assertCounters(there.reactor, right);
    // Each end that is there now, and each that is accepted meanwhile, comes to its own end.
    const overs = (): boolean => [...left.values(), ...right.values()].every(({ over }) => over);
    while (!overs()) {
      for (const error of thrown) throw error;
      for (const end of [...left.values(), ...right.values()]) end.drain();
      await world.sleep(60_000);
    }
    await there.reactor.close();
    await here.reactor.close();
    for (const end of [...left.values(), ...right.values()]) end.finish();
    for (const error of thrown) throw error;
  },
};
