/** Files of the HTTP server, with curl. */
import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { absent, beginCurl, curl } from "./file-server-clients.ts";
import { digest, digestOf, HARDER_NAMES, NAMES, sample, SIZES } from "./file-server-samples.ts";
import { ANN, endFilesServer, openFilesServer, usersFile } from "./http-files-process.ts";
import type { FilesServer } from "./http-files-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const MIB = 1024 * 1024;
const OLD = new Date("2020-02-02T02:02:02Z");

describe.skipIf(absent("curl"))("real peer: curl", () => {
  let server: FilesServer;
  const folder = temporaryFolder();
  const user = ["--user", `${ANN.name}:${ANN.password}`];

  beforeAll(async () => {
    const flags = ["--listing", "on", "--writable", "on", "--users", await usersFile()];
    server = await openFilesServer(flags);
  });

  afterAll(() => endFilesServer(server));

  async function local(name: string, bytes: Buffer | string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return file;
  }

  /** A file of the server that was changed long ago. */
  async function remote(name: string, bytes: Buffer | string): Promise<string> {
    const file = join(server.root, name);
    await writeFile(file, bytes);
    await utimes(file, OLD, OLD);
    return `${server.url}/${encodeURIComponent(name)}`;
  }

  /** Until it has a tag: the clock of the disk has gone on. */
  async function settled(url: string): Promise<void> {
    const head = async (): Promise<string> => (await curl(...user, "-I", url)).out.toString();
    await expect.poll(head).toContain("\r\nETag: ");
  }

  /** What it got, and the status of the last answer. */
  async function ask(...args: string[]): Promise<{ status: number; out: Buffer; code: unknown }> {
    const file = join(folder, "answer");
    rmSync(file, { force: true });
    const done = await curl(...user, "-o", file, "-w", "%{http_code}", ...args);
    const out = await readFile(file).catch(() => Buffer.alloc(0));
    return { status: Number(done.out.toString()), out, code: done.code };
  }

  describe("puts and gets", () => {
    test.each(SIZES)("%i bytes", async (size) => {
      const file = await local("sized", sample(size));
      const url = `${server.url}/${size}-bytes`;
      expect((await ask("-T", file, url)).status).toBe(201);
      expect((await ask("-T", file, url)).status).toBe(204);
      expect(digestOf(join(server.root, `${size}-bytes`))).toBe(digestOf(file));
      const { status, out } = await ask(url);
      expect([status, digest(out)]).toEqual([200, digestOf(file)]);
    });

    test("100 MiB, which wait for their 100", async () => {
      const file = await local("huge", sample(100 * MIB));
      const url = `${server.url}/huge`;
      expect((await ask("-T", file, url)).status).toBe(201);
      const { status, out } = await ask(url);
      expect([status, digest(out)]).toEqual([200, digestOf(file)]);
    });

    test("in chunks, from a pipe", async () => {
      const running = beginCurl(...user, "-T", "-", `${server.url}/piped`);
      running.child.stdin.end(sample(300_000));
      expect((await running.finish()).code).toBe(0);
      expect(digestOf(join(server.root, "piped"))).toBe(digest(sample(300_000)));
    });

    test.each([...NAMES, ...HARDER_NAMES])("a file named %j", async (name) => {
      const file = await local("named", sample(100, name));
      const url = `${server.url}/${encodeURIComponent(name)}`;
      expect((await ask("-T", file, url)).status).toBe(201);
      expect(digestOf(join(server.root, name))).toBe(digestOf(file));
      expect(digest((await ask(url)).out)).toBe(digestOf(file));
      expect((await ask("-X", "DELETE", url)).status).toBe(204);
      expect((await ask(url)).status).toBe(404);
    });

    test("an upload that breaks off is never seen", async () => {
      const before = await readdir(server.root);
      const running = beginCurl(...user, "-T", "-", `${server.url}/half`);
      running.child.stdin.write(sample(200_000));
      await running.err.until(/100 Continue/);
      running.child.kill("SIGKILL");
      await running.finish();
      await expect.poll(async () => (await readdir(server.root)).sort()).toEqual(before.sort());
    });

    test("what is refused is refused before it is sent", async () => {
      const file = await local("refused", sample(10 * MIB));
      const [url, missing] = [`${server.url}/refused`, `${server.url}/none/refused`];
      expect((await ask("-T", file, missing)).status).toBe(409);
      expect((await ask("-T", file, "-H", "If-Match: *", url)).status).toBe(412);
      expect((await ask("-C", "5", "-T", file, url)).status).toBe(400);
      const { status } = await ask("-T", file, "-u", "ann:wrong", url);
      expect(status).toBe(401);
    });
  });

  describe("ranges", () => {
    test.each([
      ["0-9", 206, [0, 10]],
      ["5-", 206, [5, 100]],
      ["-7", 206, [93, 100]],
      ["90-1000", 206, [90, 100]],
      ["100-", 416, null],
    ])("-r %s", async (range, status, part) => {
      const bytes = sample(100);
      const answer = await ask("-r", range, await remote("ranges", bytes));
      expect(answer.status).toBe(status);
      if (part !== null) expect(answer.out).toEqual(bytes.subarray(...(part as [number, number])));
    });

    test("several of them, of a small file and of a large one", async () => {
      for (const size of [100, MIB]) {
        const bytes = sample(size);
        const { status, out } = await ask("-r", "0-1,50-52,-2", await remote("ranges", bytes));
        expect(status).toBe(206);
        for (const part of [bytes.subarray(0, 2), bytes.subarray(50, 53), bytes.subarray(-2)]) {
          expect(
            out.includes(Buffer.concat([Buffer.from("\r\n\r\n"), part, Buffer.from("\r\n")])),
          ).toBe(true);
        }
      }
    });

    test("-C - goes on where it was broken off", async () => {
      const bytes = sample(MIB);
      const url = await remote("resumed", bytes);
      const file = await local("resumed", bytes.subarray(0, 300_000));
      expect((await curl(...user, "-C", "-", "-o", file, url)).code).toBe(0);
      expect(digestOf(file)).toBe(digest(bytes));
    });
  });

  describe("conditions", () => {
    test("-z: only if it is newer", async () => {
      const url = await remote("dated", "dated");
      expect((await ask("-z", "Sun, 02 Feb 2020 02:02:02 GMT", url)).status).toBe(304);
      expect((await ask("-z", "Sun, 02 Feb 2020 02:02:01 GMT", url)).status).toBe(200);
      expect((await ask("-z", "-Sun, 02 Feb 2020 02:02:01 GMT", url)).status).toBe(412);
    });

    test("-R keeps the time, -z FILE uses it", async () => {
      const url = await remote("kept", "kept");
      const file = join(folder, "kept");
      expect((await curl(...user, "-R", "-o", file, url)).code).toBe(0);
      expect((await stat(file)).mtime).toEqual(OLD);
      expect((await ask("-z", file, url)).status).toBe(304);
    });

    test("--etag-save, then --etag-compare", async () => {
      const url = await remote("tagged", "one");
      const tag = join(folder, "tag");
      await settled(url);
      expect((await ask("--etag-save", tag, url)).status).toBe(200);
      expect((await ask("--etag-compare", tag, url)).status).toBe(304);
      await remote("tagged", "another");
      expect(await ask("--etag-compare", tag, url)).toMatchObject({
        status: 200,
        out: Buffer.from("another"),
      });
    });
  });

  test.each([
    [
      "that is written to in place",
      (file: string) => writeFile(file, sample(64 * MIB, "other")),
      18,
    ],
    ["that becomes shorter", (file: string) => truncate(file, 1000), 18],
    ["that is removed", (file: string) => rm(file), 0],
  ])("a file %s while it is sent: whole or visibly broken", async (_, change, code) => {
    const bytes = sample(64 * MIB);
    const url = await remote("changing", bytes);
    // Nobody reads what it gets: it stands still until all is changed.
    const running = beginCurl(...user, url);
    await running.err.until(/^< HTTP\/1.1 200/);
    await change(join(server.root, "changing"));
    const got = await running.finish();
    expect(got.code === 0 ? 0 : 18, got.err).toBe(code);
    if (code === 0) expect(digest(got.out)).toBe(digest(bytes));
  });

  test("--compressed: what is there compressed is sent so", async () => {
    const text = "compressed ".repeat(1000);
    const url = await remote("text.txt", text);
    await remote("text.txt.gz", gzipSync(text));
    await remote("text.txt.br", brotliCompressSync(text));
    const { out } = await curl(...user, "--compressed", "-D", "-", url);
    expect(out.toString()).toMatch(/^Content-Encoding: br\r$/m);
    expect(out.toString().endsWith(`\r\n\r\n${text}`)).toBe(true);
    expect((await ask(url)).out.toString()).toBe(text);
  });

  test("-I: the head of HEAD is that of GET", async () => {
    const url = await remote("head", sample(MIB));
    await settled(url);
    const heads = [["-I"], ["-D", "-", "-o", "/dev/null"]].map(async (how) => {
      return (await curl(...user, ...how, url)).out.toString().replace(/^Date: .*\r\n/m, "");
    });
    const [head, got] = await Promise.all(heads);
    expect(head).toBe(got);
    expect(head).toContain(`Content-Length: ${MIB}`);
  });

  test("-L follows to a folder's page", async () => {
    await mkdir(join(server.root, "the folder"));
    await writeFile(join(server.root, "the folder", "<in it>"), "");
    const { out } = await ask("-L", `${server.url}/the%20folder?query`);
    expect(out.toString()).toContain('<a href="./%3Cin%20it%3E">&lt;in it&gt;</a>');
  });

  test("--path-as-is: nothing leads out of the root", async () => {
    for (const way of ["/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2fetc/passwd"]) {
      expect([way, (await ask("--path-as-is", server.url + way)).status]).toEqual([way, 400]);
    }
  });
});
