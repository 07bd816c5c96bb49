/** The world in memory: its loop goes round when told, and its time moves when told. */
import {
  createReactor,
  type Address,
  type Listener,
  type Reactor,
  type ReactorOptions,
} from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

import type { Peer, World } from "./world.ts";

/** Passes of the loop after which a condition is taken to hold never. */
const MAX_PASSES = 20_000;

export class MemoryWorld implements World {
  readonly network: "memory" | "simulated" = "memory";
  readonly family: "tcp" | "unix";
  readonly secure = false;
  readonly slackMs: number = 0;
  readonly clock: SimulatedClock;
  readonly memory: MemoryNetwork;
  readonly #reactors: Reactor[] = [];
  #paths = 0;

  constructor(
    family: "tcp" | "unix",
    clock = new SimulatedClock(),
    memory = new MemoryNetwork(clock),
  ) {
    this.family = family;
    this.clock = clock;
    this.memory = memory;
  }

  createReactor(options: ReactorOptions = {}): Reactor {
    const reactor = this.newReactor(options);
    this.#reactors.push(reactor);
    return reactor;
  }

  protected newReactor(options: ReactorOptions): Reactor {
    return createReactor({ network: this.memory, clock: this.clock, ...options });
  }

  address(): Address {
    return this.family === "tcp" ? { port: 0 } : { path: `/memory/${++this.#paths}.sock` };
  }

  dial(listener: Listener): Peer {
    return new MemoryPeer(this.memory.dial(listener.localAddress!));
  }

  adoptable(): Promise<{ source: never; peer: Peer }> {
    const [source, far] = this.memory.pair(this.family);
    source.pause();
    return Promise.resolve({ source: source as never, peer: new MemoryPeer(far) });
  }

  /** A plain socket, as a peer. */
  peerOf(socket: MemorySocket): Peer {
    return new MemoryPeer(socket);
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.run(promise);
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    for (let pass = 0; !condition(); pass++) {
      if (pass === MAX_PASSES) throw new Error(`waited in vain for ${what}`);
      await this.clock.step();
    }
  }

  settle(): Promise<void> {
    return this.clock.settle();
  }

  async passes(count: number): Promise<void> {
    for (let pass = 0; pass < count; pass++) await this.clock.step();
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  spend(ms: number): void {
    this.clock.spend(ms);
  }

  get alive(): boolean {
    return this.clock.alive;
  }

  async end(): Promise<void> {
    for (const reactor of this.#reactors) {
      reactor.assertInvariants();
      await this.run(reactor.close({ drainMs: 0 }));
      reactor.assertInvariants();
    }
  }
}

class MemoryPeer implements Peer {
  readonly #socket: MemorySocket;

  constructor(socket: MemorySocket) {
    this.#socket = socket;
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  get received(): Buffer {
    return this.#socket.received;
  }

  get ended(): boolean {
    return this.#socket.ended;
  }

  get errorCode(): string | null {
    return this.#socket.error === null ? null : (this.#socket.error as NodeJS.ErrnoException).code!;
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  end(bytes?: Uint8Array | string): void {
    this.#socket.end(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  reset(): void {
    this.#socket.reset();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
