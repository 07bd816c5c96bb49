/** Lines that wait to be sent, in their order. They are bounded by bytes, their ends included. */

export class Outbox {
  readonly maxBytes: number;
  readonly #lines: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get lines(): number {
    return this.#lines.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** "full": not now. "too-long": never. Then nothing was changed. */
  offer(text: string): "taken" | "full" | "too-long" {
    const line = Buffer.from(`${text}\n`);
    if (line.length > this.maxBytes) return "too-long";
    if (this.#bytes + line.length > this.maxBytes) return "full";
    this.#lines.push(line);
    this.#bytes += line.length;
    return "taken";
  }

  /** The first line with its end, which stays; or null. */
  first(): Buffer | null {
    return this.#lines[0] ?? null;
  }

  /** The first line leaves. */
  shift(): Buffer | null {
    const line = this.#lines.shift() ?? null;
    this.#bytes -= line?.length ?? 0;
    return line;
  }
}
