/** A reading of a thermometer, as a record: bytes that Python's struct packs as "!24pdq". */
import { lengthPrefixed, struct } from "iomux";

export interface Reading {
  readonly name: string;
  /** Degrees Celsius. */
  readonly temperature: number;
  /** Milliseconds since 1970, in UTC. */
  readonly whenMs: number;
}

/** Network order: a name behind its length in one byte, a double, a 64-bit integer. */
const RECORD = struct("!24pdq");

export const RECORD_BYTES = RECORD.size;

/** Bytes of a name: what the record has room for. */
export const MAX_NAME_BYTES = 23;

const ABSOLUTE_ZERO = -273.15;

/** Of a Date, either way (ECMA-262, section 21.4.1.1). */
const MAX_WHEN_MS = 8.64e15;

/** What a terminal obeys, what ends a line, and what turns the direction of the text around it. */
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** The answer to a sender: how many of its records were taken. */
const RECEIPT = struct("!I");

/** Both ways, each record stands behind its length, in four bytes. */
export const FRAMES = lengthPrefixed({ prefix: 4, endian: "big", maxBytes: RECORD_BYTES });

/** An empty record: the sender has sent everything, and waits for the receipt. */
export const END = FRAMES.encode(new Uint8Array(0));

/** Why this is no reading, or null. */
export function faultOf({ name, temperature, whenMs }: Reading): string | null {
  if (name === "") return "the name is empty";
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    return `the name has ${Buffer.byteLength(name)} bytes, over ${MAX_NAME_BYTES}`;
  }
  if (STEERING.test(name)) return "the name has control characters";
  if (!Number.isFinite(temperature)) return "the temperature is no number";
  if (temperature < ABSOLUTE_ZERO) return `the temperature is below ${ABSOLUTE_ZERO}`;
  if (!(Math.abs(whenMs) <= MAX_WHEN_MS)) return "the time is none that a calendar has";
  return null;
}

/** The frame of a reading without a fault. */
export function packReading({ name, temperature, whenMs }: Reading): Buffer {
  return FRAMES.encode(RECORD.pack(Buffer.from(name), temperature, BigInt(whenMs)));
}

/** Throws an Error whose message is one line for what is no reading: it may come from anybody. */
export function unpackReading(record: Uint8Array): Reading {
  if (record.length !== RECORD_BYTES) {
    throw new Error(`it has ${record.length} bytes: a reading has ${RECORD_BYTES}`);
  }
  const [name, temperature, whenMs] = RECORD.unpack(record);
  const reading = { name: textOf(name), temperature, whenMs: Number(whenMs) };
  const fault = faultOf(reading);
  if (fault !== null) throw new Error(fault);
  return reading;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Error("the name is not UTF-8");
  }
}

export function packReceipt(taken: number): Buffer {
  return FRAMES.encode(RECEIPT.pack(taken));
}

/** How many records were taken. Throws for what is no receipt. */
export function unpackReceipt(record: Uint8Array): number {
  if (record.length !== RECEIPT.size) {
    throw new Error(`the receipt has ${record.length} bytes, not ${RECEIPT.size}`);
  }
  return RECEIPT.unpack(record)[0];
}
