/** The file client against real servers: vsftpd, pyftpdlib, and ours. Skipped without the first two. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { authority } from "../support/certificates.ts";
import { failureOf, openClient } from "./file-client-session.ts";
import { openSite, peersAbsent, type ServerName, type Site } from "./file-client-servers.ts";
import { digest, digestOf, sample, SIZES } from "./file-server-samples.ts";
import { FtpProxy } from "./ftp-proxy.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";
import type { FtpClient } from "../../examples/ftp/client/ftp-client.ts";
import type { Progress } from "../../examples/ftp/client/progress.ts";

afterAll(cleanUp);

const MEBIBYTE = 2 ** 20;
const NAMES = [
  "two  words",
  "'single' and \"double\"",
  "中文 名字.文本",
  "a#b%41c+d&e;f=g@h",
  "-dash",
];
const ONCE = { resume: false };
const AGAIN = { resume: true };

describe.skipIf(peersAbsent()).each<[ServerName]>([["vsftpd"], ["pyftpdlib"], ["ours"]])(
  "real peer %s",
  (name) => {
    let site: Site;
    beforeAll(async () => {
      site = await openSite(name);
    });
    afterAll(async () => {
      await site.end();
    });

    function place(file: string, bytes: Uint8Array): void {
      writeFileSync(join(site.root, file), bytes, { mode: 0o644 });
    }

    test.each([...SIZES, 20 * MEBIBYTE])("%i bytes go there and come back", async (size) => {
      const client = await openClient(site);
      const folder = temporaryFolder();
      const bytes = sample(size);
      writeFileSync(join(folder, "sent"), bytes);
      const put = await client.put(join(folder, "sent"), `up/size-${size}`, ONCE);
      expect(put).toEqual({ bytes: size, resumedAt: 0 });
      expect(digestOf(join(site.root, "up", `size-${size}`))).toBe(digest(bytes));
      const got = await client.get(`up/size-${size}`, join(folder, "got"), ONCE);
      expect(got).toEqual({ bytes: size, resumedAt: 0 });
      expect(digestOf(join(folder, "got"))).toBe(digest(bytes));
      expect(readdirSync(folder).sort()).toEqual(["got", "sent"]);
      await client.quit();
      expect(await client.closed).toBeNull();
    });

    test.each(NAMES)("a file called %j goes there, is listed and comes back", async (file) => {
      const client = await openClient(site);
      const folder = temporaryFolder();
      writeFileSync(join(folder, file), sample(100, file));
      await client.put(join(folder, file), `up/${file}`, ONCE);
      const listed = (await client.list("up")).find((entry) => entry.name === file);
      expect(listed).toMatchObject({ kind: "file", size: 100 });
      await client.get(`up/${file}`, join(folder, "got"), ONCE);
      expect(digestOf(join(folder, "got"))).toBe(digest(sample(100, file)));
    });

    test("what is listed has kinds, sizes and times", async () => {
      place("listed", sample(1234));
      utimesSync(join(site.root, "listed"), 1_700_000_000, 1_700_000_000);
      const client = await openClient(site);
      const entries = await client.list("");
      const file = entries.find((entry) => entry.name === "listed")!;
      expect(file).toMatchObject({ kind: "file", size: 1234 });
      // To the day: a list for people does not say more of what is old.
      expect(Math.abs(file.modifiedMs! - 1_700_000_000_000)).toBeLessThan(86_400_000);
      expect(entries.find((entry) => entry.name === "up")).toMatchObject({ kind: "folder" });
      const info = await client.info("listed");
      expect(info).toMatchObject({ name: "listed", kind: "file", size: 1234 });
      expect(info.modifiedMs).toBe(1_700_000_000_000);
    });

    test("folders are made, entered, told, renamed and removed", async () => {
      const client = await openClient(site);
      await client.makeFolder("up/new");
      await client.enter("up/new");
      expect(await client.folder()).toBe("/up/new");
      await client.enter("/");
      await client.rename("up/new", "up/old");
      await client.removeFolder("up/old");
      await failureOf(client.enter("up/old"));
      expect(await client.folder()).toBe("/");
      writeFileSync(join(temporaryFolder(), "x"), "x");
      const local = join(temporaryFolder(), "y");
      writeFileSync(local, "y");
      await client.put(local, "up/y", ONCE);
      await client.remove("up/y");
      expect(existsSync(join(site.root, "up/y"))).toBe(false);
    });

    test("one operation waits for the one before, whichever was called first", async () => {
      place("many", sample(3 * MEBIBYTE));
      const client = await openClient(site);
      const folder = temporaryFolder();
      const [got, where, entries] = await Promise.all([
        client.get("many", join(folder, "many"), ONCE),
        client.folder(),
        client.list(""),
      ]);
      expect([got.bytes, where]).toEqual([3 * MEBIBYTE, "/"]);
      expect(entries.some((entry) => entry.name === "many")).toBe(true);
    });

    test("what is not there is no-file, and the session goes on", async () => {
      const client = await openClient(site);
      const local = join(temporaryFolder(), "nothing");
      const failure = await failureOf(client.get("nothing", local, ONCE), "no-file");
      expect(failure.message).toMatch(/^nothing: no such file or folder, the server says 550 /);
      expect(existsSync(local)).toBe(false);
      expect(await client.folder()).toBe("/");
    });

    test("a get that the network cuts is gone on with: only the rest comes", async () => {
      const bytes = sample(20 * MEBIBYTE, "cut");
      place("cut", bytes);
      const proxy = await FtpProxy.open(site.port);
      onTestFinished(() => proxy.close());
      const folder = temporaryFolder();
      const local = join(folder, "cut");
      void proxy.willBe("cut", 12 * MEBIBYTE);
      const first = await openClient({ ...site, port: proxy.port });
      const failure = await failureOf(first.get("cut", local, ONCE), "lost");
      expect((await first.closed)?.kind).toBe("lost");
      expect(existsSync(local)).toBe(false);
      const [part] = readdirSync(folder);
      expect(part).toMatch(/^cut\.\d{14}-[\da-f]{8}\.part$/);
      expect(failure.message).toContain(`are kept in ${join(folder, part!)}`);
      expect(statSync(join(folder, part!)).mode & 0o777).toBe(0o600);
      const kept = statSync(join(folder, part!)).size;
      expect(kept).toBeGreaterThan(0);
      proxy.mend();
      const before = proxy.moved;
      const second = await openClient({ ...site, port: proxy.port });
      const got = await second.get("cut", local, AGAIN);
      expect(got).toEqual({ bytes: bytes.length, resumedAt: kept });
      expect(proxy.moved - before).toBe(bytes.length - kept);
      expect(digestOf(local)).toBe(digest(bytes));
      expect(readdirSync(folder)).toEqual(["cut"]);
    });

    test("a get of a file that has changed since begins anew", async () => {
      place("changing", sample(4 * MEBIBYTE, "old"));
      utimesSync(join(site.root, "changing"), 1_700_000_000, 1_700_000_000);
      const folder = temporaryFolder();
      const local = join(folder, "changing");
      const client = await openClient(site);
      await stopAfter(client, "changing", local, MEBIBYTE);
      place("changing", sample(5 * MEBIBYTE, "new"));
      const got = await client.get("changing", local, AGAIN);
      expect(got).toEqual({ bytes: 5 * MEBIBYTE, resumedAt: 0 });
      expect(digestOf(local)).toBe(digest(sample(5 * MEBIBYTE, "new")));
      expect(readdirSync(folder)).toEqual(["changing"]);
    });

    test("a put that the network cuts is gone on with, and is whole there", async () => {
      const bytes = sample(20 * MEBIBYTE, "put");
      const local = join(temporaryFolder(), "put");
      writeFileSync(local, bytes);
      // The server's half is younger than this.
      utimesSync(local, 1_700_000_000, 1_700_000_000);
      const proxy = await FtpProxy.open(site.port);
      onTestFinished(() => proxy.close());
      void proxy.willBe("cut", 12 * MEBIBYTE);
      const first = await openClient({ ...site, port: proxy.port });
      await failureOf(first.put(local, "up/put", ONCE), "lost");
      proxy.mend();
      const second = await openClient({ ...site, port: proxy.port });
      const put = await second.put(local, "up/put", AGAIN);
      expect(put.bytes).toBe(bytes.length);
      // Ours keeps no halves.
      if (name === "ours") expect(put.resumedAt).toBe(0);
      else expect(put.resumedAt).toBeGreaterThan(0);
      expect(digestOf(join(site.root, "up/put"))).toBe(digest(bytes));
      const nothing = await second.put(local, "up/put", AGAIN);
      expect(nothing).toEqual({ bytes: bytes.length, resumedAt: bytes.length });
    });

    test("who stops a transfer can go on with the session, in both directions", async () => {
      place("stopped", sample(20 * MEBIBYTE, "stopped"));
      const folder = temporaryFolder();
      const proxy = await FtpProxy.open(site.port);
      onTestFinished(() => proxy.close());
      const client = await openClient({ ...site, port: proxy.port });
      const local = join(folder, "sent");
      writeFileSync(local, sample(20 * MEBIBYTE, "stopped"));
      for (const moving of ["get", "put"] as const) {
        const stop = new AbortController();
        const stuck = proxy.willBe("stuck", 12 * MEBIBYTE);
        const options = { ...ONCE, signal: stop.signal };
        const moved =
          moving === "get"
            ? client.get("stopped", join(folder, "stopped"), options)
            : client.put(local, "up/stopped", options);
        moved.catch(() => undefined);
        await stuck;
        stop.abort();
        await failureOf(moved, "interrupted");
        proxy.mend();
        expect(await client.folder()).toBe("/");
      }
      expect((await client.list("")).some((entry) => entry.name === "stopped")).toBe(true);
      const got = await client.get("stopped", join(folder, "stopped"), AGAIN);
      expect(got.resumedAt).toBeGreaterThan(0);
      expect(digestOf(join(folder, "stopped"))).toBe(digest(sample(20 * MEBIBYTE, "stopped")));
    });

    test("a network that falls silent is timed-out", async () => {
      place("silent", sample(8 * MEBIBYTE));
      const proxy = await FtpProxy.open(site.port);
      onTestFinished(() => proxy.close());
      void proxy.willBe("silent", MEBIBYTE);
      const client = await openClient({ ...site, port: proxy.port, stallMs: 500 });
      const local = join(temporaryFolder(), "silent");
      await failureOf(client.get("silent", local, ONCE), "timed-out");
      expect((await client.closed)?.kind).toBe("timed-out");
      expect(existsSync(local)).toBe(false);
    });

    test("it is told how far it is, at the end that it is whole", async () => {
      place("far", sample(MEBIBYTE));
      const told: Progress[] = [];
      const client = await openClient(site);
      const local = join(temporaryFolder(), "far");
      await client.get("far", local, { ...ONCE, onProgress: (progress) => told.push(progress) });
      expect(told.at(-1)).toMatchObject({
        ...{ name: "far", size: MEBIBYTE, before: 0, moved: MEBIBYTE },
      });
      expect(readFileSync(local).length).toBe(MEBIBYTE);
    });
  },
);

/** Gets it until so many bytes are here, and stops. */
async function stopAfter(
  client: FtpClient,
  remote: string,
  local: string,
  bytes: number,
): Promise<void> {
  const stop = new AbortController();
  const folder = join(local, "..");
  const look = setInterval(() => {
    const [part] = readdirSync(folder).filter((name) => name.endsWith(".part"));
    if (part !== undefined && statSync(join(folder, part)).size >= bytes) stop.abort();
  }, 1);
  try {
    await failureOf(client.get(remote, local, { ...ONCE, signal: stop.signal }), "interrupted");
  } finally {
    clearInterval(look);
  }
}

describe.skipIf(peersAbsent()).each<[ServerName]>([["vsftpd"], ["pyftpdlib"], ["ours"]])(
  "real peer %s with TLS",
  (name) => {
    let site: Site;
    beforeAll(async () => {
      site = await openSite(name, { tls: true });
      writeFileSync(join(site.root, "secret"), sample(3 * MEBIBYTE), { mode: 0o644 });
    });
    afterAll(async () => {
      await site.end();
    });

    test("everything goes over it, data in both directions too", async () => {
      const tls = { check: true, authorities: authority.cert };
      const client = await openClient({ ...site, tls });
      const local = join(temporaryFolder(), "secret");
      await client.get("secret", local, ONCE);
      expect(digestOf(local)).toBe(digest(sample(3 * MEBIBYTE)));
      await client.put(local, "up/back", ONCE);
      expect(digestOf(join(site.root, "up/back"))).toBe(digest(sample(3 * MEBIBYTE)));
      expect((await client.list("")).map((entry) => entry.name).sort()).toEqual(["secret", "up"]);
      await client.quit();
    });

    test("who stops a transfer can go on with the session", async () => {
      const client = await openClient({ ...site, tls: { check: false, authorities: null } });
      const local = join(temporaryFolder(), "secret");
      const stop = new AbortController();
      const options = { ...ONCE, signal: stop.signal, onProgress: () => stop.abort() };
      const got = client.get("secret", local, options);
      stop.abort();
      await failureOf(got, "interrupted");
      await client.get("secret", local, AGAIN);
      expect(digestOf(local)).toBe(digest(sample(3 * MEBIBYTE)));
    });

    test.each([
      ["of nobody who is trusted", "127.0.0.1", null],
      ["of another name", "127.0.0.2", authority.cert],
    ])("a certificate %s is not-trusted", async (_, host, authorities) => {
      const opening = openClient({ ...site, host, tls: { check: true, authorities } });
      const failure = await failureOf(opening);
      // Servers that listen at 127.0.0.1 only cannot be reached by another name.
      expect(["not-trusted", "refused"]).toContain(failure.kind);
      if (host === "127.0.0.1") expect(failure.kind).toBe("not-trusted");
    });
  },
);
