/** What is printed: a table of what was answered. */

const LABEL_COLUMNS = 18;
const ANSWER_COLUMNS = 22;

export type Row = readonly [label: string, ...answers: string[]];

/** Lines of a table, without white space at their ends. */
export function tableLines(rows: readonly Row[]): string[] {
  return rows.map(([label, ...answers]) => {
    const cells = answers.map((answer) => answer.padEnd(ANSWER_COLUMNS));
    return `   ${label.padEnd(LABEL_COLUMNS)}${cells.join("")}`.trimEnd();
  });
}

/** Bytes as they are written in a program. */
export function quoted(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : JSON.stringify(Buffer.from(bytes).toString());
}
