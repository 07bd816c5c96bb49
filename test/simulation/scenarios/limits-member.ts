/** A model of one connection of a server with limits: what it was sent, and what may be true of it. */
import assert from "node:assert/strict";
import {
  CLOSE_REASONS,
  type CloseReason,
  type Connection,
  type OutputPolicy,
  type ServerLimits,
} from "iomux";

/** Frames carry their number, their length, and bytes that follow from the number. */
const HEADER_BYTES = 6;
export const LEAST_BYTES = HEADER_BYTES + 1;
/** What one I/O event delivers at most, over the mark. */
const READ_BYTES = 64 * 1024;

export function frameOf(number: number, size: number): Buffer {
  const frame = Buffer.alloc(size, number);
  frame.writeUInt32BE(number);
  frame.writeUInt16BE(size, 4);
  return frame;
}

/** The numbers of the frames in a stream; `rest`: what is left is no whole frame. */
function framesIn(stream: Buffer): { numbers: number[]; rest: Buffer } {
  const numbers: number[] = [];
  let at = 0;
  while (stream.length - at >= HEADER_BYTES) {
    const number = stream.readUInt32BE(at);
    const size = stream.readUInt16BE(at + 4);
    if (at + size > stream.length) break;
    assert.ok(stream.subarray(at, at + size).equals(frameOf(number, size)), "half a frame");
    numbers.push(number);
    at += size;
  }
  return { numbers, rest: stream.subarray(at) };
}

/** What all connections of a server have in common. */
export interface Rules {
  readonly limits: Readonly<ServerLimits>;
  readonly policy: OutputPolicy;
  readonly inputMark: number;
  /** Milliseconds by which a turn may be late: handlers may be slow. */
  readonly slackMs: number;
  readonly now: () => number;
}

export class Member {
  readonly connection: Connection;
  readonly address: string;
  /** The frames that were taken, in order. */
  readonly taken: number[] = [];
  readonly reasons: CloseReason[] = [];
  /** Frames that came. */
  handled = 0;
  /** What its frames are held up by, with the policy `pause-source`. */
  readonly waitsFor = new Set<Member>();
  /** Whether the promise of a callback is pending. */
  answering = false;
  /** Whether it was told that its time is up. */
  expired = false;
  readonly openedAt: number;
  readonly #rules: Rules;
  #bytesHandled = 0;
  /** Frames that a policy has dropped when the last one was taken. */
  #droppedThen = 0;
  #refused = 0;
  #established = false;
  /** When something last came or was sent; and since when it may be taken to be silent. */
  #activeAt: number;
  #quietSince: number;
  #bytesOut = 0;
  #movedAt = -1;
  #softSince = -1;

  constructor(connection: Connection, address: string, rules: Rules) {
    this.connection = connection;
    this.address = address;
    this.#rules = rules;
    this.openedAt = this.#activeAt = this.#quietSince = rules.now();
  }

  /** A frame has come. */
  handle(line: Buffer): void {
    const { limits, now, policy } = this.#rules;
    assert.equal(this.connection.state, "open", "a frame of a connection that has ended");
    for (const other of this.waitsFor) {
      const held = other.connection.state === "open" && other.hasBacklog;
      assert.ok(!held || policy !== "pause-source", "a source goes on before its output has left");
    }
    this.handled++;
    this.#bytesHandled += line.length + 1;
    this.stir();
    this.#established = true;
    this.connection.establish();
    const elapsedMs = now() - this.openedAt;
    assertRate(this.handled, limits.framesPerSecond, elapsedMs, "frames of one connection");
    assertRate(this.#bytesHandled, limits.bytesPerSecond, elapsedMs, "bytes of one connection");
  }

  /** Something happened that it does not count as silence. */
  stir(): void {
    this.#activeAt = this.#quietSince = this.#rules.now();
  }

  get hasBacklog(): boolean {
    return this.connection.backlog >= this.#rules.limits.highWaterMark;
  }

  /** What was offered while `before` bytes were waiting was taken, or was not. */
  offered(number: number, size: number, before: number, taken: boolean): void {
    const { limits, policy } = this.#rules;
    const fits = before + size <= limits.maxOutputBytes;
    if (taken) {
      assert.ok(fits || policy === "drop-oldest", "a frame over maxOutputBytes was taken");
      this.taken.push(number);
      this.#droppedThen = this.connection.droppedFrames;
      this.stir();
      return;
    }
    const soft = policy === "drop-newest" && limits.softOutputBytes > 0;
    assert.ok(!fits || soft, `a frame of ${size} bytes was refused beside ${before}`);
    const closes = policy === "close" || policy === "pause-source";
    assert.equal(this.connection.state !== "open", closes, `${policy} did something else`);
    if (closes) assert.equal(this.connection.reason, "overflow");
    else this.#refused++;
  }

  /** Bounds, and times that are up, at any moment. `before`: also before each `send()`. */
  check(): void {
    const { connection } = this;
    const { limits, inputMark } = this.#rules;
    if (connection.state === "closed") return;
    const { backlog, channel } = connection;
    assert.ok(backlog <= limits.maxOutputBytes, `${backlog} bytes of output wait`);
    assert.ok(
      channel.queued <= limits.highWaterMark,
      `${channel.queued} bytes wait in the channel`,
    );
    assert.ok(channel.unread < inputMark + READ_BYTES, `${channel.unread} bytes are unread`);
    assert.ok(connection.droppedFrames >= this.#refused, "a frame was dropped that is not counted");
    this.#checkTimes();
  }

  #checkTimes(): void {
    const { limits, now, policy } = this.#rules;
    const { backlog, channel, state } = this.connection;
    this.look();
    const stalled = backlog === 0 ? -1 : this.#movedAt;
    // Whether output moves is sampled four times within its limit.
    this.#assertNotOver("writeProgressMs", stalled, (limits.writeProgressMs * 5) / 4);
    if (state !== "open") return;
    if (!this.#established) this.#assertNotOver("handshakeMs", this.openedAt, limits.handshakeMs);
    this.#assertNotOver("lifetimeMs", this.openedAt, limits.lifetimeMs);
    const closes = policy === "close" || policy === "pause-source";
    if (closes) this.#assertNotOver("softOutputMs", this.#softSince, limits.softOutputMs);
    const { bytesPerSecond, framesPerSecond, serverBytesPerSecond, serverFramesPerSecond } = limits;
    const rates = bytesPerSecond + framesPerSecond + serverBytesPerSecond + serverFramesPerSecond;
    const stopped = rates > 0 || policy === "pause-source" || this.answering;
    if (backlog > 0 || channel.unread > 0 || stopped) this.#quietSince = now();
    // It may look only when the time that it had thought of before is over.
    else this.#assertNotOver("idleMs", this.#quietSince, 2 * limits.idleMs);
  }

  /** Notes what has changed since the last look. */
  look(): void {
    const { softOutputBytes } = this.#rules.limits;
    const { backlog, channel } = this.connection;
    const now = this.#rules.now();
    if (channel.bytesOut !== this.#bytesOut || backlog === 0 || this.#movedAt < 0) {
      this.#movedAt = now;
    }
    this.#bytesOut = channel.bytesOut;
    if (backlog > 0) this.#activeAt = now;
    if (softOutputBytes === 0 || backlog <= softOutputBytes) this.#softSince = -1;
    else if (this.#softSince < 0) this.#softSince = now;
  }

  #assertNotOver(what: string, since: number, ms: number): void {
    const overMs = this.#rules.now() - since - ms;
    const over = ms > 0 && since >= 0 && overMs > this.#rules.slackMs;
    assert.ok(!over, `it is open ${overMs} ms after ${what}`);
  }

  /** It is over, or about to be: was it time? */
  judge(reason: CloseReason): void {
    const { limits, slackMs, policy, now } = this.#rules;
    const age = now() - this.openedAt;
    const least = (what: string, ms: number, limit: number): void => {
      assert.ok(limit > 0 && ms >= limit - slackMs, `${reason} ${what} ${ms} ms, not ${limit}`);
    };
    assert.ok(CLOSE_REASONS.includes(reason), `reason ${reason} is none`);
    if (reason === "handshake") least("after", age, limits.handshakeMs);
    if (reason === "handshake") assert.ok(!this.#established, "it was established");
    if (reason === "lifetime") least("after", age, limits.lifetimeMs);
    if (reason === "idle") least("after a silence of", now() - this.#activeAt, limits.idleMs);
    if (reason === "write-stalled") {
      least("though output moved before", now() - this.#movedAt, limits.writeProgressMs);
    }
    if (reason !== "overflow") return;
    assert.ok(policy === "close" || policy === "pause-source", `overflow with ${policy}`);
  }

  /** `close` is told. */
  close(reason: CloseReason): void {
    this.reasons.push(reason);
    assert.equal(this.reasons.length, 1, `close was told twice: ${this.reasons.join()}`);
    assert.equal(this.connection.reason, reason);
    assert.equal(this.connection.state, "closed");
    assert.equal(this.connection.backlog, 0, "a closed connection holds bytes");
    if (!this.expired) this.judge(reason);
  }

  /** What its peer has received. `whole`: it was told the end in order. */
  assertHeard(stream: Buffer, whole: boolean): void {
    const { numbers, rest } = framesIn(stream);
    const { policy } = this.#rules;
    const { taken } = this;
    const heard = `${policy}: it heard ${numbers.join()} of ${taken.join()}`;
    if (policy === "drop-oldest") {
      let at = -1;
      for (const number of numbers) {
        const place = taken.indexOf(number, at + 1);
        assert.ok(place > at, heard);
        at = place;
      }
    } else assert.deepEqual(numbers, taken.slice(0, numbers.length), heard);
    if (!whole) return;
    assert.equal(rest.length, 0, `${policy}: it ends with half a frame`);
    const { droppedFrames } = this.connection;
    assert.equal(numbers.length, taken.length + this.#refused - droppedFrames, heard);
    if (droppedFrames === this.#droppedThen) assert.equal(numbers.at(-1), taken.at(-1), heard);
  }
}

/** `count` in so much time is within a rate whose burst is a second's worth. */
export function assertRate(
  count: number,
  perSecond: number,
  elapsedMs: number,
  what: string,
): void {
  if (perSecond === 0) return;
  const most = Math.max(1, perSecond) + (perSecond * elapsedMs) / 1000;
  assert.ok(count <= most + 0.01, `${count} ${what} in ${elapsedMs} ms, at ${perSecond} a second`);
}
