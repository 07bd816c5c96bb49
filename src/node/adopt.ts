/** Taking over sockets, servers and streams that somebody else made: whole, or not at all. */
import { Socket as DatagramSocket } from "node:dgram";
import { Server, Socket } from "node:net";
import { Duplex, Readable, Writable } from "node:stream";
import { TLSSocket } from "node:tls";
import { MessagePort, Worker } from "node:worker_threads";

import { codeOf, IomuxError } from "../errors.ts";
import type { Adopted } from "../network.ts";
import { UdpTransport } from "./datagram-transport.ts";
import { PortTransport } from "./message-transport.ts";
import { hasOnRead } from "./read-buffer.ts";
import { ServerTransport } from "./server-transport.ts";
import { SocketTransport } from "./socket-transport.ts";
import { TlsTransport } from "./tls-transport.ts";
import { StdinTransport, StdoutTransport, StreamTransport } from "./stream-transport.ts";

/** Throws `IOMUX_CANNOT_ADOPT` with the reason. */
export function adopt(source: object): Adopted {
  if (isStdin(source)) return { kind: "channel", transport: adoptStdin(source) };
  const output = standardOutput(source);
  if (output !== null)
    return { kind: "channel", transport: adoptStdout(source as Writable, output) };
  if (source instanceof Socket && hasBothSides(source)) {
    return { kind: "channel", transport: adoptSocket(source) };
  }
  if (source instanceof Server) return { kind: "listener", transport: adoptServer(source) };
  if (source instanceof DatagramSocket) {
    return { kind: "datagram", transport: adoptDatagramSocket(source) };
  }
  if (source instanceof MessagePort) return { kind: "messages", transport: adoptPort(source) };
  if (source instanceof Readable || source instanceof Writable) {
    return { kind: "channel", transport: adoptStream(source) };
  }
  throw refuse("this object", whatIsWrong(source));
}

function whatIsWrong(source: object): string {
  if (source instanceof Worker) {
    return "it is a Worker: give the worker one port of a MessageChannel, and adopt the other one";
  }
  return "it is no stream, net.Server, dgram.Socket or MessagePort";
}

/** `process.stdin` is made when it is first asked for; who has none of its number is not it. */
function isStdin(source: object): source is Readable {
  return (source as { fd?: unknown }).fd === 0 && source === process.stdin;
}

function adoptStdin(stdin: Readable): StdinTransport {
  const obstacle = readableObstacle(stdin);
  if (obstacle !== null) throw refuse("stdin", obstacle, stdin.errored);
  return new StdinTransport(stdin);
}

/** `process.stdout` too is made when it is first asked for. */
function standardOutput(source: object): "stdout" | "stderr" | null {
  const { fd } = source as { fd?: unknown };
  if (fd === 1 && source === process.stdout) return "stdout";
  return fd === 2 && source === process.stderr ? "stderr" : null;
}

function adoptStdout(stream: Writable, name: string): StdoutTransport {
  const obstacle = writableObstacle(stream);
  if (obstacle !== null) throw refuse(name, obstacle, stream.errored);
  return new StdoutTransport(stream, name);
}

function adoptStream(stream: Readable | Writable): StreamTransport {
  const readable = hasSide(stream, "_readableState", "readable");
  const writable = hasSide(stream, "_writableState", "writable");
  const obstacle =
    (readable ? readableObstacle(stream as Readable) : null) ??
    (writable ? writableObstacle(stream as Writable) : null) ??
    (readable || writable ? null : "it has no side to read and none to write");
  if (obstacle !== null) throw refuse("the stream", obstacle, stream.errored);
  return new StreamTransport(stream, { readable, writable, name: nameOf(stream) });
}

/**
 * Whether it was made with this side. One that has only ended still has it; no public property
 * tells the two apart.
 */
function hasSide(stream: object, state: string, side: string): boolean {
  const found = (stream as Record<string, Record<string, unknown> | undefined>)[state];
  return found !== undefined && found[side] !== false;
}

/** A child's stdin, for one, is a socket that was made without a side to read. */
function hasBothSides(socket: Socket): boolean {
  return hasSide(socket, "_readableState", "readable");
}

function nameOf(stream: Readable | Writable): string {
  const { path } = stream as { path?: unknown };
  if (typeof path === "string") return path;
  const { name } = stream.constructor;
  const plain = [Readable, Writable, Duplex].some((made) => made.name === name) || name === "";
  return plain ? "the stream" : `the ${name}`;
}

/** What stands in the way of writing bytes behind what it holds. */
function writableObstacle(stream: Writable): string | null {
  if (stream.errored) return `it has failed: ${stream.errored.message}`;
  if (stream.destroyed) return "it is destroyed";
  if (stream.writableEnded) return "its writing side was ended already";
  if (stream.writableObjectMode) return "it is in object mode: make it with { objectMode: false }";
  if (stream.writableCorked > 0) return "it is corked: uncork() it first";
  // A pipe out of it listens to its "data"; a pipe into it, to its "unpipe".
  return stream.listenerCount("unpipe") > 0 ? "it is part of a running pipe" : null;
}

/** What stands in the way of reading all of it, and as bytes. */
function readableObstacle(stream: Readable): string | null {
  if (stream.errored) return `it has failed: ${stream.errored.message}`;
  if (stream.destroyed) return "it is destroyed";
  if (stream.readableEnded) return "its end was read already";
  if (stream.readableObjectMode) return "it is in object mode: make it with { objectMode: false }";
  if (stream.readableEncoding !== null) return "setEncoding() was called on it: it gives strings";
  for (const event of ["data", "readable"]) {
    if (stream.listenerCount(event) > 0) return `somebody listens to its "${event}" already`;
  }
  return stream.readableFlowing === true ? "its bytes are being dropped: pause() it first" : null;
}

function adoptSocket(socket: Socket): SocketTransport {
  const obstacle = socketObstacle(socket);
  if (obstacle !== null) throw refuse("the socket", obstacle, socket.errored);
  const transport =
    socket instanceof TLSSocket
      ? new TlsTransport(socket, rawOf(socket), null, null)
      : new SocketTransport(socket, false, "the address it was given");
  transport.halfOpenBefore = socket.allowHalfOpen;
  socket.allowHalfOpen = true;
  return transport;
}

function socketObstacle(socket: Socket): string | null {
  const obstacle = readableObstacle(socket) ?? writableObstacle(socket);
  if (obstacle !== null) return obstacle;
  if (!socket.connecting && socket.pending) return "it is not connected";
  if (socket instanceof TLSSocket && socket.getPeerFinished() === undefined) {
    return 'its TLS handshake is not done: wait for its "secureConnect" (of a server: "secure")';
  }
  return hasOnRead(socket) ? 'it was made with the option "onread": its bytes go elsewhere' : null;
}

/** The socket that TLS was begun over; one that has connected itself has none. */
function rawOf(socket: TLSSocket): Socket {
  const { _parent: raw } = socket as unknown as { _parent?: unknown };
  return raw instanceof Socket ? raw : socket;
}

function adoptServer(server: Server): ServerTransport {
  if (!server.listening) throw refuse("the server", "it is not listening: call listen() first");
  if (server.listenerCount("connection") > 0) {
    throw refuse("the server", 'somebody listens to its "connection" already (an HTTP server?)');
  }
  // Both may be changed at run time (node-facts F22), though the types do not say so.
  Object.assign(server, { allowHalfOpen: true, pauseOnConnect: true });
  return new ServerTransport(server);
}

function adoptDatagramSocket(socket: DatagramSocket): UdpTransport {
  if (socket.listenerCount("message") > 0) {
    throw refuse("the socket", 'somebody listens to its "message" already');
  }
  try {
    socket.address();
  } catch (error) {
    const closed = codeOf(error) === "ERR_SOCKET_DGRAM_NOT_RUNNING";
    throw refuse("the socket", closed ? "it is closed" : "it is not bound: call bind() first");
  }
  if (isConnecting(socket)) {
    throw refuse("the socket", 'it is connecting: wait for its "connect"');
  }
  return new UdpTransport(socket, false);
}

/** No public property tells; what does is behind a symbol of this name. */
function isConnecting(socket: DatagramSocket): boolean {
  const state = hiddenValue(socket, "state symbol") as { connectState?: unknown } | undefined;
  return state?.connectState === 1;
}

function hiddenValue(source: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(source).find((s) => s.description === description);
  return symbol === undefined ? undefined : (source as Record<symbol, unknown>)[symbol];
}

function adoptPort(port: MessagePort): PortTransport {
  if (port.listenerCount("message") > 0) {
    throw refuse("the port", 'somebody listens to its "message" already');
  }
  if (!isOpen(port)) throw refuse("the port", "it is closed, or was given away");
  return new PortTransport(port);
}

/** Only an open port can be made to keep the process alive. */
function isOpen(port: MessagePort & { hasRef?(): boolean }): boolean {
  port.ref();
  const open = port.hasRef?.() ?? true;
  port.unref();
  return open;
}

function refuse(what: string, why: string, cause?: unknown): IomuxError {
  return new IomuxError("IOMUX_CANNOT_ADOPT", `cannot adopt ${what}: ${why}`, { cause });
}
