/** Taking over sockets and servers that somebody else made: whole, or not at all. */
import { Server, Socket } from "node:net";

import { IomuxError } from "../errors.ts";
import type { Adopted } from "../network.ts";
import { ServerTransport } from "./server-transport.ts";
import { SocketTransport } from "./socket-transport.ts";

/** Throws `IOMUX_CANNOT_ADOPT` with the reason. */
export function adopt(source: object): Adopted {
  if (source instanceof Socket) return { kind: "channel", transport: adoptSocket(source) };
  if (source instanceof Server) return { kind: "listener", transport: adoptServer(source) };
  throw refuse("this object", "it is neither a net.Socket nor a net.Server");
}

function adoptSocket(socket: Socket): SocketTransport {
  const obstacle = socketObstacle(socket);
  if (obstacle !== null) throw refuse("the socket", obstacle, socket.errored);
  socket.allowHalfOpen = true;
  return new SocketTransport(socket, false, "the address it was given");
}

function socketObstacle(socket: Socket): string | null {
  if (socket.errored) return `it has failed: ${socket.errored.message}`;
  if (socket.destroyed) return "it is destroyed";
  if (socket.readableEnded) return "its end was read already";
  if (socket.writableEnded) return "its writing side was ended already";
  if (!socket.connecting && socket.pending) return "it is not connected";
  if (socket.readableObjectMode || socket.writableObjectMode) return "it is in object mode";
  if ("encrypted" in socket) return "it is a TLS socket: those are not supported yet";
  if (socket.writableCorked > 0) return "it is corked: uncork() it first";
  if (hasOnRead(socket)) return 'it was made with the option "onread": its bytes go elsewhere';
  if (socket.readableEncoding !== null) return "setEncoding() was called on it: it gives strings";
  for (const event of ["data", "readable"]) {
    if (socket.listenerCount(event) > 0) return `somebody listens to its "${event}" already`;
  }
  if (socket.readableFlowing === true) return "its bytes are being dropped: pause() it first";
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
