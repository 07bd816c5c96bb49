/** The project's documents, and what the tests need of Markdown: blocks, headings, tables, links. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

export interface Block {
  /** The document, from the root of the repository. */
  readonly file: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** What stands behind the opening fence: `ts`, `ts fragment`, `text`, ... */
  readonly info: string;
  /** The text of an HTML comment on the line above, or null: `<!-- program: echo -->`. */
  readonly mark: string | null;
  readonly text: string;
}

export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly line: number;
}

/** Every document that speaks to users, from the root of the repository. */
export function documents(): string[] {
  const folders = ["docs", "docs/decisions", "examples"];
  const inFolders = folders.flatMap((folder) =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  );
  return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...inFolders];
}

export function readDocument(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The fenced blocks of a document. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  const lines = readDocument(file).split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(```+)(.*)$/.exec(lines[i]!);
    if (fence === null) continue;
    const end = lines.indexOf(fence[1]!, i + 1);
    if (end === -1) throw new Error(`${file}:${i + 1}: this block has no end`);
    blocks.push({
      file,
      line: i + 1,
      info: fence[2]!.trim(),
      mark: markAbove(lines, i),
      text: lines.slice(i + 1, end).join("\n") + "\n",
    });
    i = end;
  }
  return blocks;
}

function markAbove(lines: readonly string[], line: number): string | null {
  let above = line - 1;
  while (above >= 0 && lines[above] === "") above--;
  return /^<!-- (.*) -->$/.exec(lines[above] ?? "")?.[1] ?? null;
}

/** A document without its fenced blocks; they leave empty lines, so that numbers stay right. */
export function proseOf(file: string): string {
  const lines = readDocument(file).split("\n");
  for (const { line, text } of blocksOf(file)) {
    const size = text.split("\n").length + 1;
    lines.fill("", line - 1, line - 1 + size);
  }
  return lines.join("\n");
}

export function headingsOf(file: string): Heading[] {
  return proseOf(file)
    .split("\n")
    .flatMap((text, index) => {
      const match = /^(#+) +(.*)$/.exec(text);
      return match === null ? [] : [{ level: match[1]!.length, text: match[2]!, line: index + 1 }];
    });
}

/** The anchor that a heading gets on GitHub. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** The rows of the first table below `heading`, each as its cells; without its head. */
export function tableBelow(file: string, heading: string): string[][] {
  const lines = proseOf(file).split("\n");
  const from = headingsOf(file).find(({ text }) => text === heading)?.line;
  if (from === undefined) throw new Error(`${file} has no heading "${heading}"`);
  const start = lines.findIndex((line, index) => index >= from && line.startsWith("|"));
  if (start === -1) throw new Error(`${file} has no table below "${heading}"`);
  const rows: string[][] = [];
  for (let i = start + 2; lines[i]?.startsWith("|") === true; i++) {
    rows.push(
      lines[i]!.slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** Every link of a document: its target, and its line. */
export function linksOf(file: string): { target: string; line: number }[] {
  return proseOf(file)
    .split("\n")
    .flatMap((text, index) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({
        target: match[1]!,
        line: index + 1,
      })),
    );
}
