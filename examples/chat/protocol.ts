/**
 * The chat's protocol: a line is UTF-8, checked strictly, and nothing of it is obeyed by a terminal.
 */

export type LineEvent =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "refused"; readonly reason: "too-long"; readonly maxBytes: number }
  | { readonly kind: "refused"; readonly reason: "not-utf8" };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The bytes of a line, without its ending. */
export function readLine(bytes: Uint8Array): LineEvent {
  try {
    return { kind: "line", text: printable(decoder.decode(bytes)) };
  } catch {
    return { kind: "refused", reason: "not-utf8" };
  }
}

/*
 * Escape sequences as in ECMA-48, in their 7-bit and 8-bit forms: a control string (which a
 * terminal takes up to its terminator, or for ever), CSI, and the short ones. No two parts of an
 * alternative can take the same character, so matching is linear.
 */
/* eslint-disable no-control-regex -- they are what is looked for */
const ESCAPE_SEQUENCES = new RegExp(
  [
    /(?:\x1b[PX\]^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/,
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?/,
    /\x1b[ -/]*[0-~]?/,
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);
/* eslint-enable no-control-regex */

/** Controls, line and paragraph separators, and what turns the direction of the text around it. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** `text` without anything that a terminal would obey. A tab becomes a space. */
export function printable(text: string): string {
  return text.replace(ESCAPE_SEQUENCES, "").replaceAll("\t", " ").replace(CONTROLS, "");
}
