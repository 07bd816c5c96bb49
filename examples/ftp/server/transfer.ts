/**
 * What moves over a data connection, in either direction: one handler, which is held while the
 * store works, so that there is never more than one piece of it in memory.
 *
 *   download: WRITABLE says that the last piece has left -> the next one is read and written
 *   upload:   READABLE says that bytes have come         -> they are written to the store
 *
 * Each ends once. A client that stands still for `stallMs` has left.
 */
import { ERROR, HANGUP, READABLE, WRITABLE } from "iomux";
import type { Channel, Reactor, Registration, Timer } from "iomux";

import type { Moved } from "../effects.ts";
import { StoreError } from "../../files/file-store.ts";
import type { FileSink } from "../../files/file-sink.ts";
import type { PieceSource } from "../../files/file-source.ts";
import type { Rate } from "./rate.ts";

/** Milliseconds that a client has, once all has left, to say that it was read: then it is assumed. */
export const CONFIRM_MS = 2000;
/** Milliseconds for which what has come may wait for more before it is written. */
export const GATHER_MS = 50;

export interface TransferSettings {
  readonly reactor: Reactor;
  readonly rate: Rate;
  readonly stallMs: number;
  /** Bytes have moved. */
  readonly onMoved: (bytes: number) => void;
  /** Hears of what the store should not have done. */
  readonly report: (error: unknown) => void;
}

/** How often it is looked within `stallMs`: a client that stands still has at most one look more. */
const LOOKS = 8;

const DONE: Moved = { ok: true };
const BROKEN: Moved = { ok: false, why: "broken" };

abstract class Transfer {
  /** How it ended; by then everything is closed, and is the caller's again. */
  readonly done: Promise<Moved>;
  protected readonly channel: Channel;
  protected readonly settings: TransferSettings;
  protected readonly registration: Registration;
  protected over = false;
  #resolve!: (moved: Moved | PromiseLike<Moved>) => void;
  readonly #stall: Timer;
  #seen = 0;
  /** Looks in a row at which nothing had moved. */
  #still = 0;
  #endWait: (() => void) | null = null;

  constructor(channel: Channel, interest: number, settings: TransferSettings) {
    this.channel = channel;
    this.settings = settings;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const moveData = (_: Channel, ready: number): void | Promise<void> => this.#handle(ready);
    this.registration = settings.reactor.register(channel, interest, moveData);
    this.#stall = settings.reactor.setTimer(settings.stallMs / LOOKS, () => {
      this.#checkProgress();
    });
    // However it is closed, by the reactor too.
    void channel.closed.then(() => {
      this.end(BROKEN);
    });
  }

  abort(): void {
    this.end({ ok: false, why: "aborted" });
  }

  protected end(moved: Moved): void {
    if (this.over) return;
    this.over = true;
    this.#stall.cancel();
    this.#endWait?.();
    const inUse = this.channel.queued > 0;
    if (moved.ok) this.channel.close();
    else this.channel.abort();
    this.#resolve(
      this.release(moved, inUse)
        .catch(this.settings.report)
        .then(() => moved),
    );
  }

  /** Bytes have moved; a promise, if the rate says that the next ones must wait. */
  protected moved(bytes: number): Promise<void> | undefined {
    const { reactor, rate, onMoved } = this.settings;
    onMoved(bytes);
    const waitMs = rate.spend(bytes, reactor.now());
    if (waitMs === 0) return undefined;
    return new Promise((resolve) => {
      const timer = reactor.setTimer(waitMs, () => {
        this.#endWait?.();
      });
      this.#endWait = () => {
        timer.cancel();
        this.#endWait = null;
        resolve();
      };
    });
  }

  /** What the store did to it. */
  protected failed(error: unknown): void {
    // It was given up while the store had work to do for it.
    if (this.over && error instanceof StoreError) return;
    const code = error instanceof StoreError ? error.code : "failed";
    if (code === "failed") this.settings.report(error);
    this.end({ ok: false, why: "store", code });
  }

  #handle(ready: number): void | Promise<void> {
    if ((ready & ERROR) !== 0) {
      this.end(BROKEN);
      return;
    }
    try {
      return this.handle(ready)?.catch((error: unknown) => {
        this.failed(error);
      });
    } catch (error) {
      this.failed(error);
    }
  }

  #checkProgress(): void {
    const { bytesIn, bytesOut } = this.channel;
    const seen = bytesIn + bytesOut;
    const still = seen === this.#seen && !this.busy && this.#endWait === null;
    this.#still = still ? this.#still + 1 : 0;
    this.#seen = seen;
    if (this.#still === LOOKS) this.end(BROKEN);
    else this.#stall.refresh();
  }

  /** Whether it is the store that is waited for, and not the client. */
  protected abstract get busy(): boolean;
  protected abstract handle(ready: number): Promise<void> | undefined;
  /** Gives everything back. `inUse`: bytes of the last piece have not left. */
  protected abstract release(moved: Moved, inUse: boolean): Promise<void>;
}

/** Everything that `source` has, to the client. */
export class Sending extends Transfer {
  readonly #source: PieceSource;
  #reading = false;
  #confirming: Timer | null = null;

  constructor(channel: Channel, source: PieceSource, settings: TransferSettings) {
    super(channel, WRITABLE, settings);
    this.#source = source;
  }

  protected get busy(): boolean {
    return this.#reading;
  }

  protected handle(ready: number): Promise<void> | undefined {
    if (this.#confirming === null) return this.#next();
    const read = this.channel.read();
    if ((ready & HANGUP) !== 0 || read?.length === 0) this.end(DONE);
    return undefined;
  }

  async #next(): Promise<void> {
    this.#reading = true;
    const piece = await this.#source.next(this.settings.rate.pieceBytes);
    this.#reading = false;
    if (this.over) return;
    if (piece === null) {
      if (this.#source.cutOff === true) this.end({ ok: false, why: "too-many" });
      else this.#confirm();
      return;
    }
    // Full with this piece, and empty before it is writable again.
    this.channel.setWaterMarks(piece.length, 0);
    this.channel.write(piece);
    await this.moved(piece.length);
  }

  /** All has left this process. A client that breaks off now has not got all of it. */
  #confirm(): void {
    const { reactor } = this.settings;
    this.channel.shutdown();
    this.#confirming = reactor.setTimer(CONFIRM_MS, () => {
      this.end(DONE);
    });
    this.registration.modify(READABLE);
  }

  protected async release(_: Moved, inUse: boolean): Promise<void> {
    this.#confirming?.cancel();
    await this.#source.close(inUse);
  }
}

/** Everything that the client sends, to `sink`. */
export class Receiving extends Transfer {
  readonly #sink: FileSink;
  #flush: Timer | null = null;
  #writing = false;

  constructor(channel: Channel, sink: FileSink, settings: TransferSettings) {
    super(channel, READABLE, settings);
    this.#sink = sink;
  }

  protected get busy(): boolean {
    return this.#writing;
  }

  protected handle(): Promise<void> | undefined {
    const { channel } = this;
    const bytes = channel.read(this.settings.rate.pieceBytes);
    if (bytes === null) {
      if (channel.state !== "open") this.end(BROKEN);
      return undefined;
    }
    if (bytes.length === 0) return this.#finish();
    const written = this.#sink.write(bytes);
    this.#awaitMore();
    const wait = this.moved(bytes.length);
    return written === undefined && wait === undefined ? undefined : this.#both(written, wait);
  }

  async #both(written: Promise<void> | undefined, wait: Promise<void> | undefined): Promise<void> {
    this.#writing = true;
    await written;
    this.#writing = false;
    await wait;
  }

  /** What was gathered is written soon, also if the client has paused. */
  #awaitMore(): void {
    if (!this.#sink.gathering) this.#stopWaiting();
    else {
      this.#flush ??= this.settings.reactor.setTimer(GATHER_MS, () => {
        this.#flush = null;
        void this.#flushNow();
      });
    }
  }

  #stopWaiting(): void {
    this.#flush?.cancel();
    this.#flush = null;
  }

  async #flushNow(): Promise<void> {
    if (this.#writing) return;
    this.registration.pause();
    this.#writing = true;
    try {
      await this.#sink.flush();
    } catch (error) {
      this.failed(error);
    }
    this.#writing = false;
    if (!this.over) this.registration.resume();
  }

  /**
   * A client that was killed has ended both of its connections, this one often first. The other one
   * has the time that the disk takes, and a turn to be heard of: then the session has broken this
   * off.
   */
  async #finish(): Promise<void> {
    this.#stopWaiting();
    // Without the peer's word that this is all, it may be half of it (RFC 959 section 3.4.1).
    if (!this.channel.endConfirmed) {
      this.end(BROKEN);
      return;
    }
    this.#writing = true;
    await this.#sink.finish();
    // One turn takes up what has come, and the other one is after it.
    for (let turn = 0; turn < 2; turn++) {
      await new Promise<void>((resolve) => {
        this.settings.reactor.defer(resolve);
      });
    }
    if (this.over) return;
    await this.#sink.commit();
    this.end(DONE);
  }

  protected async release(moved: Moved): Promise<void> {
    this.#stopWaiting();
    if (!moved.ok) await this.#sink.discard();
  }
}
