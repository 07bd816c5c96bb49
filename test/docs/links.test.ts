/** Links lead somewhere, and the documents speak of the project only. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { describe, expect, it } from "vitest";

import {
  anchorOf,
  documents,
  headingsOf,
  linksOf,
  readDocument,
  root,
  tableBelow,
} from "./markdown.ts";

const files = documents();

/** Why a link leads nowhere, or null. */
function broken(file: string, target: string): string | null {
  if (/^https?:/.test(target)) return null;
  const [path, anchor] = target.split("#") as [string, string | undefined];
  const found = path === "" ? file : posix.normalize(posix.join(dirname(file), path));
  if (!existsSync(join(root, found))) return `there is no ${found}`;
  if (anchor === undefined) return null;
  if (!found.endsWith(".md")) return `${found} has no headings`;
  const anchors = headingsOf(found).map(({ text }) => anchorOf(text));
  return anchors.includes(anchor) ? null : `${found} has no heading for #${anchor}`;
}

describe("the documents", () => {
  it("are there", () => {
    expect(files).toEqual(expect.arrayContaining(["README.md", "docs/concepts.md"]));
    expect(files.filter((file) => file.startsWith("docs/decisions/"))).not.toEqual([]);
  });

  it.each(files)("%s has no link that leads nowhere", (file) => {
    const wrong = linksOf(file).flatMap(({ target, line }) => {
      const why = broken(file, target);
      return why === null ? [] : [`${file}:${line}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each(files)("%s names no path of one machine", (file) => {
    const paths =
      readDocument(file).match(/(?<![\w.~/])\/(?:work|root|home|Users|tmp)\/\S*/g) ?? [];
    expect(paths).toEqual([]);
  });

  it.each(files)("%s has one title, first", (file) => {
    const titles = headingsOf(file).filter(({ level }) => level === 1);
    expect(titles.map(({ line }) => line)).toEqual([1]);
  });

  it("are all reached from the README", () => {
    const reached = new Set(["README.md"]);
    for (const file of reached) {
      for (const { target } of linksOf(file)) {
        const path = posix.normalize(posix.join(dirname(file), target.split("#")[0]!));
        if (path.endsWith(".md") && existsSync(join(root, path))) reached.add(path);
      }
    }
    expect(files.filter((file) => !reached.has(file))).toEqual([]);
  });

  it("name files of the sources that exist", () => {
    const wrong = files.flatMap((file) =>
      [...readDocument(file).matchAll(/`((?:src|test|examples|bench)\/[\w./-]*\w\.\w+)`/g)]
        .map((match) => match[1]!)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${file}: ${path}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  it("says what each file of the sources owns", () => {
    const named = tableBelow("docs/architecture.md", "What each file owns").map(([file]) => file);
    const there = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.endsWith("index.ts"))
      .map((path) => `\`src/${path}\``);
    expect([...named].sort()).toEqual(there.sort());
  });
});

describe("the scripts that the documents name", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };

  it("exist", () => {
    const named = files.flatMap((file) =>
      [...readDocument(file).matchAll(/npm (?:run (?!-)([\w:-]+)|(start|test)\b)/g)].map(
        (match) => match[1] ?? match[2]!,
      ),
    );
    expect([...new Set(named)].filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});
