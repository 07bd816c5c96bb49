/** The handshakes of a listener: how many at a time, how long each, and what became of them. */
import type { SocketAddress } from "./address.ts";
import { IomuxError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Transport } from "./network.ts";
import type { ReadySource } from "./registration.ts";
import { handshakeTooSlow } from "./securing.ts";
import type { Handshake, Securer } from "./tls.ts";

interface Pending {
  readonly address: SocketAddress | null;
  readonly handshake: Handshake;
  readonly cancelDeadline: () => void;
}

export class Handshakes {
  readonly #host: Host;
  readonly #listener: ReadySource;
  readonly #securer: Securer;
  readonly #pending = new Set<Pending>();

  constructor(host: Host, listener: ReadySource, securer: Securer) {
    this.#host = host;
    this.#listener = listener;
    this.#securer = securer;
  }

  get full(): boolean {
    return this.#pending.size >= this.#host.limits.maxHandshakes;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Where those come from that are under way. */
  get addresses(): (SocketAddress | null)[] {
    return Array.from(this.#pending, ({ address }) => address);
  }

  /** `onEnd` hears of it: null if there is nobody to be accepted. */
  begin(transport: Transport, onEnd: (transport: Transport | null) => void): void {
    const { tlsHandshakeMs } = this.#host.limits;
    const { remoteAddress } = transport;
    const handshake = this.#securer(transport, [], (end) => {
      if (!this.#remove(pending)) return;
      if (end instanceof Error) this.#failed(end);
      onEnd(end instanceof Error ? null : end);
    });
    const cancelDeadline = this.#host.after(tlsHandshakeMs, () => {
      this.#remove(pending);
      this.#host.destroyLater(handshake, true);
      this.#failed(handshakeTooSlow(remoteAddress, tlsHandshakeMs));
      onEnd(null);
    });
    const pending = { address: remoteAddress, handshake, cancelDeadline };
    this.#pending.add(pending);
  }

  #remove(pending: Pending): boolean {
    pending.cancelDeadline();
    return this.#pending.delete(pending);
  }

  #failed(error: Error): void {
    this.#host.counters.handshakesFailed++;
    const { fd, state } = this.#listener;
    this.#host.report(this.#listener, "IOMUX_HANDSHAKE_FAILED", (count) => {
      const times = count === 1 ? "" : `${count} TLS handshakes have failed, the last one: `;
      const message = `fd ${fd}: ${times}${error.message}`;
      return new IomuxError("IOMUX_HANDSHAKE_FAILED", message, { fd, state, cause: error });
    });
  }

  /** Ends all of them. */
  clear(): void {
    for (const { handshake, cancelDeadline } of this.#pending) {
      cancelDeadline();
      this.#host.destroyLater(handshake, true);
    }
    this.#pending.clear();
  }

  assertInvariants(): void {
    if (this.#pending.size > this.#host.limits.maxHandshakes) {
      throw new Error(`fd ${this.#listener.fd}: too many handshakes`);
    }
  }
}

/** What was refused because too many handshakes are under way. */
export function tooManyHandshakes(
  { fd, state }: ReadySource,
  connections: string,
  maxHandshakes: number,
): IomuxError {
  const message =
    `fd ${fd} refused ${connections}: TLS handshakes under way: ${maxHandshakes} ` +
    `(limit maxHandshakes); raise it, or have the load come slower`;
  return new IomuxError("IOMUX_TOO_MANY_HANDSHAKES", message, { fd, state });
}
