/** What all models do with a request: a frame in, a frame out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { decodeRequest, encodeAnswer, MAX_PAYLOAD_BYTES } from "./protocol.ts";

/** Numbers up to here may be asked about: some 0.3 s of work. */
export const MAX_WORK = 1_000_000;

/** Answers a request. A promise where it must wait, and never a rejection. */
export type Answerer = (frame: Buffer) => Buffer | Promise<Buffer>;

/** `folder` has the files. `count`: who counts primes, if not this thread. */
export function createAnswerer(
  folder: string,
  count: (below: number) => number | Promise<number> = countPrimes,
): Answerer {
  return (frame) => {
    const request = decodeRequest(frame);
    if (request === null) return refusal("the first byte of a request is its kind, 1 to 3");
    const { kind, payload } = request;
    if (kind === "echo") return encodeAnswer({ ok: true, payload });
    if (kind === "file") return readNamed(folder, payload.toString());
    const below = payload.length === 4 ? payload.readUInt32BE() : Infinity;
    if (below > MAX_WORK) return refusal(`work is a number of 4 bytes, up to ${MAX_WORK}`);
    const counted = count(below);
    return typeof counted === "number" ? encodeCount(counted) : finish(counted);
  };
}

/** The busy work: deliberately simple, so that it keeps a core busy for some milliseconds. */
export function countPrimes(below: number): number {
  let count = 0;
  for (let n = 2; n < below; n++) if (isPrime(n)) count++;
  return count;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

async function finish(counting: Promise<number>): Promise<Buffer> {
  try {
    return encodeCount(await counting);
  } catch (error) {
    return refusal(`nobody has counted: ${(error as Error).message}`);
  }
}

function encodeCount(count: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(count);
  return encodeAnswer({ ok: true, payload });
}

async function readNamed(folder: string, name: string): Promise<Buffer> {
  if (!/^\w[\w.-]{0,99}$/.test(name)) return refusal("a file has a plain name, without folders");
  try {
    const payload = await readFile(join(folder, name));
    if (payload.length <= MAX_PAYLOAD_BYTES) return encodeAnswer({ ok: true, payload });
    return refusal(`${name} is over ${MAX_PAYLOAD_BYTES} bytes`);
  } catch (error) {
    return refusal(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function refusal(why: string): Buffer {
  return encodeAnswer({ ok: false, payload: Buffer.from(why) });
}
