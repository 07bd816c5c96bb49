/** Files to send through the server, and how to tell whether they have come through. */
import { createCipheriv, createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Nothing, and about the sizes of buffers. */
export const SIZES = [0, 1, 65_535, 65_536, 65_537];

/** Names that clients and servers like to break. */
export const NAMES = [
  "two  words",
  "'single' and \"double\" quotes",
  "中文 名字.文本",
  "n".repeat(255),
  "文".repeat(85),
  "-dash",
  "a#b%41c+d&e;f=g@h,i!j$k~l^m",
  "back\\slash",
  "(round) {curly}",
];

/** Names that some client takes for a pattern, or trims. */
export const HARDER_NAMES = [" space before", "space after ", "[square] *star* and what?"];

/** Always the same ones for the same `seed`, and no pattern in them. */
export function sample(bytes: number, seed: string | number = bytes): Buffer {
  const key = createHash("sha256").update(String(seed)).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function digestOf(file: string): string {
  return digest(readFileSync(file));
}

/** The path of everything in a folder, with the hash of each file. */
export function digests(folder: string): Record<string, string> {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    all
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(folder.length + 1), entry.isFile() ? digestOf(path) : "folder"] as const;
      })
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

/** A tree of folders, with files of all sizes and names. */
export function makeTree(folder: string, names: readonly string[]): void {
  const folders = [".", "empty", "deep/two words/深", "deep/-dash"];
  for (const path of folders) mkdirSync(join(folder, path), { recursive: true });
  for (const size of SIZES) writeFileSync(join(folder, "deep", `${size}.bin`), sample(size));
  for (const [i, name] of names.entries()) {
    const path = join(folder, folders[i % 2 === 0 ? 0 : 2]!, name);
    writeFileSync(path, sample(100 + i));
  }
}
