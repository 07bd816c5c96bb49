/** What the load asks, and what it must be answered: found in another way than servers do. */
import type { Kind, Request } from "./protocol.ts";

/** `blend`: every tenth request is work, the others are echoes; its figures are those of the echoes. */
export const LOADS = ["echo", "file", "work", "blend"] as const;
export type Load = (typeof LOADS)[number];

const ECHO_BYTES = 64;
const FILE_BYTES = 16 * 1024;
const BLEND_PERIOD = 10;
const WORK = [59_000, 60_000, 61_000];

export const FILE_NAMES: readonly string[] = ["one.bin", "two.bin", "three.bin"];

export interface Question extends Request {
  /** The payload that answers it. */
  readonly expected: Buffer;
  /** Whether its time is a figure. */
  readonly counted: boolean;
}

const files = FILE_NAMES.map((name) => fileContents(name));
const counts = WORK.map((below) => uint32(sieve(below)));

/** No two of one client are the same in a row, so that a stale answer is seen. */
export function questionOf(load: Load, client: number, number: number): Question {
  const isWork = load === "work" || (load === "blend" && (client + number) % BLEND_PERIOD === 0);
  const kind: Kind = isWork ? "work" : load === "file" ? "file" : "echo";
  const turn = (client + number) % 3;
  const counted = load !== "blend" || !isWork;
  if (kind === "work")
    return { kind, payload: uint32(WORK[turn]!), expected: counts[turn]!, counted };
  if (kind === "file") {
    return { kind, payload: Buffer.from(FILE_NAMES[turn]!), expected: files[turn]!, counted };
  }
  const payload = Buffer.alloc(ECHO_BYTES, `client ${client} asks for the ${number}th time. `);
  return { kind, payload, expected: payload, counted };
}

/** Each file has bytes of its own. */
export function fileContents(name: string): Buffer {
  const bytes = Buffer.alloc(FILE_BYTES);
  let state = FILE_NAMES.indexOf(name) + 1;
  for (let i = 0; i < FILE_BYTES; i++) {
    // The generator of POSIX's example of rand(); any other would do.
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Primes below `end`, by the sieve of Eratosthenes. */
export function sieve(end: number): number {
  const composite = new Uint8Array(end);
  let count = 0;
  for (let n = 2; n < end; n++) {
    if (composite[n] === 1) continue;
    count++;
    for (let multiple = n * n; multiple < end; multiple += n) composite[multiple] = 1;
  }
  return count;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
