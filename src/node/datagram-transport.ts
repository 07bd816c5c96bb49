/**
 * A datagram transport over `dgram.Socket`.
 *
 * `send()` of a socket of ours reaches the kernel inside the call: the only thing that Node would
 * wait for is the lookup of a name, and there are only addresses here. So when the call returns and
 * nothing is queued in libuv, the system has been given it. An adopted socket has a lookup of its
 * own, which answers later: there only the callback tells.
 */
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";

import { formatAddress, type TcpAddress } from "../address.ts";
import {
  ipFamily,
  type DatagramAddress,
  type DatagramSource,
  type IpFamily,
} from "../datagram-address.ts";
import { lateError, otherFamily, sendError } from "../datagram-errors.ts";
import type { BindOptions } from "../datagram-options.ts";
import { asError, codeOf, IomuxError } from "../errors.ts";
import type { DatagramSink, DatagramTransport } from "../network.ts";
import { closedOutside, setupError } from "./connection-error.ts";
import { nextImmediate } from "./system-clock.ts";

export class UdpTransport implements DatagramTransport {
  readonly localAddress: DatagramSource;
  readonly remoteAddress: DatagramSource | null;
  readonly #socket: Socket;
  readonly #direct: boolean;
  #sink: DatagramSink | null = null;

  /** `direct`: whether its lookup answers at once. The socket is bound. */
  constructor(socket: Socket, direct: boolean) {
    this.#socket = socket;
    this.#direct = direct;
    this.localAddress = sourceOf(socket.address());
    this.remoteAddress = peerOf(socket);
    socket.on("error", (error) => {
      this.#sink?.onError(lateError(error, this.remoteAddress));
    });
  }

  attach(sink: DatagramSink): void {
    this.#sink = sink;
    this.#socket.on("message", (bytes, from) => {
      this.#sink?.onDatagram(bytes, sourceOf(from));
    });
    this.#socket.on("close", () => {
      this.#sink?.onClosed(closedOutside("socket", "datagram"));
    });
    this.#socket.unref();
  }

  /** libuv may hold on to the bytes after the call: it is given a copy. */
  send(bytes: Uint8Array, to: DatagramAddress | null): boolean {
    const socket = this.#socket;
    const size = bytes.length;
    let given = false;
    const settled = (failure: Error | null): void => {
      const error = failure === null ? null : sendError(failure, size, to ?? this.remoteAddress);
      if (!given) this.#sink?.onSent(size, error);
      else if (error !== null) this.#sink?.onError(error);
    };
    try {
      if (to === null) socket.send(Buffer.from(bytes), settled);
      else socket.send(Buffer.from(bytes), to.port, to.host, settled);
      given = this.#direct && socket.getSendQueueCount() === 0;
    } catch (thrown) {
      // Somebody else has closed it, or has changed its peer.
      nextImmediate(() => {
        settled(asError(thrown));
      });
    }
    return given;
  }

  joinGroup(group: string, networkInterface: string | undefined): void {
    callSocket(`join the group ${group}`, GROUP_ERRORS, () => {
      this.#socket.addMembership(group, networkInterface);
    });
  }

  leaveGroup(group: string, networkInterface: string | undefined): void {
    callSocket(`leave the group ${group}`, GROUP_ERRORS, () => {
      this.#socket.dropMembership(group, networkInterface);
    });
  }

  close(): void {
    this.#sink = null;
    closeSocket(this.#socket);
  }
}

export async function bindSocket(
  address: Required<TcpAddress>,
  options: BindOptions,
): Promise<UdpTransport> {
  const where = formatAddress(address);
  const local = await resolve(address, null, "bind to");
  const family = local.family;
  const peer = options.peer && (await resolve(options.peer, family, "find the peer"));
  const socket = createSocket({
    type: family === "IPv4" ? "udp4" : "udp6",
    reuseAddr: options.reuseAddress ?? false,
    ipv6Only: options.ipv6Only ?? false,
    // Only addresses get here.
    lookup: (host, _, answer) => {
      answer(null, host, family === "IPv4" ? 4 : 6);
    },
    ...(options.receiveBufferBytes && { recvBufferSize: options.receiveBufferBytes }),
    ...(options.sendBufferBytes && { sendBufferSize: options.sendBufferBytes }),
  });
  try {
    await called(socket, (done) => socket.bind(local.port, local.host, done));
    setOptions(socket, options);
    if (peer !== undefined) {
      await called(socket, (done) => {
        socket.connect(peer.port, peer.host, done);
      });
    }
    return new UdpTransport(socket, true);
  } catch (error) {
    closeSocket(socket);
    if (error instanceof IomuxError) throw error;
    const doing = peer === undefined ? "bind to" : `bind to (with peer ${formatAddress(peer)})`;
    throw setupError(asError(error), doing, where);
  }
}

/** An address for a name, once. Without a family, the system's first answer. */
async function resolve(
  address: TcpAddress,
  family: IpFamily | null,
  doing: string,
): Promise<DatagramSource> {
  const { port, host = family === "IPv6" ? "::1" : "127.0.0.1" } = address;
  const known = ipFamily(host);
  if (known !== null && family !== null && known !== family) throw otherFamily(family, host);
  if (known !== null) return { family: known, host, port };
  try {
    const version = family === "IPv4" ? 4 : family === "IPv6" ? 6 : 0;
    const found = await lookup(host, { family: version });
    return { family: found.family === 6 ? "IPv6" : "IPv4", host: found.address, port };
  } catch (error) {
    throw setupError(asError(error), doing, formatAddress(address));
  }
}

/** Resolves when `call` has called back; rejects with the socket's "error". */
function called(socket: Socket, call: (done: (error?: Error) => void) => void): Promise<void> {
  return new Promise((done, failed) => {
    socket.once("error", failed);
    call((error) => {
      socket.off("error", failed);
      if (error === undefined) done();
      else failed(error);
    });
  });
}

function setOptions(socket: Socket, options: BindOptions): void {
  const { broadcast, ttl, multicastTtl, multicastLoopback, multicastInterface } = options;
  if (broadcast !== undefined) socket.setBroadcast(broadcast);
  if (ttl !== undefined) socket.setTTL(ttl);
  if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl);
  if (multicastLoopback !== undefined) socket.setMulticastLoopback(multicastLoopback);
  if (multicastInterface === undefined) return;
  const doing = `use the option multicastInterface, "${multicastInterface}"`;
  callSocket(doing, INTERFACE_ERRORS, () => {
    socket.setMulticastInterface(multicastInterface);
  });
}

/** What the system refuses is thrown with its code. */
function callSocket(
  doing: string,
  meanings: Readonly<Record<string, string>>,
  call: () => void,
): void {
  try {
    call();
  } catch (thrown) {
    const error = asError(thrown);
    const code = codeOf(error) ?? "EIO";
    const meaning = meanings[code] ?? error.message;
    throw new IomuxError(code, `cannot ${doing}: ${meaning} (${code})`, { cause: error });
  }
}

const GROUP_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "this socket has joined it already",
  EADDRNOTAVAIL: "this socket has not joined it, or this machine has no such interface",
  ENODEV: "no interface of this machine leads there; name one",
  EINVAL: "it is no multicast address, or the interface is no address",
};

const INTERFACE_ERRORS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "this machine has no interface of this address",
  EINVAL: "it is no address; for IPv6 give `::%` and the name of an interface",
};

function closeSocket(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It is closed already.
  }
}

function peerOf(socket: Socket): DatagramSource | null {
  try {
    return sourceOf(socket.remoteAddress());
  } catch {
    return null;
  }
}

function sourceOf(address: { address: string; family: string; port: number }): DatagramSource {
  return {
    family: address.family === "IPv6" ? "IPv6" : "IPv4",
    host: address.address,
    port: address.port,
  };
}
