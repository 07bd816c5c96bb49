/** Connections and servers, as coroutines see them: what callbacks tell is waited for. */
import type { SocketAddress } from "../address.ts";
import type { Channel } from "../descriptor.ts";
import type { CloseOptions } from "../reactor/shutdown.ts";
import type { WaitOptions } from "../reactor/wait.ts";
import type { CloseReason } from "./close-reason.ts";
import type { TlsInfo } from "../tls.ts";
import type { Connection, ConnectionTlsOptions, SendOptions } from "./connection.ts";
import type { ServerLimits } from "./options.ts";
import type { ServerCloseResult, ServerStats } from "./server.ts";

export interface ReadLineOptions extends WaitOptions {
  /** Bytes of the line at most, its ending not counted. 8192 unless given. */
  readonly maxBytes?: number | undefined;
}

/** How a connection is secured, and how long that is waited for. */
export type AsyncTlsOptions<F = Buffer> = ConnectionTlsOptions<F> & WaitOptions;

export interface AsyncSendOptions extends SendOptions, WaitOptions {}

/** What a connection has whether its frames are waited for or called back with. */
type Shared =
  | ("fd" | "channel" | "localAddress" | "remoteAddress" | "state" | "reason" | "error")
  | ("backlog" | "droppedFrames" | "establish" | "filter" | "upgrade" | "end" | "abort");

/**
 * A connection whose frames are asked for. While nobody asks, nothing is read, and the peer is
 * stopped by its own window.
 *
 * Every wait takes `timeoutMs` (`IOMUX_TIMED_OUT`) and `signal` (`AbortError`). Who gives up a wait
 * for input has lost nothing: what comes later is for the next one. When the connection is over,
 * every wait rejects with a `ConnectionClosedError`, which has the reason. A promise that nobody
 * awaits never ends the process.
 */
export interface AsyncConnection<F = Buffer> extends Pick<Connection<F>, Shared>, AsyncIterable<F> {
  /** Aborted when it ends: for other things that are waited for on its behalf. */
  readonly signal: AbortSignal;
  /** Fulfilled with the reason when it is over, and never rejected. */
  readonly closed: Promise<CloseReason>;

  /**
   * The next frame, as the framer cuts it; null once the peer has ended its side, after all that
   * came before. Rejects for a frame that the framer has refused (its code, `IOMUX_FRAME_TOO_LONG`
   * most often), after which the next one may be read. Throws `IOMUX_READ_TWICE` while another read
   * of this connection waits; this holds for all four reads.
   */
  read(options?: WaitOptions): Promise<F | null>;

  /**
   * The next line, whatever the framer: up to LF or CR LF, as UTF-8, without its ending. What is
   * left is the framer's again. Null as `read()`; an unfinished last line is a line. Rejects with
   * `IOMUX_FRAME_TOO_LONG` for a line over `maxBytes`, which is thrown away by the next
   * `readLine()` with the same `maxBytes`.
   */
  readLine(options?: ReadLineOptions): Promise<string | null>;

  /**
   * Exactly `count` bytes, whatever the framer, in one piece of memory. Null if the peer has ended
   * its side before the first of them. If it ends in the middle, that is a broken stream: the
   * connection closes with reason `protocol`, and it rejects with `IOMUX_BAD_FRAME`.
   */
  readExactly(count: number, options?: WaitOptions): Promise<Buffer | null>;

  /** What has come, `maxBytes` at most, whatever the framer; null at the end. */
  readSome(maxBytes: number, options?: WaitOptions): Promise<Buffer | null>;

  /**
   * Sends `bytes` at once, in the order of the calls, and resolves when there is room again: at
   * once under the high-water mark. False: the policy has dropped them. One frame at a time may be
   * larger than `maxOutputBytes` (not with the policies that drop): it leaves as room comes, what
   * is sent meanwhile goes behind it, and over the limit that is an overflow. Bytes over 1 KiB are
   * borrowed until they have left.
   *
   * Who gives up the wait finds in the error whether the bytes leave all the same: `sent`. They do,
   * but for a frame over `maxOutputBytes`: before its beginning it is taken back, and in the middle
   * of it the connection is aborted.
   */
  send(bytes: Uint8Array, options?: AsyncSendOptions): Promise<boolean>;

  /**
   * Secures it in place, as `startTls()` of a connection with callbacks, and resolves with
   * `channel.tls` once the handshake is done. Rejects with a `ConnectionClosedError` with reason
   * `tls` if that fails. Who gives up the wait leaves the handshake under way: what is read and sent
   * from then on waits for it. Throws as the other one does, and `IOMUX_READ_TWICE` while a read
   * waits.
   */
  startTls(options: AsyncTlsOptions<F>): Promise<TlsInfo>;

  /** The frames, by `read()`. Leaving the loop closes nothing: the next read goes on. */
  [Symbol.asyncIterator](): AsyncIterator<F, undefined>;
  /** `end()`. It waits for nothing. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How `each()` runs. */
export interface EachOptions {
  /** Coroutines at a time; more peers wait to be accepted. Default: `maxConnections` is enough. */
  readonly maxRunning?: number | undefined;
  /** Closes the server when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A server whose connections are asked for. While nobody asks, peers wait in the accept queue of
 * its listeners.
 */
export interface AsyncServer<F = Buffer> extends AsyncIterable<AsyncConnection<F>> {
  /** The limits in force. */
  readonly limits: Readonly<ServerLimits>;
  /** Where it listens, as the system says: with the port that it chose. */
  readonly addresses: readonly SocketAddress[];
  /** Every connection that is not closed, live. */
  readonly connections: ReadonlySet<AsyncConnection<F>>;

  /**
   * The next connection; null once nobody can come any more. Several may wait, and are served in
   * order. Rejects with what has broken the last listener.
   */
  accept(options?: WaitOptions): Promise<AsyncConnection<F> | null>;

  /**
   * Runs `coroutine` for every connection, side by side, and ends the connection when it returns.
   * What one throws goes to `onError` of the reactor and costs its own connection
   * (`handler-error`); that its connection has closed under it is no error. Resolves when the server
   * is closed and every coroutine has returned.
   */
  each(
    coroutine: (connection: AsyncConnection<F>) => void | Promise<void>,
    options?: EachOptions,
  ): Promise<void>;

  /**
   * Makes a connection of a channel that is open or connecting, and registered nowhere. `accept()`
   * does not answer it, and the gate does not count it.
   */
  take(channel: Channel): AsyncConnection<F>;

  /** Counters and gauges. */
  stats(): ServerStats;

  /**
   * As `close()` of a server with callbacks. A connection is idle while a coroutine waits in a
   * read, and no frame has begun.
   */
  close(options?: CloseOptions): Promise<ServerCloseResult>;

  /** The connections, by `accept()`. Leaving the loop closes the server. */
  [Symbol.asyncIterator](): AsyncIterator<AsyncConnection<F>, undefined>;
  /** `close()`. */
  [Symbol.asyncDispose](): Promise<void>;

  /** Throws if the tables contradict each other. For tests and simulations. */
  assertInvariants(): void;
}
