/** Connections, as the callbacks of a server see them. */
import type { SocketAddress } from "../address.ts";
import type { Channel } from "../descriptor.ts";
import type { StartTlsOptions } from "../tls.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Framer } from "./framer.ts";

/** Where a connection is in its life: `ending` while its last output leaves. */
export type ConnectionState = "open" | "ending" | "closed";

/** Any connection, whatever its frames and its data. */
export type AnyConnection = Pick<Connection<never, never>, "fd" | "state" | "backlog">;

/** Takes out of the bytes that came what is not the protocol's (telnet's commands, for one). */
export type InputFilter = (bytes: Buffer) => Buffer;

/** What `send()` takes besides the frame. */
export interface SendOptions {
  /**
   * Whose frame this output answers. With the policy `pause-source` that is the one which is not
   * read until the output has drained. Default: the connection itself.
   */
  readonly source?: AnyConnection | undefined;
}

/** Which side of the handshake we are, and what cuts the stream once it is secure. */
export type ConnectionTlsOptions<F = Buffer> = StartTlsOptions & {
  /** Default: a new one of the option `framer`. */
  readonly framer?: Framer<F> | undefined;
};

/** A channel of a server: frames come out of it, whole frames go in, and it has limits and times. */
export interface Connection<F = Buffer, D = undefined> {
  /** Its channel's number. */
  readonly fd: number;
  /** The user's slot; the callback `open` is the place to set it. */
  data: D;
  /** What is below: its counters and its state. Its bytes belong to the connection. */
  readonly channel: Channel;
  /** Our end, captured when it opened. */
  readonly localAddress: SocketAddress | null;
  /** The peer's end, captured when it opened; it stays after a reset. */
  readonly remoteAddress: SocketAddress | null;
  /** Where it is in its life. */
  readonly state: ConnectionState;
  /** Why it ends or has ended, the first cause; null while it is open. */
  readonly reason: CloseReason | null;
  /** What went wrong, or null. */
  readonly error: Error | null;
  /** Bytes of output that wait in this process. */
  readonly backlog: number;
  /** Frames of output that the policy has dropped. */
  readonly droppedFrames: number;
  /** Whether `pause()` was called. */
  readonly paused: boolean;

  /**
   * Sends `bytes` whole or not at all. False: the policy has dropped them, or the connection is
   * not open; it never throws for what the world did. Pieces up to 1 KiB are copied; larger ones
   * are borrowed until they have left.
   */
  send(bytes: Uint8Array, options?: SendOptions): boolean;

  /** Handles no frames until `resume()`; the peer is stopped by its own window. */
  pause(): void;
  /** Handles frames again. */
  resume(): void;

  /** The handshake is done: `handshakeMs` no longer counts. */
  establish(): void;

  /**
   * From now on `filter` gets what comes, before the framer: it answers what is to be cut. It may
   * send. What it throws closes the connection, as with a framer.
   */
  filter(filter: InputFilter): void;

  /** From the next frame on `framer` cuts the stream, bytes that are here already among it. */
  upgrade(framer: Framer<F>): void;

  /**
   * Secures it in place, as STARTTLS of SMTP (RFC 3207) and AUTH TLS of FTP (RFC 4217) do. What was
   * sent before leaves in plain, what is sent from now on leaves once it is secure, of which the
   * callback `secure` tells; a handshake that fails closes it, with reason `tls`. Nothing of what
   * came in plain counts afterwards: a new framer cuts the stream, and `filter` is forgotten.
   *
   * Throws `IOMUX_UNREAD_PLAINTEXT` if bytes have come that are no frame yet, or one that was not
   * handled: whoever has put them there, they must not count as secure. If nobody catches that, it
   * closes with reason `protocol`. Throws `IOMUX_CANNOT_START_TLS` if it is secure already. One that
   * is not open is left alone.
   */
  startTls(options: ConnectionTlsOptions<F>): void;

  /** Handles no more frames, lets the output leave, and closes in order. */
  end(): void;

  /** Closes now; output that has not left is lost. `error` says why, for the log. */
  abort(error?: Error): void;
}
