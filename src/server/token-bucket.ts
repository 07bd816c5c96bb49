/**
 * A token bucket: `perSecond` tokens come each second, `burst` of them at most wait to be taken.
 *
 * It touches no clock: the time is passed in. Tokens are counted in thousandths, so that a
 * millisecond brings `perSecond` of them, and for whole numbers all sums are exact. Only what is
 * taken or spent changes it; asking often, and too early, costs nothing.
 */
import { checkNames, checkOptions } from "../arguments.ts";
import { IomuxRangeError, IomuxTypeError } from "../errors.ts";

/** How much may be done, and how fast. */
export interface TokenBucketOptions {
  /** Tokens that come each second. More than 0; may be a fraction. */
  readonly perSecond: number;
  /** Tokens that can wait, and that it begins with. `perSecond` unless given, but at least 1. */
  readonly burst?: number | undefined;
}

const NAMES: ReadonlySet<string> = new Set(["perSecond", "burst"]);
const THOUSANDTHS = 1000;

/** A rate with a burst: tokens are taken, and come back with time. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #full: number;
  /** Thousandths of tokens at `#atMs`; negative for debt. */
  #level: number;
  #atMs = -Infinity;

  /** Throws for a rate or a burst that is none. */
  constructor(options: TokenBucketOptions) {
    checkOptions(options);
    checkNames(options, NAMES);
    const { perSecond } = options;
    checkAmount(perSecond, "perSecond", Number.MIN_VALUE);
    const { burst = Math.max(1, perSecond) } = options;
    checkAmount(burst, "burst", 1);
    this.#perMs = perSecond;
    this.#full = burst * THOUSANDTHS;
    this.#level = this.#full;
  }

  /** Takes `count` tokens, all or none. `nowMs` is any clock's; if it goes back it stands still. */
  take(count: number, nowMs: number): boolean {
    checkCount(count);
    const level = this.#levelAt(nowMs) - count * THOUSANDTHS;
    if (level < 0) return false;
    this.#set(level, nowMs);
    return true;
  }

  /** Takes `count` tokens whether they are there or not: what is missing is debt. */
  spend(count: number, nowMs: number): void {
    checkCount(count);
    this.#set(this.#levelAt(nowMs) - count * THOUSANDTHS, nowMs);
  }

  /** Gives back `count` tokens that were taken or spent, and not used. */
  giveBack(count: number, nowMs: number): void {
    checkCount(count);
    this.#set(Math.min(this.#full, this.#levelAt(nowMs) + count * THOUSANDTHS), nowMs);
  }

  /**
   * Whole milliseconds from `nowMs` until `count` tokens can be taken: not one too early or too
   * late. With 0, until no debt is left. Infinity if `count` is more than `burst`.
   */
  waitMs(count: number, nowMs: number): number {
    checkCount(count);
    const level = count * THOUSANDTHS;
    if (level > this.#full) return Infinity;
    const from = Math.max(nowMs, this.#atMs);
    const missing = level - this.#levelAt(from);
    if (missing <= 0) return 0;
    const waitMs = Math.ceil(from - nowMs + missing / this.#perMs);
    // Fractions round: what counts is what `take` will say then.
    if (this.#levelAt(nowMs + waitMs) < level) return waitMs + 1;
    return this.#levelAt(nowMs + (waitMs - 1)) < level ? waitMs : waitMs - 1;
  }

  #levelAt(nowMs: number): number {
    const elapsedMs = nowMs > this.#atMs ? nowMs - this.#atMs : 0;
    return Math.min(this.#full, this.#level + elapsedMs * this.#perMs);
  }

  #set(level: number, nowMs: number): void {
    this.#level = level;
    if (nowMs > this.#atMs) this.#atMs = nowMs;
  }
}

function checkCount(count: number): void {
  if (count >= 0 && count <= Number.MAX_SAFE_INTEGER) return;
  const message = `a token bucket was asked for ${count} tokens: give a number from 0`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function checkAmount(value: unknown, name: string, least: number): void {
  if (typeof value !== "number") {
    const what = value === null ? "null" : typeof value;
    const message = `option ${name} must be a number, not ${what}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (value >= least && value <= Number.MAX_SAFE_INTEGER) return;
  const from = least < 1 ? "more than 0" : `of at least ${least}`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", `option ${name} is ${value}: give a number ${from}`);
}
