/**
 * The control connection as bytes: what telnet says to telnet is taken out, and what is lost of ABOR
 * is put back.
 *
 * Clients send ABOR, or IP and Synch before it, as urgent data (RFC 959 section 4.1.3). The last
 * byte of that leaves the stream, and Node has no way to keep it there. What is missing then
 * depends on the client:
 *
 *   Python's ftplib    `ABOR` CR, and no LF: the line would not end before the next command
 *   tnftp, BSD's ftp   IAC IP DM `ABOR` CR LF: a mark without its IAC
 *   lftp               IP IAC DM `ABOR` CR LF: an IP without its IAC
 *   others             IAC IP IAC `ABOR` CR LF: an IAC without its mark
 *
 * So `ABOR` CR ends its line here, and an LF after it is not another one. The stray bytes at the
 * front of a line are left out by `readCommand()`, since no command begins with them.
 */
import { TelnetFilter } from "../telnet/filter.ts";

const LF = 0x0a;
const ABORT = Buffer.from("ABOR\r");

/** IAC and the commands that telnet has for itself are above; no verb is. */
export const FIRST_TELNET_BYTE = 0xf0;

export class ControlFilter {
  readonly #telnet = new TelnetFilter();
  /** How much of ABOR the line has, or null if it is another one. */
  #matched: number | null = 0;
  #lfAdded = false;

  /** See `TelnetFilter`. */
  takeTimingMark(): boolean {
    return this.#telnet.takeTimingMark();
  }

  /** The bytes of lines. There may be more than came. */
  filter(bytes: Buffer): Buffer {
    const given = this.#telnet.filter(bytes);
    const kept = Buffer.alloc(2 * given.length);
    let length = 0;
    for (const byte of given) {
      const again = this.#lfAdded && byte === LF;
      this.#lfAdded = false;
      if (again) continue;
      kept[length++] = byte;
      this.#match(byte);
      if (this.#matched !== ABORT.length) continue;
      kept[length++] = LF;
      this.#matched = 0;
      this.#lfAdded = true;
    }
    return kept.subarray(0, length);
  }

  #match(byte: number): void {
    if (byte === LF) this.#matched = 0;
    if (byte === LF || this.#matched === null) return;
    if (this.#matched === 0 && byte >= FIRST_TELNET_BYTE) return;
    const letter = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
    this.#matched = letter === ABORT[this.#matched] ? this.#matched + 1 : null;
  }
}
