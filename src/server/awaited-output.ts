/**
 * Sending that waits for room. Nothing is queued here but one frame that does not fit: it goes out
 * in pieces, whenever the backlog has drained. All limits are those of the connection's output.
 */
import type { AsyncSendOptions } from "./async-connection.ts";
import type { SendOptions } from "./connection.ts";
import { ConnectionClosedError, notBytes } from "./connection-errors.ts";
import type { OutputPolicy, ServerLimits } from "./options.ts";
import { abortedAlready, Pending, rejected, timedOut } from "./pending.ts";
import type { ServedConnection } from "./served-connection.ts";

const TAKEN = Promise.resolve(true);
const DROPPED = Promise.resolve(false);

/** What the outputs of all connections of a server have in common. */
export interface OutputRules {
  readonly limits: Readonly<ServerLimits>;
  readonly policy: OutputPolicy;
}

export class AwaitedOutput {
  readonly #served: ServedConnection<never, never>;
  readonly #rules: OutputRules;
  readonly #waiting = new Set<Pending<boolean>>();
  /** What is left of the frame that did not fit, and whose it is. */
  #rest: Uint8Array | null = null;
  #restOptions: SendOptions = {};
  #restPending: Pending<boolean> | null = null;
  /** Whether some of it has gone out: then it cannot be taken back. */
  #begun = false;

  constructor(served: ServedConnection<never, never>, rules: OutputRules) {
    this.#served = served;
    this.#rules = rules;
  }

  send(bytes: Uint8Array, options: AsyncSendOptions): Promise<boolean> {
    const served = this.#served;
    if (!(bytes instanceof Uint8Array)) throw notBytes(bytes, served.fd);
    const aborted = abortedAlready(this.#what, options);
    if (aborted !== null) return rejected(aborted);
    if (this.#rest !== null) served.overflow();
    else if (!this.#fits(bytes)) this.#begin(bytes, options);
    else if (!served.send(bytes, options) && served.state === "open") return DROPPED;
    if (served.state !== "open") return rejected(new ConnectionClosedError(served, "send to"));
    if (this.#hasRoom) return TAKEN;
    return this.#wait(options);
  }

  get #what(): string {
    return `send to fd ${this.#served.fd}`;
  }

  get #hasRoom(): boolean {
    return this.#rest === null && !this.#served.output.backlogged;
  }

  /** What the policy may drop it takes, or drops, as a whole. */
  #fits({ length }: Uint8Array): boolean {
    const { limits, policy } = this.#rules;
    if (policy === "drop-newest" || policy === "drop-oldest") return true;
    return length <= limits.maxOutputBytes - this.#served.backlog;
  }

  #begin(bytes: Uint8Array, options: SendOptions): void {
    this.#restOptions = options;
    this.#begun = false;
    this.#handOn(bytes);
  }

  /** Hands on as much of a frame that does not fit as makes a backlog. */
  #handOn(bytes: Uint8Array): void {
    const served = this.#served;
    const { maxOutputBytes, highWaterMark } = this.#rules.limits;
    let rest = bytes;
    while (rest.length > 0 && !served.output.backlogged && served.state === "open") {
      const room = Math.max(1, maxOutputBytes - served.backlog);
      const piece = rest.subarray(0, Math.min(room, highWaterMark));
      rest = rest.subarray(piece.length);
      this.#begun = true;
      served.send(piece, this.#restOptions);
    }
    this.#rest = rest.length === 0 ? null : rest;
  }

  #wait(options: AsyncSendOptions): Promise<boolean> {
    const owner = this.#rest !== null;
    if (options.timeoutMs === 0) {
      const error = timedOut(this.#what, 0);
      if (owner) this.#giveUpRest(error);
      return rejected(error);
    }
    const { host } = this.#served.channel;
    const pending = new Pending<boolean>(
      this.#what,
      options,
      (delayMs, callback) => host.after(delayMs, callback),
      (error) => {
        this.#waiting.delete(pending);
        if (this.#restPending === pending) this.#giveUpRest(error);
      },
    );
    this.#waiting.add(pending);
    if (owner) this.#restPending = pending;
    return pending.promise;
  }

  #giveUpRest(error: Error): void {
    const done = this.#rest === null;
    this.#rest = null;
    this.#restPending = null;
    if (this.#begun && !done) this.#served.abort(error);
  }

  /** The backlog has drained. */
  drained(): void {
    if (this.#rest !== null) this.#handOn(this.#rest);
    if (!this.#hasRoom) return;
    this.#restPending = null;
    for (const pending of this.#waiting) pending.resolve(true);
    this.#waiting.clear();
  }

  /** Nothing can be sent any more. */
  ended(): void {
    this.#rest = null;
    this.#restPending = null;
    for (const pending of this.#waiting) {
      pending.reject(new ConnectionClosedError(this.#served, "send to"));
    }
    this.#waiting.clear();
  }
}
