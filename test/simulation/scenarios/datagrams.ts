/**
 * Datagrams of a host to itself, lost, doubled and overtaken: each that is received was sent, whole,
 * empty ones too; with no such fault all of them come, in order; what was dropped is counted.
 */
import assert from "node:assert/strict";
import { READABLE, WRITABLE, type Datagram, type Reactor } from "iomux";
import type { Random, Scenario, Simulation } from "iomux/testing";

const COUNT = 60;
/** What a reactor reports of a queue that is full, and of handlers that are slow. */
const OFTEN = /^(IOMUX_SLOW_HANDLER|IOMUX_DATAGRAMS_DROPPED)$/;

/** What a datagram says: its number, and as many bytes as follow from it. */
function numbered(random: Random, number: number): Buffer {
  // A datagram may be empty: then it has no number.
  if (random.chance(0.1)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(random.integer(2, random.pick([2, 100, 60_000])), number);
  bytes.writeUInt16BE(number);
  return bytes;
}

interface Receiver {
  readonly datagram: Datagram;
  readonly received: Buffer[];
}

async function receiver(reactor: Reactor, random: Random): Promise<Receiver> {
  const datagram = await reactor.bind({ port: 0 });
  const received: Buffer[] = [];
  reactor.register(datagram, READABLE, (_, __, registration) => {
    for (let most = random.integer(0, 5); most > 0; most--) {
      const next = datagram.receive();
      if (next === null) break;
      received.push(next.bytes);
    }
    const { datagramQueue, datagramQueueBytes } = reactor.limits;
    assert.ok(datagram.waiting <= datagramQueue, "the queue is over its limit");
    assert.ok(datagram.unread <= datagramQueueBytes, "its bytes are over their limit");
    if (!random.chance(0.1)) return;
    registration.pause();
    reactor.setTimer(random.integer(1, 50), () => {
      registration.resume();
    });
  });
  return { datagram, received };
}

async function send(world: Simulation, reactor: Reactor, to: Datagram): Promise<Buffer[]> {
  const { random } = world;
  const datagram = await reactor.bind({ port: 0 });
  reactor.register(datagram, WRITABLE, (_, __, registration) => {
    registration.pause();
  });
  const sent: Buffer[] = [];
  const { port } = to.localAddress as { port: number };
  for (let n = 0; n < COUNT; n++) {
    const bytes = numbered(random, n);
    assert.ok(datagram.send(bytes, { host: "127.0.0.1", port }));
    sent.push(bytes);
    // The bytes are the caller's again at once.
    if (random.chance(0.3)) await world.sleep(random.integer(0, 20));
  }
  return sent;
}

/** Each that came was sent; how often each did. */
function assertSent(received: readonly Buffer[], sent: readonly Buffer[]): void {
  const known = new Map<string, number>();
  for (const bytes of sent) {
    const key = bytes.toString("latin1");
    known.set(key, (known.get(key) ?? 0) + 1);
  }
  for (const bytes of received) {
    assert.ok(known.has(bytes.toString("latin1")), `${bytes.length} bytes came that nobody sent`);
  }
}

export const datagrams: Scenario = {
  name: "datagrams",
  run: async (world) => {
    const host = world.host("here");
    const failures: (Error & { code?: string })[] = [];
    const reactor = host.createReactor({
      datagramQueue: world.random.pick([1, 10, 1024]),
      datagramQueueBytes: world.random.pick([1000, 70_000, 1024 * 1024]),
      onError: (error) => failures.push(error),
    });
    const { datagram, received } = await receiver(reactor, world.random.fork("receiver"));
    const sent = await send(world, reactor, datagram);
    await world.sleep(60_000);
    const { datagramsIn, datagramsDropped } = reactor.stats();
    assert.equal(datagram.waiting, 0, "a datagram was forgotten");
    assert.equal(
      received.length + datagramsDropped,
      datagramsIn,
      "what came is not what is counted",
    );
    assert.equal(datagram.dropped, datagramsDropped);
    assertSent(received, sent);
    const { loseDatagram, duplicateDatagram, reorderDatagram } = world.faults;
    const { overflowed } = host.network.datagrams;
    const lost = overflowed + datagram.dropped;
    if (loseDatagram + duplicateDatagram === 0) assert.equal(received.length + lost, COUNT);
    if (duplicateDatagram === 0) assert.ok(received.length + lost <= COUNT, "one came twice");
    if (loseDatagram + duplicateDatagram + reorderDatagram + lost === 0) {
      assert.deepEqual(received, sent, "in another order");
    }
    await reactor.close();
    for (const error of failures) if (!OFTEN.test(error.code ?? "")) throw error;
  },
};
