/** The descriptors as the feed tells of them, with how fast bytes move. Rows are never changed. */
import type { DescriptorRow, Look, Table } from "../../feed.ts";

export interface Row {
  readonly descriptor: DescriptorRow;
  /** Bytes per second, smoothed. */
  readonly rateIn: number;
  readonly rateOut: number;
  /** The look that changed it last; 0: it is as the table had it. */
  readonly look: number;
}

/** Half of a rate is of the last second and a half. */
const SMOOTH_MS = 2000;
/** Bytes per second below which nothing moves. */
const STILL = 1;

export class Rows {
  readonly #byFd = new Map<number, Row>();
  readonly #moving = new Set<number>();
  #look = 0;
  #nowMs = 0;

  /** Counts the looks that were applied. */
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

  applyTable(table: Table): void {
    this.#byFd.clear();
    this.#moving.clear();
    this.#nowMs = table.nowMs;
    this.#look += 1;
    for (const descriptor of table.descriptors)
      this.#byFd.set(descriptor.fd, { descriptor, rateIn: 0, rateOut: 0, look: 0 });
  }

  applyLook(look: Look): void {
    const forMs = look.nowMs - this.#nowMs;
    this.#nowMs = look.nowMs;
    this.#look += 1;
    for (const fd of look.gone) {
      this.#byFd.delete(fd);
      this.#moving.delete(fd);
    }
    const still = new Set(this.#moving);
    for (const descriptor of look.changed) {
      still.delete(descriptor.fd);
      this.#change(descriptor, forMs);
    }
    for (const fd of still) this.#slowDown(this.#byFd.get(fd)!, forMs);
  }

  #change(descriptor: DescriptorRow, forMs: number): void {
    const { fd } = descriptor;
    const known = this.#byFd.get(fd);
    // An fd is used again: what counted for the last one does not count for this one.
    const before = known?.descriptor.openedAt === descriptor.openedAt ? known : undefined;
    const old = before?.descriptor;
    const rateIn = rate(before?.rateIn ?? 0, descriptor.bytesIn - (old?.bytesIn ?? 0), forMs);
    const rateOut = rate(before?.rateOut ?? 0, descriptor.bytesOut - (old?.bytesOut ?? 0), forMs);
    this.#set({ descriptor, rateIn, rateOut, look: this.#look });
  }

  #slowDown(row: Row, forMs: number): void {
    const { descriptor, look } = row;
    const rateIn = rate(row.rateIn, 0, forMs);
    this.#set({ descriptor, rateIn, rateOut: rate(row.rateOut, 0, forMs), look });
  }

  #set(row: Row): void {
    const { fd } = row.descriptor;
    this.#byFd.set(fd, row);
    if (row.rateIn > 0 || row.rateOut > 0) this.#moving.add(fd);
    else this.#moving.delete(fd);
  }
}

function rate(before: number, bytes: number, forMs: number): number {
  if (forMs <= 0) return before;
  const now = (bytes * 1000) / forMs;
  const smoothed = before + (now - before) * (1 - Math.exp(-forMs / SMOOTH_MS));
  return smoothed < STILL ? 0 : smoothed;
}
