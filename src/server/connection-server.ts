/** The server behind `serve()`: its listeners, its gate and its connections. */
import { formatAddress, type SocketAddress } from "../address.ts";
import { BufferedChannel } from "../channel.ts";
import type { Channel, Listener } from "../descriptor.ts";
import { publishRefuse } from "../diagnostics.ts";
import { asError, IomuxError } from "../errors.ts";
import type { QueuedListener } from "../listener.ts";
import { READABLE } from "../mask.ts";
import type { Transport } from "../network.ts";
import type { Reactor } from "../reactor.ts";
import { resolveCloseOptions, type CloseOptions, type CutOff } from "../reactor/shutdown.ts";
import type { Handler, Registration } from "../registration.ts";
import type { Timer } from "../timers.ts";
import { AcceptGate, ADVICE } from "./accept-gate.ts";
import type { Server, ServerCloseResult, ServerStats } from "./server.ts";
import { runCallback } from "./callback.ts";
import { CLOSE_REASONS, type CloseReason } from "./close-reason.ts";
import type { Connection } from "./connection.ts";
import { noFramer } from "./connection-errors.ts";
import { handlerOf } from "./connection-handler.ts";
import type { ConnectionHome } from "./connection-home.ts";
import { Farewells } from "./farewells.ts";
import { isFramer, type Framer } from "./framer.ts";
import {
  resolveServerLimits,
  type InnerCallbacks,
  type OutputPolicy,
  type ServeOptions,
  type ServerLimits,
  type TurnedAway,
} from "./options.ts";
import { raw } from "./raw.ts";
import { ServedConnection } from "./served-connection.ts";
import { Throttle } from "./throttle.ts";

export class ConnectionServer<F, D> implements Server<F, D>, ConnectionHome<F, D> {
  readonly limits: Readonly<ServerLimits>;
  readonly policy: OutputPolicy;
  readonly callbacks: InnerCallbacks<F, D>;
  readonly throttles: readonly Throttle[];
  readonly #reactor: Reactor;
  readonly #framer: NonNullable<ServeOptions<F>["framer"]>;
  readonly #gate: AcceptGate;
  readonly #farewells = new Farewells();
  readonly #onPeers: (() => void) | null;
  readonly #unref: boolean;
  readonly #handler: Handler;
  readonly #listeners: Listener[] = [];
  readonly #listening: Registration[] = [];
  /** Which listener let somebody in by `acceptNext()` last. */
  #acceptedAt = 0;
  readonly #connections = new Set<ServedConnection<F, D>>();
  /** Where those that came through the gate came from. */
  readonly #admitted = new Map<ServedConnection<F, D>, SocketAddress | null>();
  readonly #closed = Object.fromEntries(CLOSE_REASONS.map((reason) => [reason, 0])) as Record<
    CloseReason,
    number
  >;
  #droppedFrames = 0;
  /** Whether nobody comes in any more. */
  #shut = false;
  #closing: Promise<ServerCloseResult> | null = null;
  #onEmpty: (() => void) | null = null;

  /** `onPeers` is called when peers wait for `acceptNext()`; without it all of them are let in. */
  constructor(
    reactor: Reactor,
    options: ServeOptions<F>,
    callbacks: InnerCallbacks<F, D>,
    onPeers: (() => void) | null = null,
  ) {
    this.limits = resolveServerLimits(options);
    this.policy = options.outputPolicy ?? "close";
    this.callbacks = callbacks;
    this.throttles = [Throttle.ofServer(this.limits)].filter((rate) => rate !== null);
    this.#reactor = reactor;
    this.#onPeers = onPeers;
    this.#unref = options.unref === true;
    this.#handler = handlerOf(options.label);
    this.#framer = options.framer ?? (raw as never);
    this.#gate = new AcceptGate(this.limits, options.blockList);
  }

  get addresses(): readonly SocketAddress[] {
    return this.#listeners.map(({ localAddress }) => localAddress!);
  }

  get connections(): ReadonlySet<Connection<F, D>> {
    return this.#connections;
  }

  /** Adds a listener; it is closed with the server. */
  attach(listener: Listener): void {
    this.#listeners.push(listener);
    this.#guardDoor(listener as QueuedListener);
    const acceptPeers = (): void => {
      if (this.#onPeers === null) this.#acceptFrom(listener);
      else this.#onPeers();
    };
    const registration = this.#reactor.register(listener, READABLE, acceptPeers);
    this.#listening.push(this.#unref ? registration.unref() : registration);
  }

  /** Whoever comes to a secure listener is asked before the handshake, which costs us more than it. */
  #guardDoor(listener: QueuedListener): void {
    if (!listener.secure) return;
    for (const address of listener.admitted) this.#gate.entered(address);
    listener.setDoorkeeper({
      admits: (peer) => this.#lets(peer, listener),
      gone: (address) => {
        this.#gate.left(address);
      },
    });
  }

  #lets(peer: Transport, listener: QueuedListener): boolean {
    const { remoteAddress } = peer;
    let why: TurnedAway | null | undefined;
    try {
      why = this.#gate.refuses(remoteAddress, this.#shut, this.#reactor.now());
    } catch (thrown) {
      listener.host.failed(listener, asError(thrown, listener.fd, "a callback threw"));
    }
    if (why === null) {
      this.#gate.entered(remoteAddress);
      return true;
    }
    const channel = listener.host.channel(peer, listener.label);
    channel.abort();
    // In a turn, as all that is called back.
    if (why !== undefined)
      this.later(0, () => this.#turnAway(why, remoteAddress, channel, listener));
    return false;
  }

  /** Whether anybody can come in. */
  get listening(): boolean {
    return !this.#shut && this.#listeners.some(({ state }) => state === "open");
  }

  /** Whether `onPeers` is called: while nobody wants them, peers wait at the listeners. */
  setAccepting(accepting: boolean): void {
    for (const registration of this.#listening) {
      if (!registration.active) continue;
      if (accepting) registration.resume();
      else registration.pause();
    }
  }

  /** Lets in the next peer that passes the gate, from each listener in turn; null: none waits. */
  acceptNext(): Connection<F, D> | null {
    const { length } = this.#listeners;
    for (let tried = 0; tried < length; tried++) {
      this.#acceptedAt = (this.#acceptedAt + 1) % length;
      const listener = this.#listeners[this.#acceptedAt]!;
      for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
        const connection = this.#admit(peer, listener);
        if (connection !== null) return connection;
      }
    }
    return null;
  }

  #acceptFrom(listener: Listener): void {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      this.#admit(peer, listener);
    }
  }

  #admit(channel: Channel, listener: Listener): Connection<F, D> | null {
    const address = channel.remoteAddress;
    let connection: Connection<F, D> | null = null;
    this.#guard(channel, () => {
      const why = this.#refuses(address, listener as QueuedListener);
      if (why === null) connection = this.#open(channel, address);
      else this.#turnAway(why, address, channel, listener);
    });
    return connection;
  }

  #refuses(address: SocketAddress | null, { secure }: QueuedListener): TurnedAway | null {
    if (!secure) return this.#gate.refuses(address, this.#shut, this.#reactor.now());
    // Until it is a connection it does not count.
    this.#gate.left(address);
    return this.#gate.refusesStill(address, this.#shut);
  }

  #turnAway(
    why: TurnedAway,
    address: SocketAddress | null,
    channel: Channel,
    listener: Listener,
  ): void {
    const { host } = listener as QueuedListener;
    host.report(listener as QueuedListener, `IOMUX_TURNED_AWAY:${why}`, (count) => {
      const whom = count === 1 ? formatAddress(address) : `${count} peers`;
      const message = `fd ${listener.fd} turned away ${whom}: ${ADVICE[why]}`;
      return new IomuxError("IOMUX_TURNED_AWAY", message, { fd: listener.fd });
    });
    this.#guard(channel, () => this.callbacks.turnedAway?.(why, address, channel));
    this.#farewells.end(channel as BufferedChannel);
    publishRefuse(listener, "IOMUX_TURNED_AWAY", why, address);
  }

  take(channel: Channel): Connection<F, D> {
    if (this.#shut) {
      throw new IomuxError("IOMUX_SERVER_CLOSED", "the server is closed: start another one");
    }
    if (!(channel instanceof BufferedChannel)) {
      throw new IomuxError("IOMUX_BAD_ARGUMENT", "take() takes a channel of the server's reactor");
    }
    return this.#open(channel);
  }

  /** `from`: where it came from, if it came through the gate. */
  #open(channel: Channel, from?: SocketAddress | null): ServedConnection<F, D> {
    const framer = this.framerOf(channel);
    const connection = new ServedConnection<F, D>(this, channel as BufferedChannel, framer);
    this.#connections.add(connection);
    if (from !== undefined) {
      this.#gate.entered(from);
      this.#admitted.set(connection, from);
    }
    // Last, because it may close it.
    if (this.callbacks.open !== undefined) connection.opened();
    return connection;
  }

  /** Runs code of users for a channel that is no connection: what it throws costs the channel. */
  #guard(channel: Channel, callback: () => unknown): void {
    void runCallback(callback, (thrown) => {
      const known = channel as BufferedChannel;
      known.host.failed(known, asError(thrown, channel.fd, "a callback threw"));
      channel.abort();
    });
  }

  // What its connections ask and tell.

  framerOf(channel: Channel): Framer<F> {
    const framer = this.#framer(channel);
    if (isFramer(framer)) return framer;
    throw noFramer(framer, "option framer answered", channel.fd);
  }

  register(connection: ServedConnection<F, D>, channel: Channel): Registration {
    const added = this.#reactor.register(channel, READABLE, this.#handler, { data: connection });
    return this.#unref ? added.unref() : added;
  }

  later(delayMs: number, callback: () => void): Timer | null {
    if (this.#reactor.closing) return null;
    if (delayMs > 0) return this.#reactor.setTimer(delayMs, callback).unref();
    this.#reactor.defer(callback);
    return null;
  }

  gone(connection: ServedConnection<F, D>, reason: CloseReason): void {
    this.#connections.delete(connection);
    const address = this.#admitted.get(connection);
    if (address !== undefined) this.#gate.left(address);
    this.#admitted.delete(connection);
    this.#closed[reason]++;
    this.#droppedFrames += connection.droppedFrames;
    queueMicrotask(() => {
      this.#guard(connection.channel, () => this.callbacks.close?.(connection, reason));
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
  }

  stats(): ServerStats {
    let backlog = 0;
    let droppedFrames = this.#droppedFrames;
    for (const connection of this.#connections) {
      backlog += connection.backlog;
      droppedFrames += connection.droppedFrames;
    }
    return {
      connections: this.#connections.size,
      backlog,
      turnedAway: { ...this.#gate.turnedAway },
      closed: { ...this.#closed },
      droppedFrames,
    };
  }

  close(options: CloseOptions = {}): Promise<ServerCloseResult> {
    const { drainMs, answerMs } = resolveCloseOptions(options);
    this.#closing ??= this.#shutDown(drainMs, answerMs);
    return this.#closing;
  }

  async #shutDown(drainMs: number, answerMs: number): Promise<ServerCloseResult> {
    this.#shut = true;
    const cutOff: CutOff[] = [];
    for (const connection of [...this.#connections]) connection.finish(Math.min(answerMs, drainMs));
    const deadline = this.later(Math.max(1, drainMs), () => {
      for (const connection of [...this.#connections]) this.#cutOff(connection, drainMs, cutOff);
    });
    // What `turnedAway` calls must find that it is closing.
    await Promise.resolve();
    for (const listener of this.#listeners) {
      this.#acceptFrom(listener);
      listener.close();
    }
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    deadline?.cancel();
    await Promise.all(this.#listeners.map(({ closed }) => closed));
    return { cutOff };
  }

  /** It closes: what nothing is to come of is over. */
  endUnlessBusy(connection: ServedConnection<F, D>): void {
    if (connection.reader.busy) return;
    const ask = (): void => {
      if (this.callbacks.busy?.(connection) !== true) connection.endChannel();
    };
    void runCallback(ask, (thrown) => {
      connection.failed(thrown);
    });
  }

  #cutOff(connection: ServedConnection<F, D>, drainMs: number, cutOff: CutOff[]): void {
    const { fd, channel, remoteAddress } = connection;
    const unsent = channel.queued + connection.unsentBytes;
    if (unsent === 0) {
      connection.letGo();
      return;
    }
    cutOff.push({ fd, queued: unsent, peer: formatAddress(remoteAddress) });
    const message =
      `fd ${fd}: the server closed and ${unsent} bytes of output had not left after ${drainMs} ` +
      `ms; give close() a longer drainMs`;
    connection.cutOff(new IomuxError("ETIMEDOUT", message, { fd }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  assertInvariants(): void {
    const listeners = this.#listeners as QueuedListener[];
    const entering = listeners.reduce((sum, { admitted }) => sum + admitted.length, 0);
    this.#gate.assertInvariants(this.#admitted.size + entering);
    for (const connection of this.#connections) connection.assertInvariants();
  }
}
