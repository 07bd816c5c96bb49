/** The log of transfers: bounded on the disk, and in memory while the disk is slow. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { LogFile, MAX_WAITING_BYTES } from "../../examples/program/log-file.ts";

let folder: string;
let file: string;
const reported: unknown[] = [];

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "iomux-log-"));
  file = path.join(folder, "log");
  reported.length = 0;
});
afterEach(() => fs.rm(folder, { recursive: true }));

function open(maxBytes = 1e9): Promise<LogFile> {
  return LogFile.open(file, { maxBytes, report: (error) => reported.push(error) });
}

const read = (name = file): Promise<string> => fs.readFile(name, "utf8");

test("lines come in their order, behind those that are there, for the owner's eyes only", async () => {
  await fs.writeFile(file, "before\n", { mode: 0o600 });
  const log = await open();
  for (let i = 0; i < 1000; i++) log.write(`line ${i}`);
  await log.flush();
  const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`);
  expect(await read()).toBe(`before\n${lines.join("")}`);
  expect((await fs.stat(file)).mode & 0o077).toBe(0);
  expect(reported).toEqual([]);
});

test("a full file is put aside as FILE.1, in place of the one before", async () => {
  const log = await open(20);
  for (const line of ["first, of 20 bytes!", "second, and as long", "third"]) {
    log.write(line);
    await log.flush();
  }
  expect(await read()).toBe("third\n");
  expect(await read(`${file}.1`)).toBe("second, and as long\n");
  expect((await fs.readdir(folder)).sort()).toEqual(["log", "log.1"]);
});

test("what is in the file at the start counts", async () => {
  await fs.writeFile(file, "x".repeat(20));
  const log = await open(20);
  log.write("new");
  await log.flush();
  expect(await read()).toBe("new\n");
});

test("MAX_WAITING_BYTES wait for the disk; lines beyond are left out, and counted", async () => {
  const log = await open();
  const line = "l".repeat(1023);
  const most = MAX_WAITING_BYTES / 1024;
  // The first is being written, and waits no more.
  log.write(line);
  for (let i = 0; i < most + 7; i++) log.write(line);
  await log.flush();
  log.write("after");
  await log.flush();
  const text = await read();
  expect(text.split("\n").filter((written) => written === line)).toHaveLength(most + 1);
  expect(text).toContain("# 7 lines were left out\n");
  expect(text.endsWith("after\n")).toBe(true);
});

test("a file that somebody else has moved away is made anew, also if it was full", async () => {
  const log = await open(5);
  log.write("a line that fills it");
  await log.flush();
  await fs.rename(file, `${file}.old`);
  log.write("another");
  await log.flush();
  log.write("and one more");
  await log.flush();
  expect(reported).toEqual([]);
  expect(await read(`${file}.1`)).toBe("another\n");
  expect(await read()).toBe("and one more\n");
});

test("a disk that fails is reported once, until it works again; what was lost is counted", async () => {
  const log = await open();
  log.write("before");
  await log.flush();
  await fs.rm(file);
  await fs.mkdir(file);
  for (const line of ["lost", "lost too"]) {
    log.write(line);
    await log.flush();
  }
  expect(reported).toMatchObject([{ code: "EISDIR" }]);
  await fs.rmdir(file);
  log.write("after");
  await log.flush();
  expect(await read()).toBe("# 2 lines were left out\nafter\n");
  expect(reported).toHaveLength(1);
});

test("a line that was cut off by a full disk ends before the next one", async () => {
  const log = await open();
  log.write("before");
  await log.flush();
  const aside = `${file}.aside`;
  await fs.rename(file, aside);
  await fs.mkdir(file);
  log.write("half of this is written");
  await log.flush();
  await fs.rmdir(file);
  await fs.rename(aside, file);
  await fs.appendFile(file, "half of this");
  log.write("after");
  await log.flush();
  expect(await read()).toBe("before\nhalf of this\n# 1 lines were left out\nafter\n");
});

test("a place that cannot be written is told in one line at the start", async () => {
  file = path.join(folder, "missing", "log");
  await expect(open()).rejects.toThrow(/^.*missing\/log: cannot be written: ENOENT.*$/);
});
