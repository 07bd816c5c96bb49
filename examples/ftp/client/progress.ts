/** How far a transfer is, in one line: on a terminal it is drawn again and again. */
import { columnsOf, cutText, shortenText } from "./text-width.ts";

export interface Progress {
  readonly name: string;
  /** Bytes of the whole file; null: nobody knows. */
  readonly size: number | null;
  /** Bytes that were there before, of a transfer that goes on. */
  readonly before: number;
  readonly moved: number;
  readonly elapsedMs: number;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `5 B`, `1.5 KiB`: three digits at most, but for bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]!}`;
}

/** `9 s`, `1:05`, `2:03:04`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = two(whole % 60);
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${two(minutes)}:${rest}`;
}

/** Bytes a second, over the whole of it; 0 if no time has passed. */
export function rateOf({ moved, elapsedMs }: Progress): number {
  return elapsedMs > 0 ? (moved / elapsedMs) * 1000 : 0;
}

/** At most `columns` wide. What is least needed is left out first: the bar, then the time left. */
export function progressLine(progress: Progress, columns: number): string {
  const { name, size, before, moved } = progress;
  const done = before + moved;
  const rate = rateOf(progress);
  const share = size === null || size === 0 ? null : Math.min(1, done / size);
  const parts = [
    share === null ? "" : `${Math.floor(share * 100)}%`.padStart(4),
    formatBytes(done).padStart(8),
    `${formatBytes(rate)}/s`.padStart(10),
  ];
  const left = share === null || rate === 0 ? "" : formatSeconds((size! - done) / rate);
  const told = parts.filter((part) => part !== "").join(" ");
  const shown = shortenText(name, Math.max(8, columns - told.length - 30));
  const line = [shown, told, left === "" || share === 1 ? "" : `${left} left`].filter(
    (part) => part !== "",
  );
  const text = line.join("  ");
  const room = columns - columnsOf(text) - 5;
  if (share === null || room < 10) return cutText(text, columns);
  const width = Math.min(room, 30);
  const full = Math.round(share * width);
  return `${text}  [${"#".repeat(full)}${" ".repeat(width - full)}]`;
}
