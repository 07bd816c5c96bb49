/**
 * Output of one connection: what its limit lets wait goes to the connection at once, the rest
 * follows as it leaves. So one write may be of any size, and never more than `maxOutputBytes` wait
 * in the connection; who writes on and on without waiting is cut off by the same limit.
 */
import type { Connection } from "iomux";

/** What it needs of one. */
type Output = Pick<Connection<never, never>, "backlog" | "send">;

/** Bytes from which on a writer waits until all of them have left. */
export function highWaterMark(maxOutputBytes: number): number {
  return Math.max(1, Math.min(64 * 1024, maxOutputBytes >> 2));
}

export class Outbox {
  readonly #connection: Output;
  readonly #maxBytes: number;
  readonly #highWaterMark: number;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Latin-1, behind all that waits: answers of one turn become one buffer. */
  #text = "";
  #corked = false;
  #sent: Promise<void> | null = null;
  #onSent: (() => void) | null = null;

  constructor(connection: Output, maxBytes: number) {
    this.#connection = connection;
    this.#maxBytes = maxBytes;
    this.#highWaterMark = highWaterMark(maxBytes);
  }

  /** Whether all of it is with the connection. */
  get empty(): boolean {
    return this.#waiting.length === 0 && this.#text === "";
  }

  /** Bytes that have not left this process. */
  get bytes(): number {
    return this.#connection.backlog + this.#waitingBytes + this.#text.length;
  }

  /** Whether a writer must wait. */
  get full(): boolean {
    return this.bytes >= this.#highWaterMark;
  }

  /** Whether nobody need wait for so many more. */
  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes < this.#highWaterMark;
  }

  /** Whether somebody has written so much without waiting that there must be no more of it. */
  get overfull(): boolean {
    return this.#waitingBytes > this.#maxBytes;
  }

  /** Text, as Latin-1, is kept together until `uncork()`, or until anything else is pushed. */
  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    this.flush();
  }

  /** All of it is with the connection, as far as there is room. */
  flush(): void {
    if (this.#text === "") return;
    const bytes = Buffer.from(this.#text, "latin1");
    this.#text = "";
    this.push(bytes);
  }

  push(bytes: Uint8Array | string): void {
    if (typeof bytes === "string") {
      this.#text += bytes;
      if (!this.#corked) this.flush();
      return;
    }
    this.flush();
    if (this.empty && this.#connection.backlog + bytes.length <= this.#maxBytes) {
      this.#connection.send(bytes);
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#hand();
  }

  /**
   * Hands on what there is room for. What is left for later is enough for a backlog, because only
   * the end of a backlog is told.
   */
  #hand(): void {
    const room = this.#maxBytes - this.#connection.backlog;
    const later = this.#waitingBytes - this.#highWaterMark;
    let most = this.#waitingBytes <= room ? this.#waitingBytes : Math.min(room, later);
    while (most > 0) {
      const [first] = this.#waiting as [Uint8Array];
      const piece = first.length <= most ? first : first.subarray(0, most);
      if (piece === first) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(most);
      most -= piece.length;
      this.#waitingBytes -= piece.length;
      this.#connection.send(piece);
    }
  }

  /** What the connection had has left. */
  drained(): void {
    this.#hand();
    if (this.bytes === 0) this.#tell();
  }

  /** Fulfilled when all of it has left, or is lost. Only for a writer who is to wait. */
  sent(): Promise<void> {
    this.#sent ??= new Promise((resolve) => (this.#onSent = resolve));
    return this.#sent;
  }

  #tell(): void {
    this.#onSent?.();
    this.#onSent = this.#sent = null;
  }

  /** The connection is over. */
  clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#text = "";
    this.#tell();
  }
}
