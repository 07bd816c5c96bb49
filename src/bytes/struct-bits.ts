/**
 * Numbers as bits. They pass through eight bytes of scratch, so a NaN keeps its payload: its bits are
 * only copied.
 *
 * Floats of 16 and 32 bits follow CPython's `PyFloat_Pack2` and `PyFloat_Pack4` (3.14 and later, which
 * keep the payload of every NaN): round half to even, subnormals, no silent overflow.
 */

/** The scratch: a number is put in by one view and taken out by another. */
export const words = new Uint32Array(2);
export const float64 = new Float64Array(words.buffer);
export const bigInt64 = new BigInt64Array(words.buffer);
export const bigUint64 = new BigUint64Array(words.buffer);
const float32 = new Float32Array(words.buffer);

export const machineIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Which of `words` holds the low 32 bits of 64. */
export const LOW = machineIsLittleEndian ? 0 : 1;
export const HIGH = 1 - LOW;

const SIGN = 0x8000_0000;
/** All bits of the exponent: infinity or NaN. */
const EXPONENT = 0x7ff0_0000;

/** From here on, rounding gives 2 ** 16, which a float16 has not. */
const FLOAT16_OVERFLOW = 65_520;
/** A number under 2 ** 51 to which this is added, and taken off again, is rounded half to even. */
const ROUNDING = 2 ** 52;

/** Whether `value` is finite and would be infinite as a float of 16 bits. */
export function overflowsFloat16(value: number): boolean {
  return Math.abs(value) >= FLOAT16_OVERFLOW && Number.isFinite(value);
}

/** Whether `value` is finite and would be infinite as a float of 32 bits. */
export function overflowsFloat32(value: number): boolean {
  return !Number.isFinite(Math.fround(value)) && Number.isFinite(value);
}

export function float16Of(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) {
    words[HIGH] = ((bits & 0x8000) << 16) | EXPONENT | (fraction << 10);
    words[LOW] = 0;
    return float64[0]!;
  }
  const size = exponent === 0 ? fraction * 2 ** -24 : (0x400 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** The bits of `value` as a float of 16 bits, which it does not overflow. */
export function bitsOfFloat16(value: number): number {
  float64[0] = value;
  const high = words[HIGH]!;
  const sign = (high >>> 16) & 0x8000;
  if (Number.isNaN(value)) return sign | 0x7c00 | ((high & 0xf_ffff) >>> 10 || 0x200);
  const size = Math.abs(value);
  if (size === Infinity) return sign | 0x7c00;
  // A carry out of the fraction goes into the exponent, where it belongs.
  if (size < 2 ** -14) return sign | roundHalfToEven(size * 2 ** 24);
  const exponent = ((high & EXPONENT) >>> 20) - 1023;
  return sign | (((exponent + 14) << 10) + roundHalfToEven(size * 2 ** (10 - exponent)));
}

function roundHalfToEven(size: number): number {
  return size + ROUNDING - ROUNDING;
}

export function float32Of(bits: number): number {
  words[0] = bits;
  const value = float32[0]!;
  if (!Number.isNaN(value)) return value;
  // The processor would have made a signalling NaN a quiet one.
  words[HIGH] = (bits & SIGN) | EXPONENT | ((bits & 0x7f_ffff) >>> 3);
  words[LOW] = bits << 29;
  return float64[0]!;
}

/** The bits of `value` as a float of 32 bits: infinity if it overflows one. */
export function bitsOfFloat32(value: number): number {
  if (!Number.isNaN(value)) {
    float32[0] = value;
    return words[0]!;
  }
  float64[0] = value;
  const high = words[HIGH]!;
  const fraction = ((high & 0xf_ffff) << 3) | (words[LOW]! >>> 29);
  return (high & SIGN) | 0x7f80_0000 | (fraction === 0 ? 0x40_0000 : fraction);
}
