/** Streams and ports of a world besides its connections, and what is given back of them. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import net from "node:net";
import type { Readable, Writable } from "node:stream";
import { MessageChannel, type MessagePort } from "node:worker_threads";

import { onTestFinished } from "vitest";

import type { MemorySocket } from "iomux/testing";

import { MemoryWorld } from "./memory-world.ts";
import type { NetWorld } from "./net-world.ts";
import type { Peer, World } from "./world.ts";

/** The end of a pipe that can only be written to, as a child's stdin, and its reader. */
export async function writeOnly(world: World): Promise<{ source: Writable; reader: Peer }> {
  if (world instanceof MemoryWorld) {
    const [source, far] = world.memory.pipe();
    far.pause();
    return { source: source as never, reader: world.peerOf(far) };
  }
  const { source, peer } = await world.adoptable();
  peer.pause();
  const { _handle: handle } = source as unknown as { _handle: object };
  const options = { handle, readable: false, writable: true };
  const made = new net.Socket(options);
  onTestFinished(() => void made.destroy());
  return { source: made, reader: peer };
}

/** A stream that a channel has released: what it does in plain code. */
export function plain(world: World, stream: Readable | Writable): Peer {
  if (world instanceof MemoryWorld) {
    const socket = stream as unknown as MemorySocket;
    const peer = world.peerOf(socket);
    socket.resume();
    return peer;
  }
  onTestFinished(() => void stream.destroy());
  const peer = (world as NetWorld).peerOf(stream as net.Socket);
  peer.resume();
  return peer;
}

export interface PortPeer {
  /** What came, and was not taken by a reactor. */
  readonly received: readonly unknown[];
  readonly closed: boolean;
  post(value: unknown): void;
  close(): void;
}

/** A port that `adopt` takes, and its other end. */
export function ports(world: World): { source: MessagePort; peer: PortPeer } {
  if (world instanceof MemoryWorld) {
    const [source, peer] = world.memory.ports();
    return { source: source as never, peer };
  }
  const { port1, port2 } = new MessageChannel();
  const received: unknown[] = [];
  const peer = {
    received,
    closed: false,
    post: (value: unknown) => {
      port2.postMessage(value);
    },
    close: () => {
      port2.close();
    },
  };
  port2.on("message", (value) => received.push(value));
  port2.on("close", () => (peer.closed = true));
  port2.unref();
  onTestFinished(() => {
    port2.close();
  });
  return { source: port1, peer };
}

/** A child with pipes, killed when the test is over. */
export function child(
  command: string,
  ...args: string[]
): ChildProcessByStdio<Writable, Readable, Readable> {
  const made = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void made.kill("SIGKILL"));
  return made;
}
