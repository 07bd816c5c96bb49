/**
 * A member of the room whose lines go to a page, as server-sent events.
 *
 * A stream may break off at any time, and the page comes again for what it has missed. Who does not
 * come within the time of grace has left.
 */
import type { Reactor, SocketAddress, Timer } from "iomux";

import type { Guest, Seat, ToldAs } from "../chat/guests.ts";
import type { EventStream } from "../http/server/event-stream.ts";
import type { Gap, Over } from "./chat-messages.ts";
import { KeptLines, type EncodedLine, type KeptLine } from "./kept-lines.ts";

/** Milliseconds without a stream after which a member leaves, and one that has left is forgotten. */
export const GRACE_MS = 30_000;
/** Milliseconds after which a browser comes again. */
const RETRY_MS = 1000;

export interface PageMemberOptions {
  readonly reactor: Reactor;
  /** Of its page. */
  readonly address: SocketAddress | null;
  readonly encode: (text: string, what: ToldAs) => EncodedLine;
  /** Nobody comes for it any more. */
  readonly onForgotten: () => void;
}

export class PageMember implements Guest {
  readonly address: SocketAddress | null;
  readonly #options: PageMemberOptions;
  readonly #kept = new KeptLines();
  #seat: Seat | null = null;
  #stream: EventStream | null = null;
  /** The last line that was handed to a stream. */
  #sent = 0;
  #lastText = "";
  #over: Over | null = null;
  #forgotten = false;
  #grace: Timer | null = null;

  constructor(options: PageMemberOptions) {
    this.address = options.address;
    this.#options = options;
  }

  /** It has joined. Its page is awaited. */
  seated(seat: Seat): void {
    this.#seat = seat;
    this.#await();
  }

  get name(): string | null {
    return this.#seat?.name ?? null;
  }

  /** Whether it has left the room; its page may not know yet. */
  get over(): boolean {
    return this.#over !== null;
  }

  get backlog(): number {
    return this.#stream === null ? this.#kept.bytesAfter(this.#sent) : 0;
  }

  say(text: string): "heard" | "too-fast" {
    return this.#seat!.say(text);
  }

  /** The page has said so; or nobody comes for it. */
  leave(): void {
    if (this.#forgotten) return;
    this.#forgotten = true;
    this.#seat?.leave();
    this.#grace?.cancel();
    this.#letGo({ kind: "ended", why: "" });
    this.#options.onForgotten();
  }

  tell(text: string, what: ToldAs): void {
    this.#lastText = text;
    const line = this.#kept.add(this.#options.encode(text, what));
    if (this.#stream !== null) this.#send(this.#stream, line);
  }

  dismissed(): void {
    this.#over ??= { kind: "ended", why: this.#lastText };
    if (this.#forgotten) return;
    this.#letGo(this.#over);
    this.#await();
  }

  /** Its page has come, maybe again. Another stream is not served any more. */
  attach(stream: EventStream): void {
    this.#letGo({ kind: "elsewhere", why: "" });
    this.#grace?.cancel();
    this.#stream = stream;
    stream.signal.addEventListener("abort", () => {
      this.#detach(stream);
    });
    stream.retry(RETRY_MS);
    this.#catchUp(stream, placeOf(stream.lastEventId, this.#kept.last));
    if (this.#over !== null && this.#stream === stream) {
      this.#letGo(this.#over);
      this.#await();
    }
  }

  /** The server ends: streams break off, and nobody is told. */
  close(): void {
    this.#forgotten = true;
    this.#grace?.cancel();
    this.#stream?.close();
    this.#stream = null;
  }

  #catchUp(stream: EventStream, had: number): void {
    const { missed, lines } = this.#kept.after(had);
    if (missed > 0) {
      const data: Gap = { lines: missed };
      stream.send({ event: "gap", data: JSON.stringify(data), id: `${had + missed}` });
    }
    for (const line of lines) {
      if (this.#stream !== stream) return;
      this.#send(stream, line);
    }
  }

  #send(stream: EventStream, { id, data }: KeptLine): void {
    this.#sent = id;
    stream.send({ event: "line", data, id: `${id}` });
    // A reader that is too slow is cut off, and comes again.
    if (stream.closed) this.#detach(stream);
  }

  #letGo(over: Over): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    stream.send({ event: "over", data: JSON.stringify(over) });
    stream.close();
  }

  #detach(stream: EventStream): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#await();
  }

  #await(): void {
    this.#grace?.cancel();
    this.#grace = this.#options.reactor.setTimer(GRACE_MS, () => {
      this.leave();
    });
    this.#grace.unref();
  }
}

/** What the page had last. What is no number of ours is as if it had nothing. */
function placeOf(lastEventId: string | null, last: number): number {
  const isNumber = lastEventId !== null && /^\d{1,15}$/.test(lastEventId);
  return isNumber ? Math.min(Number(lastEventId), last) : 0;
}
