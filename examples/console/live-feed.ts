/**
 * The live picture of a reactor, for all who watch it. There is one look at the descriptors for all
 * viewers, and its rows are encoded once. While nobody watches there is no timer, no watcher of the
 * turns and no monitor of delays.
 */
import type { Reactor, Timer, Turn } from "iomux";

import type { EncodedEvent, EventStream } from "../http/server/event-stream.ts";
import { DescriptorTable } from "./descriptor-table.ts";
import { encode, Look } from "./feed-events.ts";
import { FeedViewer } from "./feed-viewer.ts";
import type { Hello } from "./feed.ts";
import { Incidents } from "./incidents.ts";
import { LoadMeter } from "./load-meter.ts";
import { ProcessLoopDelay, type LoopDelay } from "./loop-delay.ts";
import { rounded } from "./milliseconds.ts";
import { TurnRecorder } from "./turn-recorder.ts";

/** Viewers at a time. */
export const MAX_VIEWERS = 64;
/** Milliseconds from one picture of a turn to the next; looks and loads come with one of them. */
export const BEAT_MS = 250;
/** Beats from one load to the next: a second. */
const BEATS_OF_A_LOAD = 4;
/** Milliseconds from one look to the next: as many as its costs are worth, within these. */
export const LEAST_LOOK_MS = 500;
export const MOST_LOOK_MS = 5000;
/** Looks cost at most one part in so many of the time. */
export const LOOK_SHARE = 100;

export interface LiveFeedOptions {
  readonly reactor: Reactor;
  /** The name of the program. */
  readonly program: string;
  readonly features: Hello["features"];
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly wallMs?: () => number;
  /** When the process began. Default: as Node says. */
  readonly startedMs?: number;
  /** Default: that of this process. */
  readonly loopDelay?: LoopDelay;
  /** Milliseconds on any clock that goes on during a turn, to tell what a look costs. */
  readonly costMs?: () => number;
}

export class LiveFeed {
  readonly table: DescriptorTable;
  readonly incidents: Incidents;
  readonly #reactor: Reactor;
  readonly #program: string;
  readonly #features: Hello["features"];
  readonly #wallMs: () => number;
  readonly #startedMs: number;
  readonly #costMs: () => number;
  readonly #meter: LoadMeter;
  readonly #turns = new TurnRecorder();
  readonly #viewers = new Set<FeedViewer>();
  #timer: Timer | null = null;
  #stopWatching: (() => void) | null = null;
  #beats = 0;
  #nextLookAt = 0;
  /** Milliseconds that were spent since the last look. */
  #spentMs = 0;
  #closed = false;

  constructor(options: LiveFeedOptions) {
    const { reactor, program, features, wallMs = Date.now } = options;
    this.#reactor = reactor;
    this.#program = program;
    this.#features = features;
    this.#wallMs = wallMs;
    this.#startedMs = options.startedMs ?? wallMs() - process.uptime() * 1000;
    this.#costMs = options.costMs ?? (() => performance.now());
    this.table = new DescriptorTable(reactor);
    this.#meter = new LoadMeter(reactor, options.loopDelay ?? new ProcessLoopDelay());
    this.incidents = new Incidents(reactor, wallMs);
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** From now on this stream is told, until it is over. `account`: who has logged in, or null. */
  attach(stream: EventStream, account: string | null): void {
    if (stream.closed) return;
    if (this.#closed || this.#viewers.size >= MAX_VIEWERS) {
      stream.close();
      return;
    }
    if (this.#viewers.size === 0) this.#start();
    const viewer = new FeedViewer(stream, encode("hello", this.#hello(account)), this);
    this.#viewers.add(viewer);
    stream.signal.addEventListener("abort", () => {
      this.#leave(viewer);
    });
    this.charge(() => {
      viewer.proceed();
    });
  }

  #hello(account: string | null): Hello {
    const limits = Object.entries(this.#reactor.limits).filter(([, limit]) => limit < Infinity);
    return {
      program: this.#program,
      wallMs: this.#wallMs(),
      startedMs: Math.round(this.#startedMs),
      nowMs: rounded(this.#reactor.now()),
      features: this.#features,
      account,
      limits: Object.fromEntries(limits),
    };
  }

  #leave(viewer: FeedViewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#stop();
  }

  #start(): void {
    this.#stopWatching = this.#reactor.watchTurns({
      dispatched: (registration, ready, ms) => {
        this.#turns.dispatched(registration, ready, ms);
      },
      turnEnded: (turn: Turn) => {
        this.#turns.turnEnded(turn);
        this.#meter.turnEnded(turn);
      },
    });
    this.#meter.start();
    this.#beats = 0;
    this.charge(() => {
      this.table.look();
    });
    this.#spaceLooks();
    this.#timer = this.#reactor.setTimer(BEAT_MS, this.#beat).unref();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.#meter.stop();
    this.#turns.clear();
    this.table.clear();
  }

  readonly #beat = (): void => {
    this.#timer?.refresh();
    this.#beats++;
    this.charge(() => {
      const turn = this.#turns.take();
      if (turn !== null) this.#tell((viewer, event) => viewer.turn(event), encode("turn", turn));
      if (this.#beats % BEATS_OF_A_LOAD === 0) {
        const load = encode("load", this.#meter.take());
        this.#tell((viewer, event) => viewer.load(event), load);
      }
    });
    if (this.#reactor.now() >= this.#nextLookAt) this.#look();
    this.charge(() => {
      for (const viewer of this.#viewers) viewer.proceed();
    });
  };

  #tell(tell: (viewer: FeedViewer, event: EncodedEvent) => void, event: EncodedEvent): void {
    for (const viewer of this.#viewers) tell(viewer, event);
  }

  #look(): void {
    this.charge(() => {
      const { changed, gone } = this.table.look();
      const look = new Look(this.#reactor.now(), changed, gone);
      for (const viewer of this.#viewers) viewer.look(look);
    });
    this.#spaceLooks();
  }

  /** The next look comes when this one, and all that was told since the last, is paid for. */
  #spaceLooks(): void {
    const worthMs = LOOK_SHARE * this.#spentMs;
    this.#spentMs = 0;
    const waitMs = Math.min(MOST_LOOK_MS, Math.max(LEAST_LOOK_MS, worthMs));
    // What is new and was not taken in is not to wait so long.
    this.#nextLookAt = this.#reactor.now() + (this.table.isWhole ? waitMs : 0);
  }

  // What viewers ask.

  get open(): number {
    return this.#reactor.descriptors.size;
  }

  nowMs(): number {
    return this.#reactor.now();
  }

  charge(work: () => void): void {
    const began = this.#costMs();
    work();
    this.#spentMs += this.#costMs() - began;
  }

  /** Ends all streams, and hears of no incidents any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.incidents.close();
    if (this.#viewers.size > 0) this.#stop();
    for (const { stream } of this.#viewers) stream.close();
    this.#viewers.clear();
  }
}
