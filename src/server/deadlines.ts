/**
 * The deadlines of one connection, behind one lazy timer.
 *
 * Nothing is re-armed when a byte comes: what happens is noted as a time, and the timer looks at
 * the notes when it fires and sleeps again until the earliest moment at which anything can be due.
 *
 * A connection that ends must not wait for ever for a peer that takes nothing: without
 * `writeProgressMs`, its last output has the time of a closing channel, `lingerMs`.
 *
 * Whether output moves is sampled, four times within `writeProgressMs`: what the system takes makes
 * no event while a channel is under its low-water mark. What the system has taken is out of sight
 * (docs/servers.md says what that means).
 */
import type { BufferedChannel } from "../channel.ts";
import { READABLE } from "../mask.ts";
import type { Timer } from "../timers.ts";
import type { CloseReason } from "./close-reason.ts";
import type { ConnectionOutput } from "./connection-output.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { ServerLimits } from "./options.ts";

/** Samples within `writeProgressMs`. */
const SAMPLES = 4;

/** What the deadlines look at, and whom they tell. */
export interface DeadlineOwner {
  readonly channel: Pick<BufferedChannel, "bytesOut" | "leftAt" | "condition" | "host">;
  readonly reader: Pick<FrameReader<unknown>, "heardAt" | "stopped">;
  readonly output: Pick<ConnectionOutput, "bytes" | "softSince">;
  readonly established: boolean;
  readonly securing: boolean;
  now(): number;
  later(delayMs: number, callback: () => void): Timer | null;
  enforceSoftLimit(): void;
  /** A time is up. True: it ends in order, and only its output is watched from now on. */
  expired(reason: CloseReason, why: string): boolean;
}

export class Deadlines {
  readonly #owner: DeadlineOwner;
  readonly #limits: Readonly<ServerLimits>;
  readonly #openedAt: number;
  #timer: Timer | null = null;
  #timerAt = Infinity;
  /** Also what is under way already must not set a timer again. */
  #stopped = false;
  /** One of the other times was up: what counts is that the last output leaves. */
  #ending = false;
  /** Milliseconds within which output must move, by this limit; 0: it need not. */
  #progressMs: number;
  #progressLimit: "writeProgressMs" | "lingerMs" = "writeProgressMs";
  /** The last sample of output, and since when it has not changed; -1: none waits. */
  #sampledBytes = 0;
  #stalledSince = -1;

  constructor(owner: DeadlineOwner, limits: Readonly<ServerLimits>) {
    this.#owner = owner;
    this.#limits = limits;
    this.#openedAt = owner.now();
    this.#progressMs = limits.writeProgressMs;
    this.#wake(this.#next(this.#openedAt));
  }

  /** Output was given: from now on it must move. */
  noteOutput(): void {
    if (this.#stalledSince >= 0 || this.#progressMs === 0) return;
    const now = this.#owner.now();
    this.#stalledSince = now;
    this.#sampledBytes = this.#owner.channel.bytesOut;
    this.#wake(now + this.#progressMs / SAMPLES);
  }

  /** What waits is its last output: from now on it must move, whatever the limits are. */
  noteEnding(): void {
    if (this.#progressMs > 0) return;
    this.#progressLimit = "lingerMs";
    this.#progressMs = Math.max(1, this.#owner.channel.host.limits.lingerMs);
    this.#stalledSince = -1;
    this.noteOutput();
  }

  /** More than the soft limit waits. */
  noteSoft(): void {
    this.#wake(this.#owner.output.softSince + this.#limits.softOutputMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#stopped = true;
  }

  #wake(at: number): void {
    if (at >= this.#timerAt || this.#stopped) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#owner.later(Math.max(0, at - this.#owner.now()), () => {
      this.#look();
    });
  }

  #look(): void {
    if (this.#stopped) return;
    const now = this.#owner.now();
    this.#timerAt = Infinity;
    this.#sample(now);
    const { softSince } = this.#owner.output;
    if (softSince >= 0 && now >= softSince + this.#limits.softOutputMs) {
      this.#owner.enforceSoftLimit();
    }
    this.#judge(now);
  }

  #judge(now: number): void {
    if (this.#stopped) return;
    const due = this.#due(now);
    if (due !== null) {
      this.#ending = this.#owner.expired(...due);
      if (!this.#ending) return;
    }
    this.#wake(this.#next(now));
  }

  /** Whether output has moved since the last look. */
  #sample(now: number): void {
    const { channel, output } = this.#owner;
    const { bytesOut } = channel;
    if (bytesOut !== this.#sampledBytes) {
      this.#sampledBytes = bytesOut;
      this.#stalledSince = now;
    }
    if (output.bytes === 0) this.#stalledSince = -1;
    else if (this.#stalledSince < 0) this.#stalledSince = now;
  }

  #due(now: number): [CloseReason, string] | null {
    const { handshakeMs, idleMs, lifetimeMs } = this.#limits;
    const progressMs = this.#progressMs;
    const { established } = this.#owner;
    const over = (since: number, ms: number): boolean => ms > 0 && since >= 0 && now >= since + ms;
    if (over(this.#stalledSince, progressMs)) {
      const what = `had ${this.#owner.output.bytes} bytes of output waiting, of which none left`;
      return ["write-stalled", `${what} for ${progressMs} ms (limit ${this.#progressLimit})`];
    }
    if (this.#ending) return null;
    if (!established && over(this.#openedAt, handshakeMs)) {
      return ["handshake", `was not established within ${handshakeMs} ms (limit handshakeMs)`];
    }
    if (over(this.#openedAt, lifetimeMs)) {
      return ["lifetime", `stood for ${lifetimeMs} ms (limit lifetimeMs)`];
    }
    if (over(this.#idleSince(), idleMs)) {
      return ["idle", `was silent for ${idleMs} ms (limit idleMs)`];
    }
    return null;
  }

  /** -1: it cannot be idle now, since we are the ones who wait, or it is still being served. */
  #idleSince(): number {
    const { channel, reader, output, securing } = this.#owner;
    const unheard = (channel.condition() & READABLE) !== 0;
    if (reader.stopped || unheard || output.bytes > 0 || securing) return -1;
    return Math.max(reader.heardAt, channel.leftAt);
  }

  /** When anything can be due at the earliest. */
  #next(now: number): number {
    const { handshakeMs, idleMs, softOutputMs, lifetimeMs } = this.#limits;
    const progressMs = this.#progressMs;
    const { established } = this.#owner;
    const { softSince } = this.#owner.output;
    let next = Infinity;
    if (progressMs > 0 && this.#stalledSince >= 0) {
      next = Math.min(this.#stalledSince + progressMs, now + progressMs / SAMPLES);
    }
    if (this.#ending) return next;
    if (handshakeMs > 0 && !established) next = Math.min(next, this.#openedAt + handshakeMs);
    if (lifetimeMs > 0) next = Math.min(next, this.#openedAt + lifetimeMs);
    if (softSince >= 0 && softSince + softOutputMs > now) {
      next = Math.min(next, softSince + softOutputMs);
    }
    if (idleMs > 0) {
      const since = this.#idleSince();
      next = Math.min(next, (since < 0 ? now : since) + idleMs);
    }
    return next;
  }
}
