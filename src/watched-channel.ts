/**
 * The channel of a debugging reactor: it remembers where it was closed, and reports who uses or
 * closes it afterwards. What its calls answer stays as it is.
 *
 * Only calls from users' code count. A peer that goes away while somebody writes to it is no
 * mistake, and neither is what this library does to a channel on its own account.
 */
import { directCaller, type CallPlace } from "./call-place.ts";
import { BufferedChannel } from "./channel.ts";
import * as failure from "./channel-errors.ts";
import type { WriteOptions } from "./descriptor.ts";
import type { Host } from "./host.ts";
import type { Transport } from "./network.ts";

export function makeChannel(host: Host, transport: Transport): BufferedChannel {
  return host.debug ? new WatchedChannel(host, transport) : new BufferedChannel(host, transport);
}

/** From a call of users' code to `directCaller`: the method, and what it notes the call by. */
const DEPTH = 2;

class WatchedChannel extends BufferedChannel {
  /** Where users' code has closed it. */
  #closedAt: CallPlace | null = null;
  #usedLate = false;
  #closedTwice = false;

  override read(maxBytes?: number): Buffer | null {
    this.#noteUse("read");
    return super.read(maxBytes);
  }

  override peek(): Buffer | null {
    this.#noteUse("peek");
    return super.peek();
  }

  override write(bytes: Uint8Array, options?: WriteOptions): number {
    this.#noteUse("write");
    return super.write(bytes, options);
  }

  override shutdown(): void {
    this.#noteUse("shutdown");
    super.shutdown();
  }

  override close(): void {
    this.#noteClose("close");
    super.close();
  }

  override abort(reason?: Error): void {
    this.#noteClose("abort");
    super.abort(reason);
  }

  get #over(): boolean {
    return this.state === "closing" || this.state === "closed";
  }

  #noteUse(call: string): void {
    const first = this.#closedAt;
    if (first === null || this.#usedLate || this.host.closing) return;
    const caller = directCaller(DEPTH, `${call}() of fd ${this.fd}`);
    if (caller === null) return;
    this.#usedLate = true;
    this.host.report(this, "IOMUX_USE_AFTER_CLOSE", () =>
      failure.usedAfterClose(this, call, caller, first),
    );
  }

  /** `abort()` after `close()` is no mistake: it ends at once what was to end in order. */
  #noteClose(call: "close" | "abort"): void {
    if (this.#closedTwice || this.host.closing) return;
    const first = this.#closedAt;
    if (first === null ? this.#over : call === "abort" && this.state === "closing") return;
    const caller = directCaller(DEPTH, `${call}() of fd ${this.fd}`);
    if (caller === null) return;
    if (first === null) {
      this.#closedAt = caller;
      return;
    }
    this.#closedTwice = true;
    this.host.report(this, "IOMUX_CLOSED_TWICE", () =>
      failure.closedTwice(this, call, caller, first),
    );
  }
}
