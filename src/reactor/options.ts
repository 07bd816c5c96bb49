/** What the calls of a reactor take besides their subject. */
import type { Socket as DatagramSocket } from "node:dgram";
import type { Server, Socket } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";
import type { MessagePort } from "node:worker_threads";

import { checkLabel, checkMs, checkNames, checkOptions, checkSocketOptions } from "../arguments.ts";
import type { Clock } from "../clock.ts";
import type { BindOptions } from "../datagram-options.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits.ts";
import type { ConnectOptions, ListenOptions, Network } from "../network.ts";
import type { Registration } from "../registration.ts";
import type { TlsClientOptions, TlsContext, TlsServerOptions } from "../tls.ts";
import type { ErrorListener } from "./reporter.ts";

/** What `createReactor()` takes, every limit among it. */
export interface ReactorOptions extends Partial<Limits> {
  /** Where descriptors come from. Default: the operating system's sockets, by `node:net`. */
  readonly network?: Network;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock;
  /** Hears of every failure that has no caller. Default: one line on stderr. */
  readonly onError?: ErrorListener;
  /** Pause a registration that spins (see `spinTurns`), besides reporting it. Default false. */
  readonly pauseSpinning?: boolean;
  /**
   * Hears of each call of a handler just before it, with the registration and the mask that it is
   * called with: for traces and tests. What it throws is reported. Default: nobody, at no cost.
   */
  readonly onDispatch?: (registration: Registration, ready: number) => void;
  /**
   * Report mistakes that otherwise pass silently, at a price in time: use after close, double close,
   * edges left undrained, borrowed bytes that were changed. Default false.
   */
  readonly debug?: boolean;
}

/** Every name of `ReactorOptions`. */
export const OPTION_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(DEFAULT_LIMITS),
  ...["network", "clock", "onError", "pauseSpinning", "onDispatch", "debug"],
]);

/** What `register()` takes besides its handler. */
export interface RegisterOptions<T> {
  /** Kept in `registration.data`. */
  readonly data?: T;
  /** Unregisters when aborted. */
  readonly signal?: AbortSignal;
}

/** What `listen()` takes besides an address. */
export interface ListenerOptions extends ListenOptions {
  /**
   * Secure every connection: `accept()` then answers finished handshakes only. What a server
   * presents, or a `createTlsContext()` of it, which can be updated.
   */
  readonly tls?: TlsServerOptions | TlsContext;
  /** Its label, and so that of the channels that it accepts. Default: none. */
  readonly label?: string;
  /** Closes the listener when aborted; before it is bound, `listen` rejects with AbortError. */
  readonly signal?: AbortSignal;
}

/** What `bind()` takes besides an address. */
export interface BinderOptions extends BindOptions {
  /** Its label. Default: none. */
  readonly label?: string;
  /** Closes the datagram when aborted; before it is bound, `bind` rejects with AbortError. */
  readonly signal?: AbortSignal;
}

/** What `connect()` takes besides an address. */
export interface ConnectorOptions extends ConnectOptions {
  /**
   * Secure the connection: WRITABLE then means that the handshake is done. `{}` is enough for a
   * server whose certificate is from an authority that Node trusts.
   */
  readonly tls?: TlsClientOptions;
  /** Milliseconds to wait for the connection: then it has failed with ETIMEDOUT. */
  readonly timeoutMs?: number;
  /** Its label. Default: none. */
  readonly label?: string;
  /** Fails the connection with AbortError if aborted before it stands. */
  readonly signal?: AbortSignal;
}

const LISTENER_NAMES: ReadonlySet<string> = new Set([
  ...["backlog", "noDelay", "keepAlive", "tls", "label", "signal"],
]);

const CONNECTOR_NAMES: ReadonlySet<string> = new Set([
  ...["noDelay", "keepAlive", "tls", "timeoutMs", "label", "signal"],
]);

/** Throws for options that `listen` does not take. */
export function checkListenerOptions(options: ListenerOptions): void {
  checkOptions(options);
  checkNames(options, LISTENER_NAMES);
  checkSocketOptions(options);
  if (options.label !== undefined) checkLabel(options.label);
}

/** Throws for options that `connect` does not take. */
export function checkConnectorOptions(options: ConnectorOptions): void {
  checkOptions(options);
  checkNames(options, CONNECTOR_NAMES);
  checkSocketOptions(options);
  if (options.timeoutMs !== undefined) checkMs(options.timeoutMs, "timeoutMs");
  if (options.label !== undefined) checkLabel(options.label);
}

/** What may be registered besides descriptors: it is adopted. */
export type RawSource = RawStream | Server | DatagramSocket | MessagePort;

/** A stream of bytes that becomes a channel. */
export type RawStream = Socket | Duplex | Readable | Writable;
