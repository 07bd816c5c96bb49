/** The descriptors as the feed tells of them, with how fast bytes move. Rows are never changed. */
import type { DescriptorRow, Look, Table } from "../../feed.ts";

export interface Row {
  readonly descriptor: DescriptorRow;
  /** The look that changed it last; 0: it is as it was found. */
  readonly look: number;
  /** Bytes per second at the time `ratedAt`, smoothed; `ratesOf` has those of later. */
  readonly rateIn: number;
  readonly rateOut: number;
  readonly ratedAt: number;
}

/** What was moved so long ago counts for a third of what is moved now. */
const SMOOTH_MS = 2000;
/** Bytes per second below which nothing moves. */
const STILL = 1;

export class Rows {
  readonly #byFd = new Map<number, Row>();
  #look = 0;
  #nowMs = 0;
  /** The time of the look before: this one tells what happened since. */
  #beforeMs = 0;

  /** Counts the looks. One that comes in several pieces is one. */
  get look(): number {
    return this.#look;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get size(): number {
    return this.#byFd.size;
  }

  get(fd: number): Row | undefined {
    return this.#byFd.get(fd);
  }

  list(): Row[] {
    return [...this.#byFd.values()];
  }

  applyTable({ nowMs, descriptors }: Table): void {
    this.#byFd.clear();
    this.#nowMs = nowMs;
    this.#beforeMs = nowMs;
    this.#look += 1;
    for (const descriptor of descriptors) this.#byFd.set(descriptor.fd, found(descriptor));
  }

  applyLook({ nowMs, changed, gone }: Look): void {
    if (nowMs > this.#nowMs) {
      this.#beforeMs = this.#nowMs;
      this.#nowMs = nowMs;
      this.#look += 1;
    }
    for (const fd of gone) this.#byFd.delete(fd);
    for (const descriptor of changed) this.#byFd.set(descriptor.fd, this.#rowOf(descriptor));
  }

  #rowOf(descriptor: DescriptorRow): Row {
    const known = this.#byFd.get(descriptor.fd);
    // An fd is used again: what counted for the last one does not count for this one.
    const before = known?.descriptor.openedAt === descriptor.openedAt ? known : undefined;
    // The rest of a large table comes in looks: nobody knows when its bytes have moved.
    if (before === undefined && descriptor.openedAt < this.#beforeMs) return found(descriptor);
    const ratedAt = this.#nowMs;
    const rates = before === undefined ? NO_RATES : ratesOf(before, ratedAt);
    const forMs = ratedAt - this.#beforeMs;
    const { bytesIn, bytesOut } = before?.descriptor ?? NO_BYTES;
    return {
      descriptor,
      look: this.#look,
      rateIn: rates.in + rateOf(descriptor.bytesIn - bytesIn, forMs),
      rateOut: rates.out + rateOf(descriptor.bytesOut - bytesOut, forMs),
      ratedAt,
    };
  }
}

const NO_BYTES = { bytesIn: 0, bytesOut: 0 };
const NO_RATES = { in: 0, out: 0 };

function found(descriptor: DescriptorRow): Row {
  return { descriptor, look: 0, rateIn: 0, rateOut: 0, ratedAt: 0 };
}

/** What the bytes of the last look add to a rate. */
function rateOf(bytes: number, forMs: number): number {
  return forMs > 0 ? ((bytes * 1000) / forMs) * (1 - Math.exp(-forMs / SMOOTH_MS)) : 0;
}

/** Bytes per second at a time: what was moved before fades. */
export function ratesOf(row: Row, nowMs: number): { readonly in: number; readonly out: number } {
  if (row.rateIn === 0 && row.rateOut === 0) return NO_RATES;
  const rest = Math.exp(-(nowMs - row.ratedAt) / SMOOTH_MS);
  return { in: moving(row.rateIn * rest), out: moving(row.rateOut * rest) };
}

function moving(rate: number): number {
  return rate < STILL ? 0 : rate;
}
