/** Lines of a listing as the bytes of a download. */
import type { Entry } from "../../files/file-store.ts";
import type { PieceSource } from "../../files/file-source.ts";
import { formatEntry, type Listing } from "../listing.ts";

/** Text of a listing that is gathered before it is sent. */
export const LISTING_BYTES = 16 * 1024;

export interface ListingSourceOptions {
  readonly listing: Listing;
  readonly nowMs: number;
  /** Entries at most. */
  readonly maxEntries: number;
}

/** Entries as lines, as they come. */
export class ListingSource implements PieceSource {
  readonly #entries: AsyncIterator<Entry> | Iterator<Entry>;
  readonly #options: ListingSourceOptions;
  #count = 0;

  constructor(entries: AsyncIterator<Entry> | Iterator<Entry>, options: ListingSourceOptions) {
    this.#entries = entries;
    this.#options = options;
  }

  get cutOff(): boolean {
    return this.#count > this.#options.maxEntries;
  }

  async next(): Promise<Buffer | null> {
    const { listing, nowMs, maxEntries } = this.#options;
    let text = "";
    while (text.length < LISTING_BYTES && !this.cutOff) {
      const next = await this.#entries.next();
      if (next.done === true) break;
      if (++this.#count <= maxEntries) text += formatEntry(next.value, listing, nowMs);
    }
    return text === "" ? null : Buffer.from(text);
  }

  async close(): Promise<void> {
    await this.#entries.return?.();
  }
}
