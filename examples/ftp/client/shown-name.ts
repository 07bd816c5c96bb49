/** Names that others have chosen, on a terminal. */

/** What a terminal obeys, what ends a line, and what turns the direction of the text around it. */
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** With a question mark for each character that is more than text. */
export function shownName(name: string): string {
  return name.replace(STEERING, "?");
}
