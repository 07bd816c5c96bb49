/** Server-sent events of one peer, and its heart beat. */
import {
  EncodedEvent,
  linesOf,
  type EventStream,
  type EventStreamOptions,
  type ServerSentEvent,
} from "./event-stream.ts";
import type { ServedRequest } from "./served-request.ts";
import type { ServedResponse } from "./served-response.ts";
import type { ServerClock } from "./server-home.ts";

/** Milliseconds: what is silent for longer is given up by much that stands between. */
export const HEART_BEAT_MS = 15_000;
export const MAX_WAITING_EVENT_BYTES = 64 * 1024;

export class ServedEventStream implements EventStream {
  readonly lastEventId: string | null;
  skipped = 0;
  readonly #response: ServedResponse;
  readonly #request: ServedRequest;
  readonly #clock: ServerClock;
  readonly #heartBeatMs: number;
  readonly #maxWaitingBytes: number;
  readonly #skips: boolean;
  #sentAt: number;
  #cancelBeat: (() => void) | null = null;

  constructor(
    response: ServedResponse,
    request: ServedRequest,
    clock: ServerClock,
    { heartBeatMs, maxWaitingBytes, slowReader }: EventStreamOptions,
  ) {
    this.#response = response;
    this.#request = request;
    this.#clock = clock;
    this.#heartBeatMs = heartBeatMs ?? HEART_BEAT_MS;
    this.#maxWaitingBytes = maxWaitingBytes ?? MAX_WAITING_EVENT_BYTES;
    this.#skips = slowReader === "skip";
    this.lastEventId = request.fields.get("last-event-id");
    this.#sentAt = clock.now();
    response.streams = true;
    response.field("Content-Type", "text/event-stream").field("Cache-Control", "no-store");
    response.start();
    // What never ends is over when the peer has no more to say.
    request.signal.addEventListener("abort", () => {
      this.close();
    });
    if (response.wantsBody) this.#beat(this.#heartBeatMs);
    else response.end();
  }

  get closed(): boolean {
    return this.#response.ended;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  send(event: string | ServerSentEvent | EncodedEvent): boolean {
    return this.#say((event instanceof EncodedEvent ? event : new EncodedEvent(event)).bytes);
  }

  drained(): Promise<void> | null {
    return this.closed ? null : this.#response.drained();
  }

  retry(ms: number): boolean {
    if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`retry is ${ms}: give whole ms`);
    return this.#say(Buffer.from(`retry: ${ms}\n\n`));
  }

  comment(text: string): boolean {
    return this.#say(Buffer.from(`${linesOf("", text)}\n`));
  }

  #say(bytes: Buffer): boolean {
    if (this.closed) return false;
    if (this.#response.waitingBytes + bytes.length > this.#maxWaitingBytes) return this.#tooSlow();
    this.#sentAt = this.#clock.now();
    // Whether it is slow is measured by bytes: nobody waits for what it answers.
    void this.#response.write(bytes);
    return true;
  }

  #tooSlow(): boolean {
    this.skipped++;
    const most = this.#maxWaitingBytes;
    if (!this.#skips) {
      this.#response.abort(
        new Error(`a reader of events let ${most} bytes wait: it may come again`),
      );
    }
    return false;
  }

  #beat(delayMs: number): void {
    this.#cancelBeat = this.#clock.later(delayMs, () => {
      if (this.closed) return;
      const silentMs = this.#clock.now() - this.#sentAt;
      if (silentMs < this.#heartBeatMs) {
        this.#beat(this.#heartBeatMs - silentMs);
        return;
      }
      this.comment("");
      this.#beat(this.#heartBeatMs);
    });
  }

  close(): void {
    this.#cancelBeat?.();
    this.#cancelBeat = null;
    if (!this.closed) this.#response.end();
  }
}
