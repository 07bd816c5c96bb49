/** What a handler sees, in order, as text: for tests of exact orders. */
import { formatMask, READABLE, type Channel, type Reactor, type Registration } from "iomux";

import type { World } from "./world.ts";

export interface Recording {
  /** `READABLE "hello"`, `READABLE end`, `ERROR|HANGUP ECONNRESET`, ... */
  readonly log: string[];
  /** As `log`, with bytes that were read one after the other as if they had come together. */
  readonly joined: () => string[];
  /** Everything read, in one piece. */
  readonly bytes: () => Buffer;
  readonly registration: Registration<Channel>;
}

/** Registers `channel`; its handler reads once when READABLE, and writes down what it saw. */
export function record(reactor: Reactor, channel: Channel, interest = READABLE): Recording {
  const log: string[] = [];
  const pieces: Buffer[] = [];
  const told: Told[] = [];
  const registration = reactor.register(channel, interest, (_, ready) => {
    const read = (ready & READABLE) === 0 ? null : channel.read();
    if (read !== null) pieces.push(read);
    const error: NodeJS.ErrnoException | null = channel.error;
    told.push({ mask: formatMask(ready), read, code: error?.code });
    log.push(text(told.at(-1)!));
  });
  const joined = (): string[] => told.reduce(join, []).map(text);
  return { log, joined, bytes: () => Buffer.concat(pieces), registration };
}

/** One call of a handler. */
interface Told {
  readonly mask: string;
  readonly read: Buffer | null;
  readonly code: string | undefined;
}

function join(told: Told[], next: Told): Told[] {
  const last = told.at(-1);
  const follows = last?.read?.length && next.read?.length && last.mask === next.mask;
  if (!follows) return [...told, next];
  return [...told.slice(0, -1), { ...next, read: Buffer.concat([last.read, next.read]) }];
}

function text({ mask, read, code }: Told): string {
  const what = read === null ? code : shown(read);
  return what === undefined ? mask : `${mask} ${what}`;
}

function shown(bytes: Buffer): string {
  if (bytes.length === 0) return "end";
  return bytes.length <= 32 ? JSON.stringify(bytes.toString()) : `${bytes.length} bytes`;
}

/** `length` bytes that tell where they stand: a lost or doubled one shows. */
export function pattern(length: number, start = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (start + i + ((start + i) >>> 8)) & 0xff;
  return bytes;
}

/**
 * Writes `pattern` to `channel` until it takes no more, however long the world goes on. Answers how
 * many bytes that were.
 */
export async function fill(world: World, channel: Channel): Promise<number> {
  let total = 0;
  for (let idle = 0; idle < 20;) {
    const taken = channel.room === 0 ? 0 : channel.write(pattern(channel.room, total));
    idle = taken === 0 ? idle + 1 : 0;
    total += taken;
    await world.passes(1);
  }
  return total;
}
