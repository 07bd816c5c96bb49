/** Bytes by class: a table each, 1 for the bytes that belong to it. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;

function tableOf(pattern: RegExp): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    if (pattern.test(String.fromCharCode(byte))) table[byte] = 1;
  }
  return table;
}

/** Of methods, names of fields, and more (RFC 9110 section 5.6.2). */
export const TOKEN = tableOf(/[\w!#$%&'*+.^`|~-]/);

/** Of values of fields, with the blanks between (RFC 9110 section 5.5). */
export const VALUE = tableOf(/[\t\x20-\x7e\x80-\xff]/);

/**
 * Of targets: all that is visible in ASCII but "#", since fragments are not sent (RFC 9112 section
 * 3.2). URIs have no `"<>\^`{|}` (RFC 3986), but clients send them as they were typed.
 */
export const TARGET = tableOf(/[!"$-~]/);

export const isToken = (text: string): boolean => isAll(text, TOKEN) && text !== "";

/** Whether `text` is all of bytes of this class. */
export function isAll(text: string, table: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    if (table[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/** The place of the first LF from `from` up to `end`, or -1. */
export function findLineEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) if (bytes[at] === LF) return at;
  return -1;
}

/** The elements of a list (RFC 9110 section 5.6.1), in lower case; empty ones are left out. */
export function listOf(value: string): string[] {
  const elements = value.split(",").map((element) => element.replace(/^[\t ]+|[\t ]+$/g, ""));
  return elements.filter((element) => element !== "").map((element) => element.toLowerCase());
}
