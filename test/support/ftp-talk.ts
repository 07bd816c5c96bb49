/** What a client of a file server hears and says, without a network: bytes in, replies out. */

export interface FtpReply {
  readonly code: number;
  /** Without codes; at least one. */
  readonly lines: readonly string[];
}

/** Replies of one line, and of several (RFC 959 section 4.2), wherever their bytes are cut. */
export class FtpHearing {
  readonly replies: FtpReply[] = [];
  #rest = "";
  #lines: string[] = [];
  #code: string | null = null;

  /** Throws for what is no reply. */
  hear(bytes: Uint8Array): void {
    // Replies of the tests are ASCII: no character is cut in two.
    const lines = `${this.#rest}${Buffer.from(bytes).toString("latin1")}`.split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    if (!line.endsWith("\r")) throw new Error(`a reply ends without CR: ${JSON.stringify(line)}`);
    const text = line.slice(0, -1);
    const [, code, mark, said] = /^(\d{3})([ -])(.*)$/.exec(text) ?? [];
    if (this.#code === null) {
      if (code === undefined) throw new Error(`this is no reply: ${JSON.stringify(text)}`);
      this.#code = code;
      this.#lines = [said!];
      if (mark === " ") this.#finish();
    } else if (code === this.#code && mark === " ") {
      this.#lines.push(said!);
      this.#finish();
    } else this.#lines.push(text);
  }

  #finish(): void {
    this.replies.push({ code: Number(this.#code), lines: this.#lines });
    this.#code = null;
  }
}

export interface DataPlace {
  readonly host: string;
  readonly port: number;
}

/** Where the answer to PASV or EPSV says that the server listens; EPSV means `host`. */
export function placeOf({ code, lines: [text] }: FtpReply, host: string): DataPlace {
  const extended = /\(\|\|\|(\d+)\|\)/.exec(text!);
  if (code === 229 && extended !== null) return { host, port: Number(extended[1]) };
  const numbers = /\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)/.exec(text!)?.slice(1);
  if (code !== 227 || numbers === undefined) throw new Error(`no place: ${code} ${text!}`);
  const [high, low] = numbers.slice(4).map(Number);
  return { host: numbers.slice(0, 4).join("."), port: high! * 256 + low! };
}

/** `PORT h1,h2,h3,h4,p1,p2`, without its line's end. */
export function portCommand({ host, port }: DataPlace): string {
  return `PORT ${host.replaceAll(".", ",")},${port >> 8},${port & 0xff}`;
}

/** `EPRT |1|host|port|`, without its line's end. */
export function extendedPortCommand({ host, port }: DataPlace): string {
  return `EPRT |${host.includes(":") ? 2 : 1}|${host}|${port}|`;
}
