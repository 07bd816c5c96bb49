/**
 * The load: groups of connections, each with a number of messages in flight (closed loop). For
 * every whole message that came back, counted by bytes, the next one is sent; what came back in
 * one read is answered in one write, as a client that pipelines would.
 *
 * It must cost less than the server. So all sockets read into one buffer, and nothing is looked at.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { answer } from "./child.ts";

const CONNECTING_AT_ONCE = 64;
const readBuffer = Buffer.alloc(256 * 1024);

/** One run over a group: `messages` in all, whoever sends them. */
interface Run {
  /** `sendable[n]`: n messages. */
  readonly sendable: readonly Buffer[];
  /** Bytes that answer one message. */
  readonly replySize: number;
  unsent: number;
  unreceived: number;
  done: () => void;
}

class Peer {
  run: Run | null = null;
  #partial = 0;
  #socket: Socket | null = null;

  open(port: number, secure: boolean): Promise<void> {
    return secure ? this.#openTls(port) : this.#openPlain(port);
  }

  #openTls(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const to = { port, host: "127.0.0.1", noDelay: true, rejectUnauthorized: false };
      const socket = connectTls(to, resolve);
      socket.on("error", reject);
      socket.on("data", ({ length }: Buffer) => {
        this.#received(length);
      });
      this.#socket = socket;
    });
  }

  #openPlain(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const onread = {
        buffer: readBuffer,
        callback: (count: number): boolean => {
          this.#received(count);
          return true;
        },
      };
      const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread }, resolve);
      socket.on("error", reject);
      this.#socket = socket;
    });
  }

  send(most: number): void {
    const run = this.run!;
    const count = Math.min(most, run.unsent);
    if (count === 0) return;
    run.unsent -= count;
    this.#socket!.write(run.sendable[count]!);
  }

  #received(bytes: number): void {
    const run = this.run;
    if (run === null) throw new Error(`${bytes} bytes came that nobody sent`);
    const held = this.#partial + bytes;
    const count = Math.floor(held / run.replySize);
    this.#partial = held - count * run.replySize;
    if (count === 0) return;
    run.unreceived -= count;
    if (run.unreceived === 0) run.done();
    else this.send(count);
  }

  close(): void {
    this.#socket!.on("error", () => undefined);
    this.#socket!.resetAndDestroy();
  }
}

const groups = new Map<string, Peer[]>();

async function open(question: {
  group: string;
  port: number;
  count: number;
  secure?: boolean;
}): Promise<void> {
  const peers = groups.get(question.group) ?? [];
  groups.set(question.group, peers);
  for (let left = question.count; left > 0; left -= CONNECTING_AT_ONCE) {
    const added = Array.from({ length: Math.min(left, CONNECTING_AT_ONCE) }, () => new Peer());
    await Promise.all(added.map((peer) => peer.open(question.port, question.secure === true)));
    peers.push(...added);
  }
}

/** Messages of `size` bytes, answered by `replySize` (default: as many). Answers the seconds. */
async function echo(question: {
  group: string;
  messages: number;
  size: number;
  replySize?: number;
  inFlight: number;
}): Promise<number> {
  const peers = groups.get(question.group)!;
  const { messages, size, replySize = size, inFlight } = question;
  const block = Buffer.alloc(size * inFlight, "x");
  const sendable = Array.from({ length: inFlight + 1 }, (_, n) => block.subarray(0, n * size));
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const run: Run = { sendable, replySize, unsent: messages, unreceived: messages, done: resolve };
    for (const peer of peers) peer.run = run;
    for (const peer of peers) peer.send(inFlight);
  });
  for (const peer of peers) peer.run = null;
  return (performance.now() - start) / 1000;
}

function close({ group }: { group: string }): void {
  for (const peer of groups.get(group) ?? []) peer.close();
  groups.delete(group);
}

answer({ open, echo, close });
