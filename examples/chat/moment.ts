/** Time, as the chat is told it. */
export interface Moment {
  /** Milliseconds on a clock that never goes back. */
  readonly ms: number;
  /** Minutes since midnight where the room is: what people are shown. */
  readonly minuteOfDay: number;
}

/** `HH:MM`. */
export function clockTime(minuteOfDay: number): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${two(Math.floor(minuteOfDay / 60) % 24)}:${two(minuteOfDay % 60)}`;
}
