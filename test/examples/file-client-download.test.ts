/** A local file that comes: what stands where, and which half is gone on with. */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { Download } from "../../examples/ftp/client/download.ts";
import { Upload } from "../../examples/ftp/client/upload.ts";
import { failureOf } from "./file-client-session.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const TIME = Date.UTC(2026, 10, 21, 20, 30);
const NEW = { origin: "me@server:21/a", size: 4, modifiedMs: TIME, resume: false };
const GO_ON = { ...NEW, resume: true };
const ABCD = Buffer.from("abcd");

test("it has its name once it is whole, and before that one that says what it is", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  writeFileSync(local, "old");
  const file = await Download.open(local, NEW);
  await file.write(ABCD);
  expect(readdirSync(folder)).toEqual(["a", "a.20261121203000-0b9f381d.part"]);
  expect(readFileSync(local, "utf8")).toBe("old");
  expect(lstatSync(join(folder, "a.20261121203000-0b9f381d.part")).mode & 0o777).toBe(0o600);
  await file.commit();
  expect(readdirSync(folder)).toEqual(["a"]);
  expect(readFileSync(local, "utf8")).toBe("abcd");
});

test("a half is kept and gone on with; nothing is kept of nothing", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  expect(await (await Download.open(local, NEW)).keep()).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
  const first = await Download.open(local, NEW);
  await first.write(Buffer.from("ab"));
  expect(await first.keep()).toBe(join(folder, "a.20261121203000-0b9f381d.part"));
  const second = await Download.open(local, GO_ON);
  expect(second.length).toBe(2);
  await second.write(Buffer.from("cd"));
  await second.commit();
  expect(readFileSync(local, "utf8")).toBe("abcd");
});

test.each([
  ["it was not asked for", NEW],
  ["the file of the server has another time", { ...GO_ON, modifiedMs: TIME + 1000 }],
  ["the file of the server has no time any more", { ...GO_ON, modifiedMs: null }],
  ["the file of the server is smaller", { ...GO_ON, size: 1 }],
  ["nobody knows how large it is", { ...GO_ON, size: null }],
])("a half is not gone on with if %s, and no other half is left", async (_, settings) => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  const first = await Download.open(local, NEW);
  await first.write(Buffer.from("ab"));
  await first.keep();
  const others = ["a.part.txt", "a.1.part", "ab.part", "b.20261121203000.part"];
  // Of other programs, and of other files of this name.
  others.push("a.part", "a.20261121203000.part", "a.20261121203000-00000000.part");
  for (const other of others) writeFileSync(join(folder, other), "");
  const second = await Download.open(local, settings);
  expect(second.length).toBe(0);
  await second.write(ABCD);
  await second.commit();
  expect(readdirSync(folder).sort()).toEqual(["a", ...others].sort());
});

test("two who get the same file at once: who began last has it whole, and the other one is told", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  const first = await Download.open(local, GO_ON);
  await first.write(Buffer.from("ab"));
  const second = await Download.open(local, GO_ON);
  // A server that knows no REST.
  await second.beginAnew();
  await second.write(Buffer.from("a"));
  await first.write(Buffer.from("cd"));
  const { message } = await failureOf(first.commit(), "local-error");
  expect(message).toMatch(/is somebody else's now: see who else gets this file$/);
  expect(await first.keep()).toBeNull();
  await second.write(Buffer.from("bcd"));
  await second.commit();
  expect(readFileSync(local, "utf8")).toBe("abcd");
  expect(readdirSync(folder)).toEqual(["a"]);
});

test("a half that is gone is told of, and is not said to be kept", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  const first = await Download.open(local, NEW);
  await first.write(ABCD);
  const second = await Download.open(local, NEW);
  await failureOf(first.commit(), "local-error");
  expect(await first.keep()).toBeNull();
  await second.write(ABCD);
  await second.commit();
});

test("a link in the place of a half is not followed, nor one in the place of the file", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  writeFileSync(join(folder, "precious"), "abc");
  symlinkSync("precious", join(folder, "a.20261121203000-0b9f381d.part"));
  symlinkSync("precious", local);
  const file = await Download.open(local, GO_ON);
  expect(file.length).toBe(0);
  await file.write(ABCD);
  await file.commit();
  expect(readFileSync(join(folder, "precious"), "utf8")).toBe("abc");
  expect(lstatSync(local).isFile()).toBe(true);
});

test("a half that somebody has put another file in the place of does not get the name", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  const file = await Download.open(local, NEW);
  await file.write(ABCD);
  const part = join(folder, "a.20261121203000-0b9f381d.part");
  unlinkSync(part);
  writeFileSync(part, "half");
  await failureOf(file.commit(), "local-error");
  await file.keep();
  expect(readdirSync(folder)).toEqual(["a.20261121203000-0b9f381d.part"]);
});

test.each(["n".repeat(255), "文".repeat(85)])(
  "a name of %s has a half of its own",
  async (name) => {
    const folder = temporaryFolder();
    const other = `${name.slice(0, -1)}x`;
    for (const one of [name, other]) {
      const file = await Download.open(join(folder, one), NEW);
      await file.write(Buffer.from(one === name ? "ab" : "x"));
      await file.keep();
    }
    expect(readdirSync(folder)).toHaveLength(2);
    const file = await Download.open(join(folder, name), GO_ON);
    expect(file.length).toBe(2);
    await file.commit();
    expect(readFileSync(join(folder, name), "utf8")).toBe("ab");
  },
);

test("a folder that is gone, or that nobody may write in", async () => {
  const folder = temporaryFolder();
  await failureOf(Download.open(join(folder, "none", "a"), NEW), "no-file");
  const file = await Download.open(join(folder, "a"), NEW);
  await file.write(ABCD);
  mkdirSync(join(folder, "elsewhere"));
  renameSync(join(folder, "a.20261121203000-0b9f381d.part"), join(folder, "elsewhere", "x"));
  await failureOf(file.commit(), "local-error");
  await file.keep();
});

test("what is sent is a regular file, read to its end", async () => {
  const folder = temporaryFolder();
  const local = join(folder, "a");
  writeFileSync(local, "abcde");
  linkSync(local, join(folder, "b"));
  chmodSync(local, 0o400);
  const file = await Upload.open(join(folder, "b"));
  file.seek(1);
  expect((await file.next(3))?.toString()).toBe("bcd");
  expect((await file.next(3))?.toString()).toBe("e");
  expect([await file.next(3), file.position, file.size]).toEqual([null, 5, 5]);
  expect(await file.isUnchanged()).toBe(true);
  await file.close();
  await failureOf(Upload.open("/dev/null"), "misuse");
});

test.each<[string, (local: string) => void]>([
  ["is written over in place", (local) => writeFileSync(local, "ABCDE")],
  ["grows", (local) => appendFileSync(local, "f".repeat(20))],
  ["is cut", (local) => truncateSync(local, 2)],
])("what %s while it is sent has changed, and is read to an end", async (_, change) => {
  const local = join(temporaryFolder(), "a");
  writeFileSync(local, "abcde");
  utimesSync(local, 1, 1);
  const file = await Upload.open(local);
  await file.next(2);
  change(local);
  let pieces = 0;
  while ((await file.next(2)) !== null) pieces++;
  expect(pieces).toBeLessThan(4);
  expect(await file.isUnchanged()).toBe(false);
  await file.close();
});
