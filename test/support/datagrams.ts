/** Raw datagram sockets of a world, outside of every reactor. */
import dgram from "node:dgram";

import { onTestFinished } from "vitest";
import type { BindOptions, Datagram, DatagramSource, Reactor, ReceivedDatagram } from "iomux";

import { MemoryWorld } from "./memory-world.ts";
import { onNetworks, SIMULATED, type World } from "./world.ts";

export function onEveryDatagramNetwork(name: string, suite: (world: () => World) => void): void {
  onNetworks([["net", "tcp"], ["memory", "tcp"], ...SIMULATED], name, suite);
}

export interface DatagramPeer {
  readonly address: DatagramSource;
  /** Everything received so far. */
  readonly received: readonly ReceivedDatagram[];
  send(bytes: Uint8Array | string, to: { host: string; port: number }): void;
  joinGroup(group: string, networkInterface: string): void;
  close(): void;
}

/** A raw socket of this world. */
export async function rawDatagram(
  world: World,
  { host = "127.0.0.1", port = 0, ...options }: BindOptions & { host?: string; port?: number } = {},
): Promise<DatagramPeer> {
  if (world instanceof MemoryWorld) {
    const socket = world.memory.datagrams.socket({ host, port }, options);
    return Object.assign(socket, { address: socket.localAddress });
  }
  const socket = await plainSocket(host, port, options);
  const received: ReceivedDatagram[] = [];
  socket.on("message", (bytes, from) => received.push({ bytes, from: sourceOf(from) }));
  socket.on("error", () => undefined);
  let open = true;
  const close = (): void => {
    if (open) socket.close();
    open = false;
  };
  onTestFinished(close);
  return {
    address: sourceOf(socket.address()),
    received,
    send: (bytes, to) => {
      socket.send(bytes, to.port, to.host);
    },
    joinGroup: (group, networkInterface) => {
      socket.addMembership(group, networkInterface);
    },
    close,
  };
}

async function plainSocket(
  host: string,
  port: number,
  options: BindOptions,
): Promise<dgram.Socket> {
  const type = host.includes(":") ? "udp6" : "udp4";
  const socket = dgram.createSocket({ type, reuseAddr: options.reuseAddress ?? false });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, resolve);
  });
  return socket;
}

function sourceOf(address: { address: string; family: string; port: number }): DatagramSource {
  const family = address.family === "IPv6" ? "IPv6" : "IPv4";
  return { family, host: address.address, port: address.port };
}

/** An address at which nobody receives. */
export async function deadAddress(world: World): Promise<DatagramSource> {
  const socket = await rawDatagram(world);
  socket.close();
  await world.passes(2);
  return socket.address;
}

/** What `adopt` takes, not bound by a reactor, and how somebody else closes it. */
export async function adoptableDatagram(
  world: World,
): Promise<{ source: dgram.Socket; close: () => void }> {
  const source =
    world instanceof MemoryWorld
      ? world.memory.datagrams.socket({ port: 0 })
      : await plainSocket("127.0.0.1", 0, {});
  return {
    source: source as dgram.Socket,
    close: () => {
      source.close();
    },
  };
}

/** A datagram of `reactor` of which the system takes nothing until `goOn()`. */
export async function stalledDatagram(
  world: World,
  reactor: Reactor,
): Promise<{ datagram: Datagram; goOn: (count?: number) => void }> {
  const bound = reactor as { adopt(source: dgram.Socket): Datagram };
  if (world instanceof MemoryWorld) {
    const { datagrams } = world.memory;
    datagrams.stall();
    const datagram = await world.run(reactor.bind({ port: 0 }));
    return {
      datagram,
      goOn: (count) => {
        datagrams.goOn(count);
      },
    };
  }
  const socket = await plainSocket("127.0.0.1", 0, {});
  const held: (() => void)[] = [];
  const send = socket.send.bind(socket) as (...args: unknown[]) => void;
  socket.send = (...args: unknown[]): void => {
    held.push(() => {
      send(...args);
    });
  };
  return {
    datagram: bound.adopt(socket),
    goOn: (count = Infinity) => {
      for (const leave of held.splice(0, count)) leave();
    },
  };
}

/** Lets everything that comes be received, in order. */
export function receiveAll(datagram: Datagram): string[] {
  const texts: string[] = [];
  for (let next = datagram.receive(); next !== null; next = datagram.receive()) {
    texts.push(next.bytes.toString());
  }
  return texts;
}

/** Its near address, to send to. */
export function addressOf(datagram: Datagram): DatagramSource {
  return datagram.localAddress as DatagramSource;
}
