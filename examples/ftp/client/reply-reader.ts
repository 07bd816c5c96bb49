/**
 * What a server says: lines in, replies out (RFC 959 section 4.2).
 *
 * A reply of several lines begins with its code and a hyphen, and ends with a line that begins with
 * the same code and a space. What stands between is text, whatever it begins with.
 */
import { printable, type Reply } from "../replies.ts";

/** Lines of one reply; of a longer one the rest is read and left out. */
export const MAX_REPLY_LINES = 2000;

/** `broken`: this is no FTP server, or it has lost its way: nothing it says later can be trusted. */
export type Heard = Reply | { readonly broken: string } | null;

export class ReplyReader {
  #code: number | null = null;
  #lines: string[] = [];

  /** Whether a reply has begun. */
  get inReply(): boolean {
    return this.#code !== null;
  }

  /** One line, without its ending. Null: the reply goes on. */
  hear(bytes: Uint8Array): Heard {
    const line = printable(Buffer.from(bytes).toString("utf8"));
    const [, digits, mark, text] = /^([1-5]\d\d)(?:([ -])(.*))?$/su.exec(line) ?? [];
    if (this.#code === null) {
      if (digits === undefined) return { broken: line };
      if (mark !== "-") return { code: Number(digits), lines: [text ?? ""] };
      this.#code = Number(digits);
      this.#lines = [text!];
      return null;
    }
    const last = Number(digits) === this.#code && mark !== "-";
    if (this.#lines.length < MAX_REPLY_LINES || last) this.#lines.push(last ? (text ?? "") : line);
    if (!last) return null;
    const reply = { code: this.#code, lines: this.#lines };
    this.#code = null;
    this.#lines = [];
    return reply;
  }
}
