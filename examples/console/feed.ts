/**
 * What the console tells its page: the JSON of `/api/descriptors` and of the events of `/api/feed`.
 *
 * Types only; the page is compiled with them. Times are milliseconds. Those whose name ends in `At`
 * are on the reactor's clock, which has no date; `nowMs` is its time when the message was made.
 */

/** Why a descriptor is not being read or written: as in `Reason` of the library. */
type ReasonWord = string;

export interface DescriptorRow {
  readonly fd: number;
  readonly kind: "channel" | "listener" | "datagram" | "signals" | "messages";
  readonly state: "connecting" | "open" | "hung-up" | "failed" | "closing" | "closed";
  /** The label of the descriptor: whose it is. Empty: nobody has said. */
  readonly owner: string;
  /** Addresses as they are written, `127.0.0.1:8080`; null: it has none. */
  readonly local: string | null;
  readonly peer: string | null;
  /** The mask that was asked for; null: it is not registered. */
  readonly interest: number | null;
  /** The mask that would be reported now. */
  readonly ready: number;
  readonly arming: "armed" | "paused" | "held" | "disarmed" | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes that came and were not read; of a listener, connections that wait. */
  readonly unread: number;
  /** Bytes that were written and have not left, and the mark at which writing stops. */
  readonly queued: number;
  readonly highWaterMark: number | null;
  readonly dispatches: number;
  /** Turns since it became ready, if it was not called since. */
  readonly waitedTurns: number;
  readonly openedAt: number;
  readonly reading: ReasonWord;
  readonly writing: ReasonWord;
  readonly error: string | null;
}

/** `GET /api/descriptors`: all that are open, in the order of their fds. */
export interface DescriptorList {
  readonly nowMs: number;
  readonly descriptors: readonly DescriptorRow[];
}

/** `GET /api/descriptors/:fd`. */
export interface DescriptorDetails extends DescriptorRow {
  readonly nowMs: number;
  /** `explain()` of the library: one English line. */
  readonly explanation: string;
  readonly handler: string | null;
}

/** Event `hello`: first of a stream. What the page knew is void. */
export interface Hello {
  readonly program: string;
  /** Since 1970: now, and the start of the process. */
  readonly wallMs: number;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly features: { readonly chat: boolean; readonly files: boolean };
  /** Null: nobody needs to log in here. */
  readonly account: string | null;
  readonly limits: Readonly<Record<string, number>>;
}

/**
 * Event `table`: what the page knew of descriptors is void, and these are the first of them. If
 * `open` says that there are more, they follow in events `look`, piece by piece as the page reads.
 * It comes behind `hello`, and again for a page that read too slowly for a look.
 */
export interface Table extends DescriptorList {
  /** Descriptors that are open. */
  readonly open: number;
}

/**
 * Event `look`: what has changed since the last `table` or `look`. One look may come in several.
 * Rows that are gone may be ones that the page does not know, and those that have changed ones that
 * it knows already.
 */
export interface Look {
  readonly nowMs: number;
  /** New rows, and those of which anything has changed, whole. */
  readonly changed: readonly DescriptorRow[];
  readonly gone: readonly number[];
}

/** Event `load`, once a second: what happened in the last `forMs`. */
export interface Load {
  readonly nowMs: number;
  readonly forMs: number;
  readonly turns: number;
  readonly dispatches: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** How long turns took: all together, and the longest. */
  readonly turnMs: number;
  readonly longestTurnMs: number;
  /** How late timers are: the mean, and the most. */
  readonly loopDelayMs: number;
  readonly longestLoopDelayMs: number;
  readonly open: number;
  readonly registered: number;
  readonly timers: number;
  readonly bufferedBytes: number;
  /** Counters since the start. */
  readonly slowHandlers: number;
  readonly spinning: number;
  readonly refused: number;
  readonly shed: number;
}

/** A call of a handler, as one turn had it. */
export interface Call {
  readonly fd: number;
  readonly owner: string;
  readonly ready: number;
  readonly handler: string;
  readonly ms: number;
}

/** Event `turn`, a few times a second: of the turns since the last one, that with the most time in handlers. */
export interface TurnPicture {
  readonly turn: number;
  readonly beganAt: number;
  readonly ms: number;
  /** How many were ready when it began; not all of them are called if it takes too long. */
  readonly ready: number;
  readonly calls: readonly Call[];
  /** Calls of it that are left out here. */
  readonly more: number;
}

/**
 * Event `incident`, each once, in order; a new stream begins with the last of them: what the page
 * knew of them is void with `hello`. More than one of a kind and descriptor in a second are one, and
 * the text of the next tells how many there were.
 */
export interface Incident {
  readonly id: number;
  readonly wallMs: number;
  readonly kind: "slow" | "spinning" | "refused" | "overflow" | "shed" | "dropped";
  readonly fd: number | null;
  readonly owner: string;
  readonly text: string;
}

/** The events of `/api/feed`, by name. */
export interface FeedEvents {
  readonly hello: Hello;
  readonly table: Table;
  readonly look: Look;
  readonly load: Load;
  readonly turn: TurnPicture;
  readonly incident: Incident;
}
