/**
 * The network: what a reactor needs of a world with sockets.
 *
 * A network is thin. It pushes what happened into a sink and carries out what it is told; queues,
 * marks, masks, states and deadlines are the channel's and the same on every network. The sink is
 * never called from inside a call into the transport, except where `attach` says so.
 */
import type { Transferable } from "node:worker_threads";

import type { CheckedAddress, SocketAddress, TcpAddress } from "./address.ts";
import type { DatagramAddress, DatagramSource } from "./datagram-address.ts";
import type { BindOptions } from "./datagram-options.ts";
import type { SignalName } from "./signal-names.ts";
import type { ConnectTlsOptions, Securer, StartTlsOptions, TlsInfo } from "./tls.ts";

/** What a network can do. The contract names the promises that depend on it. */
export interface NetworkCapabilities {
  /** Whether accepting can be paused, so that connections wait in the kernel. */
  readonly pauseAccept: boolean;
  /** Whether urgent data is seen (PRIORITY). */
  readonly urgent: boolean;
  /** Whether the bytes that the kernel still holds are known. */
  readonly kernelQueue: boolean;
  /** Whether a reset is seen while reading has stopped. */
  readonly resetWhilePaused: boolean;
  /** Whether connections can be secured; then there is `securer`. */
  readonly tls: boolean;
}

/** Options of a socket that connects; those of a listener hold for what it accepts. */
export interface ConnectOptions {
  /** Send small segments at once (TCP_NODELAY). Default true: the reactor coalesces by turns. */
  readonly noDelay?: boolean;
  /** Let the system probe idle connections (SO_KEEPALIVE). Default false. */
  readonly keepAlive?: boolean;
}

/** Options of a socket that listens. */
export interface ListenOptions extends ConnectOptions {
  /** Connections that the kernel queues, listen(2). Default 511. */
  readonly backlog?: number;
}

/** A world with sockets: the first parameter of a reactor. */
export interface Network {
  /** What it can do. */
  readonly capabilities: NetworkCapabilities;

  /** Resolves once bound; rejects with the system's code. */
  listen(address: CheckedAddress, options: ListenOptions): Promise<ListenTransport>;

  /** Answers at once; the sink hears `onOpen` or `onFailed`. */
  connect(address: CheckedAddress, options: ConnectOptions): Transport;

  /** Resolves once bound, and has its peer if it is given one; rejects with the system's code. */
  bind(address: Required<TcpAddress>, options: BindOptions): Promise<DatagramTransport>;

  /**
   * Prepares handshakes of one side. Throws for options that are no good. `host`: whom a client
   * connects to, where that is known.
   */
  securer?(options: StartTlsOptions | ConnectTlsOptions, host?: string): Securer;

  /**
   * Watches signals of the process in place of their default actions; answers how to stop, which
   * gives them back. `onSignal` hears of each that comes. Throws `IOMUX_UNSUPPORTED` where there are
   * none.
   */
  signals(names: readonly SignalName[], onSignal: (name: SignalName) => void): () => void;

  /** Takes over a socket, stream or server of the host. Throws `IOMUX_CANNOT_ADOPT` with the reason. */
  adopt(source: object): Adopted;

  /** What `adopt` gave for this source, or for another wrapper of the same socket. */
  adoptedBy(source: object): object | undefined;

  /** Remembers which descriptor stands for an adopted source. */
  markAdopted(source: object, descriptor: object): void;

  /** How many descriptors the process may still open, or null where that is not known. */
  descriptorsLeft(): number | null;
}

/** What `adopt` made of a source: a stream, a listening socket, or one for datagrams. */
export type Adopted =
  | {
      /** It becomes a channel. */
      readonly kind: "channel";
      /** What the channel stands on. */
      readonly transport: Transport;
    }
  | {
      /** It becomes a listener. */
      readonly kind: "listener";
      /** What the listener stands on. */
      readonly transport: ListenTransport;
    }
  | {
      /** It becomes messages. */
      readonly kind: "messages";
      /** What they come through. */
      readonly transport: MessageTransport;
    }
  | {
      /** It becomes a datagram. */
      readonly kind: "datagram";
      /** What the datagram stands on. */
      readonly transport: DatagramTransport;
    };

/** What can be let go of, in order or with a reset. */
export interface Severable {
  /** Lets go of the socket now. The sink hears nothing more. */
  destroy(): void;

  /** Resets the connection now (RST where the protocol has it). The sink hears nothing more. */
  reset(): void;
}

/** A connected byte stream, or one that is connecting. */
export interface Transport extends Severable {
  /** Whether the connection was still to come when the transport was made. */
  readonly connecting: boolean;
  /** Our end, or null where there is none; it stays after the end. */
  readonly localAddress: SocketAddress | null;
  /** The other end, or null where there is none; it stays after the end. */
  readonly remoteAddress: SocketAddress | null;
  /** What it is called in messages, where it has no address: `stdin`. */
  readonly name?: string;
  /** Whether there is no side to write to: `write` and `shutdown` are never called. */
  readonly readOnly?: boolean;
  /** Whether there is no side to read: `pause` and `resume` are never called. */
  readonly writeOnly?: boolean;
  /** Whether a confirmed end is one after our own shutdown too: no reset can look like it. */
  readonly certainEnds?: boolean;
  /** Whether a handshake can be begun over it (see `Network.securer`). */
  readonly securable?: boolean;
  /** What is known of it if it is secure. */
  readonly tls?: TlsInfo;

  /** Starts reading. A failure that came before is told from inside this call. */
  attach(sink: TransportSink): void;

  /**
   * Takes all of one chunk, or of several as one write. True: the system has them. False:
   * `onWritten` follows, or `onFailed`. Never called while an earlier write is pending.
   */
  write(bytes: Uint8Array | readonly Uint8Array[]): boolean;

  /** Stops reading. What is already on its way may still come. */
  pause(): void;
  /** Reads again. */
  resume(): void;

  /** Ends our side after what was written (FIN). */
  shutdown(): void;

  /**
   * Only of a stream that outlives its channel (standard input): it is let go of, with the bytes
   * that nobody has read. The sink hears nothing more; `destroy` and `reset` do nothing.
   */
  release?(unread: readonly Buffer[]): void;

  /**
   * The first half of handing the stream back to who goes on without a channel: stops reading, and
   * puts `unread` back before what the stream still holds. The sink hears of no bytes and no end
   * any more. False, and nothing was done: the end has passed, and nothing can be put back.
   */
  putBack?(unread: readonly Buffer[]): boolean;

  /**
   * The second half, called once no write is pending: the sink hears nothing more, and everything
   * of ours is off the stream, which is the answer. `destroy` and `reset` are not called any more.
   */
  handOver?(): object;
}

/** What a transport tells its channel. */
export interface TransportSink {
  /** The connection stands. Only of a transport that was connecting. */
  onOpen(): void;
  /** Bytes came; the chunk is the sink's from now on. */
  onBytes(chunk: Buffer): void;
  /** The peer ended its side. `confirmed` is false where a reset would look the same. */
  onEnd(confirmed: boolean): void;
  /** The pending write is complete. */
  onWritten(): void;
  /** The connection is gone, both ways. Nothing follows. */
  onFailed(error: Error): void;
  /** Both sides have ended in order. Nothing follows. */
  onFinished(): void;
}

/** One end of a pair that exchanges values: a message port. */
export interface MessageTransport {
  /** What it is called in messages. */
  readonly name: string;
  /** Starts receiving. */
  attach(sink: MessageSink): void;
  /** Sends a copy of `value`, or what is in `transferList` itself. Throws for what cannot be. */
  post(value: unknown, transferList: readonly Transferable[]): void;
  /** Stops receiving at once: what comes waits, its end too. */
  pause(): void;
  /** Receives again. */
  resume(): void;
  /** Closes both ends; what was posted arrives. The sink hears nothing more. */
  close(): void;
}

/** What a message transport tells. */
export interface MessageSink {
  /** A message came. */
  /** A message came. */
  onMessage(value: unknown): void;
  /** A message came that could not be read. */
  onBadMessage(error: Error): void;
  /** The other end is closed, and everything from it was told. Nothing follows. */
  onFinished(): void;
}

/** A bound, accepting socket. */
export interface ListenTransport {
  /** Where it is bound. */
  readonly localAddress: SocketAddress | null;
  /** Starts accepting. */
  attach(sink: ListenSink): void;
  /** Stops accepting for a while. Only with `capabilities.pauseAccept`. */
  pause(): void;
  /** Accepts again. */
  resume(): void;
  /** Stops listening; `done` is called once the address is free again. */
  close(done: () => void): void;
}

/** What a listening transport tells its listener. */
export interface ListenSink {
  /** A connection was accepted; whoever takes it attaches to it. */
  onConnection(transport: Transport): void;
  /** Accepting failed; the listener stands. */
  onAcceptFailed(error: Error): void;
  /** Somebody else has closed it. Nothing follows. */
  onClosed(error: Error): void;
}

/** A bound socket for datagrams. */
export interface DatagramTransport {
  /** Where it is bound. */
  readonly localAddress: DatagramSource;
  /** Its peer, if it is connected. */
  readonly remoteAddress: DatagramSource | null;

  /** Starts receiving. It cannot be paused. */
  attach(sink: DatagramSink): void;

  /**
   * Sends one datagram; `to` is null for the peer. True: the system was given it, and what it may
   * say of it is told by `onError`. False: `onSent` follows. The bytes are the caller's again when it
   * returns.
   */
  send(bytes: Uint8Array, to: DatagramAddress | null): boolean;

  /** Joins a multicast group. Throws an `IomuxError` with the system's code. */
  joinGroup(group: string, networkInterface: string | undefined): void;
  /** Leaves it again. Throws an `IomuxError` with the system's code. */
  leaveGroup(group: string, networkInterface: string | undefined): void;

  /** Lets go of the socket now; the address is free again. The sink hears nothing more. */
  close(): void;
}

/** What a datagram transport tells its descriptor. */
export interface DatagramSink {
  /** One came. */
  onDatagram(bytes: Buffer, from: DatagramSource): void;
  /** One of `bytes` bytes for which `send` has answered false has left, or could not. */
  onSent(bytes: number, error: Error | null): void;
  /** The system tells of something that was sent; the socket stands. */
  onError(error: Error): void;
  /** Somebody else has closed it. Nothing follows. */
  onClosed(error: Error): void;
}
