/** The listener: a bounded queue of connections that wait for `accept()`. */
import { formatAddress, type SocketAddress } from "./address.ts";
import { Closed } from "./closed.ts";
import type { Channel, DescriptorState, Listener } from "./descriptor.ts";
import { publishRefuse, type RefuseMessage } from "./diagnostics.ts";
import { asError, codeOf, IomuxError } from "./errors.ts";
import { Handshakes, tooManyHandshakes } from "./handshakes.ts";
import type { Host } from "./host.ts";
import { HostedDescriptor } from "./hosted-descriptor.ts";
import { ERROR, HANGUP, READABLE } from "./mask.ts";
import type { ListenSink, ListenTransport, Transport } from "./network.ts";
import type { Entry, ReadySource } from "./registration.ts";
import type { Securer } from "./tls.ts";

/** Who is asked before a handshake begins. */
export interface Doorkeeper {
  /** Whether a handshake with `peer` may begin; who may not was dealt with. */
  admits(peer: Transport): boolean;
  /** One from `address` that was let in is gone, and nobody has accepted it. */
  gone(address: SocketAddress | null): void;
}

export class QueuedListener extends HostedDescriptor implements Listener, ReadySource, ListenSink {
  readonly fd: number;
  state: DescriptorState = "open";
  error: Error | null = null;
  progress = 0;
  entry: Entry | null = null;
  wasRegistered = false;
  watchers: Set<() => void> | null = null;
  readonly localAddress: SocketAddress | null;
  readonly #transport: ListenTransport;
  readonly #pausable: boolean;
  readonly #handshakes: Handshakes | null;
  #queue: Transport[] = [];
  #doorkeeper: Doorkeeper | null = null;
  #acceptingStopped = false;
  readonly #closed = new Closed();

  /**
   * `pausable`: whether the transport can leave connections in the kernel; `securer`: how each is
   * secured before it waits for `accept()`.
   */
  constructor(host: Host, transport: ListenTransport, pausable: boolean, securer?: Securer) {
    super(host);
    this.fd = host.allocate();
    this.localAddress = transport.localAddress;
    this.#transport = transport;
    this.#pausable = pausable;
    this.#handshakes = securer === undefined ? null : new Handshakes(host, this, securer);
  }

  attach(): void {
    this.#transport.attach(this);
  }

  get kind(): "listener" {
    return "listener";
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether those who wait have shaken hands. */
  get secure(): boolean {
    return this.#handshakes !== null;
  }

  /** Where those come from who were let in, and were not accepted yet. */
  get admitted(): (SocketAddress | null)[] {
    if (this.#handshakes === null) return [];
    return [...this.#handshakes.addresses, ...this.#queue.map((peer) => peer.remoteAddress)];
  }

  /** From now on `doorkeeper` is asked. */
  setDoorkeeper(doorkeeper: Doorkeeper): void {
    this.#doorkeeper = doorkeeper;
  }

  get closed(): Promise<Error | null> {
    return this.#closed.promise(this.state === "closed", this.error);
  }

  condition(): number {
    if (this.state === "failed") return ERROR | HANGUP;
    return this.state === "open" && this.#queue.length > 0 ? READABLE : 0;
  }

  accept(): Channel | null {
    const transport = this.#queue.shift();
    if (transport === undefined) return null;
    this.progress++;
    this.host.counters.accepted++;
    if (this.#acceptingStopped && this.#queue.length * 2 <= this.host.limits.acceptQueue) {
      this.#acceptingStopped = false;
      this.#transport.resume();
    }
    return this.host.channel(transport, this.label);
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
    if (this.state === "closing" || this.state === "closed") return;
    this.error ??= reason;
    this.state = "closing";
    for (const address of this.admitted) this.#doorkeeper?.gone(address);
    for (const transport of this.#queue) this.host.destroyLater(transport, true);
    this.#queue = [];
    this.#handshakes?.clear();
    this.host.busy(1);
    this.#transport.close(() => {
      this.state = "closed";
      this.host.busy(-1);
      this.#closed.fulfil(this.error);
      this.host.gone(this);
    });
    this.host.detach(this, this.error);
  }

  onClosed(error: Error): void {
    if (this.state !== "open") return;
    this.error = error;
    this.state = "failed";
    if (this.entry === null) this.finalize();
    else this.host.changed(this, ERROR | HANGUP);
  }

  onConnection(transport: Transport): void {
    if (this.state !== "open") {
      transport.reset();
      return;
    }
    if (this.host.mustRefuse()) {
      this.#refuse(transport, "IOMUX_DESCRIPTOR_LIMIT", (refused) =>
        this.#outOfDescriptors(refused),
      );
      return;
    }
    if (this.#handshakes === null) this.#enqueue(transport);
    else this.#secure(transport, this.#handshakes);
  }

  #secure(transport: Transport, handshakes: Handshakes): void {
    if (!handshakes.full) {
      if (this.#doorkeeper?.admits(transport) === false) return;
      const { remoteAddress } = transport;
      handshakes.begin(transport, (secure) => {
        if (secure === null || !this.#enqueue(secure)) this.#doorkeeper?.gone(remoteAddress);
      });
      return;
    }
    const { maxHandshakes } = this.host.limits;
    this.#refuse(transport, "IOMUX_TOO_MANY_HANDSHAKES", (refused) =>
      tooManyHandshakes(this, connections(refused), maxHandshakes),
    );
  }

  /** False: there is no room for it. */
  #enqueue(transport: Transport): boolean {
    const { acceptQueue } = this.host.limits;
    if (this.#queue.length >= acceptQueue) {
      this.#refuse(transport, "IOMUX_ACCEPT_QUEUE_FULL", (refused) => this.#queueFull(refused));
      return false;
    }
    this.#queue.push(transport);
    if (this.#pausable && this.#queue.length >= acceptQueue) {
      this.#acceptingStopped = true;
      this.#transport.pause();
    }
    this.host.changed(this, READABLE);
    return true;
  }

  onAcceptFailed(error: Error): void {
    const code = codeOf(error) ?? "EIO";
    this.host.report(this, code, (count) => {
      const times = count === 1 ? "" : ` ${count} times`;
      const message = `accepting at ${this.#where} failed${times}: ${error.message}`;
      return new IomuxError(code, message, { fd: this.fd, state: this.state, cause: error });
    });
  }

  #refuse(
    transport: Transport,
    code: RefuseMessage["code"],
    describe: (count: number) => Error,
  ): void {
    const { remoteAddress } = transport;
    transport.reset();
    this.host.counters.refused++;
    this.host.report(this, code, describe);
    publishRefuse(this, code, null, remoteAddress);
  }

  #outOfDescriptors(refused: number): Error {
    const { reserveDescriptors } = this.host.limits;
    return new IomuxError(
      "IOMUX_DESCRIPTOR_LIMIT",
      `${this.#where} refused ${connections(refused)}: the process is within ` +
        `${reserveDescriptors} of its limit of open files; raise it (ulimit -n), or close some`,
      { fd: this.fd, state: this.state },
    );
  }

  #queueFull(refused: number): Error {
    const { acceptQueue } = this.host.limits;
    return new IomuxError(
      "IOMUX_ACCEPT_QUEUE_FULL",
      `${this.#where} refused ${connections(refused)}: ${acceptQueue} wait for accept() already; ` +
        `accept until it answers null, or raise acceptQueue`,
      { fd: this.fd, state: this.state },
    );
  }

  get #where(): string {
    return `fd ${this.fd} (${formatAddress(this.localAddress)})`;
  }

  assertInvariants(): void {
    const { acceptQueue } = this.host.limits;
    this.#handshakes?.assertInvariants();
    if (this.#queue.length > acceptQueue) throw new Error(`fd ${this.fd}: accept queue over`);
    if (this.state !== "open" && this.#queue.length > 0) throw new Error(`fd ${this.fd}: queue`);
  }
}

function connections(count: number): string {
  return count === 1 ? "a connection" : `${count} connections`;
}
