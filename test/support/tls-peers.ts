/** Raw TLS clients of Node, outside of any reactor, and what they meet. */
import net from "node:net";
import tls from "node:tls";

import type { Channel, Listener } from "iomux";
import { onTestFinished } from "vitest";

import { authority } from "./certificates.ts";
import type { World } from "./world.ts";

/** A TLS client with its raw socket underneath. */
export interface TlsPeer {
  readonly socket: tls.TLSSocket;
  readonly raw: net.Socket;
  /** What happened, in order: `secure`, `data 5`, `end`, `error ECONNRESET`, `close`. */
  readonly log: string[];
  readonly received: () => string;
  readonly bytes: () => Buffer;
}

function portOf(listener: Listener): number {
  return (listener.localAddress as { port: number }).port;
}

export function dialRaw(listener: Listener): net.Socket {
  const raw = net.connect({ port: portOf(listener), host: "127.0.0.1", allowHalfOpen: true });
  raw.on("error", () => undefined);
  onTestFinished(() => {
    raw.destroy();
  });
  return raw;
}

export function dialTls(listener: Listener, options: tls.ConnectionOptions = {}): TlsPeer {
  return secure(dialRaw(listener), options);
}

/** Speaks TLS over `raw` from now on, as a client, or as a server if `options.isServer`. */
export function secure(raw: net.Socket, options: tls.ConnectionOptions = {}): TlsPeer {
  const socket = tls.connect({ socket: raw, ca: authority.cert, host: "localhost", ...options });
  return watch(socket, raw);
}

function watch(socket: tls.TLSSocket, raw: net.Socket): TlsPeer {
  const log: string[] = [];
  const chunks: Buffer[] = [];
  socket.on("secureConnect", () => log.push("secure"));
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => log.push("end"));
  socket.on("error", (error: NodeJS.ErrnoException) => log.push(`error ${error.code}`));
  socket.on("close", () => log.push("close"));
  const bytes = (): Buffer => Buffer.concat(chunks);
  return { socket, raw, log, bytes, received: () => bytes().toString() };
}

/** The channel of the next peer that `listener` has let in. */
export async function accepted(world: World, listener: Listener): Promise<Channel> {
  await world.until(() => listener.waiting > 0, "a handshake to be done");
  return listener.accept()!;
}

/** A TLS channel and the raw client at its other end. */
export async function securePair(
  world: World,
  listener: Listener,
  options: tls.ConnectionOptions = {},
): Promise<{ channel: Channel; peer: TlsPeer }> {
  const peer = dialTls(listener, options);
  const channel = await accepted(world, listener);
  await world.until(() => peer.log.includes("secure"), "the peer's end of the handshake");
  return { channel, peer };
}
