/**
 * Replies: a code of three digits and text, in one line or in several (RFC 959 section 4.2).
 *
 * The first of several lines has a hyphen after the code, the last a space. Clients look for the
 * last one by its code, so a line between them that begins with a digit is indented. What comes
 * from outside, such as a file's name, may stand in a text: whatever could end a line there, or
 * steer a terminal, is shown as a question mark. Telnet's 0xFF does not occur in UTF-8.
 */
export interface Reply {
  readonly code: number;
  /** At least one. */
  readonly lines: readonly string[];
}

export function reply(code: number, ...lines: readonly [string, ...string[]]): Reply {
  return { code, lines };
}

/** The bytes that are sent. */
export function formatReply({ code, lines }: Reply): Buffer {
  const shown = lines.map(printable);
  const last = shown.length - 1;
  const written = shown.map((line, i) => {
    if (i === last) return `${code} ${line}\r\n`;
    if (i === 0) return `${code}-${line}\r\n`;
    return /^\d/.test(line) ? ` ${line}\r\n` : `${line}\r\n`;
  });
  return Buffer.from(written.join(""));
}

/** `text` without anything that ends a line or that a terminal obeys. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, "?");
}

/** A path as 257 tells it: in quotes, those inside doubled (RFC 959 appendix II). */
export function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
