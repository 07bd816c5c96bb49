/**
 * The load of the benchmarks about rooms: groups of members who listen and count, with one speaker
 * each. Every line is a delivery to every member; what a delivery is in bytes is known beforehand,
 * so that bytes are counted and nothing is looked at.
 *
 * When a line was said is known here, and lines come in order: so the delivery time of a member's
 * n-th line is known without a time stamp in it, on one clock.
 */
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

import { answer } from "./child.ts";
import { Histogram } from "./histogram.ts";

const CONNECTING_AT_ONCE = 64;
const readBuffer = Buffer.alloc(256 * 1024);

/** How one joins a room, speaks there, and what comes of it. */
interface Dialect {
  readonly greeting: string;
  readonly welcome: string;
  say(text: string): string;
  delivered(text: string): string;
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

const DIALECTS = {
  lines: {
    greeting: ".\n",
    welcome: ".\n",
    say: (text) => text,
    delivered: (text) => text,
  },
  /** RESP, as `redis-cli` speaks it. */
  redis: {
    greeting: `*2\r\n${bulk("SUBSCRIBE")}${bulk("room")}`,
    welcome: `*3\r\n${bulk("subscribe")}${bulk("room")}:1\r\n`,
    say: (text) => `*3\r\n${bulk("PUBLISH")}${bulk("room")}${bulk(text)}`,
    delivered: (text) => `*3\r\n${bulk("message")}${bulk("room")}${bulk(text)}`,
  },
} satisfies Record<string, Dialect>;
export type DialectName = keyof typeof DIALECTS;

/** What the members of a group are waiting for. */
class Deliveries {
  readonly size: number;
  /** Milliseconds at which each line was said. */
  readonly saidAt: number[] = [];
  readonly done: Promise<void>;
  readonly #times: Histogram | null;
  #due: number;
  #resolve!: () => void;

  constructor(size: number, count: number, times: Histogram | null = null) {
    this.size = size;
    this.#due = count;
    this.#times = times;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** A member has had `count` more, after `before` others. */
  note(count: number, before: number): void {
    if (this.#times !== null) {
      const now = performance.now();
      for (let i = before; i < before + count; i++) this.#times.add(now - this.saidAt[i]!);
    }
    this.#due -= count;
    if (this.#due === 0) this.#resolve();
  }
}

class Member {
  awaits: Deliveries | null = null;
  #had = 0;
  #partial = 0;
  #socket: Socket | null = null;

  open(port: number): Promise<void> {
    return new Promise((resolve) => {
      const onread = {
        buffer: readBuffer,
        callback: (bytes: number): boolean => {
          this.#received(bytes);
          return true;
        },
      };
      const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread }, resolve);
      // Who has stopped may be cut off. Anybody else who is missing keeps the run from its end.
      socket.on("error", () => undefined);
      this.#socket = socket;
    });
  }

  await(deliveries: Deliveries): void {
    this.awaits = deliveries;
    this.#had = 0;
  }

  #received(bytes: number): void {
    const { awaits } = this;
    if (awaits === null) return;
    const held = this.#partial + bytes;
    const count = Math.floor(held / awaits.size);
    this.#partial = held - count * awaits.size;
    if (count === 0) return;
    const before = this.#had;
    this.#had += count;
    awaits.note(count, before);
  }

  send(text: Buffer | string): void {
    this.#socket!.write(text);
  }

  stop(): void {
    this.awaits = null;
    this.#socket!.pause();
  }
}

interface Group {
  readonly dialect: Dialect;
  readonly speaker: Member;
  /** Those who read. */
  readonly members: Member[];
  times: Histogram;
}

const groups = new Map<string, Group>();

function expect({ members }: Group, deliveries: Deliveries): void {
  for (const member of members) member.await(deliveries);
}

/** `count` members and a speaker; resolves when each of them is known to the server. */
async function join(question: {
  name: string;
  port: number;
  count: number;
  dialect: DialectName;
}): Promise<void> {
  const { name, port, count } = question;
  const dialect: Dialect = DIALECTS[question.dialect];
  const group: Group = { dialect, speaker: new Member(), members: [], times: new Histogram() };
  await group.speaker.open(port);
  for (let left = count; left > 0; left -= CONNECTING_AT_ONCE) {
    const added = Array.from({ length: Math.min(left, CONNECTING_AT_ONCE) }, () => new Member());
    await Promise.all(added.map((member) => member.open(port)));
    group.members.push(...added);
  }
  const welcomes = new Deliveries(dialect.welcome.length, count);
  expect(group, welcomes);
  for (const member of group.members) member.send(dialect.greeting);
  await welcomes.done;
  groups.set(name, group);
}

/** Lines of `size` bytes, `atOnce` in one write; the next ones when everybody has had the last. */
async function talk(question: {
  name: string;
  messages: number;
  atOnce: number;
  size: number;
}): Promise<void> {
  const { messages, atOnce, size } = question;
  const group = groups.get(question.name)!;
  const text = `${"x".repeat(size - 1)}\n`;
  const burst = Buffer.from(group.dialect.say(text).repeat(atOnce));
  for (let left = messages; left > 0; left -= atOnce) {
    const { length } = group.dialect.delivered(text);
    const deliveries = new Deliveries(length, atOnce * group.members.length);
    expect(group, deliveries);
    group.speaker.send(burst);
    await deliveries.done;
  }
}

/**
 * Lines at a given rate, whoever has had them: `atOnce` every `everyMs`. Resolves when everybody
 * who reads has had all. Answers the milliseconds it took.
 */
async function flood(question: {
  name: string;
  messages: number;
  atOnce: number;
  everyMs: number;
  size: number;
}): Promise<number> {
  const { messages, atOnce, everyMs, size } = question;
  const group = groups.get(question.name)!;
  const burst = Buffer.from(`${"x".repeat(size - 1)}\n`.repeat(atOnce));
  const deliveries = new Deliveries(size, messages * group.members.length, group.times);
  expect(group, deliveries);
  const start = performance.now();
  for (let said = 0; said < messages; said += atOnce) {
    const due = start + (said / atOnce) * everyMs;
    const wait = due - performance.now();
    if (wait > 0) await setTimeout(wait);
    const now = performance.now();
    for (let i = 0; i < atOnce; i++) deliveries.saidAt.push(now);
    group.speaker.send(burst);
  }
  await deliveries.done;
  return performance.now() - start;
}

/** Members who read no more, and are no longer waited for. */
function stop({ name, count }: { name: string; count: number }): void {
  for (const member of groups.get(name)!.members.splice(0, count)) member.stop();
}

/** Milliseconds that deliveries took since the last time this was asked. */
function times({ name }: { name: string }): { p99: number; longest: number } {
  const group = groups.get(name)!;
  const { times: past } = group;
  group.times = new Histogram();
  return { p99: past.quantile(0.99), longest: past.quantile(1) };
}

answer({ join, talk, flood, stop, times });
