/**
 * Signals as a descriptor: the names of those that came, until they are read (signalfd(2)).
 *
 * A signal that comes while one of its name is unread is not queued again: standard signals do not
 * queue (signal(7)). So there are never more unread than names, whatever comes.
 */
import { Closed } from "./closed.ts";
import type { DescriptorState, Signals } from "./descriptor.ts";
import { asError } from "./errors.ts";
import type { Host } from "./host.ts";
import { HostedDescriptor } from "./hosted-descriptor.ts";
import { READABLE } from "./mask.ts";
import type { Network } from "./network.ts";
import type { Entry, ReadySource } from "./registration.ts";
import type { SignalName } from "./signal-names.ts";

export class SignalQueue extends HostedDescriptor implements Signals, ReadySource {
  readonly fd: number;
  readonly names: readonly SignalName[];
  state: DescriptorState = "open";
  error: Error | null = null;
  progress = 0;
  entry: Entry | null = null;
  wasRegistered = false;
  watchers: Set<() => void> | null = null;
  readonly #stop: () => void;
  /** Each name at most once, in the order in which they came. */
  #unread: SignalName[] = [];
  readonly #closed = new Closed();

  /** Starts to watch. Throws if the network cannot, before anything was changed. */
  constructor(host: Host, network: Network, names: readonly SignalName[]) {
    super(host);
    this.#stop = network.signals(names, (name) => {
      this.#came(name);
    });
    this.fd = host.allocate();
    this.names = names;
  }

  get kind(): "signals" {
    return "signals";
  }

  get localAddress(): null {
    return null;
  }

  get closed(): Promise<Error | null> {
    return this.#closed.promise(this.state === "closed", this.error);
  }

  condition(): number {
    return this.#unread.length > 0 ? READABLE : 0;
  }

  read(): SignalName | null {
    const name = this.#unread.shift();
    if (name === undefined) return null;
    this.progress++;
    return name;
  }

  #came(name: SignalName): void {
    if (this.state !== "open" || this.#unread.includes(name)) return;
    this.#unread.push(name);
    this.host.changed(this, READABLE);
  }

  close(): void {
    this.#end(null);
  }

  abort(reason?: Error): void {
    this.#end(reason === undefined ? null : asError(reason, this.fd, "abort() was given"));
  }

  finalize(): void {
    this.#end(null);
  }

  #end(reason: Error | null): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.error = reason;
    this.#unread = [];
    this.#stop();
    this.#closed.fulfil(reason);
    // Last, because these run code of users: the listeners of `registration.signal`, subscribers.
    this.host.detach(this, reason);
    this.host.gone(this);
  }

  assertInvariants(): void {
    const unread = this.#unread;
    if (new Set(unread).size !== unread.length) throw new Error(`fd ${this.fd}: a signal twice`);
    if (unread.some((name) => !this.names.includes(name))) {
      throw new Error(`fd ${this.fd}: a signal that it does not watch`);
    }
    if (this.state === "closed" && unread.length > 0) {
      throw new Error(`fd ${this.fd}: signals kept after close`);
    }
  }
}
