/** The Tab key of the file client, and the names and patterns that it and the commands work with. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { MAX_CANDIDATES } from "../../examples/ftp/client/completion.ts";
import { namePattern } from "../../examples/ftp/client/name-pattern.ts";
import { columnsOf, cutText, shortenText } from "../../examples/ftp/client/text-width.ts";
import { begunWord, quotedBeginning, splitWords } from "../../examples/ftp/client/words.ts";
import { failure, FakeClient, file, folder, stay, type Stay } from "./file-client-fakes.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

async function connected(...names: string[]): Promise<Stay> {
  const client = new FakeClient();
  client.folders[""] = [...names.map((name) => file(name)), folder("pub")];
  return stay({ client });
}

describe("completion of what is on the server", () => {
  test.each<[line: string, candidates: string[], typed: string]>([
    ["", [], ""],
    ["ge", ["get "], "ge"],
    ["m", ["mget", "mkdir", "mput", "mv"], "m"],
    ["!m", ["!mkdir "], "!m"],
    ["help l", ["lcd", "list", "lls", "lmkdir", "lpwd", "ls"], "l"],
    ["get a", ["a.txt", "ab\\ c"], "a"],
    ["get a.", ["a.txt "], "a."],
    ["get ab\\", ["ab\\ c "], "ab\\"],
    ['get "ab', ['"ab c" '], '"ab'],
    ["get 'ab", ["'ab c' "], "'ab"],
    ["get 'it", ["'it'\\''s' "], "'it"],
    ["get p", ["pub/"], "p"],
    ['get "p', ['"pub/'], '"p'],
    ["cd ", ["pub/"], ""],
    ["get .", [".hidden "], "."],
    ["get pub/", ["pub/x", "pub/y/"], "pub/"],
    ["mv a.txt p", ["pub/"], "p"],
    ["rm a.txt it", ["it\\'s "], "it"],
    ["pwd a", [], "a"],
    ["nothing a", [], "a"],
    ["open a", [], "a"],
  ])("%j may become %j", async (line, expected, typed) => {
    const { client, complete } = await connected("a.txt", "ab c", "it's", ".hidden");
    client.folders.pub = [file("x"), folder("y")];
    const [candidates, word] = await complete(line);
    expect([line === "" ? [] : candidates, word]).toEqual([expected, typed]);
  });

  test("leaves out what a terminal would obey, or what is no name", async () => {
    const names = ["e\x1b[2J", "e\u202ex", "e\rx", "e\x9b31m", "e/../x", "even"];
    const { complete } = await connected(...names);
    expect(await complete("get e")).toEqual([["even "], "e"]);
  });

  test("asks once, until a command is done", async () => {
    const { client, complete, screen } = await connected("a.txt");
    for (let tabs = 0; tabs < 3; tabs++) await complete("get a");
    expect(client.asked).toEqual(["list "]);
    await screen.type("rm a.txt");
    await complete("get a");
    expect(client.asked).toEqual(["list ", "remove a.txt", "list "]);
  });

  test("is nothing if the server says no, or there is none; it is not dialled for this", async () => {
    const { client, complete, screen, dialler } = await connected("a.txt");
    client.failing["list x"] = failure("no-file", "x: no such folder");
    expect(await complete("get x/")).toEqual([[], "x/"]);
    const complained = screen.complained;
    client.lose();
    await complained;
    screen.begin("");
    await screen.asked;
    expect(await complete("get a")).toEqual([[], "a"]);
    expect(dialler.dialled).toEqual(["host"]);
  });

  test("of very many names is what they have in common", async () => {
    const names = Array.from({ length: MAX_CANDIDATES }, (_, i) => `name${i}`);
    const { client, complete } = await connected(...names);
    expect((await complete("get n"))[0].length).toBe(MAX_CANDIDATES);
    client.folders.pub = [...names, "name"].map((name) => file(name));
    expect(await complete("get pub/n")).toEqual([["pub/name"], "pub/n"]);
  });
});

test("completion of what is here", async () => {
  const here = temporaryFolder();
  for (const name of ["photo 1.jpg", "plain"]) writeFileSync(join(here, name), "");
  mkdirSync(join(here, "pictures"));
  const { complete } = await stay({ folder: here });
  expect(await complete("put p")).toEqual([["photo\\ 1.jpg", "pictures/", "plain"], "p"]);
  expect(await complete("put -c ph")).toEqual([["photo\\ 1.jpg "], "ph"]);
  expect(await complete("mput plain ph")).toEqual([["photo\\ 1.jpg "], "ph"]);
  expect(await complete("!cd ")).toEqual([["pictures/"], ""]);
  expect(await complete("get x pi")).toEqual([["pictures/"], "pi"]);
  expect(await complete("put nowhere/")).toEqual([[], "nowhere/"]);
});

test("what a word begins with, quoted in any way, is found again", () => {
  const quote = fc.constantFrom('"' as const, "'" as const, null);
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), quote, (text, mark) => {
      const written = quotedBeginning(text, mark);
      expect(splitWords(`get ${written}${mark ?? ""}`)).toEqual({ ok: true, words: ["get", text] });
      expect(begunWord(`get ${written}`)).toMatchObject({ before: ["get"], text, typed: written });
    }),
  );
});

describe("patterns", () => {
  test.each([
    ["*", "a", true],
    ["*", ".a", false],
    [".*", ".a", true],
    ["*.txt", "a.txt", true],
    ["*.txt", ".txt", false],
    ["*.txt", "a.txt.gz", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["?", "張", true],
    ["?", "", false],
    ["??", "😀x", true],
    ["[a-c]x", "bx", true],
    ["[a-c]x", "dx", false],
    ["[!a-c]x", "dx", true],
    ["[!a-c]x", "ax", false],
    ["[]]", "]", true],
    ["[a-]", "-", true],
    ["[", "[", true],
    ["a[", "a[", true],
    ["a.c", "abc", false],
    ["", "", true],
    ["***", "abc", true],
  ])("%j and %j: %s", (pattern, name, meant) => {
    expect(namePattern(pattern)(name)).toBe(meant);
  });

  test("of any number of stars are as quick as the product of the lengths", () => {
    const isMeant = namePattern(`${"*a".repeat(2000)}*b`);
    expect(isMeant("a".repeat(2000))).toBe(false);
  });
});

describe("columns", () => {
  /** Columns as readline counts them, which edits the lines. */
  const ruler = createInterface({
    ...{ input: new PassThrough(), output: new PassThrough(), terminal: true },
  });
  afterAll(() => ruler.close());
  const counted = (text: string): number => {
    ruler.setPrompt(text);
    return ruler.getCursorPos().cols;
  };

  test("are those of readline, for all letters, digits, punctuation and usual emoji", () => {
    const different: string[] = [];
    for (let code = 0x20; code < 0x30000; code++) {
      const character = String.fromCodePoint(code);
      if (!/[\p{L}\p{Nd}\p{P}\p{Emoji_Presentation}]/u.test(character)) continue;
      if (counted(character) !== columnsOf(character)) different.push(code.toString(16));
    }
    expect(different).toEqual([]);
  });

  test.each([
    ["", 0],
    ["abc", 3],
    ["張三.txt", 8],
    ["e\u0301", 1],
    ["😀", 2],
    ["한국어", 6],
  ])("%j has %i", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test.each([
    ["張三李四", 5, "張三"],
    ["張三李四", 4, "張三"],
    ["abc", 0, ""],
    ["e\u0301a", 1, "e\u0301"],
  ])("%j cut to %i is %j", (text, columns, cut) => {
    expect(cutText(text, columns)).toBe(cut);
  });

  test.each([
    ["a file.txt", 10, "a file.txt"],
    ["a long file.txt", 10, "a lon~.txt"],
    ["張三李四王五趙六", 10, "張三~趙六"],
    ["張三李四王五趙六", 9, "張三~趙六"],
    ["張三李四", 1, "~"],
    ["張三李四", 0, ""],
  ])("%j shortened to %i is %j", (text, columns, short) => {
    expect(shortenText(text, columns)).toBe(short);
  });

  test("are never too many", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "張", "e\u0301", "😀", "\u200d") });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 30 }), (given, columns) => {
        for (const cut of [cutText, shortenText]) {
          expect(columnsOf(cut(given, columns))).toBeLessThanOrEqual(columns);
        }
      }),
    );
  });
});
