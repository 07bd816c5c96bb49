/** The page of the file server: its tables are those of the sources, and what it says to type works. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { commandTable } from "../../examples/ftp/commands.ts";
import { LARGE_BYTES, SLOW_MS, SMALL_BYTES } from "../../examples/files/buffer-pool.ts";
import { PORT_TRIES } from "../../examples/ftp/server/data-port.ts";
import { HELP, LIMITS } from "../../examples/ftp/server/flags.ts";
import { MAX_WAITING_BYTES } from "../../examples/program/log-file.ts";
import { MAX_PIECES } from "../../examples/files/file-sink.ts";
import { TRIAL_BYTES } from "../../examples/files/file-source.ts";
import { LISTING_BYTES } from "../../examples/ftp/server/listing-source.ts";
import * as statusServer from "../../examples/ftp/server/status-server.ts";
import * as statusWatch from "../../examples/ftp/server/status-watch.ts";
import { MAX_TOLD_PATH, MAX_TOLD_SESSIONS } from "../../examples/ftp/server/status.ts";
import { GOODBYE_MS } from "../../examples/ftp/server/server.ts";
import { CONFIRM_MS, GATHER_MS } from "../../examples/ftp/server/transfer.ts";
import { flagOf } from "../../examples/program/flags.ts";
import { cleanUp, run, temporaryFolder, type Running } from "../examples/chat-process.ts";
import {
  ANN,
  Conversation,
  endFileServer,
  FILE_SERVER,
  openFileServer,
  runFileServer,
  usersFile,
} from "../examples/file-server-process.ts";
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

/** The numbers of a module. */
function told(module: object, file: string): Record<string, readonly [number, string]> {
  const numbers = Object.entries(module as Record<string, unknown>).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return Object.fromEntries(numbers.map(([name, value]) => [name, [value, file]]));
}

/** What the table names, and where it is. */
const VALUES: Readonly<Record<string, readonly [value: number, file: string]>> = {
  LARGE_BYTES: [LARGE_BYTES, "buffer-pool.ts"],
  SMALL_BYTES: [SMALL_BYTES, "buffer-pool.ts"],
  SLOW_MS: [SLOW_MS, "buffer-pool.ts"],
  TRIAL_BYTES: [TRIAL_BYTES, "file-source.ts"],
  LISTING_BYTES: [LISTING_BYTES, "listing-source.ts"],
  MAX_PIECES: [MAX_PIECES, "file-sink.ts"],
  GATHER_MS: [GATHER_MS, "transfer.ts"],
  CONFIRM_MS: [CONFIRM_MS, "transfer.ts"],
  PORT_TRIES: [PORT_TRIES, "data-port.ts"],
  GOODBYE_MS: [GOODBYE_MS, "server.ts"],
  MAX_WAITING_BYTES: [MAX_WAITING_BYTES, "log-file.ts"],
  ...told({ MAX_TOLD_SESSIONS, MAX_TOLD_PATH }, "status.ts"),
  ...told(statusServer, "status-server.ts"),
  ...told(statusWatch, "status-watch.ts"),
};

test("the limits of transfers are those of the sources", () => {
  const rows = constants.map(([, value, name, link]) => [
    ...[
      name!.replaceAll("`", ""),
      value,
      /(?:server|files|program)\/([\w-]+\.ts)\)/.exec(link!)![1],
    ],
  ]);
  const expected = Object.entries(VALUES).map(([name, [value, file]]) => {
    return [name, value.toLocaleString("en"), file];
  });
  expect(rows.sort()).toEqual(expected.sort());
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
  const running = runFileServer("--port", "0");
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

/** What is another one each time; what is empty stays empty. */
function anySizes(line: string): string {
  return line
    .replaceAll(/\d+(\.\d)? ([KMG]i)?B\b/g, "SIZE")
    .replaceAll(/(?<!\d)\d\d:\d\d:\d\d/g, "SINCE")
    .replaceAll(/\b(up|idle) \d[\d:]*( s)?/g, "$1 TIME")
    .replaceAll(/127\.0\.0\.1:\d+/g, "PLACE")
    .replaceAll(/ {2,}/g, "  ");
}

test("who is connected is shown as it is written", async () => {
  const [shown] = blocksOf(PAGE).filter(({ mark }) => mark === "files: status");
  const [command, ...written] = shown!.text.trimEnd().split("\n");
  const users = await usersFile({ ...ANN, name: "alice", home: "/alice" }, { ...ANN, name: "bob" });
  const flags = ["--sessions", "1000", "--per-address", "4"];
  const server = await openFileServer(["--users", users, ...flags]);
  mkdirSync(join(server.root, "pub"));
  writeFileSync(join(server.root, "pub", "movie.mkv"), "");
  truncateSync(join(server.root, "pub", "movie.mkv"), 1_288_490_189);
  const anonymous = { ...ANN, name: "anonymous" };
  const down = await Conversation.open(server, anonymous);
  const up = await Conversation.open(server, { ...ANN, name: "alice" });
  const idle = await Conversation.open(server, { ...ANN, name: "bob" });
  const newcomer = await Conversation.open(server);
  const refused = await Conversation.open(server);
  await refused.over;
  for (const session of [down, up]) await session.say("TYPE I");
  const receiving = await down.connectData();
  receiving.pause();
  await down.say("RETR pub/movie.mkv");
  const sending = await up.connectData();
  await up.say("STOR 照片.tar");
  sending.write("some bytes");

  const typed = command!.replace("npm run --silent file-server --", '"$@"');
  const args = [process.execPath, ...FILE_SERVER];
  const line = typed.slice(2).replace("--status", `--status --port ${server.port}`);
  const asking = run("/bin/sh", ["-c", line, "sh", ...args]);
  expect(await asking.ended).toEqual({ code: 0, signal: null });
  expect(asking.out.lines.map(anySizes)).toEqual(written.map(anySizes));
  for (const session of [down, up, idle, newcomer]) session.close();
  await endFileServer(server, /turned away/);
});
