/**
 * Files of which anybody can tell whether they are whole, whoever wrote them and whatever was
 * appended: a file is one record that begins it, and any number that were appended.
 */
import { createHash } from "node:crypto";

import type { Random } from "iomux/testing";

/** Hash of all that is behind it, length of what follows the header, kind, task, and what follows. */
const AT = { length: 32, kind: 36, task: 40, fill: 44 } as const;
const HEADER_BYTES = 48;
const KINDS = { begins: 0x0be91350, appended: 0xa99e17de } as const;
type Kind = keyof typeof KINDS;

/** By a client in its task number `task`. */
export function record(kind: Kind, bytes: number, task: number, random: Random): Buffer {
  const fill = Buffer.alloc(4);
  fill.writeUInt32BE(random.integer(0, 2 ** 32 - 1));
  const whole = Buffer.alloc(HEADER_BYTES + bytes, fill);
  whole.writeUInt32BE(bytes, AT.length);
  whole.writeUInt32BE(KINDS[kind], AT.kind);
  whole.writeUInt32BE(task, AT.task);
  hashOf(whole).copy(whole);
  return whole;
}

function hashOf(whole: Buffer): Buffer {
  return createHash("sha256").update(whole.subarray(AT.length)).digest();
}

/** What a file is: "cut" is the beginning of one record, and nothing else. */
export type Verdict =
  | { readonly is: "whole" | "broken" }
  /** `task`: whose record it was to be; null if it is too short to tell. */
  | { readonly is: "cut"; readonly task: number | null };

export function judge(file: Buffer): Verdict {
  if (isWhole(file)) return { is: "whole" };
  if (file.length < HEADER_BYTES) return { is: "cut", task: null };
  const fill = file.subarray(AT.fill, HEADER_BYTES);
  const isBeginning =
    file.readUInt32BE(AT.kind) === KINDS.begins &&
    file.length < HEADER_BYTES + file.readUInt32BE(AT.length) &&
    file.equals(
      Buffer.concat([
        file.subarray(0, HEADER_BYTES),
        Buffer.alloc(file.length - HEADER_BYTES, fill),
      ]),
    );
  return isBeginning ? { is: "cut", task: file.readUInt32BE(AT.task) } : { is: "broken" };
}

function isWhole(file: Buffer): boolean {
  let at = 0;
  do {
    if (file.length < at + HEADER_BYTES) return false;
    const end = at + HEADER_BYTES + file.readUInt32BE(at + AT.length);
    const kind = file.readUInt32BE(at + AT.kind);
    if (kind !== (at === 0 ? KINDS.begins : KINDS.appended) || end > file.length) return false;
    const one = file.subarray(at, end);
    if (!hashOf(one).equals(one.subarray(0, AT.length))) return false;
    at = end;
  } while (at < file.length);
  return true;
}
