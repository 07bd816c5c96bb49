/** Sizes, rates and times as people read them: three figures, a space, the unit. */

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `61000` is `59.6 KiB`. */
export function formatBytes(bytes: number): string {
  let size = 0;
  let value = bytes;
  // 1023.95 would be written as 1024.
  while (value >= 1023.95 && size < SIZES.length - 1) {
    value /= 1024;
    size += 1;
  }
  return `${size === 0 ? Math.round(value) : threeFigures(value)} ${SIZES[size]!}`;
}

/** Bytes per second: `59.6 KiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `0.214` is `0.21 ms`, `1234` is `1.23 s`. */
export function formatMs(ms: number): string {
  if (ms >= 999.5) return `${threeFigures(ms / 1000)} s`;
  if (ms >= 0.995) return `${threeFigures(ms)} ms`;
  return ms > 0 && ms < 0.005 ? "<0.01 ms" : `${ms.toFixed(2)} ms`;
}

function threeFigures(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** Names of units, as the language has them. */
export interface AgeUnits {
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

/** The two largest units: `2h 03m`. */
export function formatAge(ms: number, { day, hour, minute, second }: AgeUnits): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}${second}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, minute, seconds % 60, second);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, hour, minutes % 60, minute);
  return two(Math.floor(hours / 24), day, hours % 24, hour);
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit} ${String(small).padStart(2, "0")}${smallUnit}`;
}

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Thousands are set apart: `812,345`. */
export function formatCount(count: number): string {
  return WHOLE.format(count);
}

/** A mean of counts: one digit behind the point while it is small. */
export function formatMean(mean: number): string {
  return mean < 99.95 ? mean.toFixed(1) : formatCount(mean);
}
