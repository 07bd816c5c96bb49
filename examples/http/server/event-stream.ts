/** Server-sent events (WHATWG HTML section 9.2). */

export interface EventStreamOptions {
  /** Milliseconds of silence after which a comment is sent, so that nobody on the way gives up. */
  readonly heartBeatMs?: number;
  /** Bytes that may wait for a peer that reads slowly; what comes then is `slowReader`'s affair. */
  readonly maxWaitingBytes?: number;
  /**
   * `cut`, the default: the stream is broken off; the peer connects again and says which event it
   * had last. `skip`: events that do not fit are left out, and counted.
   */
  readonly slowReader?: "cut" | "skip";
}

export interface ServerSentEvent {
  readonly data: string;
  /** What it is; without it a `message`. */
  readonly event?: string;
  /** What a peer that connects again says it had last. */
  readonly id?: string;
}

/** An event as it is sent: made once, for many streams. Its bytes are to be left alone for good. */
export class EncodedEvent {
  readonly bytes: Buffer;

  /** Throws for an id or a name that has a line end. */
  constructor(event: string | ServerSentEvent) {
    const lines = typeof event === "string" ? linesOf("data", event) : textOf(event);
    this.bytes = Buffer.from(`${lines}\n`);
  }
}

export interface EventStream {
  /** What the peer had last, if it was here before: its `Last-Event-ID`. */
  readonly lastEventId: string | null;
  /** Events that were left out because the peer reads slowly. */
  readonly skipped: number;
  /** Whether it is over: the peer is gone, or it was closed. */
  readonly closed: boolean;
  /** Aborted when it is over. */
  readonly signal: AbortSignal;
  /** False: it was left out, or the stream is over. Throws for an id or a name that has a line end. */
  send(event: string | ServerSentEvent | EncodedEvent): boolean;
  /**
   * Null: the peer keeps up. A promise: much waits for it; fulfilled when all of that has left, or
   * the stream is over.
   */
  drained(): Promise<void> | null;
  /** Tells the peer how long to wait before it connects again. */
  retry(ms: number): boolean;
  /** What no peer shows. */
  comment(text: string): boolean;
  /** The end; the peer connects again, unless it is told not to (204). */
  close(): void;
}

function textOf({ data, event, id }: ServerSentEvent): string {
  const name = event === undefined ? "" : `event: ${oneLine("event", event)}\n`;
  const place = id === undefined ? "" : `id: ${oneLine("id", id)}\n`;
  return name + place + linesOf("data", data);
}

/** A line end would begin another field; an id with NUL is ignored by peers. */
function oneLine(what: string, text: string): string {
  if (!/[\r\n\0]/.test(text)) return text;
  throw new Error(`${what} ${JSON.stringify(text)} has a line end: give one line`);
}

const LINE_END = /\r\n|\r|\n/;

/** A field for each line of `text`. */
export function linesOf(field: string, text: string): string {
  return text
    .split(LINE_END)
    .map((line) => `${field}: ${line}\n`)
    .join("");
}
