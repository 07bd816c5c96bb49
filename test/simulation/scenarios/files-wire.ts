/** One end of a connection of a visitor: it sends at its own pace, and records what it hears. */
import { ERROR, READABLE, WRITABLE, type Channel, type Reactor, type Registration } from "iomux";
import type { Simulation } from "iomux/testing";

export class Wire {
  /** The other side has ended, in order. */
  ended = false;
  /** Nothing can come or go any more, and that was not in order. */
  broken = false;
  readonly #world: Simulation;
  readonly #reactor: Reactor;
  readonly #channel: Channel;
  readonly #registration: Registration;
  readonly #received: Buffer[] = [];
  #unsent: Uint8Array[] = [];
  #ending = false;
  #waiters: (() => void)[] = [];
  onBytes: (bytes: Buffer) => void = () => undefined;

  constructor(world: Simulation, reactor: Reactor, channel: Channel) {
    this.#world = world;
    this.#reactor = reactor;
    this.#channel = channel;
    this.#registration = reactor.register(channel, READABLE, (_, ready) => {
      this.#handle(ready);
    });
    void channel.closed.then(() => {
      this.broken = !this.ended;
      this.#notify();
    });
  }

  /** Everything received so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Bytes received so far. */
  get bytesIn(): number {
    return this.#channel.bytesIn;
  }

  get connected(): boolean {
    return this.#channel.localAddress !== null;
  }

  get over(): boolean {
    return this.ended || this.broken;
  }

  /** Whether all that was given to it has left. */
  get sent(): boolean {
    return this.#unsent.length === 0 && this.#channel.queued === 0;
  }

  send(bytes: Uint8Array | string): void {
    if (bytes.length === 0) return;
    this.#unsent.push(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    this.#flush();
  }

  /** Ends this side after what was sent. */
  end(): void {
    this.#ending = true;
    this.#flush();
  }

  pause(): void {
    if (this.#open) this.#registration.pause();
  }

  resume(): void {
    if (this.#open) this.#registration.resume();
  }

  close(): void {
    this.#channel.close();
  }

  reset(): void {
    this.#channel.abort();
    this.broken ||= !this.ended;
    this.#notify();
  }

  /** The process is gone: nobody hears anything any more. */
  lose(): void {
    this.broken = true;
    this.#notify();
  }

  /** Waits for `condition`, for the end of everything, or for `ms`. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.#world.clock.now() + ms;
    void this.#world.sleep(ms).then(() => {
      this.#notify();
    });
    while (!condition() && !this.broken && this.#world.clock.now() < end) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return condition();
  }

  get #open(): boolean {
    return this.#reactor.has(this.#channel);
  }

  #handle(ready: number): void {
    if ((ready & ERROR) === 0) this.#read();
    this.#flush();
    this.#notify();
  }

  #read(): void {
    const bytes = this.#channel.read();
    if (bytes === null) return;
    if (bytes.length === 0) this.ended = true;
    else {
      this.#received.push(bytes);
      this.onBytes(bytes);
    }
  }

  #flush(): void {
    while (this.#unsent.length > 0 && this.#channel.room > 0) {
      const [first] = this.#unsent as [Uint8Array];
      const taken = this.#channel.write(first);
      if (taken === 0) break;
      if (taken === first.length) this.#unsent.shift();
      else this.#unsent[0] = first.subarray(taken);
    }
    if (!this.#open) return;
    const more = this.#unsent.length > 0;
    this.#registration.modify(more ? READABLE | WRITABLE : READABLE);
    if (this.#ending && !more) this.#channel.shutdown();
  }

  #notify(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
