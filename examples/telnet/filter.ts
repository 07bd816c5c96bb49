/**
 * What telnet says to telnet is taken out of a stream of bytes, also when it is cut apart.
 *
 * RFC 854: IAC (0xFF) begins a command; options are negotiated in three bytes, IAC IAC is the byte
 * 0xFF, and RFC 855 puts subnegotiations between IAC SB and IAC SE. UTF-8 has no 0xFF, so a client
 * that does not speak telnet loses nothing.
 *
 * None of it needs an answer but a timing mark (RFC 860). For Ctrl+C telnet asks for one, and until
 * it is answered, yes or no, it throws away all that comes.
 *
 * A command byte may be missing: telnet sends DM as urgent data, which the system takes out of the
 * stream. So an IAC before what is no command is dropped alone.
 */
const IAC = 0xff;
const SB = 0xfa;
const WILL = 0xfb;
const DO = 0xfd;
const DONT = 0xfe;
const WONT = 0xfc;
const TIMING_MARK = 0x06;
/** The first of the commands (RFC 1184: EOF); the last that stands alone is 0xF9, GA. */
const FIRST_COMMAND = 0xec;

/** A subnegotiation that never ends must not swallow what is said for ever. */
export const MAX_SUBNEGOTIATION_BYTES = 1024;

/** No. All that came before is out of the way then, which is what it was for. */
export const TIMING_MARK_ANSWER = Buffer.of(IAC, WONT, TIMING_MARK);

type State = "data" | "command" | "option" | "subnegotiation" | "subnegotiation-command";

export class TelnetFilter {
  #state: State = "data";
  #subnegotiated = 0;
  /** Of the option whose number is next. */
  #verb = 0;
  #markWanted = false;

  /** Whether telnet has asked for a timing mark since this was called before. */
  takeTimingMark(): boolean {
    const wanted = this.#markWanted;
    this.#markWanted = false;
    return wanted;
  }

  /** The bytes without telnet's; `bytes` itself if there are none of these. */
  filter(bytes: Buffer): Buffer {
    if (this.#state === "data" && !bytes.includes(IAC)) return bytes;
    const kept = Buffer.alloc(bytes.length);
    let length = 0;
    for (const byte of bytes) if (this.#keeps(byte)) kept[length++] = byte;
    return kept.subarray(0, length);
  }

  #keeps(byte: number): boolean {
    switch (this.#state) {
      case "data":
        if (byte === IAC) this.#state = "command";
        return byte !== IAC;
      case "command":
        return this.#command(byte);
      case "option":
        if (this.#verb === DO && byte === TIMING_MARK) this.#markWanted = true;
        this.#state = "data";
        return false;
      case "subnegotiation":
        if (byte === IAC) this.#state = "subnegotiation-command";
        else this.#subnegotiate();
        return false;
      case "subnegotiation-command":
        if (byte !== IAC) return this.#command(byte);
        this.#subnegotiate();
        return false;
    }
  }

  #subnegotiate(): void {
    const goesOn = ++this.#subnegotiated < MAX_SUBNEGOTIATION_BYTES;
    this.#state = goesOn ? "subnegotiation" : "data";
  }

  #command(byte: number): boolean {
    this.#state = "data";
    if (byte === SB) {
      this.#state = "subnegotiation";
      this.#subnegotiated = 0;
    } else if (byte >= WILL && byte <= DONT) {
      this.#state = "option";
      this.#verb = byte;
    }
    return byte === IAC || byte < FIRST_COMMAND;
  }
}
