/**
 * Descriptors: the things that have readiness. What a user sees of each kind.
 *
 * A descriptor belongs to the reactor that made it. Its number, the fd, counts from 1 and is never
 * used again within that reactor, so a stale number cannot mean somebody else (Node has no public
 * descriptor of the operating system).
 */
import type { Readable, Writable } from "node:stream";
import type { Transferable } from "node:worker_threads";

import type { SocketAddress } from "./address.ts";
import type { DatagramAddress, DatagramSource } from "./datagram-address.ts";
import type { SignalName } from "./signal-names.ts";
import type { TlsInfo } from "./tls.ts";

/**
 * Where a descriptor is in its life. `docs/concepts.md` has the table of states and calls.
 *
 * - `connecting`: not there yet.
 * - `open`: bytes may flow.
 * - `hung-up`: both sides have ended in order; HANGUP is not reported yet.
 * - `failed`: the connection is lost, see `error`; ERROR is not reported yet.
 * - `closing`: we closed it; output is leaving.
 * - `closed`: nothing is left.
 */
export type DescriptorState = "connecting" | "open" | "hung-up" | "failed" | "closing" | "closed";

/** What descriptors of every kind have in common. */
export interface Descriptor {
  /** Its number in its reactor: counts from 1, and is never used again. */
  readonly fd: number;
  /** What it is: the type narrows by it. */
  readonly kind: "channel" | "listener" | "datagram" | "signals" | "messages";
  /**
   * Whose it is, for people: a word such as `chat`; `explain()` says it. Empty until somebody sets
   * it. A channel begins with the label that its listener has when it is accepted. Throws for what
   * is not a string.
   */
  label: string;
  /** When it came to be, in whole milliseconds of the reactor's clock (`reactor.now()`). */
  readonly openedAt: number;
  /** Where it is in its life. */
  readonly state: DescriptorState;
  /** The first cause of its end, or null if none has failed it. */
  readonly error: Error | null;
  /** Fulfilled when it is closed, with `error`. Never rejected. */
  readonly closed: Promise<Error | null>;
  /** Our end, captured when it opened, or null where there is none. */
  readonly localAddress: SocketAddress | null;
  /** Unregisters it and ends it in order. Calling it again does nothing. */
  close(): void;
  /** Unregisters it and ends it now. `reason` becomes `error` unless there is one. */
  abort(reason?: Error): void;
}

/** How `write()` takes bytes. */
export interface WriteOptions {
  /** Copy pieces over 1 KiB as well, so that the bytes are the caller's again at once. */
  readonly copy?: boolean;
}

/**
 * A connected byte stream (TCP, Unix-domain, a Duplex), or half of one. One that can only be read
 * (standard input, a file) has `room` 0, `write()` takes nothing, and WRITABLE is never reported. One
 * that can only be written to (a child's stdin) has `ended` true from the start, `read()` answers
 * null, and READABLE is never reported.
 */
export interface Channel extends Descriptor {
  /** A connected byte stream. */
  readonly kind: "channel";
  /** The other end, captured when the connection opened; it stays after a reset. */
  readonly remoteAddress: SocketAddress | null;
  /** Bytes that `write()` would take now. 0 means would block (or no longer writable). */
  readonly room: number;
  /** Bytes accepted by `write()` that the system has not taken yet. */
  readonly queued: number;
  /** The mark up to which `write()` takes bytes: see `setWaterMarks()`. */
  readonly highWaterMark: number;
  /** Bytes that came and were not read yet. */
  readonly unread: number;
  /** Whether the end of the stream was read. */
  readonly ended: boolean;
  /**
   * Whether the peer's end is known to be an orderly one. False before the end, and where a reset
   * cannot be told from it (Unix-domain sockets, after our own shutdown). On TLS it is true if the
   * peer has said so (close_notify), and false if its bytes just stopped.
   */
  readonly endConfirmed: boolean;
  /** Bytes read from and written to the network so far. */
  readonly bytesIn: number;
  /** Bytes that have left, of those that `write()` has taken. */
  readonly bytesOut: number;
  /** What is known of the peer and of the protocol if the channel is secure, else null. */
  readonly tls: TlsInfo | null;

  /**
   * Bytes that came, at most `maxBytes` (default: as many as are at hand). Null: nothing now. An
   * empty Buffer, once: the stream has ended. Like read(2) it may answer less than is there. The
   * Buffer is the caller's; a small one may share its ArrayBuffer with others, as those of
   * `Buffer.from()` do, so copy what you keep for long.
   */
  read(maxBytes?: number): Buffer | null;

  /** The next bytes without taking them, or null. Do not change them. */
  peek(): Buffer | null;

  /**
   * Takes what fits under the high-water mark and answers how many bytes that was; like write(2)
   * on a non-blocking socket it may take a part, or 0. It never throws for what the world did:
   * see `state` and `error`. Pieces up to 1 KiB are copied, larger ones borrowed until they have
   * left.
   */
  write(bytes: Uint8Array, options?: WriteOptions): number;

  /**
   * Marks of this channel's output, in bytes; the reactor's limits are their default. They count
   * at once; output over a lowered mark stays.
   */
  setWaterMarks(high: number, low: number): void;

  /** Ends our side once the output has left; reading goes on (shutdown(2), SHUT_WR). */
  shutdown(): void;

  /**
   * Gives the plain stream back, to go on without this channel: unregisters it at once, puts unread
   * bytes back, and resolves with the stream once the output has left. The stream is paused then,
   * has none of our listeners, and may be adopted again; the channel is closed, and the stream is
   * not. Rejects with what failed, or cut off, the output meanwhile; the stream is destroyed then.
   * Throws `IOMUX_CANNOT_RELEASE` for a channel that is not open, or whose end has come while bytes
   * before it are unread.
   */
  release(): Promise<Readable | Writable>;
}

/** A bound socket that accepts channels. */
export interface Listener extends Descriptor {
  /** A bound socket that accepts. */
  readonly kind: "listener";
  /** The next connection that waits, or null. */
  accept(): Channel | null;
  /** Connections that wait for `accept()`. */
  readonly waiting: number;
}

/** A datagram that came. `bytes` is the caller's, and may be empty. It is never cut off. */
export interface ReceivedDatagram {
  /** What it holds. */
  readonly bytes: Buffer;
  /** Who has sent it, as far as can be known: a sender can claim to be anybody. */
  readonly from: DatagramSource;
}

/** A bound UDP socket (udp(7)). */
export interface Datagram extends Descriptor {
  /** A UDP socket. */
  readonly kind: "datagram";
  /** Its peer, if it was bound with one: it sends to and receives from nobody else. */
  readonly remoteAddress: DatagramSource | null;
  /** Datagrams that wait for `receive()`. */
  readonly waiting: number;
  /** Their bytes; an empty one counts as 1. */
  readonly unread: number;
  /** Bytes that `send()` took and the system has not; an empty datagram counts as 1. */
  readonly queued: number;
  /** Datagrams that came and were not kept: over a limit, or from somebody who is not its peer. */
  readonly dropped: number;

  /** The next datagram, or null: nothing now. An empty one is a datagram like any other. */
  receive(): ReceivedDatagram | null;

  /**
   * Sends one datagram, whole: to `to`, or to its peer, if it has one. False: would block, or it is
   * no longer open; WRITABLE says when there is room again. True says no more than that the system
   * was given it. What it says later, such as ECONNREFUSED or EMSGSIZE, comes as ERROR: see
   * `takeError()`. The bytes are the caller's again at once.
   */
  send(bytes: Uint8Array, to?: DatagramAddress): boolean;

  /**
   * The last error of something that was sent, which is thereby cleared (SO_ERROR, socket(7)); null
   * if there is none. ERROR is reported once for each; the socket stands, and `error` is not set.
   */
  takeError(): Error | null;

  /**
   * Receives what is sent to a multicast group, by the interface of this address (of this name for
   * IPv6), or by the system's choice. Throws an error with the system's code.
   */
  joinGroup(group: string, networkInterface?: string): void;
  /** Takes `joinGroup()` back. Throws an error with the system's code. */
  leaveGroup(group: string, networkInterface?: string): void;
}

/** Signals of the process that came, by name (signalfd(2)). It never keeps the process alive. */
export interface Signals extends Descriptor {
  /** Signals of the process. */
  readonly kind: "signals";
  /** What it watches. While it is open, these have no default action. */
  readonly names: readonly SignalName[];
  /**
   * The next signal that came, in their order, or null. One that came again before it was read is
   * answered once, because standard signals do not queue (signal(7)).
   */
  read(): SignalName | null;
}

/** A message that came. It is in a box because it may be any value, null and undefined too. */
export interface Message {
  /** What was posted, or a copy of it. */
  readonly value: unknown;
}

/** A port: whole values in place of bytes (`MessagePort` of node:worker_threads). */
export interface Messages extends Descriptor {
  /** A message port. */
  readonly kind: "messages";
  /** Messages that came and were not read yet, at most `messageQueue`. */
  readonly unread: number;
  /** The next message, or null for nothing now. */
  read(): Message | null;
  /**
   * Sends a copy of `value` to the other end; what is in `transferList` goes over itself. False: the
   * other end is closed. A port has no bound for what waits at the other end: bound what you ask
   * for. Throws for a value that cannot be copied (a function).
   */
  post(value: unknown, transferList?: readonly Transferable[]): boolean;
}
