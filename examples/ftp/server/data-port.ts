/**
 * Data connections: how they come about (RFC 959 section 3.2, RFC 2428). One of a session at most.
 *
 * Only the machine of the control connection is let in (RFC 2577 section 4): whoever else comes to
 * the port is sent away, and the port stays open for the client.
 */
import { ERROR, READABLE, WRITABLE } from "iomux";
import type { Channel, Listener, Reactor, SocketAddress, Timer, TlsContext } from "iomux";

import type { DataAddress } from "../addresses.ts";
import { sameHost } from "../../program/host-address.ts";
import { LABEL } from "./label.ts";

export interface DataSettings {
  readonly reactor: Reactor;
  /** The first and the last port that may be listened at. */
  readonly ports: readonly [first: number, last: number];
  /** From 0 up to 1. A port that can be guessed can be taken by somebody else. */
  readonly random: () => number;
  /** Milliseconds for which a client is waited for, or dialled. */
  readonly connectMs: number;
  /** Of connections that are secured; null: none is. */
  readonly tls: TlsContext | null;
}

export interface PassiveOptions {
  /** Our end of the control connection. */
  readonly host: string;
  readonly peerHost: string;
  readonly secure: boolean;
  /** It was closed without having been used: nobody came in time. */
  readonly onUnused: () => void;
}

/** How often a port of the range is tried before there is none. */
export const PORT_TRIES = 64;

/** A connection that can be used, or why there is none. */
export type DataConnection = Channel | "no-connection" | "no-tls";

/** A port that is listened at until the client has come. */
export class PassivePort {
  readonly address: DataAddress;
  readonly #settings: DataSettings;
  readonly #options: PassiveOptions;
  readonly #listener: Listener;
  readonly #deadline: Timer;
  #channel: Channel | null = null;
  #onChange: (() => void) | null = null;
  #over = false;

  private constructor(listener: Listener, settings: DataSettings, options: PassiveOptions) {
    const { host, port } = listener.localAddress as SocketAddress & DataAddress;
    this.address = { host, port };
    this.#listener = listener;
    this.#settings = settings;
    this.#options = options;
    const acceptData = (): void => {
      this.#accept();
    };
    settings.reactor.register(listener, READABLE, acceptData);
    this.#deadline = settings.reactor.setTimer(settings.connectMs, () => {
      if (this.#channel !== null) return;
      this.close();
      options.onUnused();
    });
  }

  /** Null: there is no port free, or no descriptor. */
  static async open(settings: DataSettings, options: PassiveOptions): Promise<PassivePort | null> {
    const { reactor, ports, random } = settings;
    const [first, last] = ports;
    const count = last - first + 1;
    const start = Math.floor(random() * count);
    for (let tried = 0; tried < Math.min(count, PORT_TRIES); tried++) {
      const port = first + ((start + tried) % count);
      try {
        const listener = await reactor.listen(
          { host: options.host, port },
          { backlog: 8, label: LABEL },
        );
        return new PassivePort(listener, settings, options);
      } catch (error) {
        if ((error as { code?: unknown }).code !== "EADDRINUSE") return null;
      }
    }
    return null;
  }

  #accept(): void {
    for (let peer = this.#listener.accept(); peer !== null; peer = this.#listener.accept()) {
      const from = peer.remoteAddress;
      const known = from !== null && from.family !== "unix";
      if (known && this.#channel === null && sameHost(from.host, this.#options.peerHost)) {
        this.#take(peer);
      } else peer.abort();
    }
  }

  #take(channel: Channel): void {
    const { reactor, tls } = this.#settings;
    this.#channel = channel;
    this.#listener.close();
    this.#deadline.cancel();
    // Before the first bytes of the handshake can come.
    if (this.#options.secure) reactor.startTls(channel, { server: tls! });
    this.#onChange?.();
  }

  /**
   * Waits for the client. The connection is the caller's, and this is over. `signal`: it is not
   * wanted any more.
   */
  async connection(secure: boolean, signal: AbortSignal): Promise<DataConnection> {
    if (this.#channel === null && !this.#over) {
      this.#deadline.refresh();
      signal.addEventListener("abort", () => {
        this.close();
      });
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
    const channel = this.#channel;
    this.#channel = null;
    this.close();
    if (channel === null) return "no-connection";
    if (secure === this.#options.secure) {
      return opened(this.#settings.reactor, channel, secure, signal);
    }
    channel.abort();
    return "no-tls";
  }

  close(): void {
    this.#over = true;
    this.#deadline.cancel();
    this.#listener.close();
    this.#channel?.abort();
    this.#channel = null;
    this.#onChange?.();
  }
}

/** Connects to the client. `signal`: it is not wanted any more. */
export function dial(
  { host, port }: DataAddress,
  secure: boolean,
  { reactor, connectMs: timeoutMs, tls }: DataSettings,
  signal: AbortSignal,
): Promise<DataConnection> {
  const channel = reactor.connect({ host, port }, { timeoutMs, signal, label: LABEL });
  if (secure) reactor.startTls(channel, { server: tls! });
  return opened(reactor, channel, secure, signal);
}

/** Waits until it can be written to. */
function opened(
  reactor: Reactor,
  channel: Channel,
  secure: boolean,
  signal: AbortSignal,
): Promise<DataConnection> {
  if (channel.state === "open") return Promise.resolve(channel);
  return new Promise((resolve) => {
    const fail = (): void => {
      channel.abort();
      // Whoever has an address has been connected, and what failed is TLS, if it was wanted.
      resolve(secure && channel.localAddress !== null ? "no-tls" : "no-connection");
    };
    if (channel.state !== "connecting") {
      fail();
      return;
    }
    const dataConnected = (_: Channel, ready: number): void => {
      if ((ready & ERROR) !== 0) return;
      registration.unregister();
      resolve(channel);
    };
    const registration = reactor.register(channel, WRITABLE, dataConnected);
    signal.addEventListener("abort", () => {
      channel.abort();
    });
    void channel.closed.then(fail);
  });
}
