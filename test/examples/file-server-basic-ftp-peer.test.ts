/** The file server spoken to with basic-ftp, a client of npm: passive, and TLS by Node. */
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { Client, FTPError } from "basic-ftp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { authority, local } from "../support/certificates.ts";
import { ANN, BOB, endFileServer, openUsersServer } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { digest, digestOf, digests, sample, SIZES } from "./file-server-samples.ts";
import { HARDER_NAMES, makeTree, NAMES } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

/** Milliseconds in which nothing has come: it fails, and says so, before the test does. */
const SILENCE_MS = 20_000;

describe.each(["plain", "TLS"])("real peer: basic-ftp, %s", (how) => {
  const secure = how === "TLS";
  let server: FileServer;
  let client: Client;

  beforeAll(async () => {
    const folder = temporaryFolder();
    for (const part of ["cert", "key"] as const) writeFileSync(join(folder, part), local[part]);
    const identity = ["--cert", join(folder, "cert"), "--key", join(folder, "key")];
    server = await openUsersServer(...(secure ? ["--tls", "data", ...identity] : []));
  });

  beforeEach(async () => {
    client = await connect();
  });

  afterEach(() => {
    client.close();
  });

  afterAll(() => endFileServer(server));

  async function connect({ name: user, password } = ANN): Promise<Client> {
    const { host, port } = server;
    const made = new Client(SILENCE_MS);
    const secureOptions = { ca: authority.cert };
    await made.access({ host, port, user, password, secure, secureOptions });
    return made;
  }

  async function get(path: string, startAt = 0): Promise<Buffer> {
    const pieces: Buffer[] = [];
    const into = new Writable({
      write: (piece: Buffer, _, done) => {
        pieces.push(piece);
        done();
      },
    });
    await client.downloadTo(into, path, startAt);
    return Buffer.concat(pieces);
  }

  test("uploadFrom and downloadTo, files of all sizes", async () => {
    for (const size of SIZES) {
      const path = `${size} bytes`;
      await client.uploadFrom(Readable.from([sample(size)]), path);
      expect(digestOf(join(server.root, path))).toBe(digest(sample(size)));
      expect(digest(await get(path))).toBe(digest(sample(size)));
      expect(await client.size(path)).toBe(size);
    }
  });

  test("downloadTo from an offset, and appendFrom", async () => {
    writeFileSync(join(server.root, "parts"), sample(200_000));
    expect(digest(await get("parts", 70_001))).toBe(digest(sample(200_000).subarray(70_001)));
    await client.appendFrom(Readable.from([sample(10)]), "parts");
    const longer = Buffer.concat([sample(200_000), sample(10)]);
    expect(digestOf(join(server.root, "parts"))).toBe(digest(longer));
  });

  test("list", async () => {
    const folder = join(server.root, "shelf");
    mkdirSync(join(folder, "folder"), { recursive: true });
    writeFileSync(join(folder, "file"), sample(12_345));
    utimesSync(join(folder, "file"), 0, new Date("2020-01-02T03:04:05Z"));
    const entries = await client.list("shelf");
    expect(entries.map(({ name, isFile, isDirectory }) => [name, isFile, isDirectory])).toEqual(
      expect.arrayContaining([
        ["file", true, false],
        ["folder", false, true],
      ]),
    );
    const file = entries.find(({ name }) => name === "file")!;
    expect(file.size).toBe(12_345);
    expect(file.modifiedAt?.toISOString()).toBe("2020-01-02T03:04:05.000Z");
    expect(await client.lastMod("shelf/file")).toEqual(file.modifiedAt);
  });

  test("ensureDir makes folders, and goes there", async () => {
    await client.ensureDir("/one/two words/深");
    expect(await client.pwd()).toBe("/one/two words/深");
    await client.ensureDir("/one/two words");
    expect(digests(join(server.root, "one"))).toEqual({
      "two words": "folder",
      "two words/深": "folder",
    });
    await client.cd("/");
    await client.removeDir("/one");
    expect(digests(server.root).one).toBe(undefined);
  });

  test("uploadFromDir and downloadToDir, a tree", async () => {
    const [from, back] = [temporaryFolder(), temporaryFolder()];
    makeTree(from, [...NAMES, ...HARDER_NAMES]);
    await client.uploadFromDir(from, "/tree");
    expect(digests(join(server.root, "tree"))).toEqual(digests(from));
    await client.downloadToDir(back, "/tree");
    expect(digests(back)).toEqual(digests(from));
  });

  test("rename and remove", async () => {
    await client.uploadFrom(Readable.from([sample(10)]), "old");
    await client.rename("old", "new");
    expect(digest(await get("new"))).toBe(digest(sample(10)));
    await client.remove("new");
    const gone = await client.size("new").catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(FTPError);
    expect(gone).toMatchObject({ code: 550 });
  });

  test("what a user may not do is refused, and the session goes on", async () => {
    const bob = await connect(BOB);
    const refused = bob.uploadFrom(Readable.from(["x"]), "bob's");
    await expect(refused).rejects.toMatchObject({ code: 550 });
    expect(await bob.pwd()).toBe("/");
    bob.close();
    await expect(connect({ ...ANN, password: "wrong" })).rejects.toMatchObject({ code: 530 });
  });
});
