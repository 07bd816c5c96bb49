/** The sessions of docs/file-client.md are what the client shows, and its commands those of the table. */
import { once } from "node:events";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { COMMAND_TABLE, usageOf } from "../../examples/ftp/client/commands.ts";
import { MAX_CANDIDATES } from "../../examples/ftp/client/completion.ts";
import { MAX_HELD_KEYS } from "../../examples/ftp/client/keyboard.ts";
import { MAX_LINE_BYTES } from "../../examples/ftp/client/pipe.ts";
import { LINE_MS } from "../../examples/ftp/client/progress-display.ts";
import { MAX_HISTORY_LINES } from "../../examples/ftp/client/terminal.ts";
import { clientPlace, closeTerminals, FILE_CLIENT } from "../examples/file-client-process.ts";
import { openFileServer, UNLIMITED, type FileServer } from "../examples/file-server-process.ts";
import { ProgramTerminal } from "../examples/program-terminal.ts";
import { cleanUp } from "../examples/programs.ts";
import { blocksOf, readDocument } from "./markdown.ts";

const FILE = "docs/file-client.md";

afterAll(() => {
  closeTerminals();
  cleanUp();
});

/** The cells of the rows below the row that begins so, without the spaces that align them. */
function rowsBelow(head: string): string[][] {
  const lines = readDocument(FILE).split("\n");
  const from = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const end = lines.indexOf("", from);
  return lines.slice(from + 2, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("the table of commands is that of the client", () => {
  expect(rowsBelow("command")).toEqual(
    COMMAND_TABLE.map((command) => [usageOf(command), command.does, command.also.join(", ")]),
  );
});

test("the limits are those of the sources", () => {
  const limits = { MAX_HISTORY_LINES, MAX_CANDIDATES, MAX_HELD_KEYS, MAX_LINE_BYTES, LINE_MS };
  const told = rowsBelow("limit").map(([, value, name]) => [name, value]);
  expect(told).toEqual(
    Object.entries(limits).map(([name, value]) => [name, value.toLocaleString("en")]),
  );
});

async function openServer(): Promise<FileServer> {
  const server = await openFileServer(UNLIMITED);
  mkdirSync(join(server.root, "photos"));
  const sizes = {
    "README.txt": 6,
    "photos/a cat.jpg": 150_000,
    "photos/a dog.jpg": 200_000,
    "photos/notes.txt": 1000,
  };
  for (const [name, size] of Object.entries(sizes)) {
    writeFileSync(join(server.root, name), Buffer.alloc(size, "x"));
  }
  const time = new Date("2026-01-02T03:04:05Z");
  for (const name of [...Object.keys(sizes), "photos"])
    utimesSync(join(server.root, name), time, time);
  return server;
}

/** What is another one each time. */
function anyTime(row: string): string {
  return row
    .replace(/ in \d+ s, [\d.]+ \w+\/s$/, " in <time>")
    .replace(/ was lost \(.*\)/, " was lost (<why>)");
}

test.each(["session", "interrupt", "lost", "pipe"])("a terminal shows: %s", async (name) => {
  let server = await openServer();
  const [first, ...script] = blocksOf(FILE)
    .find(({ mark }) => mark === `files: ${name}`)!
    .text.trimEnd()
    .split("\n");
  const here = (text: string): string => text.replaceAll(":2121", `:${server.port}`);
  const command = here(first!.slice(2)).replace("npm run -s file-client --", FILE_CLIENT.join(" "));
  const { folder: cwd, env } = clientPlace();
  const terminal = new ProgramTerminal(["sh", "-c", command], { columns: 200, rows: 60, cwd, env });
  /** Up to this row the screen shows what the document does; the last row is one that is typed at. */
  const shows = (count: number): Promise<void> => {
    const wanted = script.slice(0, count).map((row) => anyTime(here(row)));
    return terminal.screen.until((rows) =>
      wanted.every((row, i) => anyTime(rows[i] ?? "") === row),
    );
  };
  for (let row = 0; row < script.length; row++) {
    const [, typed, key] = /^ftp> (.*?)(\^C)?$/.exec(script[row]!) ?? [];
    if (typed === undefined) {
      if (script[row]!.includes("was lost")) server = await restarted(server);
      continue;
    }
    await shows(row);
    await terminal.screen.until((rows) => rows[row] === "ftp>", [5, row]);
    terminal.type(typed);
    if (key !== undefined) await terminal.until(`ftp> ${typed}`.trimEnd());
    terminal.type(key === undefined ? "\r" : "\x03");
  }
  await terminal.screen.until((rows) => rows.at(-1) === "cooked");
  expect(terminal.screen.text.slice(0, -2).map(anyTime)).toEqual(
    script.map((row) => anyTime(here(row))),
  );
  terminal.kill();
});

/** Killed, and there again at the same port. */
async function restarted(server: FileServer): Promise<FileServer> {
  const exit = once(server.child, "exit");
  server.child.kill("SIGKILL");
  await exit;
  return openFileServer(["--port", String(server.port), ...UNLIMITED], server.root);
}
