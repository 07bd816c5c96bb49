/** Whole trees of files through the file server, by wget and lftp. */
import { mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { authority, local } from "../support/certificates.ts";
import { absent, client } from "./file-server-clients.ts";
import { ANN, endFileServer, openUsersServer, urlOf } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { digest, digests, HARDER_NAMES, makeTree, NAMES, sample } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder, type Finished } from "./programs.ts";

afterAll(cleanUp);

const OK = { code: 0, err: "" };
const ca = join(temporaryFolder(), "ca.pem");

/** Flags of a server that those know who trust `ca`. */
function known(): string[] {
  const folder = temporaryFolder();
  writeFileSync(ca, authority.cert);
  for (const part of ["cert", "key"] as const) writeFileSync(join(folder, part), local[part]);
  return ["--cert", join(folder, "cert"), "--key", join(folder, "key")];
}

describe.skipIf(absent("wget"))("real peer: wget", () => {
  /** It cuts names off, trims them, and reads a percent sign in its own way. */
  const names = NAMES.filter((name) => Buffer.byteLength(name) < 200 && !name.includes("%"));

  function get(cwd: string, ...flags: string[]): Promise<Finished> {
    const { name, password } = ANN;
    const account = [`--user=${name}`, `--password=${password}`];
    const kept = ["--no-verbose", "--tries=2", "--timeout=20", "-nH"];
    return client("wget", ["-r", ...kept, ...account, ...flags], { cwd });
  }

  test.each(["", "--no-passive-ftp"])("-r %s gets a tree", async (flag) => {
    const server = await openUsersServer();
    makeTree(server.root, names);
    const folder = temporaryFolder();
    expect(await get(folder, ...(flag === "" ? [] : [flag]), urlOf(server, ""))).toMatchObject({
      code: 0,
    });
    expect(digests(folder)).toEqual(digests(server.root));
    await endFileServer(server);
  });

  test("-r gets a tree over TLS, with all data protected", async () => {
    const server = await openUsersServer("--tls", "data", ...known());
    makeTree(server.root, names);
    const folder = temporaryFolder();
    const url = urlOf(server, "").replace("ftp:", "ftps:");
    const got = await get(folder, `--ca-certificate=${ca}`, url);
    expect(got).toMatchObject({ code: 0 });
    expect(digests(folder)).toEqual(digests(server.root));
    await endFileServer(server);
  });
});

describe.skipIf(absent("lftp"))("real peer: lftp", () => {
  let plain: FileServer;
  let secret: FileServer;

  beforeAll(async () => {
    [plain, secret] = await Promise.all([
      openUsersServer("--tls", "none"),
      openUsersServer("--tls", "data", ...known()),
    ]);
  });

  afterAll(() => Promise.all([endFileServer(plain), endFileServer(secret)]));

  const SETTINGS = [
    ...["set cmd:fail-exit yes", "set net:timeout 20", "set net:max-retries 1"],
    ...["set ftp:ssl-force yes", "set ftp:ssl-protect-data yes", `set ssl:ca-file "${ca}"`],
  ];

  /** Runs commands that are separated by semicolons. */
  function lftp(server: FileServer, cwd: string, ...commands: string[]): Promise<Finished> {
    const tls = server === plain ? ["set ftp:ssl-allow no", "set ftp:ssl-force no"] : [];
    const open = `open -p ${server.port} -u "${ANN.name},${ANN.password}" ${server.host}`;
    return client("lftp", ["-c", [...SETTINGS, ...tls, open, ...commands].join("; ")], { cwd });
  }

  const ways = [
    { how: "plain", server: () => plain, passive: "yes" },
    { how: "plain, active", server: () => plain, passive: "no" },
    { how: "over TLS, with all data protected", server: () => secret, passive: "yes" },
    { how: "over TLS, active", server: () => secret, passive: "no" },
  ];

  test.each(ways)("mirrors a tree there and back, $how", async ({ how, server, passive }) => {
    const [there, back] = [join(server().root, how), temporaryFolder()];
    const from = temporaryFolder();
    makeTree(from, [...NAMES, ...HARDER_NAMES]);
    utimesSync(join(from, "deep/1.bin"), 0, new Date("2020-01-02T03:04:05Z"));
    const way = `set ftp:passive-mode ${passive}`;
    const up = `mirror -R --parallel=4 . "/${how}"`;
    expect(await lftp(server(), from, way, up)).toMatchObject(OK);
    expect(digests(there)).toEqual(digests(from));
    const down = `mirror --parallel=4 "/${how}" .`;
    expect(await lftp(server(), back, way, down)).toMatchObject(OK);
    expect(digests(back)).toEqual(digests(from));
    for (const folder of [there, back]) {
      const { mtime } = statSync(join(folder, "deep/1.bin"));
      expect(mtime.toISOString()).toBe("2020-01-02T03:04:05.000Z");
    }
  });

  test("mirrors 300 small files, 10 at a time", async () => {
    const [from, back] = [temporaryFolder(), temporaryFolder()];
    for (let i = 0; i < 300; i++) writeFileSync(join(from, `${i}`), sample(i));
    const commands = ["mirror -R --parallel=10 . /small", "lcd ..", `lcd "${back}"`];
    const finished = await lftp(plain, from, ...commands, "mirror --parallel=10 /small .");
    expect(finished).toMatchObject(OK);
    expect(digests(back)).toEqual(digests(from));
  });

  test("deletes what is gone, and makes the rest the same", async () => {
    const [from, there] = [temporaryFolder(), join(plain.root, "same")];
    makeTree(from, NAMES);
    makeTree(there, [...NAMES, "only there"]);
    mkdirSync(join(there, "folder/only there"), { recursive: true });
    expect(await lftp(plain, from, "mirror -R --delete . /same")).toMatchObject(OK);
    expect(digests(there)).toEqual(digests(from));
  });

  test("gets one file in segments at the same time", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(secret.root, "large"), sample(5_000_000));
    expect(await lftp(secret, folder, "pget -n 4 large")).toMatchObject({ code: 0 });
    expect(digests(folder)).toEqual({ large: digests(secret.root).large });
  });

  test("moves and removes", async () => {
    writeFileSync(join(plain.root, "one"), sample(10));
    const made = await lftp(plain, temporaryFolder(), "mkdir -p a/b", "mv one a/b/two");
    expect(made).toMatchObject(OK);
    const { one, a, "a/b/two": two } = digests(plain.root);
    expect([one, a, two]).toEqual([undefined, "folder", digest(sample(10))]);
    const removed = await lftp(plain, temporaryFolder(), "rm a/b/two", "rmdir a/b a");
    expect(removed).toMatchObject(OK);
    expect(digests(plain.root).a).toBe(undefined);
  });
});
