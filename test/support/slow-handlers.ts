/**
 * That a handler was slow is said by the clock, and on a busy machine any handler may be: tests
 * compare what programs say besides that.
 */
const SLOW =
  /^.*\bthe handler .* of fd \d+.* ran for [\d.]+ ms.*, and nothing else could run: .*\r?$/;
const LINES = new RegExp(`${SLOW.source}\n?`, "gm");

/** Whether a line says that a handler was slow. */
export function isSlowHandler(line: string): boolean {
  return SLOW.test(line);
}

/** A text without such lines. */
export function withoutSlowHandlers(text: string): string {
  return text.replaceAll(LINES, "");
}
