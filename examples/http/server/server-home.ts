/** What a connection knows of its server. */
import type { Connection, Reactor } from "iomux";

import type { DateWriter } from "../http-date.ts";
import type { FieldLines } from "../response-head.ts";
import type { AccessRecord } from "./access-log.ts";
import type { HttpConnection } from "./http-connection.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpLimits } from "./limits.ts";
import type { ServedRequest } from "./served-request.ts";
import type { ServedResponse } from "./served-response.ts";

export type Served = Connection<Buffer, HttpConnection>;

export interface ServerHome {
  readonly reactor: Reactor;
  readonly clock: ServerClock;
  readonly limits: HttpLimits;
  readonly date: DateWriter;
  /** Of every answer. */
  readonly fields: FieldLines;
  /** Refusals of paths that begin so are JSON. Null: all are as the peer accepts. */
  readonly jsonUnder: string | null;
  /** Whether the answers that are given now are the last ones. */
  readonly closing: boolean;
  /** Requests so far. */
  requests: number;
  /** Calls the handler; a promise is its. */
  handle(request: ServedRequest, response: ServedResponse): void | Promise<void>;
  readonly onAnswer: ((record: AccessRecord) => void) | null;
  onError(error: unknown, request: HttpRequest): void;
  wallMs(): number;
}

/** That of its reactor. */
export class ServerClock {
  readonly #reactor: Reactor;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  now(): number {
    return this.#reactor.now();
  }

  /** Calls back; the answer calls it off. Null: there are no timers any more. */
  later(delayMs: number, callback: () => void): (() => void) | null {
    if (this.#reactor.closing) return null;
    const timer = this.#reactor.setTimer(delayMs, callback).unref();
    return () => void timer.cancel();
  }
}
