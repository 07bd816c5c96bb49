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
  send(event: string | ServerSentEvent): boolean;
  /** Tells the peer how long to wait before it connects again. */
  retry(ms: number): boolean;
  /** What no peer shows. */
  comment(text: string): boolean;
  /** The end; the peer connects again, unless it is told not to (204). */
  close(): void;
}
