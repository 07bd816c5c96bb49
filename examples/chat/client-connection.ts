/**
 * The one file of the client that touches the reactor: it ties a session to a channel, and to a new
 * one when that is lost.
 *
 * Output: what `write()` does not take stays in the session's queue until WRITABLE. Input: while the
 * screen takes no more, nothing is read, and the server's own writes stop.
 */
import { createReactor, ERROR, HANGUP, READABLE, WRITABLE } from "iomux";
import type { Address, Channel, Reactor, Registration, Timer } from "iomux";

import { LineSplitter, shown } from "./client-lines.ts";
import type { ConnectionEnd, Over, Session } from "./client-session.ts";
import type { Cause } from "./client-texts.ts";

/** What a channel holds of the output; the rest waits in the session. */
const CHANNEL_BYTES = 16 * 1024;
/** A connection that stood so long after joining has proved itself: the next loss is a new one. */
const SETTLED_MS = 10_000;
/** What the last bytes may take to leave when the stay is over. */
const DRAIN_MS = 1000;

export interface ConnectionOptions {
  readonly address: Address;
  readonly connectMs: number;
  /** When the person has ended: how long the server may stand still, in milliseconds. */
  readonly endMs: number;
  /** Longest line of the server that is shown whole. */
  readonly lineBytes: number;
  /** Shows lines of the server. False: show no more until `resume()`. */
  readonly show: (lines: readonly string[]) => boolean;
  /** Says something of the client's own. */
  readonly note: (line: string) => void;
  /** A connection stands. */
  readonly stands: () => void;
  /** Lines that the session had no place for may be typed again. */
  readonly room: () => void;
  /** Where the reactor comes from: a test gives one of its own world. */
  readonly createReactor?: typeof createReactor;
}

export class ChatConnection {
  /** Fulfilled when the stay is over, and nothing of the reactor is left. */
  readonly over: Promise<Over>;
  readonly #reactor: Reactor;
  readonly #session: Session;
  readonly #options: ConnectionOptions;
  #resolve!: (over: Over) => void;
  #isOver = false;
  /** Whether the connection has come to stand. */
  #stands = false;
  #registration: Registration<Channel> | null = null;
  #lines: LineSplitter;
  #isShown = true;
  #settling: Timer | null = null;
  #retrying: Timer | null = null;
  #ending: Timer | null = null;

  /** Connects. Throws for an address that cannot be one. */
  constructor(session: Session, options: ConnectionOptions) {
    this.#session = session;
    this.#options = options;
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#reactor = (options.createReactor ?? createReactor)({
      highWaterMark: CHANNEL_BYTES,
      lowWaterMark: CHANNEL_BYTES / 4,
      // To write to a terminal that stands still is slow, and nobody's fault.
      slowHandlerMs: Infinity,
      onError: (error) => this.#failed(error),
    });
    this.#lines = new LineSplitter(options.lineBytes);
    this.#connect();
  }

  /** The session has changed: the person typed, or wants to end. */
  changed(): void {
    if (this.#isOver) return;
    const registration = this.#registration;
    if (this.#session.ending && registration?.descriptor.state !== "open") {
      const over = this.#session.overWithoutConnection();
      if (over !== null) {
        this.#finish(over);
        return;
      }
    }
    if (registration !== null) this.#flush(registration);
  }

  /** The screen takes lines again. */
  resume(): void {
    this.#isShown = true;
    if (this.#registration !== null) this.#ask(this.#registration);
  }

  #connect(): void {
    const { address, connectMs } = this.#options;
    const channel = this.#reactor.connect(address, { timeoutMs: connectMs, keepAlive: true });
    this.#lines = new LineSplitter(this.#options.lineBytes);
    this.#stands = false;
    this.#registration = this.#reactor.register(channel, WRITABLE, (_, ready, registration) => {
      this.#turn(ready, registration);
    });
  }

  #turn(ready: number, registration: Registration<Channel>): void {
    const channel = registration.descriptor;
    const lost = (ready & (ERROR | HANGUP)) !== 0;
    if (!this.#stands && (!lost || channel.bytesIn > 0)) {
      this.#stands = true;
      this.#session.connected();
      this.#options.stands();
    }
    if (lost) {
      // The last call: what came before the loss can still be read.
      while (this.#read(channel));
      if (registration === this.#registration) this.#disconnected(this.#endOf(channel));
      return;
    }
    if ((ready & READABLE) !== 0) this.#read(channel);
    if (!registration.active) return;
    this.#flush(registration);
    this.#options.room();
  }

  #endOf({ error }: Channel): ConnectionEnd {
    if (error === null) return { kind: "ended" };
    return { kind: this.#stands ? "broken" : "refused", cause: causeOf(error) };
  }

  /** Takes what has come. True: there may be more. */
  #read(channel: Channel): boolean {
    const bytes = channel.read();
    if (bytes === null) return false;
    const isEnd = bytes.length === 0;
    const lines = (isEnd ? this.#lines.end() : this.#lines.feed(bytes)).map(shown);
    if (lines.length > 0) this.#isShown = this.#options.show(lines);
    for (const line of lines) {
      const over = this.#session.hear(line);
      if (over === null) continue;
      this.#finish(over);
      return false;
    }
    if (this.#session.joined) {
      this.#settling ??= this.#reactor.setTimer(SETTLED_MS, () => this.#session.settled());
    }
    if (isEnd) this.#disconnected({ kind: "ended" });
    return !isEnd;
  }

  #flush(registration: Registration<Channel>): void {
    const channel = registration.descriptor;
    if (channel.state !== "open") return;
    const session = this.#session;
    for (let bytes = session.output(); bytes !== null; bytes = session.output()) {
      const count = channel.write(bytes, { copy: true });
      session.took(count);
      if (count < bytes.length) break;
    }
    this.#ask(registration);
    if (session.finished) {
      session.shutDown();
      channel.shutdown();
    }
    if (session.ending) this.#ending ??= this.#watchEnding();
  }

  /** Asks for what is wanted of the channel now. */
  #ask(registration: Registration<Channel>): void {
    if (!registration.active || registration.descriptor.state === "connecting") return;
    const wantsRoom = this.#session.output() !== null && registration.descriptor.state === "open";
    const interest = (this.#isShown ? READABLE : 0) | (wantsRoom ? WRITABLE : 0);
    if (interest === 0) {
      registration.pause();
      return;
    }
    registration.modify(interest);
    registration.resume();
  }

  /** Looks every `endMs` whether anything went in or out, or could not for the screen's sake. */
  #watchEnding(): Timer {
    const seen = this.#moved();
    return this.#reactor.setTimer(this.#options.endMs, () => {
      const moved = this.#moved();
      if (moved === seen && moved !== null && this.#isShown) this.#disconnected({ kind: "stuck" });
      else this.#ending = this.#watchEnding();
    });
  }

  /** Bytes that went in and out so far, or null: there is no connection that could move any. */
  #moved(): number | null {
    const channel = this.#registration?.descriptor;
    if (channel === undefined || channel.state === "connecting") return null;
    return channel.bytesIn + channel.bytesOut;
  }

  #disconnected(end: ConnectionEnd): void {
    const channel = this.#registration?.descriptor;
    this.#registration = null;
    this.#settling?.cancel();
    this.#settling = null;
    if (end.kind === "stuck") channel?.abort();
    else channel?.close();
    const next = this.#session.disconnected(end);
    if (next.kind === "over") {
      this.#finish(next);
      return;
    }
    this.#options.note(next.note);
    this.#retrying = this.#reactor.setTimer(next.delayMs, () => this.#connect());
  }

  /** A fault of the client's own. If it has cost the channel, that is a connection lost. */
  #failed(error: Error): void {
    this.#options.note(error.message);
    if (this.#registration?.active !== false || this.#isOver) return;
    this.#disconnected({ kind: "broken", cause: causeOf(error) });
  }

  #finish(over: Over): void {
    this.#isOver = true;
    for (const timer of [this.#settling, this.#retrying, this.#ending]) timer?.cancel();
    this.#registration?.descriptor.close();
    this.#registration = null;
    const resolve = (): void => this.#resolve(over);
    void this.#reactor.close({ drainMs: DRAIN_MS }).then(resolve);
  }
}

function causeOf(error: Error): Cause {
  const { code } = error as Error & { readonly code?: unknown };
  return { code: typeof code === "string" ? code : "EIO", message: error.message };
}
