/** Readings as people write them, and as they are shown. */
import { faultOf, type Reading } from "./reading.ts";

/** A date and a time with its zone, as of RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
const NUMBER = /^[+-]?\d{1,15}(\.\d{1,15})?$/;

/**
 * A line such as `cellar,8.1,2026-01-01T00:00Z`; without a time it is of now. Throws an Error whose
 * message says in one line what is wrong.
 */
export function readLine(line: string, nowMs: number): Reading {
  const [name, temperature, when, ...more] = line.split(",").map((field) => field.trim());
  if (temperature === undefined || more.length > 0) {
    throw new Error("give name,temperature or name,temperature,time");
  }
  if (!NUMBER.test(temperature)) {
    throw new Error(`the temperature ${shown(temperature)} is no number such as -12.5`);
  }
  const whenMs = when === undefined ? nowMs : TIME.test(when) ? Date.parse(when) : NaN;
  if (Number.isNaN(whenMs)) {
    throw new Error(`the time ${shown(when!)} is none: give one such as 2026-01-01T12:00:00Z`);
  }
  const reading = { name: name!, temperature: Number(temperature), whenMs };
  const fault = faultOf(reading);
  if (fault !== null) throw new Error(fault);
  return reading;
}

/** Lines that say nothing: empty ones and remarks. */
export function isBlank(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

/** What somebody has typed, for a message: short, and harmless. */
function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

export const FORMATS = ["table", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** The line above a table. */
export const TABLE_HEAD = `${"time".padEnd(24)}  ${"temperature".padStart(11)}  name`;

export function formatReading({ name, temperature, whenMs }: Reading, format: Format): string {
  const time = new Date(whenMs).toISOString();
  if (format === "json") return JSON.stringify({ name, temperature, time });
  return `${time.padEnd(24)}  ${temperature.toFixed(1).padStart(11)}  ${name}`;
}
