/** The file server spoken to with curl, in the clear. */
import { appendFile, mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { absent, curl } from "./file-server-clients.ts";
import { ANN, BOB, endFileServer, openUsersServer, urlOf } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { digest, digestOf, HARDER_NAMES, NAMES, sample, SIZES } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const OK = { code: 0, err: "" };
const MIB = 1024 * 1024;

describe.skipIf(absent("curl"))("real peer: curl", () => {
  let server: FileServer;
  const folder = temporaryFolder();

  beforeAll(async () => {
    server = await openUsersServer();
  });

  afterAll(() => endFileServer(server));

  /** A file on the client's side. */
  async function local(name: string, bytes: Buffer): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return file;
  }

  function remote(name: string): string {
    return join(server.root, name);
  }

  const url = (path: string): string => urlOf(server, path, ANN);

  describe("puts and gets", () => {
    test.each(SIZES)("%i bytes", async (size) => {
      const file = await local("sized", sample(size));
      const name = `${size} bytes`;
      expect(await curl("-T", file, url(name))).toMatchObject(OK);
      expect(digestOf(remote(name))).toBe(digestOf(file));
      const got = await curl(url(name));
      expect(got).toMatchObject(OK);
      expect(digest(got.out)).toBe(digestOf(file));
    });

    test("100 MiB", async () => {
      const file = await local("huge", sample(100 * MIB));
      expect(await curl("-T", file, url("huge"))).toMatchObject(OK);
      expect(digestOf(remote("huge"))).toBe(digestOf(file));
      const got = join(folder, "huge again");
      expect(await curl("-o", got, url("huge"))).toMatchObject(OK);
      expect(digestOf(got)).toBe(digestOf(file));
    });

    test.each([...NAMES, ...HARDER_NAMES])("a file named %j", async (name) => {
      const file = await local("named", sample(100, name));
      expect(await curl("-T", file, url(name))).toMatchObject(OK);
      expect(digestOf(remote(name))).toBe(digestOf(file));
      const got = await curl(url(name));
      expect(digest(got.out)).toBe(digestOf(file));
      const names = await curl("-l", url(""));
      expect(names.out.toString().split("\n")).toContain(name);
    });

    test("20 files at once, in folders that it makes", async () => {
      const file = await local("many", sample(300_000));
      const uploads = Array.from({ length: 20 }, (_, i) => ["-T", file, url(`made/${i % 4}/${i}`)]);
      const many = ["-Z", "--ftp-create-dirs", ...uploads.flat()];
      expect(await curl(...many)).toMatchObject({ code: 0 });
      for (let i = 0; i < 20; i++) {
        expect(digestOf(remote(`made/${i % 4}/${i}`))).toBe(digestOf(file));
      }
    });

    test("anybody's new files; who has no right to it overwrites nothing", async () => {
      const file = await local("anybody's", sample(1000));
      const [mine, other] = [urlOf(server, "anybody's"), await local("other", sample(2000))];
      expect(await curl("-T", file, mine)).toMatchObject(OK);
      for (const flags of [[], ["-a"], ["-C", "500"]]) {
        expect(await curl(...flags, "-T", other, mine)).toMatchObject({ code: 25 });
      }
      expect(digestOf(remote("anybody's"))).toBe(digestOf(file));
      expect(digest((await curl(mine)).out)).toBe(digestOf(file));
    });

    test("text, with line ends converted both ways", async () => {
      const file = await local("text", Buffer.from("one\ntwo\nthree"));
      expect(await curl("--use-ascii", "--crlf", "-T", file, url("text"))).toMatchObject(OK);
      expect(await readFile(remote("text"), "utf8")).toBe("one\ntwo\nthree");
      const got = await curl(`${url("text")};type=a`);
      expect(got.out.toString()).toBe("one\ntwo\nthree");
    });
  });

  describe("parts of files", () => {
    const whole = sample(200_000, "whole");

    beforeAll(() => writeFile(remote("whole"), whole));

    test("a get goes on where it was broken off", async () => {
      const file = await local("begun", whole.subarray(0, 70_001));
      const got = await curl("-C", "-", "-o", file, url("whole"));
      expect(got).toMatchObject(OK);
      expect(digestOf(file)).toBe(digest(whole));
    });

    test("a put goes on where it was broken off", async () => {
      await writeFile(remote("half"), whole.subarray(0, 70_001));
      const file = await local("complete", whole);
      expect(await curl("-C", "-", "-T", file, url("half"))).toMatchObject(OK);
      expect(digestOf(remote("half"))).toBe(digest(whole));
    });

    test.each([
      ["100-199", 100, 200],
      ["0-0", 0, 1],
      ["199999-", 199_999, 200_000],
      ["-65537", 134_463, 200_000],
      ["65536-131072", 65_536, 131_073],
    ])("the range %s", async (range, from, to) => {
      const got = await curl("-r", range, url("whole"));
      expect(got).toMatchObject(OK);
      expect(digest(got.out)).toBe(digest(whole.subarray(from, to)));
    });

    test("what is behind the end is refused", async () => {
      expect(await curl("-C", "200001", url("whole"))).toMatchObject({ code: 36 });
    });

    test("appends", async () => {
      const more = await local("more", sample(65_536));
      await writeFile(remote("log"), whole);
      for (const name of ["log", "new log"]) {
        expect(await curl("-a", "-T", more, url(name))).toMatchObject(OK);
      }
      expect(digestOf(remote("log"))).toBe(digest(Buffer.concat([whole, sample(65_536)])));
      expect(digestOf(remote("new log"))).toBe(digestOf(more));
    });
  });

  describe("what there is", () => {
    beforeAll(async () => {
      await mkdir(remote("shelf/folder"), { recursive: true });
      await writeFile(remote("shelf/file"), sample(12_345));
      await utimes(remote("shelf/file"), 0, new Date("2020-01-02T03:04:05Z"));
    });

    test("LIST, as ls -l prints it", async () => {
      const lines = (await curl(url("shelf/"))).out.toString().split("\n");
      expect(lines.sort()).toEqual([
        "",
        "-rw-r--r-- 1 ftp      ftp             12345 Jan  2  2020 file",
        expect.stringMatching(/^drwxr-xr-x \d ftp +ftp +0 \w{3} [ \d]\d \d\d:\d\d folder$/),
      ]);
    });

    test("NLST, names alone", async () => {
      const names = (await curl("-l", url("shelf/"))).out.toString().split("\n");
      expect(names.sort()).toEqual(["", "file", "folder"]);
    });

    test("MLSD, facts", async () => {
      const lines = (await curl("-X", "MLSD", url("shelf/"))).out.toString().split("\n");
      const file = /^(?=.*type=file;)(?=.*size=12345;)(?=.*modify=20200102030405;)\S+ file$/;
      expect(lines).toContainEqual(expect.stringMatching(file));
    });

    test("SIZE and MDTM, as headers", async () => {
      const { out } = await curl("-I", url("shelf/file"));
      expect(out.toString().split("\r\n")).toEqual([
        "Last-Modified: Thu, 02 Jan 2020 03:04:05 GMT",
        "Content-Length: 12345",
        "Accept-ranges: bytes",
        "",
      ]);
    });

    test("a copy is as old as the file", async () => {
      const copy = join(folder, "copy");
      expect(await curl("-R", "-o", copy, url("shelf/file"))).toMatchObject(OK);
      expect((await stat(copy)).mtime.toISOString()).toBe("2020-01-02T03:04:05.000Z");
    });
  });

  test("renames, makes and removes by -Q", async () => {
    await writeFile(remote("old name"), sample(1));
    const commands = ["MKD box", "RNFR old name", "RNTO box/new name"];
    const quotes = commands.flatMap((command) => ["-Q", command]);
    const listed = await curl("-l", ...quotes, url("box/"));
    expect(listed.out.toString()).toBe("new name\n");
    const away = ["-Q", "DELE box/new name", "-Q", "RMD box"];
    expect(await curl("-l", ...away, url("box/"))).toMatchObject({ code: 9 });
  });

  describe.each([
    { flags: [], says: "229 Entering Extended Passive Mode" },
    { flags: ["--disable-epsv"], says: "227 Entering Passive Mode" },
    { flags: ["-P", "-"], says: "EPRT |1|127.0.0.1|" },
    { flags: ["--disable-eprt", "-P", "-"], says: "PORT 127,0,0,1," },
  ])("by $says", ({ flags, says }) => {
    test("puts, gets and lists", async () => {
      const file = await local("routed", sample(70_000));
      const put = await curl(
        ...flags,
        "-v",
        "-T",
        file,
        url(`routed/${says}`),
        "--ftp-create-dirs",
      );
      expect(put.code).toBe(0);
      expect(put.err).toContain(says);
      expect(digestOf(remote(`routed/${says}`))).toBe(digestOf(file));
      const got = await curl(...flags, url(`routed/${says}`));
      expect(digest(got.out)).toBe(digestOf(file));
      const names = await curl(...flags, "-l", url("routed/"));
      expect(names.out.toString().split("\n")).toContain(says);
    });
  });

  describe("exits with", () => {
    test.each([
      ["67, after a wrong password", 67, ANN.name, "wrong"],
      ["67, for somebody unknown", 67, "nobody", "se cret"],
    ])("%s", async (_, code, name, password) => {
      const refused = await curl(urlOf(server, "", { ...ANN, name, password }));
      expect(refused).toMatchObject({ code, err: "curl: (67) Access denied: 530\n" });
    });

    test("78, for a file that is not there, and for a folder", async () => {
      await mkdir(remote("no file"));
      for (const name of ["nothing", "no file"]) {
        expect(await curl(url(name))).toMatchObject({ code: 78 });
      }
    });

    test("9, for a folder that is not there", async () => {
      expect(await curl(url("nowhere/"))).toMatchObject({ code: 9 });
    });

    test("25, for an upload without the right to it; there is no file then", async () => {
      const file = await local("bob's", sample(10));
      expect(await curl("-T", file, urlOf(server, "bob's", BOB))).toMatchObject({ code: 25 });
      await expect(stat(remote("bob's"))).rejects.toThrow("ENOENT");
    });

    test("21, for a command that is not permitted", async () => {
      await appendFile(remote("keep"), "kept");
      const removing = ["-Q", "DELE keep", urlOf(server, "", BOB)];
      expect(await curl(...removing)).toMatchObject({ code: 21 });
      expect(await readFile(remote("keep"), "utf8")).toBe("kept");
    });
  });
});
