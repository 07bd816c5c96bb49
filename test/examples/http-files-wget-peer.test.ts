/** Files of the HTTP server, with wget. */
import { mkdirSync } from "node:fs";
import { readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { absent, client } from "./file-server-clients.ts";
import { digestOf, digests, sample } from "./file-server-samples.ts";
import { endFilesServer, openFilesServer, type FilesServer } from "./http-files-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const OLD = new Date("2020-02-02T02:02:02Z");

describe.skipIf(absent("wget"))("real peer: wget", () => {
  let server: FilesServer;

  beforeAll(async () => {
    server = await openFilesServer(["--listing", "on"]);
    mkdirSync(join(server.root, "deep/two words/深"), { recursive: true });
    const names = ["a.txt", "deep/<b>&\"'.txt", "deep/100 percent.txt", "deep/two words/深/文.bin"];
    for (const [i, name] of names.entries()) {
      await writeFile(join(server.root, name), sample(1000 + 200_000 * i));
      await utimes(join(server.root, name), OLD, OLD);
    }
    await writeFile(join(server.root, "deep/.hidden"), "hidden");
  });

  afterAll(() => endFilesServer(server));

  const wget = (cwd: string, ...args: string[]) =>
    client("wget", ["-nv", "--tries=1", "--timeout=20", ...args], { cwd });

  test("-r gets the tree through its pages, and nothing that is hidden", async () => {
    const cwd = temporaryFolder();
    const args = ["-r", "-np", "-nH", "-e", "robots=off", "--restrict-file-names=nocontrol"];
    await wget(cwd, ...args, `${server.url}/`);
    const got = Object.entries(digests(cwd)).filter(([path]) => !path.endsWith("index.html"));
    const served = Object.entries(digests(server.root)).filter(([path]) => !path.includes("/."));
    expect(got).toEqual(served);
  });

  test("-c goes on where it was broken off, and leaves what is whole", async () => {
    const cwd = temporaryFolder();
    const bytes = await readFile(join(server.root, "deep/100 percent.txt"));
    await writeFile(join(cwd, "100 percent.txt"), bytes.subarray(0, 123_456));
    for (let again = 0; again < 2; again++) {
      expect((await wget(cwd, "-c", `${server.url}/deep/100%20percent.txt`)).code).toBe(0);
      expect(digestOf(join(cwd, "100 percent.txt"))).toBe(
        digestOf(join(server.root, "deep/100 percent.txt")),
      );
    }
  });

  test("-N keeps the time, and does not get again what has not changed", async () => {
    const cwd = temporaryFolder();
    expect((await wget(cwd, "-N", `${server.url}/a.txt`)).err).toContain("a.txt");
    expect((await stat(join(cwd, "a.txt"))).mtime).toEqual(OLD);
    expect((await wget(cwd, "-N", `${server.url}/a.txt`)).err).not.toContain("->");
  });
});
