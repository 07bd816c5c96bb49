/** A process with two datagram sockets: one that speaks to everybody, and one with a peer. */
import assert from "node:assert/strict";
import { ERROR, READABLE, WRITABLE, type Datagram, type Reactor, type Registration } from "iomux";
import type { Random, SimulatedHost, Simulation } from "iomux/testing";

import type { Mail } from "./datagram-mail.ts";

/** The host whose peer has another one. */
export const LONELY = "lonely";

const COUNT = 40;
const PORT = 53;
/** From this port everybody speaks to one peer only. */
const PEER_PORT = 54;
/** Nobody receives there. */
const CLOSED_PORT = 55;
const NOWHERE = "10.9.9.9";

/** A socket of a station, and where what it receives was sent to. */
interface Socket {
  readonly datagram: Datagram;
  readonly registration: Registration<Datagram>;
  /** Who waits until it may send again. */
  awaiting: (() => void) | null;
}

export class Station {
  readonly host: SimulatedHost;
  readonly #world: Simulation;
  readonly #reactor: Reactor;
  readonly #random: Random;
  readonly #mail: Mail;
  readonly #sockets: Socket[] = [];
  #peer!: SimulatedHost;
  #dead = false;
  #received = 0;
  #count = 0;

  /** `report` hears what its reactor reports, and what its handlers have found. */
  constructor(world: Simulation, host: SimulatedHost, mail: Mail, report: (error: Error) => void) {
    this.host = host;
    this.#world = world;
    this.#mail = mail;
    const random = world.random.fork(`${host.name} ${world.clock.now()}`);
    this.#random = random;
    this.#reactor = host.createReactor({
      datagramQueue: random.pick([1, 10, 1024]),
      datagramQueueBytes: random.pick([1000, 70_000, 1024 * 1024]),
      datagramsInFlight: random.pick([1, 3, 1024]),
      highWaterMark: random.pick([1, 1000, 100_000]),
      lowWaterMark: random.pick([0, 1]),
      onError: report,
    });
  }

  async bind(peer: SimulatedHost): Promise<void> {
    this.#peer = peer;
    const to = { host: peer.address, port: PEER_PORT };
    const picky = { host: this.host.address, port: PEER_PORT };
    this.#register(await this.#reactor.bind({ host: "0.0.0.0", port: PORT }), PORT);
    this.#register(await this.#reactor.bind(picky, { peer: to }), PEER_PORT);
  }

  #register(datagram: Datagram, port: number): void {
    const box = `${this.host.address}:${port}`;
    const registration = this.#reactor.register(datagram, READABLE, (_, ready, self) => {
      assert.ok(!this.#dead, "the dead are called");
      if ((ready & ERROR) !== 0) this.#hearError(datagram);
      if ((ready & WRITABLE) !== 0) {
        self.modify(READABLE);
        socket.awaiting?.();
      }
      if ((ready & READABLE) !== 0) this.#receive(socket, box);
    });
    const socket: Socket = { datagram, registration, awaiting: null };
    this.#sockets.push(socket);
  }

  #hearError(datagram: Datagram): void {
    const error: NodeJS.ErrnoException | null = datagram.takeError();
    assert.equal(error?.code, "ECONNREFUSED");
    assert.ok(datagram.remoteAddress !== null, "one without a peer was told of a refusal");
  }

  #receive({ datagram, registration }: Socket, box: string): void {
    for (let most = this.#random.integer(0, 5); most > 0; most--) {
      const next = datagram.receive();
      if (next === null) break;
      this.#received++;
      this.#mail.receive(`${next.from.host}:${next.from.port}`, box, next.bytes);
    }
    const { datagramQueue, datagramQueueBytes } = this.#reactor.limits;
    assert.ok(datagram.waiting <= datagramQueue, "the queue is over its limit");
    assert.ok(datagram.unread <= datagramQueueBytes, "its bytes are over their limit");
    if (!this.#random.chance(0.1)) return;
    registration.pause();
    this.#reactor.setTimer(this.#random.integer(1, 50), () => {
      registration.resume();
    });
  }

  /** Sends to everybody, and to nobody. */
  async post(hosts: readonly SimulatedHost[]): Promise<void> {
    const random = this.#random;
    while (this.#count < COUNT && !this.#dead) {
      const [anybody, picky] = this.#sockets as [Socket, Socket];
      if (random.chance(0.3)) await this.#postToPeer(picky);
      else await this.#postTo(anybody, random.pick(hosts));
      if (random.chance(0.3)) await this.#world.sleep(random.integer(0, 20));
    }
  }

  async #postToPeer(socket: Socket): Promise<void> {
    const bytes = await this.#sent(socket);
    const mutual = this.host.name !== LONELY;
    const from = `${this.host.address}:${PEER_PORT}`;
    if (mutual) this.#mail.send(from, `${this.#peer.address}:${PEER_PORT}`, bytes);
  }

  async #postTo(socket: Socket, { address }: SimulatedHost): Promise<void> {
    const near = address === this.host.address && this.#random.chance(0.5);
    const to = near ? "127.0.0.1" : address;
    const way = this.#random.fraction();
    // Who has a peer hears nobody else.
    if (way < 0.1) await this.#sent(socket, { host: to, port: PEER_PORT });
    else if (way < 0.2) await this.#sent(socket, { host: to, port: CLOSED_PORT });
    else if (way < 0.3) await this.#sent(socket, { host: NOWHERE, port: PORT });
    else {
      const bytes = await this.#sent(socket, { host: to, port: PORT });
      const from = near ? "127.0.0.1" : this.host.address;
      this.#mail.send(`${from}:${PORT}`, `${address}:${PORT}`, bytes);
    }
  }

  /** What was sent; first it waits until there is room. */
  async #sent(socket: Socket, to?: { host: string; port: number }): Promise<Buffer> {
    const bytes = numbered(this.#random, this.#count++);
    const sent = Buffer.from(bytes);
    while (!socket.datagram.send(bytes, to)) {
      await new Promise<void>((resolve) => {
        socket.awaiting = resolve;
        socket.registration.modify(READABLE | WRITABLE);
      });
    }
    // The bytes are the caller's again at once.
    bytes.fill(0xff);
    return sent;
  }

  crash(): void {
    this.#dead = true;
    this.host.crash();
  }

  /** How many it has dropped. Nothing must be waiting. */
  check(): number {
    const { datagramsIn, datagramsDropped } = this.#reactor.stats();
    const waiting = this.#sockets.map(({ datagram }) => datagram.waiting);
    assert.deepEqual(waiting, [0, 0], "a datagram was forgotten");
    const all = this.#received + datagramsDropped;
    assert.equal(all, datagramsIn, "what came is not what is counted");
    const dropped = this.#sockets.reduce((sum, { datagram }) => sum + datagram.dropped, 0);
    assert.equal(dropped, datagramsDropped);
    return dropped;
  }

  async end(): Promise<void> {
    await this.#reactor.close();
  }
}

/** What a datagram says: its number, and as many bytes as follow from it. */
function numbered(random: Random, number: number): Buffer {
  // A datagram may be empty: then it has no number.
  if (random.chance(0.1)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(random.integer(2, random.pick([2, 100, 60_000])), number);
  bytes.writeUInt16BE(number);
  return bytes;
}
