/** The page of the file server: its tables are those of the sources, and what it says to type works. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { commandTable } from "../../examples/ftp/commands.ts";
import { LARGE_BYTES, SLOW_MS, SMALL_BYTES } from "../../examples/ftp/server/buffer-pool.ts";
import { PORT_TRIES } from "../../examples/ftp/server/data-port.ts";
import { HELP, LIMITS } from "../../examples/ftp/server/flags.ts";
import { MAX_WAITING_BYTES } from "../../examples/program/log-file.ts";
import { MAX_PIECES } from "../../examples/ftp/server/piece-sink.ts";
import { LISTING_BYTES, TRIAL_BYTES } from "../../examples/ftp/server/piece-source.ts";
import { GOODBYE_MS } from "../../examples/ftp/server/server.ts";
import { CONFIRM_MS, GATHER_MS } from "../../examples/ftp/server/transfer.ts";
import { flagOf } from "../../examples/program/flags.ts";
import { cleanUp, run, temporaryFolder, type Running } from "../examples/chat-process.ts";
import { blocksOf, readDocument, tableBelow } from "./markdown.ts";

const PAGE = "docs/file-server.md";
const required = process.env.IOMUX_REQUIRE_PEERS === "1";

afterAll(() => {
  cleanUp();
  for (const folder of demonstrated) rmSync(folder, { recursive: true, force: true });
});

/** Cells, without the spaces that align them. */
function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim());
}

/** The lines of a table without the one below its head. */
function rowsOf(lines: readonly string[]): string[][] {
  return lines.toSpliced(1, 1).map(cellsOf);
}

test("the table of commands is the one of the protocol", () => {
  const written = readDocument(PAGE).split("\n");
  const from = written.findIndex((line) => line.startsWith("| command "));
  const told = commandTable().trimEnd().split("\n");
  expect(rowsOf(written.slice(from, from + told.length))).toEqual(rowsOf(told));
  expect(written[from + told.length]).toBe("");
});

test("the limits are those of the flags, and of the help", () => {
  const rows = Object.entries(LIMITS).map(([name, [usual, , , does]]) => [
    ...[`\`${name}\``, usual.toLocaleString("en"), does],
  ]);
  expect(tableBelow(PAGE, "Limits")).toEqual(rows);
  for (const name of Object.keys(LIMITS)) expect(HELP).toContain(`  --${flagOf(name)} N`);
});

const constants = readDocument(PAGE)
  .split("\n")
  .filter((line) => /^\|.*`[A-Z_]{4,}`.*\.ts\)/.test(line))
  .map(cellsOf);

/** What the table names, and where it is. */
const VALUES: Readonly<Record<string, readonly [value: number, file: string]>> = {
  LARGE_BYTES: [LARGE_BYTES, "buffer-pool.ts"],
  SMALL_BYTES: [SMALL_BYTES, "buffer-pool.ts"],
  SLOW_MS: [SLOW_MS, "buffer-pool.ts"],
  TRIAL_BYTES: [TRIAL_BYTES, "piece-source.ts"],
  LISTING_BYTES: [LISTING_BYTES, "piece-source.ts"],
  MAX_PIECES: [MAX_PIECES, "piece-sink.ts"],
  GATHER_MS: [GATHER_MS, "transfer.ts"],
  CONFIRM_MS: [CONFIRM_MS, "transfer.ts"],
  PORT_TRIES: [PORT_TRIES, "data-port.ts"],
  GOODBYE_MS: [GOODBYE_MS, "server.ts"],
  MAX_WAITING_BYTES: [MAX_WAITING_BYTES, "log-file.ts"],
};

test("the limits of transfers are those of the sources", () => {
  const told = constants.map(([, value, name, link]) => [
    ...[name!.replaceAll("`", ""), value, /server\/([\w-]+\.ts)\)/.exec(link!)![1]],
  ]);
  const expected = Object.entries(VALUES).map(([name, [value, file]]) => {
    return [name, value.toLocaleString("en"), file];
  });
  expect(told.sort()).toEqual(expected.sort());
});

/** What is typed in a block marked `clients: name`, a line each; of Python, all of it. */
function commandsFor(client: string): string[] {
  const block = blocksOf(PAGE).find(({ mark }) => mark === `clients: ${client}`)!;
  if (block.info === "python") return [`python3 -c '${block.text}'`];
  const lines = block.text.trimEnd().split("\n");
  return lines.map((line) => line.replace(/ +# .*$/, ""));
}

const demonstrated: string[] = [];

/** A demonstration; the folder that it makes is removed after the tests. */
async function startServer(): Promise<{ readonly running: Running; readonly address: string }> {
  const node = ["--import", "tsx", "--conditions=iomux-source", "examples/file-server.ts"];
  const running = run(process.execPath, [...node, "--port", "0"]);
  const folder = await running.out.until(/^Serving /);
  demonstrated.push(/^Serving (.*?): /.exec(folder)![1]!);
  const line = await running.out.until(/^Open on /);
  return { running, address: /^Open on (\S+)\. /.exec(line)![1]! };
}

describe("clients", () => {
  test("a demonstration begins as it is shown", async () => {
    const [shown] = blocksOf(PAGE).filter(({ mark }) => mark === "files: start");
    const { running } = await startServer();
    await running.out.until(/^Ctrl-C/);
    const plain = (line: string): string =>
      line.replace(/\S*\/iomux-files-\w{6}/, "FOLDER").replaceAll(/1:\d+/g, "1:PORT");
    const printed = shown!.text.trimEnd().split("\n").slice(1);
    expect(running.out.lines.map(plain)).toEqual(printed.map(plain));
    running.child.kill("SIGINT");
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.err.lines).toEqual([]);
  });

  test.each([
    ["curl", "README.txt"],
    ["wget", "README.txt"],
    ["lftp", "copy/README.txt"],
    ["python", "copy.txt"],
  ])("%s does what is written", async (client, copy) => {
    const { address } = await startServer();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "photo.jpg"), "a picture");
    for (const command of commandsFor(client)) {
      const [host, port] = address.split(":") as [string, string];
      const text = command.replaceAll("127.0.0.1:2121", address).replaceAll("2121", port);
      const { err, ended } = run("/bin/sh", ["-c", `cd "$1" && HOME=. && ${text}`, host, folder]);
      const { code } = await ended;
      if (code === 127 && !required) return;
      expect([command, code, err.lines.filter(() => code !== 0)]).toEqual([command, 0, []]);
    }
    expect(readFileSync(join(folder, copy), "utf8")).toContain("served by the file server");
  });
});
