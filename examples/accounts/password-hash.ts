/** Passwords as scrypt hashes (RFC 7914), written in the PHC string format. */
import crypto from "node:crypto";

/** The cost: N is 2 ** `logN`. */
export interface HashCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

export interface PasswordHash extends HashCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 16 MiB and, on a machine of these years, some 200 ms of one thread: OWASP's choice for 16 MiB. */
export const DEFAULT_COST: HashCost = { logN: 14, r: 8, p: 5 };

/** Bytes of memory that one hash may take. */
export const MAX_HASH_MEMORY = 256 * 1024 * 1024;
/** Steps of one hash, N × r × p: 64 times those of the default. */
export const MAX_HASH_WORK = 2 ** 14 * 8 * 5 * 64;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORMAT =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

export async function hashPassword(
  password: string,
  cost: HashCost = DEFAULT_COST,
): Promise<PasswordHash> {
  const salt = crypto.randomBytes(SALT_BYTES);
  return { ...cost, salt, hash: await derive(password, cost, salt, HASH_BYTES) };
}

/** In a time that does not depend on how much of it is right. */
export async function isPassword(password: string, wanted: PasswordHash): Promise<boolean> {
  const hash = await derive(password, wanted, wanted.salt, wanted.hash.length);
  return crypto.timingSafeEqual(hash, wanted.hash);
}

export function writeHash({ logN, r, p, salt, hash }: PasswordHash): string {
  return `$scrypt$ln=${logN},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Null if it is none, or one that is too easy or too costly. */
export function readHash(text: string): PasswordHash | null {
  const [, logN, r, p, salt, hash] = FORMAT.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  if (cost.logN < 10 || cost.r < 1 || cost.p < 1) return null;
  const steps = 2 ** cost.logN * cost.r;
  if (memoryOf(cost) > MAX_HASH_MEMORY || steps * cost.p > MAX_HASH_WORK) return null;
  return { ...cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

function derive(password: string, cost: HashCost, salt: Buffer, bytes: number): Promise<Buffer> {
  const options = { N: 2 ** cost.logN, r: cost.r, p: cost.p, maxmem: MAX_HASH_MEMORY };
  // The same password can be typed in more than one way (RFC 8265, section 4.2).
  const typed = password.normalize("NFC");
  return new Promise((resolve, reject) => {
    crypto.scrypt(typed, salt, bytes, options, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

/** Bytes (RFC 7914, section 2). */
function memoryOf({ logN, r, p }: HashCost): number {
  return 128 * r * (2 ** logN + p);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
