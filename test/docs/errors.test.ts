/** docs/errors.md: the list of codes is that of the sources, and every message in it is a real one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { ERROR_CODES } from "iomux";

import { blocksOf, headingsOf, proseOf, readDocument, root } from "./markdown.ts";
import { MESSAGES } from "./provoke.ts";

const FILE = "docs/errors.md";

const headings = headingsOf(FILE);

/** The codes that have a section, in order. */
function documented(): string[] {
  return headings
    .filter(({ text }) => /^`IOMUX_\w+`$/.test(text))
    .map(({ text }) => text.slice(1, -1));
}

/** The first `text` block of the section of `code`. */
function exampleOf(code: string): string | undefined {
  const start = headings.find(({ text }) => text === `\`${code}\``)!.line;
  const end = headings.find(({ line }) => line > start)?.line ?? Infinity;
  const block = blocksOf(FILE).find(
    ({ line, info }) => line > start && line < end && info === "text",
  );
  return block?.text.trimEnd();
}

/** The sources, each without comments. */
function sources(): { path: string; text: string }[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({
      path,
      text: readFileSync(join(root, "src", path), "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, ""),
    }));
}

/** String literals that look like a code of ours; the names of async resources are none. */
function literals(): { path: string; code: string }[] {
  return sources().flatMap(({ path, text }) =>
    [...text.replaceAll(/new AsyncResource\("\w+"\)/g, "").matchAll(/"(IOMUX_\w+)"/g)].map(
      (match) => ({ path, code: match[1]! }),
    ),
  );
}

describe(FILE, () => {
  it("lists every code, in the order of ERROR_CODES", () => {
    expect(documented()).toEqual([...ERROR_CODES]);
  });

  it("says of each code what to do", () => {
    const text = proseOf(FILE);
    for (const code of ERROR_CODES) {
      const section = text.split(`\n## \`${code}\``)[1]!.split("\n## ")[0]!;
      expect(section, code).toMatch(/\*\*What to do\.\*\* \S/);
    }
  });

  it.each([...ERROR_CODES])("shows a message of %s as it is", async (code) => {
    const error = await MESSAGES[code]();
    expect(error.code).toBe(code);
    expect(error.message).toBe(exampleOf(code));
  });

  it("speaks of the codes of the sources only", () => {
    const codes = [...readDocument(FILE).matchAll(/IOMUX_[A-Z_]+/g)].map(([code]) => code);
    const unknown = codes.filter((code) => !(ERROR_CODES as readonly string[]).includes(code));
    expect(unknown).toEqual([]);
  });
});

describe("ERROR_CODES", () => {
  it("has no code that nothing is thrown or reported with", () => {
    const uses = literals().map(({ code }) => code);
    // Once in the list itself, and once where it is used.
    const unused = ERROR_CODES.filter((code) => uses.filter((use) => use === code).length < 2);
    expect(unused).toEqual([]);
  });

  it("has every code that the sources name", () => {
    const unlisted = literals().filter(
      ({ code }) => !(ERROR_CODES as readonly string[]).includes(code),
    );
    expect(unlisted).toEqual([]);
  });
});
