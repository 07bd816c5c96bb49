/**
 * Sending that waits for room. Nothing is queued here: a frame that is larger than all that may
 * wait stands in the output of the connection, and goes out whenever the channel has room. All
 * limits are those of that output.
 */
import type { AsyncSendOptions } from "./async-connection.ts";
import { ConnectionClosedError, notBytes } from "./connection-errors.ts";
import type { OutputPolicy, ServerLimits } from "./options.ts";
import { abortedAlready, Pending, rejected, timedOut } from "./pending.ts";
import type { ServedConnection } from "./served-connection.ts";
import { SharedFrame } from "./shared-frame.ts";

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

  constructor(served: ServedConnection<never, never>, rules: OutputRules) {
    this.#served = served;
    this.#rules = rules;
  }

  send(bytes: Uint8Array, options: AsyncSendOptions): Promise<boolean> {
    const served = this.#served;
    if (!(bytes instanceof Uint8Array)) throw notBytes(bytes, served.fd);
    const aborted = abortedAlready(this.#what, options, false);
    if (aborted !== null) return rejected(aborted);
    const frame = new SharedFrame(bytes, served.channel.host.budget);
    const taken = served.offer(frame, options.source ?? served, !this.#fits(bytes));
    if (served.state !== "open") return rejected(new ConnectionClosedError(served, "send to"));
    if (!taken) return DROPPED;
    return served.output.backlogged ? this.#wait(frame, options) : TAKEN;
  }

  get #what(): string {
    return `send to fd ${this.#served.fd}`;
  }

  /** What the policy may drop it takes, or drops, as a whole. */
  #fits({ length }: Uint8Array): boolean {
    const { limits, policy } = this.#rules;
    if (policy === "drop-newest" || policy === "drop-oldest") return true;
    return length <= limits.maxOutputBytes - this.#served.backlog;
  }

  #wait(frame: SharedFrame, options: AsyncSendOptions): Promise<boolean> {
    const { output, channel } = this.#served;
    const sent = (): boolean => output.over !== frame || output.overBegun;
    if (options.timeoutMs === 0) {
      const error = timedOut(this.#what, 0, sent());
      this.#giveUp(frame, error);
      return rejected(error);
    }
    const pending = new Pending<boolean>(
      this.#what,
      options,
      (delayMs, callback) => channel.host.after(delayMs, callback),
      (error) => {
        this.#waiting.delete(pending);
        this.#giveUp(frame, error);
      },
      sent,
    );
    this.#waiting.add(pending);
    return pending.promise;
  }

  /** Only a frame larger than what may wait is not left where it is. */
  #giveUp(frame: SharedFrame, error: Error): void {
    const { output } = this.#served;
    if (output.over !== frame) return;
    if (output.overBegun) this.#served.abort(error);
    else output.withdrawOver();
  }

  /** The backlog has drained. */
  drained(): void {
    for (const pending of this.#waiting) pending.resolve(true);
    this.#waiting.clear();
  }

  /** Nothing can be sent any more; what was taken leaves. */
  ended(): void {
    for (const pending of this.#waiting) {
      pending.reject(new ConnectionClosedError(this.#served, "send to"));
    }
    this.#waiting.clear();
  }
}
