/**
 * An echo without `serve()`: handlers that answer promises, small marks, registrations that are
 * replaced by their neighbours in mid-turn, connections that are closed or aborted in mid-traffic. What comes
 * back is what was sent, or its beginning; nobody is forgotten; no stale registration is called.
 */
import assert from "node:assert/strict";
import {
  ERROR,
  HANGUP,
  ONESHOT,
  READABLE,
  WRITABLE,
  type Channel,
  type Reactor,
  type Registration,
} from "iomux";
import type { MemorySocket, Random, Scenario, SimulatedHost, Simulation } from "iomux/testing";

const PORT = 9000;
const CLIENTS = 3;
const NOTHING = Buffer.alloc(0);

/** What the connections of a server share. */
interface Shared {
  readonly world: Simulation;
  readonly reactor: Reactor;
  readonly random: Random;
  readonly echoes: Echo[];
  /** What handlers have found: the reactor catches what they throw. */
  readonly found: unknown[];
}

class Echo {
  readonly channel: Channel;
  /** Whether we have ended it in the middle. */
  cutOff = false;
  /** How often `closed` was fulfilled. */
  closings = 0;
  readonly #shared: Shared;
  readonly #mode: number;
  #registration: Registration<Channel>;
  #left: Buffer = NOTHING;

  constructor(channel: Channel, shared: Shared) {
    this.channel = channel;
    this.#shared = shared;
    this.#mode = shared.random.pick([0, ONESHOT]);
    void channel.closed.then(() => this.closings++);
    this.#registration = this.#register();
  }

  /** Another registration of the same channel. */
  replace(): void {
    if (this.#registration.unregister()) this.#registration = this.#register();
  }

  #register(): Registration<Channel> {
    const { reactor } = this.#shared;
    const handler = (_: Channel, ready: number, self: Registration<Channel>): Promise<void> =>
      this.#handle(ready, self).catch((error: unknown) => {
        this.#shared.found.push(error);
      });
    return reactor.register(this.channel, this.#interest, handler);
  }

  get #interest(): number {
    return this.#mode | (this.#left.length > 0 ? WRITABLE : READABLE);
  }

  async #handle(ready: number, self: Registration<Channel>): Promise<void> {
    const { world, random, echoes } = this.#shared;
    assert.ok(self === this.#registration, "a stale registration was called");
    if ((ready & (ERROR | HANGUP)) !== 0) return;
    if (random.chance(0.2)) random.pick(echoes).replace();
    if (random.chance(0.01)) this.#cutOff();
    this.#move();
    if (random.chance(0.5)) await world.sleep(random.integer(0, 5));
    // It may be another one by now.
    if (this.#registration.active) this.#registration.modify(this.#interest);
  }

  #cutOff(): void {
    this.cutOff = true;
    if (this.#shared.random.chance(0.5)) this.channel.close();
    else this.channel.abort();
  }

  /** One piece: what is left of the last one, or else what came. */
  #move(): void {
    if (this.#left.length === 0) {
      const bytes = this.channel.read(4000);
      if (bytes?.length === 0) this.channel.close();
      this.#left = bytes ?? NOTHING;
    }
    this.#left = this.#left.subarray(this.channel.write(this.#left));
  }
}

async function startEcho(world: Simulation, host: SimulatedHost): Promise<Shared> {
  const random = world.random.fork("server");
  const reactor = host.createReactor({
    ...{ highWaterMark: 2000, lowWaterMark: 500, inputMark: 3000, flushBytes: 700 },
    onError: () => undefined,
  });
  const shared: Shared = { world, reactor, random, echoes: [], found: [] };
  const listener = await reactor.listen({ port: PORT, host: "0.0.0.0" });
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      shared.echoes.push(new Echo(peer, shared));
    }
  });
  return shared;
}

/** No two places of it that are near each other look alike. */
function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

/** Sends in pieces, and ends its side when all has come back. */
async function client(shared: Shared, host: SimulatedHost, to: SimulatedHost): Promise<void> {
  const { world } = shared;
  const random = world.random.fork(host.name);
  const sent = pattern(random.integer(1, 12_000));
  const socket = host.dial({ host: to.address, port: PORT });
  for (let at = 0; at < sent.length && !socket.closed;) {
    const end = at + random.integer(1, 4000);
    socket.write(sent.subarray(at, end));
    at = end;
    await world.sleep(random.integer(0, 10));
  }
  const listens = (): boolean => {
    const { received } = socket;
    assert.ok(received.equals(sent.subarray(0, received.length)), "it heard other bytes");
    return !socket.closed && !isCutOff(shared, socket);
  };
  while (listens() && socket.received.length < sent.length) await world.sleep(50);
  if (!socket.closed) socket.end();
  while (listens() && !socket.ended) await world.sleep(50);
  if (socket.closed) return;
  if (random.chance(0.5)) socket.reset();
  else socket.destroy();
}

function isCutOff({ echoes }: Shared, { localAddress }: MemorySocket): boolean {
  const port = "port" in localAddress ? localAddress.port : 0;
  return echoes.some(({ cutOff, channel }) => {
    const address = channel.remoteAddress;
    return cutOff && address !== null && "port" in address && address.port === port;
  });
}

export const heldEcho: Scenario = {
  name: "held-echo",
  options: { maxMs: 600_000 },
  run: async (world) => {
    const there = world.host("there");
    const shared = await startEcho(world, there);
    const hosts = Array.from({ length: CLIENTS }, (_, n) => world.host(`here ${n}`));
    await Promise.all(hosts.map((host) => client(shared, host, there)));
    await shared.reactor.close();
    if (shared.found.length > 0) throw shared.found[0];
    for (const { closings } of shared.echoes) assert.equal(closings, 1, "closed once");
  },
};
