/** A listener in memory, and the connections that wait in its kernel. */
import { IomuxError, type ListenSink, type ListenTransport, type SocketAddress } from "iomux";

import type { Conditions } from "./conditions.ts";
import { streamLabel } from "./memory-addresses.ts";
import type { MemoryTransport } from "./memory-transport.ts";
import { netstatLine } from "./netstat-line.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** When accepting is tried again after it failed. */
const RETRY_MS = 1;

/** What a listener needs of its network. */
interface ListenerNetwork {
  readonly clock: SimulatedClock;
  readonly conditions: Conditions;
  readonly descriptorLimit: number;
  descriptors: number;
  unbind(address: SocketAddress): void;
}

export class MemoryListener implements ListenTransport {
  readonly localAddress: SocketAddress;
  readonly #network: ListenerNetwork;
  readonly #backlog: number;
  readonly #trace: Trace | undefined;
  readonly #accepted = new WeakSet<MemoryTransport>();
  #queue: MemoryTransport[] = [];
  #sink: ListenSink | null = null;
  #paused = false;
  #closed = false;

  constructor(
    network: ListenerNetwork,
    localAddress: SocketAddress,
    backlog: number,
    trace?: Trace,
  ) {
    this.#network = network;
    this.localAddress = localAddress;
    this.#backlog = backlog;
    this.#trace = trace;
  }

  get hasRoom(): boolean {
    return this.#queue.length < this.#backlog;
  }

  /** As netstat(8) shows it. */
  describe(): string {
    const [received, unsent] = [this.#queue.length, this.#backlog];
    return netstatLine({
      local: this.localAddress,
      foreign: null,
      received,
      unsent,
      state: "LISTEN",
    });
  }

  attach(sink: ListenSink): void {
    this.#sink = sink;
    this.#post();
  }

  enqueue(transport: MemoryTransport): void {
    this.#queue.push(transport);
    this.#post();
  }

  #post(): void {
    this.#network.clock.post(() => {
      this.#accept();
    });
  }

  #accept(): void {
    while (!this.#paused && !this.#closed && this.#sink !== null && this.#queue.length > 0) {
      if (this.#network.descriptors >= this.#network.descriptorLimit) {
        this.#note("accepting fails: EMFILE");
        this.#sink.onAcceptFailed(
          new IomuxError("EMFILE", "too many open files; raise the limit (EMFILE)"),
        );
        return;
      }
      const failure = this.#network.conditions.acceptFailure();
      if (failure !== null) {
        this.#failAccepting(failure);
        return;
      }
      this.#network.descriptors++;
      const transport = this.#queue.shift()!;
      this.#accepted.add(transport);
      this.#sink.onConnection(transport);
    }
  }

  /** The first that waits is the one that is not accepted. */
  #note(what: string): void {
    const { remoteAddress, localAddress } = this.#queue[0]!;
    this.#trace?.note(() => `${streamLabel(remoteAddress, localAddress)} ${what}`);
  }

  /** A peer is lost (ECONNABORTED), or waits until accepting is tried again. */
  #failAccepting(code: string): void {
    this.#note(`fault acceptFailure: ${code}`);
    if (code === "ECONNABORTED") this.#queue.shift()!.reset();
    this.#network.clock.post(() => {
      this.#accept();
    }, RETRY_MS);
    this.#sink!.onAcceptFailed(new IomuxError(code, `accepting failed; it goes on (${code})`));
  }

  /** An end of ours has let go; if it was accepted, a descriptor is free, and accepting goes on. */
  released(transport: MemoryTransport): void {
    if (this.#accepted.has(transport)) this.#network.descriptors--;
    if (this.#queue.length > 0) this.#post();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#post();
  }

  close(done: () => void): void {
    this.#closed = true;
    this.#sink = null;
    this.#network.unbind(this.localAddress);
    for (const transport of this.#queue.splice(0)) transport.reset();
    this.#network.clock.post(done);
  }
}
