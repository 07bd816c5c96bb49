/** What a reactor gets for an object of the network in memory, or why it gets nothing. */
import { IomuxError, type Adopted } from "iomux";

import { MemoryPort } from "./memory-port.ts";
import { MemorySocket } from "./memory-socket.ts";
import { MemoryStdin } from "./memory-stdin.ts";
import { MemoryUdpSocket } from "./memory-udp-socket.ts";

/** Throws IOMUX_CANNOT_ADOPT. */
export function adoptedFrom(source: object): Adopted {
  if (source instanceof MemoryStdin) {
    if (source.adopted) throw cannotAdopt("stdin", "it is adopted already");
    return { kind: "channel", transport: source.take() };
  }
  if (source instanceof MemoryUdpSocket) {
    if (source.closed) throw cannotAdopt("the socket", "it is closed");
    return { kind: "datagram", transport: source.release() };
  }
  if (source instanceof MemoryPort) {
    if (source.adopted || source.closed) throw cannotAdopt("the port", "it is closed, or adopted");
    return { kind: "messages", transport: source };
  }
  if (!(source instanceof MemorySocket)) {
    throw cannotAdopt("this object", "it is no socket in memory, no MemoryPort and no MemoryStdin");
  }
  if (source.error !== null) throw cannotAdopt("the socket", source.error.message);
  if (source.closed) throw cannotAdopt("the socket", "it is closed");
  return { kind: "channel", transport: source.release() };
}

function cannotAdopt(what: string, why: string): IomuxError {
  return new IomuxError("IOMUX_CANNOT_ADOPT", `cannot adopt ${what}: ${why}`);
}
