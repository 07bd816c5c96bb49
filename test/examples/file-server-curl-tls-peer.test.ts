/** The file server spoken to with curl over TLS, and over IPv6. */
import { mkdtemp, stat, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { authority, local } from "../support/certificates.ts";
import { absent, curl } from "./file-server-clients.ts";
import { ANN, endFileServer, openUsersServer, urlOf } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { digest, digestOf, sample, SIZES } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const OK = { code: 0, err: "" };
const TLS = "--ssl-reqd";

const folder = temporaryFolder();

async function file(name: string, content: Buffer | string): Promise<string> {
  const path = join(await mkdtemp(join(folder, "in-")), name);
  await writeFile(path, content);
  return path;
}

/** Flags of a server that is known by the tests' authority. */
async function known(): Promise<string[]> {
  return ["--cert", await file("cert.pem", local.cert), "--key", await file("key.pem", local.key)];
}

/** Puts a file and gets it back. */
async function roundTrip(server: FileServer, size: number, ...flags: string[]): Promise<void> {
  const [path, url] = [await file("sent", sample(size)), urlOf(server, `${size} bytes`, ANN)];
  expect(await curl(...flags, "-T", path, url)).toMatchObject(OK);
  expect(digestOf(join(server.root, `${size} bytes`))).toBe(digestOf(path));
  expect(digest((await curl(...flags, url)).out)).toBe(digestOf(path));
}

describe.skipIf(absent("curl"))("real peer: curl over TLS", () => {
  describe("with a certificate of one's own, and TLS required to log in", () => {
    let server: FileServer;
    let cacert: string[];

    beforeAll(async () => {
      server = await openUsersServer("--tls", "login", ...(await known()));
      cacert = ["--cacert", await file("ca.pem", authority.cert)];
    });

    afterAll(() => endFileServer(server));

    test.each(SIZES)("puts and gets %i bytes", async (size) => {
      await roundTrip(server, size, TLS, ...cacert);
    });

    test("puts and gets 3 MiB by PASV", async () => {
      await roundTrip(server, 3 * 1024 * 1024, TLS, ...cacert, "--disable-epsv");
    });

    test("lists; and sends data in the clear if told to", async () => {
      for (const [flag, says] of [
        [TLS, "Data connections are protected"],
        ["--ftp-ssl-control", "Data connections are not protected"],
      ] as const) {
        const listed = await curl("-v", flag, ...cacert, "-l", urlOf(server, "", ANN));
        expect(listed.err).toContain(`< 200 ${says}`);
        expect(listed.out.toString().split("\n")).toContain("65537 bytes");
      }
    });

    test("a client that does not know the authority goes no further (60)", async () => {
      expect(await curl(TLS, urlOf(server, "", ANN))).toMatchObject({ code: 60 });
    });

    test("plain login is refused before the password is said", async () => {
      const plain = await curl("-v", urlOf(server, "", ANN));
      expect(plain.code).toBe(67);
      expect(plain.err).toContain("< 534 AUTH TLS comes first here");
      expect(plain.err).not.toContain("PASS");
    });
  });

  test("where data must be protected too, none goes in the clear", async () => {
    const server = await openUsersServer("--tls", "data", ...(await known()));
    const cacert = ["--cacert", await file("ca.pem", authority.cert)];
    await roundTrip(server, 1000, TLS, ...cacert);
    const open = ["--ftp-ssl-control", "-v", "-T", await file("open", "text")];
    const refused = await curl(...cacert, ...open, urlOf(server, "open", ANN));
    expect(refused.code).toBe(25);
    expect(refused.err).toContain("< 521 Data must be protected here");
    await expect(stat(join(server.root, "open"))).rejects.toThrow("ENOENT");
    await endFileServer(server);
  });

  test("a server without a certificate makes one, warns, and is spoken to with -k", async () => {
    const server = await openUsersServer();
    expect(server.out.lines.join()).toContain("self-signed certificate");
    await roundTrip(server, 70_000, TLS, "-k");
    expect(await curl(TLS, urlOf(server, "", ANN))).toMatchObject({ code: 60 });
    await endFileServer(server);
  });

  test("where there is no TLS, it is not begun (64)", async () => {
    const server = await openUsersServer("--tls", "none");
    expect(await curl(TLS, "-k", urlOf(server, "", ANN))).toMatchObject({ code: 64 });
    await roundTrip(server, 1000);
    await endFileServer(server);
  });
});

const hasIPv6 = networkInterfaces().lo?.some(({ address }) => address === "::1") === true;

describe.skipIf(absent("curl") || !hasIPv6)("real peer: curl over IPv6", () => {
  let server: FileServer;

  beforeAll(async () => {
    server = await openUsersServer("--host", "::1");
  });

  afterAll(() => endFileServer(server));

  test.each([
    { flags: [], says: "229 Entering Extended Passive Mode" },
    { flags: ["-P", "-"], says: "EPRT |2|::1|" },
    { flags: [TLS, "-k"], says: "200 Data connections are protected" },
  ])("$says", async ({ flags, says }) => {
    await roundTrip(server, 70_000, ...flags);
    const listed = await curl("-v", ...flags, "-l", urlOf(server, "", ANN));
    expect(listed.err).toContain(says);
    expect(listed.out.toString()).toBe("70000 bytes\n");
  });
});
