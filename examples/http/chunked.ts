/** Chunked bodies (RFC 9112 section 7.1): read here, and written. */
import { FieldSection, INCOMPLETE, REFUSED } from "./field-section.ts";
import { Fields } from "./fields.ts";
import { FORBIDDEN_TRAILERS } from "./forbidden-trailers.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { ProtocolLimits } from "./http-limits.ts";
import { REFUSALS, type Refusal, type RefusalCode } from "./refusal.ts";
import { CR, findLineEnd, LF } from "./syntax.ts";

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const EXTENSION = `[\\t ]*;[\\t ]*${TOKEN}(?:[\\t ]*=[\\t ]*(?:${TOKEN}|${QUOTED}))?`;
const EXTENSIONS = new RegExp(`^(?:${EXTENSION})*$`);

/** What has come of a body: bytes of it, its trailers (it is whole), or why it is refused. */
export type ChunkResult = Buffer | Fields | Refusal;

type Part = "size" | "data" | "data-end" | "trailers";

export class ChunkReader {
  readonly #limits: ProtocolLimits;
  readonly #trailers: FieldSection;
  #part: Part = "size";
  /** Bytes of this chunk that have not come. */
  #left = 0;
  /** Bytes of chunks that were announced. */
  #bodyBytes = 0;
  #extensionBytes = 0;
  /** How far the line has no LF. */
  #searched = 0;

  constructor(limits: ProtocolLimits) {
    this.#limits = limits;
    this.#trailers = new FieldSection({
      maxBytes: limits.maxTrailerBytes,
      maxFields: limits.maxFields,
      tooLarge: "trailers-too-large",
      tooMany: "too-many-trailers",
    });
  }

  begin(): void {
    this.#part = "size";
    this.#bodyBytes = 0;
    this.#extensionBytes = 0;
    this.#searched = 0;
  }

  /** Null if more is needed. */
  read(held: HeldBytes, maxBodyBytes: number | null): ChunkResult | null {
    while (held.length > 0) {
      if (this.#part === "data") {
        const bytes = held.take(Math.min(this.#left, held.length));
        this.#left -= bytes.length;
        if (this.#left === 0) this.#part = "data-end";
        return bytes;
      }
      if (this.#part === "trailers") return this.#readTrailers(held);
      const result =
        this.#part === "size" ? this.#readSize(held, maxBodyBytes) : this.#readDataEnd(held);
      if (result !== "go on") return result;
    }
    return null;
  }

  #readDataEnd(held: HeldBytes): "go on" | Refusal | null {
    const { bytes, at } = held;
    if (bytes[at] !== CR) return REFUSALS["bad-chunk-end"];
    if (held.length === 1) return null;
    if (bytes[at + 1] !== LF) return REFUSALS["bad-chunk-end"];
    held.skip(2);
    this.#part = "size";
    return "go on";
  }

  #readSize(held: HeldBytes, maxBodyBytes: number | null): "go on" | Refusal | null {
    const { maxChunkLineBytes } = this.#limits;
    const { bytes, at, end } = held;
    const lineFeed = findLineEnd(bytes, at + this.#searched, end);
    const length = (lineFeed === -1 ? end : lineFeed + 1) - at;
    if (length > maxChunkLineBytes) return REFUSALS["chunk-line-too-long"];
    this.#searched = length;
    if (lineFeed === -1) return null;
    const line = bytes.toString("latin1", at, lineFeed);
    this.#searched = 0;
    const problem = this.#takeLine(line, maxBodyBytes);
    if (problem !== null) return REFUSALS[problem];
    held.skip(length);
    return "go on";
  }

  /** `line` without its LF. */
  #takeLine(line: string, maxBodyBytes: number | null): RefusalCode | null {
    const last = line.length - 1;
    const cr = line.indexOf("\r");
    if (cr === -1) return "bare-lf";
    if (cr !== last) return "bare-cr";
    const digits = /^[0-9A-Fa-f]*/.exec(line)![0];
    if (digits === "") return "bad-chunk-size";
    const extensions = line.slice(digits.length, last);
    if (extensions !== "") {
      if (!/^[\t ]*;/.test(extensions)) return "bad-chunk-size";
      if (!EXTENSIONS.test(extensions)) return "bad-extension";
      this.#extensionBytes += extensions.length;
      if (this.#extensionBytes > this.#limits.maxExtensionBytes) return "extensions-too-large";
    }
    const size = parseInt(digits, 16);
    const bodyBytes = this.#bodyBytes + size;
    if (bodyBytes > (maxBodyBytes ?? Number.MAX_SAFE_INTEGER)) return "content-too-large";
    this.#bodyBytes = bodyBytes;
    this.#left = size;
    this.#part = size === 0 ? "trailers" : "data";
    if (size === 0) this.#trailers.begin(0);
    return null;
  }

  #readTrailers(held: HeldBytes): Fields | Refusal | null {
    const length = this.#trailers.read(held.bytes, held.at, held.end);
    if (length === INCOMPLETE) return null;
    if (length === REFUSED) return this.#trailers.refusal;
    if (length === 2) {
      held.skip(2);
      return Fields.NONE;
    }
    const text = held.bytes.toString("latin1", held.at, held.at + length);
    const trailers = new Fields(text, 0, length - 2);
    for (const [name] of trailers) {
      if (FORBIDDEN_TRAILERS.has(name.toLowerCase())) return REFUSALS["forbidden-trailer"];
    }
    held.skip(length);
    return trailers;
  }
}

const LINE_END = Buffer.from("\r\n");
/** Up to this many bytes it is cheaper to copy than to send three pieces. */
const COPIED_BYTES = 4096;

/** One chunk of `bytes`, which are some; large ones are not copied. */
export function formatChunk(bytes: Uint8Array): Uint8Array[] {
  const size = `${bytes.length.toString(16)}\r\n`;
  if (bytes.length > COPIED_BYTES) return [Buffer.from(size, "latin1"), bytes, LINE_END];
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2);
  chunk.write(size, "latin1");
  chunk.set(bytes, size.length);
  chunk.set(LINE_END, size.length + bytes.length);
  return [chunk];
}
