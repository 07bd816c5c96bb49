/**
 * One end of a stream with a model beside it: what it wrote and read, byte by byte, and whether its
 * handler may be called. What it does is drawn from a seed.
 */
import assert from "node:assert/strict";
import {
  EDGE,
  ERROR,
  formatMask,
  HANGUP,
  ONESHOT,
  PEER_CLOSED,
  READABLE,
  WRITABLE,
  type Channel,
  type Reactor,
  type Registration,
} from "iomux";
import type { Random } from "iomux/testing";

const MODES = [0, 0, EDGE, ONESHOT, ONESHOT | EDGE];
const INTERESTS = [READABLE, WRITABLE, READABLE | WRITABLE, READABLE | PEER_CLOSED];
/** Calls in one moment after which an end pauses: level readiness would hold time still. */
const CALLS_AT_ONCE = 20;
/** What one I/O event delivers at most, over the mark. */
const READ_BYTES = 64 * 1024;

/** The byte that stands at `place` in the stream from the end called `name`. */
function byteAt(name: number, place: number): number {
  return (name * 151 + place + (place >>> 8) * 7) & 0xff;
}

/** What ends of a reactor share. */
export interface Meddling {
  readonly reactor: Reactor;
  readonly random: Random;
  readonly sleep: (ms: number) => Promise<void>;
  /** Some end of the same reactor. */
  readonly another: () => ChannelEnd;
  /** Whether handlers may throw, and what they did throw. */
  readonly thrown: Set<Error>;
}

export class ChannelEnd {
  readonly channel: Channel;
  readonly #name: number;
  readonly #shared: Meddling;
  /** The other end, once it is known. */
  peer: ChannelEnd | null = null;
  /** Bytes that `write()` has taken. */
  sent = 0;
  /** Bytes that `read()` has answered. */
  got = 0;
  /** Whether it was closed or aborted by us before its own end. */
  cut = false;
  aborted = false;
  /** Whether it has ended its own side, so that an end may have left before an abort. */
  shut = false;
  closings = 0;
  #registration: Registration<Channel> | null = null;
  #interest = 0;
  #lastCallAt = -1;
  #callsThen = 0;
  #draining = false;

  constructor(channel: Channel, name: number, shared: Meddling) {
    this.channel = channel;
    this.#name = name;
    this.#shared = shared;
    void channel.closed.then((error) => {
      this.closings++;
      assert.equal(error, channel.error, "closed is told with another error than the channel's");
    });
  }

  get over(): boolean {
    return this.channel.state === "closed";
  }

  /** Does one thing, from a handler, a timer or from outside of all. */
  act(): void {
    const { random } = this.#shared;
    if (this.over || this.#draining) return;
    const acts: readonly (readonly [chance: number, act: () => void])[] = [
      [0.35, () => this.#read(random.pick([1, 7, 100, 5000, Infinity]))],
      [0.35, () => this.#write(random.integer(1, random.pick([10, 1000, 5000, 40_000])))],
      [0.08, () => this.#rearm()],
      [0.07, () => this.#pauseAwhile(random.integer(1, 300))],
      [0.04, () => this.#unregister()],
      [0.04, () => this.#shutdown()],
      [0.01, () => this.#close()],
      [0.01, () => this.#abort()],
      [0.05, () => this.#shared.another().act()],
    ];
    let left = random.fraction();
    for (const [chance, act] of acts) {
      left -= chance;
      if (left > 0) continue;
      act();
      break;
    }
    this.check();
  }

  register(): void {
    if (this.#registration !== null || this.channel.state === "closing" || this.over) return;
    const { random, reactor } = this.#shared;
    this.#interest = random.pick(INTERESTS) | random.pick(MODES);
    const handled = { busy: false };
    const registration = reactor.register(this.channel, this.#interest, (_, ready, self) => {
      assert.equal(self, this.#registration, "a stale registration is called");
      assert.ok(!handled.busy, "a registration overlaps itself");
      handled.busy = true;
      const later = this.#handle(ready, self);
      if (later === null) handled.busy = false;
      return later === null
        ? undefined
        : later.then(() => {
            handled.busy = false;
          });
    });
    this.#registration = registration;
  }

  #handle(ready: number, self: Registration<Channel>): Promise<void> | null {
    const asked = this.#interest | ERROR | HANGUP;
    assert.equal(ready & ~asked, 0, `${formatMask(ready)} was not asked for`);
    const toldWhilePaused = this.#registration!.paused ? ready & ~(ERROR | HANGUP) : 0;
    assert.equal(toldWhilePaused, 0, "a paused registration is called");
    assert.ok(this.channel.state !== "closing" && !this.over, "called after close");
    if ((this.#interest & ONESHOT) !== 0) this.#interest = ONESHOT;
    if ((ready & (ERROR | HANGUP)) !== 0) {
      // The last call: the registration goes with it.
      const lost = this.channel.error !== null;
      assert.equal((ready & ERROR) !== 0, lost, "ERROR is told of a loss, and only then");
      this.#registration = null;
      this.#readAll();
      return null;
    }
    const later = this.#respond(self);
    this.check();
    return later;
  }

  #respond(self: Registration<Channel>): Promise<void> | null {
    if (this.#draining) {
      this.#readAll();
      if ((this.#interest & ONESHOT) !== 0) this.#watchInput();
      return null;
    }
    const { random, thrown, sleep } = this.#shared;
    for (let n = random.integer(1, 4); n > 0; n--) this.act();
    if (random.chance(0.005)) {
      const error = new Error("thrown by a handler");
      thrown.add(error);
      // It costs the channel, unless that is registered anew by now.
      if (this.#registration === null || this.#registration === self) this.#gone(true);
      throw error;
    }
    this.#calmDown();
    return random.chance(0.05) ? sleep(random.integer(0, 50)) : null;
  }

  #calmDown(): void {
    const now = this.#shared.reactor.now();
    this.#callsThen = now === this.#lastCallAt ? this.#callsThen + 1 : 0;
    this.#lastCallAt = now;
    if (this.#callsThen >= CALLS_AT_ONCE) this.#pauseAwhile(5);
  }

  #read(most: number): boolean {
    const bytes = this.channel.read(most);
    if (bytes === null) return false;
    assert.ok(bytes.length <= most, "more than was asked for");
    for (const byte of bytes) {
      assert.equal(byte, byteAt(-this.#name, this.got), `byte ${this.got} is another one`);
      this.got++;
    }
    if (bytes.length > 0) return true;
    assert.ok(this.channel.ended);
    if (this.peer !== null) {
      assert.equal(this.got, this.peer.sent, "the stream ended before its bytes");
      assert.ok(this.peer.shut || !this.peer.aborted, "an abort looks like an orderly end");
    }
    return true;
  }

  #readAll(): void {
    while (this.#read(Infinity));
  }

  #write(size: number): void {
    const { room } = this.channel;
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) bytes[i] = byteAt(this.#name, this.sent + i);
    const taken = this.channel.write(bytes);
    assert.equal(taken, Math.min(size, room), "room and what write() took differ");
    this.sent += taken;
  }

  #rearm(): void {
    if (this.#registration === null) {
      this.register();
      return;
    }
    const { random } = this.#shared;
    this.#interest = random.pick(INTERESTS) | random.pick(MODES);
    this.#registration.modify(this.#interest);
  }

  #pauseAwhile(ms: number): void {
    const registration = this.#registration;
    if (registration === null) return;
    registration.pause();
    this.#shared.reactor.setTimer(ms, () => {
      if (registration === this.#registration && registration.active) registration.resume();
    });
  }

  #unregister(): void {
    const registration = this.#registration;
    this.#registration = null;
    if (registration !== null) assert.ok(registration.unregister());
    this.#shared.reactor.setTimer(this.#shared.random.integer(1, 100), () => {
      if (!this.#draining) this.register();
    });
  }

  #shutdown(): void {
    this.shut = true;
    this.channel.shutdown();
  }

  #close(): void {
    this.shut = true;
    this.#gone(false);
    this.channel.close();
  }

  #abort(): void {
    this.#gone(true);
    this.channel.abort();
  }

  /** Nothing is told of it from now on. */
  #gone(aborted: boolean): void {
    this.cut = true;
    this.aborted ||= aborted;
    this.#registration = null;
  }

  /** From now on it reads what comes and ends its own side; who is watched stays as it is. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (this.channel.state === "closing" || this.over) return;
    this.#shutdown();
    if (this.#registration === null) this.#registerInput();
    else if (this.#registration.active) {
      if (this.#registration.paused) this.#registration.resume();
      const watches = (this.#interest & READABLE) !== 0;
      if (!watches || (this.#interest & ONESHOT) !== 0) this.#watchInput();
      else if ((this.#interest & EDGE) !== 0) this.#readAll();
    }
  }

  #registerInput(): void {
    this.register();
    this.#watchInput();
  }

  #watchInput(): void {
    this.#interest = (this.#interest & (ONESHOT | EDGE)) | READABLE;
    this.#registration!.modify(this.#interest);
  }

  /** Limits and counters hold at any moment. */
  check(): void {
    const { channel } = this;
    const { highWaterMark, inputMark } = this.#shared.reactor.limits;
    assert.ok(channel.queued <= highWaterMark, `${channel.queued} bytes wait to leave`);
    assert.ok(channel.unread < inputMark + READ_BYTES, `${channel.unread} bytes are unread`);
    assert.ok(channel.bytesOut <= this.sent);
    assert.ok(this.closings <= 1, "closed twice");
  }

  /** What must hold when all is over. */
  finish(): void {
    assert.equal(this.channel.state, "closed");
    assert.equal(this.closings, 1, "closed is not told once");
    assert.ok(this.peer === null || this.got <= this.peer.sent, "it read more than was written");
    if (this.cut || this.channel.error !== null) return;
    assert.ok(this.channel.ended, "it is over without an end, an error, or a close of ours");
  }
}
