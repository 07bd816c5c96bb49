/**
 * That a handler was slow is said by the clock, and on a busy machine any handler may be: tests
 * compare what programs say besides that.
 */
const SAID =
  /.*?\bthe handler .* of fd \d+.* ran for [\d.]+ ms.*, and nothing else could run: .*\r?/;
const LINE = new RegExp(`^${SAID.source}$`);
/** A terminal shows in front of it that Ctrl-C was pressed. */
const LINES = new RegExp(`(?<=^|\\^C)(?!\\^C)${SAID.source}(\n|$)`, "gm");

/** Whether a line says that a handler was slow. */
export function isSlowHandler(line: string): boolean {
  return LINE.test(line);
}

/** A text without such lines. */
export function withoutSlowHandlers(text: string): string {
  return text.replaceAll(LINES, "");
}

/** A text that comes in pieces, without such lines. */
export class SlowHandlerSieve {
  #held = "";

  /** What can be told of it by now. */
  feed(piece: string): string {
    const text = this.#held + piece;
    const unfinished = text.slice(text.lastIndexOf("\n") + 1);
    this.#held = unfinished.includes(": the handler ") ? unfinished : "";
    return withoutSlowHandlers(text.slice(0, text.length - this.#held.length));
  }
}
