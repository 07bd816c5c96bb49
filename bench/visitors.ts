/**
 * The load of benchmark "members": so many join, are welcomed, hear one line, and leave. A group
 * has connections only while it visits, but for its speaker.
 */
import { connect, type Socket } from "node:net";

import { answer } from "./child.ts";

const CONNECTING_AT_ONCE = 64;
const GREETING = Buffer.from(".\n");
const readBuffer = Buffer.alloc(64 * 1024);

const speakers = new Map<number, Socket>();

/** Bytes that are still to come to all visitors together. */
class Expected {
  readonly done: Promise<void>;
  #left: number;
  #resolve!: () => void;

  constructor(bytes: number) {
    this.#left = bytes;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  came(bytes: number): void {
    this.#left -= bytes;
    if (this.#left === 0) this.#resolve();
  }
}

function open(port: number, came: (bytes: number) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const callback = (bytes: number): boolean => {
      came(bytes);
      return true;
    };
    const onread = { buffer: readBuffer, callback };
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread }, () => {
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

/** `count` join, each hears `line` once, all leave. Resolves when the server has let them go. */
async function visit(port: number, count: number, line: Buffer): Promise<void> {
  let expected = new Expected(count * GREETING.length);
  const came = (bytes: number): void => {
    expected.came(bytes);
  };
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const length = Math.min(count - sockets.length, CONNECTING_AT_ONCE);
    const joining = await Promise.all(Array.from({ length }, () => open(port, came)));
    for (const socket of joining) socket.write(GREETING);
    sockets.push(...joining);
  }
  await expected.done;
  expected = new Expected(count * line.length);
  speakers.get(port)!.write(line);
  await expected.done;
  const gone = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  for (const socket of sockets) socket.end();
  await Promise.all(gone);
}

/** Visits of `count` each, `total` in all. */
async function visits(question: {
  port: number;
  count: number;
  total: number;
  size: number;
}): Promise<void> {
  const { port, count, total, size } = question;
  if (!speakers.has(port)) speakers.set(port, await open(port, () => undefined));
  const line = Buffer.from(`${"x".repeat(size - 1)}\n`);
  for (let left = total; left > 0; left -= count) await visit(port, count, line);
}

answer({ visits });
