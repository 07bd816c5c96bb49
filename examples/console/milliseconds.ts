/** Milliseconds as they are told. */

/** To the microsecond: what is behind it is noise, and many characters of JSON. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
