/** Taking over sockets, servers and streams that somebody else made: whole, or not at all. */
import { Server, Socket } from "node:net";
import { Duplex, Readable, Writable } from "node:stream";

import { IomuxError } from "../errors.ts";
import type { Adopted } from "../network.ts";
import { ServerTransport } from "./server-transport.ts";
import { SocketTransport } from "./socket-transport.ts";
import { StdinTransport, StreamTransport } from "./stream-transport.ts";

/** Throws `IOMUX_CANNOT_ADOPT` with the reason. */
export function adopt(source: object): Adopted {
  if (isStdin(source)) return { kind: "channel", transport: adoptStdin(source) };
  if (source instanceof Socket) return { kind: "channel", transport: adoptSocket(source) };
  if (source instanceof Server) return { kind: "listener", transport: adoptServer(source) };
  if (source instanceof Duplex) {
    throw refuse("the stream", "it is a Duplex that is no net.Socket: not supported yet");
  }
  if (source instanceof Readable) return { kind: "channel", transport: adoptReadable(source) };
  if (source instanceof Writable) {
    throw refuse("the stream", "it can only be written to: not supported yet");
  }
  throw refuse("this object", "it is no net.Socket, no net.Server and no Readable");
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

function adoptReadable(stream: Readable): StreamTransport {
  const obstacle = readableObstacle(stream);
  if (obstacle !== null) throw refuse("the stream", obstacle, stream.errored);
  const { path } = stream as { path?: unknown };
  return new StreamTransport(stream, typeof path === "string" ? path : "the stream");
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
  socket.allowHalfOpen = true;
  return new SocketTransport(socket, false, "the address it was given");
}

function socketObstacle(socket: Socket): string | null {
  const unreadable = readableObstacle(socket);
  if (unreadable !== null) return unreadable;
  if (socket.writableEnded) return "its writing side was ended already";
  if (!socket.connecting && socket.pending) return "it is not connected";
  if (socket.writableObjectMode) return "it is in object mode";
  if ("encrypted" in socket) return "it is a TLS socket: those are not supported yet";
  if (socket.writableCorked > 0) return "it is corked: uncork() it first";
  if (hasOnRead(socket)) return 'it was made with the option "onread": its bytes go elsewhere';
  // A pipe out of it listens to its "data"; a pipe into it, to its "unpipe".
  return socket.listenerCount("unpipe") > 0 ? "it is part of a running pipe" : null;
}

/** No public flag tells of `onread`; the buffer it reads into is behind a symbol of this name. */
function hasOnRead(socket: Socket): boolean {
  const symbol = Object.getOwnPropertySymbols(socket).find((s) => s.description === "kBuffer");
  return symbol !== undefined && Boolean((socket as unknown as Record<symbol, unknown>)[symbol]);
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

function refuse(what: string, why: string, cause?: unknown): IomuxError {
  return new IomuxError("IOMUX_CANNOT_ADOPT", `cannot adopt ${what}: ${why}`, { cause });
}
