/**
 * The loop. `#runTurn()` is all of it, from top to bottom; the rest decides when a turn begins.
 *
 * A turn begins when enough bytes were collected, at the latest in the immediate phase. It never
 * nests, and it is a snapshot: what is added while it runs waits for the next one.
 */
import { Budget } from "../budget.ts";
import type { Clock } from "../clock.ts";
import { publishClose, publishConnect, publishOpen } from "../diagnostics.ts";
import type { Channel, Descriptor } from "../descriptor.ts";
import type { Flushable, Host } from "../host.ts";
import type { Limits } from "../limits.ts";
import { MapView } from "../map-view.ts";
import { PagePool } from "../bytes/output-queue.ts";
import type { Network, Severable, Transport } from "../network.ts";
import type { Entry, ReadySource } from "../registration.ts";
import { emptied, ReadySet } from "../ready-set.ts";
import { Registry } from "../registry.ts";
import { makeChannel } from "../watched-channel.ts";
import { DescriptorReserve } from "./descriptor-reserve.ts";
import { Dispatcher } from "./dispatch.ts";
import { DoomedSockets } from "./doomed-sockets.ts";
import type { ReactorOptions } from "./options.ts";
import { Poll } from "./poll.ts";
import { type ErrorListener, Reporter } from "./reporter.ts";
import { Selects } from "./select.ts";
import { shed } from "./shed.ts";
import { newCounters } from "./stats.ts";
import { TimerQueue } from "./timer-queue.ts";
import { Trace } from "./trace.ts";
import { TurnWatchers } from "./turn-watchers.ts";
import { makeDispatcher } from "./watched-dispatcher.ts";

export interface LoopSettings {
  readonly network: Network;
  readonly clock: Clock;
  readonly limits: Readonly<Limits>;
  readonly onError: ErrorListener | undefined;
  readonly pauseSpinning: boolean;
  readonly onDispatch: ReactorOptions["onDispatch"];
  readonly debug: boolean;
}

export class Loop implements Host {
  readonly network: Network;
  readonly limits: Readonly<Limits>;
  readonly debug: boolean;
  closing = false;
  readonly pages = new PagePool();
  readonly budget: Budget;
  readonly registry = new Registry();
  /** Every descriptor that is not closed. */
  readonly open = new Map<number, ReadySource>();
  readonly openView: ReadonlyMap<number, Descriptor> = new MapView(this.open);
  readonly poll = new Poll();
  readonly selects = new Selects();
  readonly reporter: Reporter;
  readonly dispatcher: Dispatcher;
  readonly watchers: TurnWatchers;
  readonly timers: TimerQueue;
  readonly counters = newCounters();
  /** Called when the last descriptor is closed and its socket let go. */
  onEmpty: (() => void) | null = null;
  readonly #clock: Clock;
  readonly #reserve: DescriptorReserve;
  readonly #doomed: DoomedSockets;
  readonly #ready = new ReadySet<Entry>();
  readonly #trace = Trace.ifWanted(this.counters);
  #dirty: Flushable[] = [];
  #spareDirty: Flushable[] = [];
  #inTurn = false;
  #turnBegan = 0;
  #turnReady = 0;
  #scheduled = false;
  #wanted = false;
  #collectedBytes = 0;
  #leftOver = false;
  #lastFd = 0;
  #holds = 0;
  readonly #onImmediate = (): void => {
    this.#scheduled = false;
    if (this.#wanted) this.#turn();
  };

  constructor(settings: LoopSettings) {
    this.network = settings.network;
    this.#clock = settings.clock;
    this.limits = settings.limits;
    this.budget = new Budget(settings.limits.maxBufferedBytes, () => {
      this.schedule();
    });
    this.debug = settings.debug;
    this.#reserve = new DescriptorReserve(settings.network, settings.limits.reserveDescriptors);
    this.#doomed = new DoomedSockets(settings.limits.closesPerTurn);
    this.timers = new TimerQueue(settings.clock, this);
    this.reporter = new Reporter(settings.onError, this.limits.reportEveryMs, (ms, callback) =>
      this.after(ms, callback),
    );
    this.watchers = new TurnWatchers(this.reporter);
    this.dispatcher = makeDispatcher(
      { ...settings, trace: this.#trace },
      this.limits,
      this.counters,
      this.reporter,
      settings.pauseSpinning,
      (entry) => {
        this.list(entry);
      },
    );
  }

  #turn(): void {
    this.#inTurn = true;
    this.#wanted = false;
    this.#collectedBytes = 0;
    this.counters.turns++;
    this.#trace?.turnBegins(this.#ready.size, this.#clock.now());
    try {
      this.#runTurn();
    } finally {
      this.#inTurn = false;
      this.#trace?.turnEnds(this.#clock.now());
      if (this.#moreToDo) this.schedule();
    }
    if (this.watchers.any) this.#tellTurn();
    if (this.open.size === 0 && this.#doomed.size === 0) this.onEmpty?.();
  }

  #runTurn(): void {
    this.#turnBegan = this.#clock.now();
    const ready = this.#collectReady();
    this.#turnReady = ready.length;
    this.timers.fireDue(this.#turnBegan);
    this.timers.runDeferred();
    this.#dispatch(ready);
    this.#flushOutput();
    if (this.budget.exceeded) shed(this);
    this.#doomed.letGo();
    this.poll.answer();
    this.selects.answer();
    this.#reserve.turnEnded();
  }

  #tellTurn(): void {
    const beganAt = this.#turnBegan;
    const ms = this.#clock.now() - beganAt;
    this.watchers.turnEnded({ turn: this.counters.turns, beganAt, ms, ready: this.#turnReady });
  }

  /** Whether this turn has left work, or made some. */
  get #moreToDo(): boolean {
    return this.#wanted || this.#ready.size > 0 || this.#doomed.size > 0;
  }

  /** The snapshot of this turn: what timers and handlers add from now on is for the next one. */
  #collectReady(): Entry[] {
    const list = this.#ready.steal();
    for (const entry of list) entry.collected = Dispatcher.collect(entry);
    return list;
  }

  #dispatch(list: Entry[]): void {
    const count = list.length;
    if (count === 0) return;
    const { turnBudgetMs, turnDispatches } = this.limits;
    // Spread evenly: those that stay ready are listed in the order of this turn's rotation, and
    // steps of 0, 1, 2, ... from there would come round before some were ever first.
    const spread = Math.imul(this.counters.turns, 0x9e3779b1) >>> 8;
    const first = this.#leftOver ? 0 : spread % count;
    const most = Math.min(count, turnDispatches);
    const start = this.#clock.now();
    let began = start;
    let done = 0;
    while (done < most && began - start < turnBudgetMs) {
      const place = first + done++;
      const entry = list[place < count ? place : place - count]!;
      entry.listed = false;
      const ready = this.dispatcher.dispatch(entry);
      const ended = this.#clock.now();
      const ms = ended - began;
      this.dispatcher.noteDuration(entry, ms);
      began = ended;
      if (ready !== 0 && this.watchers.any) {
        this.watchers.dispatched(entry, ready, ms);
        began = this.#clock.now();
      }
    }
    this.#leftOver = done < count;
    this.#ready.giveBack(list, first, done);
  }

  #flushOutput(): void {
    const dirty = this.#dirty;
    this.#dirty = this.#spareDirty;
    this.#spareDirty = dirty;
    for (const source of dirty) source.flush();
    emptied(dirty);
  }

  schedule(): void {
    this.#wanted = true;
    if (this.#scheduled || this.#inTurn) return;
    this.#scheduled = true;
    this.#clock.immediate(this.#onImmediate);
  }

  /** Puts a registration before the next turn. */
  list(entry: Entry): void {
    if (entry.handler !== null) {
      this.#ready.add(entry);
      entry.listedIn = this.counters.turns;
      this.schedule();
      return;
    }
    this.poll.add(entry);
    if (this.poll.due) this.schedule();
  }

  changed(source: ReadySource, bits: number): void {
    const entry = source.entry;
    if (entry !== null) {
      const wanted = bits & entry.mask;
      if (wanted !== 0) {
        entry.pending |= wanted;
        if (!entry.listed && !entry.held && !entry.disarmed) this.list(entry);
      }
    }
    if (source.watchers !== null) for (const watcher of source.watchers) watcher();
  }

  collected(bytes: number): void {
    this.#collectedBytes += bytes;
    if (this.#collectedBytes >= this.limits.turnBytes && !this.#inTurn && this.#wanted) {
      this.#turn();
    }
  }

  flushLater(source: Flushable): void {
    this.#dirty.push(source);
    if (!this.#inTurn) this.schedule();
  }

  destroyLater(socket: Severable, reset: boolean): void {
    this.#doomed.add(socket, reset);
    this.schedule();
  }

  allocate(): number {
    return ++this.#lastFd;
  }

  channel(transport: Transport, label: string): Channel {
    const channel = makeChannel(this, transport);
    channel.label = label;
    this.open.set(channel.fd, channel);
    channel.attach();
    publishOpen(channel);
    return channel;
  }

  detach(source: ReadySource, reason: Error | null): void {
    const entry = source.entry;
    if (entry !== null) this.forget(entry, true, reason);
    if (source.watchers !== null) for (const watcher of source.watchers) watcher();
  }

  /** Takes a registration out of every table. */
  forget(entry: Entry, closed: boolean, reason: Error | null): void {
    entry.active = false;
    entry.descriptor.entry = null;
    this.registry.remove(entry);
    this.poll.remove(entry, closed);
    if (this.poll.due) this.schedule();
    if (entry.refed) this.hold(-1);
    entry.onGone?.();
    entry.abortSignal(reason);
  }

  connected(channel: Channel): void {
    this.counters.connected++;
    publishConnect(channel);
  }

  gone(source: ReadySource): void {
    this.open.delete(source.fd);
    if (this.onEmpty !== null && this.open.size === 0) this.schedule();
    publishClose(source);
  }

  busy(delta: 1 | -1): void {
    this.hold(delta);
  }

  /** Counts what keeps the process alive. */
  hold(delta: 1 | -1): void {
    this.#holds += delta;
    if (this.#holds === (delta === 1 ? 1 : 0)) this.#clock.keepAlive(delta === 1);
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.timers.after(delayMs, callback);
  }

  report(source: ReadySource, code: string, describe: (count: number) => Error): void {
    this.reporter.reportOften(`${code}:${source.fd}`, source.entry, describe);
  }

  now(): number {
    return this.#inTurn ? this.#turnBegan : this.#clock.now();
  }

  failed(source: ReadySource, error: Error): void {
    this.counters.handlerErrors++;
    this.reporter.report(error, source.entry);
  }

  mustRefuse(): boolean {
    return this.#reserve.mustRefuse();
  }

  get turnsEnded(): number {
    return this.#inTurn ? this.counters.turns - 1 : this.counters.turns;
  }

  /** Whether `fd` was given out by this reactor. */
  allocated(fd: number): boolean {
    return Number.isInteger(fd) && fd > 0 && fd <= this.#lastFd;
  }

  /** The next turn answers every wait, also with nothing. */
  wake(): void {
    this.poll.expire();
    this.selects.expire();
    this.schedule();
  }

  /** The reactor closes: every wait ends now. */
  stopWaiting(): void {
    this.closing = true;
    this.poll.end();
    this.selects.expire();
    this.selects.answer();
  }

  assertInvariants(): void {
    this.#ready.assertInvariants();
    this.timers.assertInvariants();
    this.budget.assertInvariants();
    this.registry.assertInvariants(this.open);
    if (this.#holds < 0) throw new Error(`Loop: ${this.#holds} holds`);
  }
}
