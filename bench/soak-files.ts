/**
 * Files of which anybody can tell whether they are whole, whoever wrote them and whatever was
 * appended: a file is one record that begins it, and any number that were appended.
 */
import { createHash } from "node:crypto";

import type { Random } from "iomux/testing";

const HASH_BYTES = 32;
/** Hash, length, and what it is. */
const HEADER_BYTES = HASH_BYTES + 8;
const KINDS = { begins: 0x0be91350, appended: 0xa99e17de } as const;

export function record(kind: keyof typeof KINDS, bytes: number, random: Random): Buffer {
  const whole = Buffer.alloc(HEADER_BYTES + bytes, random.integer(0, 2 ** 32 - 1).toString(36));
  whole.writeUInt32BE(bytes, HASH_BYTES);
  whole.writeUInt32BE(KINDS[kind], HASH_BYTES + 4);
  hashOf(whole).copy(whole);
  return whole;
}

function hashOf(whole: Buffer): Buffer {
  return createHash("sha256").update(whole.subarray(HASH_BYTES)).digest();
}

export function isWhole(file: Buffer): boolean {
  let at = 0;
  do {
    if (file.length < at + HEADER_BYTES) return false;
    const end = at + HEADER_BYTES + file.readUInt32BE(at + HASH_BYTES);
    const kind = file.readUInt32BE(at + HASH_BYTES + 4);
    if (kind !== (at === 0 ? KINDS.begins : KINDS.appended) || end > file.length) return false;
    const one = file.subarray(at, end);
    if (!hashOf(one).equals(one.subarray(0, HASH_BYTES))) return false;
    at = end;
  } while (at < file.length);
  return true;
}
