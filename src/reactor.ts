/** The reactor: a map from fd to handler, with the loop behind it. */
import type { Socket as DatagramSocket } from "node:dgram";
import type { Server } from "node:net";
import type { MessagePort } from "node:worker_threads";

import { checkAddress, type Address, type TcpAddress } from "./address.ts";
import type { BufferedChannel } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Channel, Datagram, Descriptor, Listener, Messages, Signals } from "./descriptor.ts";
import { AbortError, IomuxError } from "./errors.ts";
import { resolveLimits, type Limits } from "./limits.ts";
import type { Network, NetworkCapabilities } from "./network.ts";
import type { Handler, ReadySource, Registration } from "./registration.ts";
import { checkSignalNames, type SignalName } from "./signal-names.ts";
import type { Timer } from "./timers.ts";
import type { StartTlsOptions } from "./tls.ts";
import {
  OPTION_NAMES,
  type BinderOptions,
  checkConnectorOptions,
  checkListenerOptions,
  type ConnectorOptions,
  type ListenerOptions,
  type RawSource,
  type RawStream,
  type ReactorOptions,
  type RegisterOptions,
} from "./reactor/options.ts";
import { bindDatagram, listenAt } from "./reactor/binding.ts";
import { limitConnecting } from "./reactor/connecting.ts";
import { explain, type Explanation } from "./reactor/explain.ts";
import { Loop } from "./reactor/loop.ts";
import { RegistrationTable } from "./reactor/registration-table.ts";
import { checkRegistrable, Sources } from "./reactor/sources.ts";
import { checkFunction, checkMs, checkNames, checkOptions, requireFunction } from "./arguments.ts";
import type { PollResult } from "./reactor/poll.ts";
import { checkList, type SelectResult } from "./reactor/select.ts";
import {
  resolveCloseOptions,
  shutDown,
  type CloseOptions,
  type CloseResult,
} from "./reactor/shutdown.ts";
import { clientSecurer, serverSecurer, startTls } from "./reactor/start-tls.ts";
import { statsOf, type ReactorStats } from "./reactor/stats.ts";
import type { TurnWatcher } from "./reactor/turn-watchers.ts";
import { checkWait, makeWait, onAbort, type WaitOptions } from "./reactor/wait.ts";

/** The loop that collects readiness and calls handlers. `createReactor()` makes one. */
export class Reactor {
  readonly #loop: Loop;
  readonly #network: Network;
  readonly #sources: Sources;
  readonly #table: RegistrationTable;
  #closing: Promise<CloseResult> | null = null;

  constructor(options: ReactorOptions & { network: Network; clock: Clock }) {
    checkNames(options, OPTION_NAMES);
    this.#network = options.network;
    this.#loop = new Loop({
      network: options.network,
      clock: options.clock,
      limits: resolveLimits(options),
      onError: checkFunction(options.onError, "option onError"),
      pauseSpinning: options.pauseSpinning ?? false,
      onDispatch: checkFunction(options.onDispatch, "option onDispatch"),
      debug: options.debug ?? false,
    });
    this.#sources = new Sources(this.#loop, options.network);
    this.#table = new RegistrationTable(this.#loop, options.network.capabilities);
  }

  /** What the network under this reactor can do. */
  get capabilities(): NetworkCapabilities {
    return this.#network.capabilities;
  }

  /** The limits in force. */
  get limits(): Readonly<Limits> {
    return this.#loop.limits;
  }

  /** Whether `close()` was called. */
  get closing(): boolean {
    return this.#closing !== null;
  }

  /** Every registration by fd: a live, read-only view. */
  get registrations(): ReadonlyMap<number, Registration> {
    return this.#loop.registry.view;
  }

  /** Every descriptor by fd that is not closed, registered or not: a live, read-only view. */
  get descriptors(): ReadonlyMap<number, Descriptor> {
    return this.#loop.openView;
  }

  /**
   * Ties a descriptor to an interest and a handler. Without a handler `poll` answers it. A raw
   * source is adopted first, see `adopt`. Throws, and leaves everything as it was, if it
   * is registered already, closed, of another reactor, or cannot be adopted.
   */
  register<T = undefined>(
    source: RawStream,
    interest: number,
    handler?: Handler<Channel, T> | null,
    options?: RegisterOptions<T>,
  ): Registration<Channel, T>;
  register<T = undefined>(
    source: MessagePort,
    interest: number,
    handler?: Handler<Messages, T> | null,
    options?: RegisterOptions<T>,
  ): Registration<Messages, T>;
  register<T = undefined>(
    source: Server,
    interest: number,
    handler?: Handler<Listener, T> | null,
    options?: RegisterOptions<T>,
  ): Registration<Listener, T>;
  register<T = undefined>(
    source: DatagramSocket,
    interest: number,
    handler?: Handler<Datagram, T> | null,
    options?: RegisterOptions<T>,
  ): Registration<Datagram, T>;
  register<D extends Descriptor, T = undefined>(
    source: D,
    interest: number,
    handler?: Handler<D, T> | null,
    options?: RegisterOptions<T>,
  ): Registration<D, T>;
  register(
    source: Descriptor | RawSource,
    interest: number,
    handler?: Handler<never, never> | null,
    options: RegisterOptions<unknown> = {},
  ): Registration<never, never> {
    this.#checkOpen();
    const known = this.#sources.holder(source);
    if (known !== undefined) checkRegistrable(known);
    this.#table.checkInterest(interest, known?.fd);
    checkFunction(handler, "the handler");
    checkOptions(options);
    const descriptor = known ?? this.#sources.adopt(source);
    const entry = this.#table.add(
      descriptor,
      interest,
      (handler as Handler | null | undefined) ?? null,
      options.data,
    );
    if (options.signal !== undefined) {
      entry.onGone = onAbort(options.signal, () => entry.unregister());
    }
    return entry as unknown as Registration<never, never>;
  }

  /** Changes the interest and arms it again (EPOLL_CTL_MOD): the condition is tested at once. */
  modify(source: Descriptor | RawSource | number, interest: number): void {
    const entry = this.#sources.entry(source);
    if (entry === undefined) throw this.#sources.notRegistered(source, "modify");
    this.#table.modify(entry, interest);
  }

  /** True if it was registered; false if it is closed and was registered here once. */
  unregister(source: Descriptor | RawSource | number): boolean {
    const entry = this.#sources.entry(source);
    if (entry !== undefined) return this.#table.remove(entry);
    if (this.#sources.wasRegistered(source)) return false;
    throw this.#sources.notRegistered(source, "unregister");
  }

  /** The registration of `source`, or undefined if it has none here. */
  get(source: Descriptor | RawSource | number): Registration | undefined {
    return this.#sources.entry(source);
  }

  /** Whether `source` is registered here. */
  has(source: Descriptor | RawSource | number): boolean {
    return this.#sources.entry(source) !== undefined;
  }

  /**
   * Waits until registrations without a handler are ready, and answers them (epoll_wait(2)). It
   * may answer an empty list: when the time is up, after `wake()` and `close()`.
   */
  poll(options: WaitOptions = {}): Promise<PollResult> {
    this.#checkOpen();
    const loop = this.#loop;
    loop.poll.assertIdle(loop.dispatcher.current !== null);
    checkWait(options);
    if (options.signal?.aborted === true) {
      return Promise.reject(new AbortError("poll", options.signal));
    }
    const { wait, promise } = makeWait<PollResult>(loop, options, (signal) => {
      loop.poll.abort(signal);
    });
    loop.poll.begin(wait);
    if (wait.expired || loop.poll.due) loop.schedule();
    return promise;
  }

  /**
   * Waits until any descriptor of three lists is ready, registered or not (select(2)). It consumes
   * nothing; when the time is up it answers three empty lists.
   */
  select<
    R extends Descriptor = Descriptor,
    W extends Descriptor = Descriptor,
    X extends Descriptor = Descriptor,
  >(
    readers: readonly R[],
    writers: readonly W[] = [],
    exceptional: readonly X[] = [],
    options: WaitOptions = {},
  ): Promise<SelectResult<R, W, X>> {
    this.#checkOpen();
    checkWait(options);
    const resolve = (item: unknown): ReadySource | undefined => {
      const source = this.#sources.find(item);
      return source !== undefined && this.#loop.open.has(source.fd) ? source : undefined;
    };
    const lists = [
      checkList(readers, "readers", resolve),
      checkList(writers, "writers", resolve),
      checkList(exceptional, "exceptional", resolve),
    ] as const;
    if (options.signal?.aborted === true) {
      return Promise.reject(new AbortError("select", options.signal));
    }
    const answer = this.#loop.selects.begin(this.#loop, lists, options);
    return answer as unknown as Promise<SelectResult<R, W, X>>;
  }

  /** Binds and listens; resolves once bound. Rejects with the system's code (`EADDRINUSE`, ...). */
  listen(address: Address, options: ListenerOptions = {}): Promise<Listener> {
    this.#checkOpen();
    const at = checkAddress(address);
    checkListenerOptions(options);
    const tls = serverSecurer(this.#network, options.tls);
    return listenAt(this.#loop, this.#network, at, options, tls);
  }

  /**
   * Answers a channel at once, in state `connecting`. WRITABLE means connected; ERROR says that it
   * failed, and `channel.error` why.
   */
  connect(address: Address, options: ConnectorOptions = {}): Channel {
    this.#checkOpen();
    const checked = checkAddress(address);
    checkConnectorOptions(options);
    const securer = clientSecurer(this.#network, options.tls, checked);
    const transport = this.#network.connect(checked, options);
    const channel = this.#loop.channel(transport, options.label ?? "") as BufferedChannel;
    limitConnecting(this.#loop, channel, options, securer);
    return channel;
  }

  /**
   * Binds a UDP socket; resolves once bound, and connected with `options.peer` if there is one.
   * Rejects with the system's code (`EADDRINUSE`, ...). Without a host it is `127.0.0.1`; with a
   * peer, any address.
   */
  bind(address: TcpAddress, options: BinderOptions = {}): Promise<Datagram> {
    this.#checkOpen();
    return bindDatagram(this.#loop, this.#network, address, options);
  }

  /**
   * Secures a channel in place, as STARTTLS of SMTP (RFC 3207) and AUTH TLS of FTP (RFC 4217) do:
   * same fd, same registration. Output that waits leaves first. Until the handshake has ended the
   * channel is `connecting`, and nothing is reported; then WRITABLE says that it is secure, or ERROR
   * why not. Throws `IOMUX_UNREAD_PLAINTEXT` if there are bytes that were not read: whoever has put
   * them there, they must not count as secure. A channel that has yet to connect is secured once it
   * stands. Throws `IOMUX_CANNOT_START_TLS` for a channel that is secure already, or about to be, or
   * has ended its side. A connection of `serve()` has a `startTls()` of its own.
   */
  startTls(channel: Channel, options: StartTlsOptions): void {
    this.#checkOpen();
    startTls(this.#sources.find(channel), options);
  }

  /**
   * Watches signals of the process, such as `["SIGINT", "SIGTERM"]`, in place of their default
   * actions, until it is closed. It never keeps the process alive.
   */
  signals(names: readonly SignalName[]): Signals {
    this.#checkOpen();
    return this.#sources.signals(checkSignalNames(names));
  }

  /**
   * Takes over a stream of bytes (`net.Socket`, a pipe, a file's stream, a child's stdin or stdout,
   * any other `Duplex`, `Readable` or `Writable`), a `net.Server`, a bound `dgram.Socket`,
   * or a `MessagePort`. Throws
   * `IOMUX_CANNOT_ADOPT` with the reason. `process.stdin` is only ever read, and never destroyed:
   * once its channel is closed it is paused, and may be read on, or adopted again. `process.stdout`
   * and `process.stderr` are only written to, and neither ended nor destroyed.
   */
  adopt(source: RawStream): Channel;
  adopt(source: Server): Listener;
  adopt(source: DatagramSocket): Datagram;
  adopt(source: MessagePort): Messages;
  adopt(source: RawSource): Channel | Listener | Datagram | Messages {
    this.#checkOpen();
    if (this.#sources.holder(source) !== undefined) {
      throw new IomuxError("IOMUX_CANNOT_ADOPT", "cannot adopt it: it is a descriptor already");
    }
    return this.#sources.adopt(source);
  }

  /** Calls back once, in a turn, not before `delayMs` have passed. */
  setTimer(delayMs: number, callback: () => void): Timer {
    this.#checkOpen();
    checkMs(delayMs, "delayMs");
    requireFunction(callback, "the callback of setTimer");
    return this.#loop.timers.set(delayMs, callback);
  }

  /**
   * The reactor's time, in milliseconds that never go back: within a turn that of its beginning,
   * read once for all handlers (uv_now(3)).
   */
  now(): number {
    return this.#loop.now();
  }

  /** Calls back once, at the start of the next turn. */
  defer(callback: () => void): void {
    this.#checkOpen();
    requireFunction(callback, "the callback of defer");
    this.#loop.timers.defer(callback);
  }

  /** Makes a turn happen, and a `poll` or `select` that waits answer with what there is. */
  wake(): void {
    if (this.#closing === null) this.#loop.wake();
  }

  /** Counters since the start, and gauges of this moment, in a new object. */
  stats(): ReactorStats {
    return statsOf(this.#loop);
  }

  /**
   * From now on `watcher` hears of each call of a handler, and of the end of each turn; while nobody
   * watches that costs nothing. The answer ends it: `watcher` is not called any more. There may be
   * several, and they may come and go at any time, in handlers and in watchers too.
   */
  watchTurns(watcher: TurnWatcher): () => void {
    this.#checkOpen();
    return this.#loop.watchers.add(watcher);
  }

  /**
   * Whether it is a descriptor of this reactor, closed or not: subscribers of diagnostics hear of
   * those of every reactor in the process.
   */
  owns(descriptor: Descriptor): boolean {
    return this.#sources.owns(descriptor);
  }

  /** Why a descriptor is not being read or written right now. */
  explain(source: Descriptor | RawSource | number): Explanation {
    const found =
      typeof source === "number" ? this.#loop.open.get(source) : this.#sources.find(source);
    if (found === undefined) throw this.#sources.notRegistered(source, "explain");
    return explain(found, this.#loop.limits);
  }

  /**
   * Stops accepting, lets output drain and cuts off at `drainMs` what is left. Nothing is
   * dispatched any more, and no timer fires. Resolves with what was cut off. Calling it again
   * answers the same promise.
   */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    const { drainMs, answerMs } = resolveCloseOptions(options);
    this.#closing ??= this.#shutDown(drainMs, answerMs);
    return this.#closing;
  }

  /** `close()` with its defaults, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shutDown(drainMs: number, answerMs: number): Promise<CloseResult> {
    this.#loop.stopWaiting();
    this.#loop.timers.stop();
    const result = await shutDown(this.#loop, drainMs, answerMs);
    this.#loop.timers.clear();
    return result;
  }

  /** Throws if the tables contradict each other. For tests and simulations. */
  assertInvariants(): void {
    this.#loop.assertInvariants();
    for (const source of this.#loop.open.values()) source.assertInvariants();
  }

  #checkOpen(): void {
    if (this.#closing === null) return;
    throw new IomuxError("IOMUX_REACTOR_CLOSED", "the reactor is closed: create another one");
  }
}
