/** Uploads by curl, of which one side is killed with -9 in the middle. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { statSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { absent, beginCurl, curl } from "./file-server-clients.ts";
import { ANN, endFileServer, openFileServer, openUsersServer } from "./file-server-process.ts";
import { UNLIMITED, urlOf, usersFile, type FileServer } from "./file-server-process.ts";
import { digest, digestOf, sample } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder, type Unread } from "./programs.ts";

afterAll(cleanUp);

const isUpload = (name: string): boolean => name.startsWith(".iomux-upload-");

/** An upload that has begun, of what is written to its input. */
async function beginPut(server: FileServer, path: string, ...flags: string[]): Promise<Unread> {
  const put = beginCurl(...flags, "-T", "-", urlOf(server, path, ANN));
  put.child.stdin.write(sample(100_000, "new"));
  await put.err.until(/^< 150 /);
  return put;
}

/** Resolves when `holds` says so, which it is asked whenever something changes in a folder. */
function until(folder: string, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, check);
    check();
  });
}

/** How many bytes each upload of a folder has got on the disk. */
function sizesOfUploads(folder: string): number[] {
  const names = readdirSync(folder).filter(isUpload);
  return names.map((name) => statSync(join(folder, name)).size);
}

describe.skipIf(absent("curl"))("real peer: curl", () => {
  test("kill -9 of the server in the middle of 50 uploads: old files, or whole new ones", async () => {
    const users = await usersFile(ANN);
    const server = await openFileServer(["--users", users, ...UNLIMITED]);
    const folder = join(server.root, "folder");
    mkdirSync(folder);
    const held = Array.from({ length: 25 }, (_, i) => `held ${i}`);
    const racing = Array.from({ length: 25 }, (_, i) => `racing ${i}`);
    // Every other one is there already.
    const old = [...held, ...racing].filter((_, i) => i % 2 === 0);
    for (const name of old) writeFileSync(join(folder, name), `old ${name}`);

    const puts = await Promise.all(held.map((name) => beginPut(server, `folder/${name}`)));
    await until(folder, () => {
      const sizes = sizesOfUploads(folder);
      return sizes.length === 25 && sizes.every((size) => size > 0);
    });
    const whole = join(temporaryFolder(), "new");
    writeFileSync(whole, sample(3_000_000, "new"));
    const sent = racing.flatMap((name) => ["-T", whole, urlOf(server, `folder/${name}`, ANN)]);
    const race = beginCurl("-Z", "--parallel-max", "25", ...sent);
    // The first of them is there, and the others are somewhere in between.
    await until(folder, () => {
      const names = readdirSync(folder);
      return racing.some((name, i) => i % 2 === 0 && names.includes(name));
    });
    server.child.kill("SIGKILL");
    expect(await server.ended).toEqual({ code: null, signal: "SIGKILL" });
    for (const { child } of puts) child.stdin.end();
    for (const put of [...puts, race]) expect((await put.finish()).code).not.toBe(0);

    const again = await openFileServer(["--users", users, ...UNLIMITED], server.root);
    const names = readdirSync(folder);
    expect(names.filter(isUpload)).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(old));
    for (const name of names) {
      const allowed = [digest(Buffer.from(`old ${name}`)), digestOf(whole)];
      if (!racing.includes(name)) allowed.pop();
      if (!old.includes(name)) allowed.shift();
      expect(allowed).toContain(digestOf(join(folder, name)));
    }
    const url = urlOf(again, `folder/${held[0]!}`, ANN);
    expect(await curl("-T", whole, url)).toMatchObject({ code: 0 });
    expect(digest((await curl(url)).out)).toBe(digestOf(whole));
    await endFileServer(again);
  });

  // Without TLS the system ends both connections of a killed client as if all had been said.
  test("kill -9 of the client in mid-upload: the old file stays, and the log has it", async () => {
    const log = join(temporaryFolder(), "log");
    const server = await openUsersServer("--log", log);
    writeFileSync(join(server.root, "old"), "old");
    for (const name of ["old", "new"]) {
      const put = await beginPut(server, name, "--ssl-reqd", "-k");
      put.child.kill("SIGKILL");
      await put.finish();
      await until(server.root, () => readdirSync(server.root).every((file) => !isUpload(file)));
    }
    await endFileServer(server);
    expect(digestOf(join(server.root, "old"))).toBe(digest(Buffer.from("old")));
    expect(existsSync(join(server.root, "new"))).toBe(false);
    const logged = readFileSync(log, "utf8").match(/\/(old|new) b _ i r ann ftp 0 \* i$/gm);
    expect(logged).toHaveLength(2);
  });
});
