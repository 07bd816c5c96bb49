/** What Node says of the two ends of a socket, as our addresses. */
import type { Server, Socket } from "node:net";

import type { SocketAddress } from "../address.ts";

export function addressOf(
  socket: Socket,
  end: "local" | "remote",
  unix: boolean,
): SocketAddress | null {
  if (unix) return { family: "unix", path: "" };
  const host = end === "local" ? socket.localAddress : socket.remoteAddress;
  const port = end === "local" ? socket.localPort : socket.remotePort;
  if (host === undefined || port === undefined) return null;
  return { family: host.includes(":") ? "IPv6" : "IPv4", host, port };
}

export function serverAddress(server: Server): SocketAddress | null {
  const bound = server.address();
  if (bound === null) return null;
  if (typeof bound === "string") return { family: "unix", path: bound };
  return {
    family: bound.family === "IPv6" ? "IPv6" : "IPv4",
    host: bound.address,
    port: bound.port,
  };
}
