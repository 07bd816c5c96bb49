/** docs/chat-room.md: limits, commands, names and texts are those of the programs. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "iomux";

import {
  HELP as CLIENT_HELP,
  readSettings as readClientSettings,
} from "../../examples/chat/client-flags.ts";
import { FAREWELLS } from "../../examples/chat/client-session.ts";
import { HELP, minBacklogBytes, readSettings } from "../../examples/chat/flags.ts";
import { checkName } from "../../examples/chat/name.ts";
import { LOCALES, type Texts } from "../../examples/chat/texts.ts";
import { blocksOf, proseOf, root, tableBelow } from "./markdown.ts";

const FILE = "docs/chat-room.md";
const { en, zh } = LOCALES;
const defaults = readSettings([])!;

function codeIn(cell: string): string {
  return /^`(.*)`$/.exec(cell)?.[1] ?? cell;
}

/** The rows of the table whose first head is `head`. */
function tableOf(head: string): string[][] {
  const lines = proseOf(FILE).split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} `));
  if (start === -1) throw new Error(`${FILE} has no table of "${head}"`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("this value was taken");
}

/** The flags of a help text that take a number, in its order, with their ranges. */
function numbersIn(help: string, read: (args: string[]) => unknown): [string, string, string][] {
  const flags = [...help.matchAll(/^ {2}(--[\w-]+) N /gm)].map((match) => match[1]!);
  return flags.map((flag) => {
    const said = complaint(() => read([`${flag}=x`]));
    const [, from, to] = / from (\d+) to (\d+)$/.exec(said)!;
    return [flag, from!, to!];
  });
}

/** `--max-line-bytes`: `maxLineBytes`. */
function camel(flag: string): string {
  return flag.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

describe(FILE, () => {
  it("lists every limit of the room with its default and its range", () => {
    const wanted = numbersIn(HELP, readSettings)
      .filter(([flag]) => flag !== "--port")
      .map(([flag, from, to]) => [
        flag,
        String(new Map<string, unknown>(Object.entries(defaults)).get(camel(flag))),
        from,
        to,
      ]);
    const rows = tableBelow(FILE, "The limits");
    expect(rows.map((row) => [codeIn(row[0]!), ...row.slice(1, 4)])).toEqual(wanted);
    expect(wanted.at(-1)).toEqual([
      ...["--backlog-bytes", "262144", `${minBacklogBytes(defaults)}`, "1073741824"],
    ]);
  });

  it("says of each limit of the room whether 0 is none, as --help does", () => {
    for (const [flag, , , , , when] of tableBelow(FILE, "The limits")) {
      const help = new RegExp(`^  ${codeIn(flag!)} N .*0: any`, "m").test(HELP);
      expect(when!.endsWith("0: no limit"), flag).toBe(help);
    }
  });

  it("lists every flag of the room", () => {
    const flags = [...HELP.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1]!);
    const text = proseOf(FILE);
    expect(flags.filter((flag) => !new RegExp(`${flag}(?![\\w-])`).test(text))).toEqual([]);
  });

  it("lists every policy, and the default", () => {
    const words = complaint(() => readSettings(["--backlog-policy=x"])).split("one of ")[1]!;
    const rows = tableOf("policy");
    expect(rows.map(([name]) => codeIn(name!))).toEqual(words.split(", "));
    const usual = rows.filter(([, what]) => what!.endsWith("the default"));
    expect(usual.map(([name]) => codeIn(name!))).toEqual([defaults.backlogPolicy]);
  });

  it("lists every flag of the client, with default and range where it is a number", () => {
    const settings = readClientSettings([])!;
    const usual: Readonly<Record<string, unknown>> = {
      ...settings,
      ...Object.fromEntries(
        Object.entries(settings.backoff).map(([name, value]) => [
          `retry${name[0]!.toUpperCase()}${name.slice(1)}`,
          value,
        ]),
      ),
    };
    const wanted = numbersIn(CLIENT_HELP, readClientSettings)
      .filter(([flag]) => flag !== "--port")
      .map(([flag, from, to]) => [flag, `${usual[camel(flag)] as number}`, from, to]);
    const rows = tableOf("flag  ").filter(([, , from]) => /^\d+$/.test(from!));
    const client = rows.filter(([flag]) => wanted.some(([name]) => codeIn(flag!) === name));
    expect(client.map((row) => [codeIn(row[0]!), ...row.slice(1, 4)])).toEqual(wanted);
    const flags = [...CLIENT_HELP.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1]!);
    const text = proseOf(FILE);
    expect(flags.filter((flag) => !text.includes(`\`${flag}\``))).toEqual([]);
  });

  it("lists every command of members and of the administrator", () => {
    for (const [heading, commands] of [
      ["What members type", en.memberCommands],
      ["What the administrator types", en.adminCommands],
    ] as const) {
      const written = tableBelow(FILE, heading).map(([command]) => codeIn(command!));
      expect(written).toEqual(Object.values(commands).map(([usage]) => usage));
    }
  });

  it("gives the fixed values as they are in the sources", () => {
    const rows = tableOf("what  ").filter(([, value]) => /^\d+$/.test(value!));
    expect(rows.length).toBeGreaterThanOrEqual(10);
    for (const [what, value, constant, link] of rows) {
      const path = join(root, dirname(FILE), /\]\((.*?)\)/.exec(link!)![1]!);
      const source = readFileSync(path, "utf8");
      const found = new RegExp(`const ${codeIn(constant!)} = ([\\d_* ]+);`).exec(source)?.[1];
      const product = found
        ?.replaceAll("_", "")
        .split("*")
        .reduce((n, factor) => n * Number(factor), 1);
      expect(product, what).toBe(Number(value));
    }
  });

  it("says which names are refused, and with which words", () => {
    const rows = tableBelow(FILE, "Names");
    const problems = rows.map(([cell, said]) => {
      const [, json, length] = /^`(".*")`(?:, (\d+) characters)?$/.exec(cell!)!;
      const written = JSON.parse(json!) as string;
      const name = length === undefined ? written : "a".repeat(Number(length));
      const { problem } = checkName(name, defaults.maxNameLength);
      expect(problem, cell).not.toBeNull();
      expect(said, cell).toBe(en.nameRefused(problem!, defaults.maxNameLength));
      return problem;
    });
    const all = ["empty", "too-long", "unprintable", "beginning", "mark", "reserved", "mixed"];
    expect([...new Set(problems)]).toEqual(all);
  });

  it("shows both languages", () => {
    const said: ((texts: Texts) => string)[] = [
      (texts) => texts.askName,
      (texts) => texts.nameTaken("张三"),
      (texts) => texts.welcome("张三", ["Bob"], 1),
      (texts) => texts.joined("张三"),
      (texts) => texts.says("张三", "hello"),
      (texts) => texts.does("张三", "waves"),
      (texts) => texts.whisperSent("张三", "hello"),
      (texts) => texts.whispered("张三", "hello"),
      (texts) => texts.renamed("张三", "李四"),
      (texts) => texts.admin("hello"),
      (texts) => texts.removed("张三"),
      (texts) => texts.left("张三"),
      (texts) => texts.ending(60),
      (texts) => texts.ending(0),
    ];
    const rows = tableBelow(FILE, "Languages").map(([, ...cells]) => cells.map(codeIn));
    expect(rows).toEqual(said.map((text) => [text(en), text(zh)]));
  });

  it("says which last words are a farewell, in both languages", () => {
    const last: ((texts: Texts) => string)[] = [
      (texts) => texts.ending(0),
      (texts) => texts.goodbye,
      (texts) => texts.tooManyTries,
      (texts) => texts.removedYou,
      (texts) => texts.timeUp.handshake,
      (texts) => texts.timeUp.idle,
      (texts) => texts.full(defaults.maxMembers),
      (texts) => texts.tooManyFromThere(defaults.maxPerAddress),
      (texts) => texts.tooManyAtOnce,
      () => "nothing",
    ];
    const rows = tableBelow(FILE, "The protocol");
    expect(rows.map(([cell]) => codeIn(cell!))).toEqual(last.map((text) => text(en)));
    for (const [index, [, , then]] of rows.entries()) {
      const ends = then!.startsWith("ends");
      for (const texts of [en, zh]) {
        const text = last[index]!(texts);
        expect(FAREWELLS.has(text) || text === texts.tooManyTries, text).toBe(ends);
      }
    }
  });

  it("computes the bound of memory from the flags", () => {
    const { maxMembers, backlogBytes, maxLineBytes, historyBytes } = defaults;
    const people = maxMembers + 100;
    const waiting = people * (backlogBytes + 2 * DEFAULT_LIMITS.inputMark);
    const bound =
      Math.min(waiting, DEFAULT_LIMITS.maxBufferedBytes) +
      people * Math.max(65_536, 4 * maxLineBytes) +
      2 * historyBytes +
      262_144;
    expect(proseOf(FILE)).toContain(`${(bound / 1024 / 1024).toFixed(1)} MiB at worst`);
  });
});

describe("the parts of the chat", () => {
  const files = readdirSync(join(root, "examples/chat"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort();

  it("are all in the table of examples/README.md", () => {
    const text = readFileSync(join(root, "examples/README.md"), "utf8");
    const named = [...text.matchAll(/\]\(chat\/([\w/-]+\.ts)\)/g)].map((match) => match[1]!);
    expect([...new Set(named)].sort()).toEqual(files);
  });

  it("are in the diagram by their names, and those of the room all", () => {
    const diagram = blocksOf(FILE).at(-1)!.text;
    const named = [...diagram.matchAll(/[\w-]+\.ts/g)].map((match) => match[0]);
    const entries = ["chat-room.ts", "chat-client.ts"];
    const shared = readdirSync(join(root, "examples/program"));
    const known = [...files, ...entries, ...shared];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
    const room = files.filter((name) => !/^(?:client-|texts\/|moment)/.test(name));
    expect(room.filter((name) => !named.includes(name))).toEqual([]);
  });
});
