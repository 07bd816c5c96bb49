/**
 * A channel on its way to TLS: its last plain output leaves, then comes the handshake.
 *
 * What comes from the peer after `startTls` was called is the handshake's, even if some of our own
 * plain output has yet to leave: it is kept, and given to it.
 */
import { formatAddress, type SocketAddress } from "./address.ts";
import type { ChannelState } from "./channel-state.ts";
import { IomuxError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Severable, Transport } from "./network.ts";
import type { Handshake, Securer } from "./tls.ts";

interface Securable extends ChannelState {
  onSecure(transport: Transport, connected: boolean): void;
  onFailed(error: Error): void;
  failConnecting(error: Error): void;
}

export class Securing implements Severable {
  readonly #host: Host;
  readonly #channel: Securable;
  readonly #plain: Transport;
  readonly #securer: Securer;
  /** Whether the connection has yet to stand: then this is what connects it. */
  readonly #connects: boolean;
  #early: Buffer[] = [];
  #handshake: Handshake | null = null;
  #cancelDeadline: (() => void) | null = null;

  constructor(host: Host, channel: Securable, securer: Securer) {
    this.#host = host;
    this.#channel = channel;
    this.#plain = channel.transport;
    this.#securer = securer;
    this.#connects = channel.state === "connecting";
    if (this.#connects) return;
    channel.progress++;
    this.#plain.pause();
    this.#limit();
  }

  hold(chunk: Buffer): void {
    this.#early.push(chunk);
  }

  /** From now on it has `tlsHandshakeMs`. */
  #limit(): void {
    const { tlsHandshakeMs } = this.#host.limits;
    this.#cancelDeadline = this.#host.after(tlsHandshakeMs, () => {
      this.#channel.failConnecting(handshakeTooSlow(this.#plain.remoteAddress, tlsHandshakeMs));
    });
  }

  /** Begins the handshake, once. */
  begin(): void {
    if (this.#handshake !== null) return;
    if (this.#cancelDeadline === null) this.#limit();
    this.#handshake = this.#securer(this.#plain, this.#early, (end) => {
      this.#cancelDeadline?.();
      if (end instanceof Error) this.#channel.onFailed(end);
      else this.#channel.onSecure(end, this.#connects);
    });
    this.#early = [];
  }

  destroy(): void {
    this.#cancelDeadline?.();
    (this.#handshake ?? this.#plain).destroy();
  }

  reset(): void {
    this.#cancelDeadline?.();
    (this.#handshake ?? this.#plain).reset();
  }
}

export function handshakeTooSlow(peer: SocketAddress | null, tlsHandshakeMs: number): IomuxError {
  const message =
    `TLS handshake with ${formatAddress(peer)} failed: not done after ${tlsHandshakeMs} ms; ` +
    `see whether it speaks TLS, or raise tlsHandshakeMs (ETIMEDOUT)`;
  return new IomuxError("ETIMEDOUT", message);
}
