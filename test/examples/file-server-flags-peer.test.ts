/** What the file server's flags say, as curl meets it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { absent, curl } from "./file-server-clients.ts";
import { ANN, Conversation, endFileServer } from "./file-server-process.ts";
import { openFileServer, openUsersServer, runFileServer } from "./file-server-process.ts";
import { UNLIMITED, urlOf } from "./file-server-process.ts";
import { digest, digestOf, sample } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const OK = { code: 0, err: "" };

/** A file on the client's side. */
function local(bytes: Buffer): string {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, bytes);
  return file;
}

/** Two ports in a row that are free: below those that the system gives out to whoever wants any. */
async function freePorts(): Promise<[number, number]> {
  for (let port = 20_000 + Math.floor(Math.random() * 10_000); ; port += 2) {
    const servers = await Promise.all([listening(port), listening(port + 1)]);
    for (const server of servers) server?.close();
    if (!servers.includes(null)) return [port, port + 1];
  }
}

function listening(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(null);
    });
    server.listen(port, "127.0.0.1", () => {
      resolve(server);
    });
  });
}

describe.skipIf(absent("curl"))("real peer: curl, and the file server's flags", () => {
  test("--passive-ports: data connections are made to these, and there are no more", async () => {
    const ports = await freePorts();
    const server = await openUsersServer("--passive-ports", ports.join("-"));
    writeFileSync(join(server.root, "file"), sample(1000));
    const url = urlOf(server, "file", ANN);
    const used = new Set<number>();
    for (const flag of ["--ftp-pasv", "--ftp-pasv", "--disable-epsv", "--disable-epsv"]) {
      const got = await curl("-v", flag, url);
      expect(digest(got.out)).toBe(digest(sample(1000)));
      const [, extended, high, low] = /< 22[79] .*(?:\|(\d+)\||,(\d+),(\d+)\))/.exec(got.err)!;
      used.add(extended === undefined ? Number(high) * 256 + Number(low) : Number(extended));
    }
    for (const port of used) expect(ports).toContain(port);
    // Others hold both.
    const others = await Promise.all([1, 2].map(() => Conversation.open(server, ANN)));
    for (const other of others) expect(await other.say("EPSV")).toMatch(/^229 /);
    const refused = await curl("-v", url);
    expect(refused.code).toBe(13);
    expect(refused.err).toContain("< 425 ");
    for (const other of others) expect(await other.say("QUIT")).toBe("221 Goodbye");
    expect(await curl(url)).toMatchObject(OK);
    await endFileServer(server);
  });

  test("--passive-host: PASV tells this address, and EPSV none", async () => {
    const server = await openUsersServer("--passive-host", "192.0.2.1");
    writeFileSync(join(server.root, "file"), sample(1000));
    for (const [flag, told] of [
      ["--disable-epsv", "227 Entering Passive Mode (192,0,2,1,"],
      ["--ftp-pasv", "229 Entering Extended Passive Mode (|||"],
    ] as const) {
      // curl goes to where the control connection goes, whatever it is told.
      const got = await curl("-v", flag, urlOf(server, "file", ANN));
      expect(got.err).toContain(`< ${told}`);
      expect(digest(got.out)).toBe(digest(sample(1000)));
    }
    await endFileServer(server);
  });

  test("--anonymous off: nobody comes in without a name", async () => {
    const server = await openUsersServer("--anonymous", "off");
    writeFileSync(join(server.root, "file"), sample(1));
    for (const name of ["anonymous", "ftp", "ANONYMOUS"]) {
      const url = urlOf(server, "file", { ...ANN, name, password: "me@example.com" });
      expect(await curl(url)).toMatchObject({ code: 67 });
    }
    expect(await curl(urlOf(server, "file", ANN))).toMatchObject(OK);
    await endFileServer(server);
  });

  test("anybody gets files, and puts none unless --anonymous-upload is on", async () => {
    const server = await openFileServer();
    writeFileSync(join(server.root, "file"), sample(1000));
    const got = await curl(urlOf(server, "file"));
    expect(digest(got.out)).toBe(digest(sample(1000)));
    const put = ["-T", local(sample(1)), urlOf(server, "new")];
    expect(await curl(...put)).toMatchObject({ code: 25 });
    await endFileServer(server);
  });

  test("--new-user makes a line of --users: a home of one's own, and these rights", async () => {
    const command = runFileServer("--new-user", "zoe", "--rights", "read,write");
    command.child.stdin!.end("se:cret 密码\n");
    expect(await command.ended).toEqual({ code: 0, signal: null });
    expect(command.out.lines).toHaveLength(1);
    expect(command.out.lines[0]).toMatch(/^zoe:\$scrypt\$.*:\/zoe:read,write$/);
    const users = join(temporaryFolder(), "users");
    writeFileSync(users, `# who may come in\n${command.out.lines[0]!}\n`);
    const server = await openFileServer(["--users", users, ...UNLIMITED]);
    const zoe = { name: "zoe", password: "se:cret 密码", home: "/zoe", rights: [] };
    const [file, url] = [local(sample(1000)), urlOf(server, "mine", zoe)];
    for (let i = 0; i < 2; i++) expect(await curl("-T", file, url)).toMatchObject(OK);
    expect(digestOf(join(server.root, "zoe/mine"))).toBe(digestOf(file));
    writeFileSync(join(server.root, "not hers"), "x");
    expect(await curl(urlOf(server, "../not hers", zoe))).toMatchObject({ code: 78 });
    const removing = ["-Q", "DELE mine", urlOf(server, "", zoe)];
    expect(await curl(...removing)).toMatchObject({ code: 21 });
    const wrong = urlOf(server, "mine", { ...zoe, password: "se:cret" });
    expect(await curl(wrong)).toMatchObject({ code: 67 });
    await endFileServer(server);
  });

  test("--log: a line for each transfer and each file that is removed", async () => {
    const log = join(temporaryFolder(), "log");
    const server = await openUsersServer("--log", log);
    mkdirSync(join(server.root, "two words"));
    const url = urlOf(server, "two words/文", ANN);
    await curl("-T", local(sample(70_000)), url);
    await curl("-C", "1000", url);
    await curl("-r", "0-9", "-B", urlOf(server, "two words/文"));
    await curl("-a", "-T", local(sample(5)), url);
    await curl("--use-ascii", url);
    await curl("-Q", "-DELE /two words/文", urlOf(server, "", ANN));
    await curl(urlOf(server, "nothing", ANN));
    await endFileServer(server);
    const at = /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \d /;
    const lines = readFileSync(log, "utf8").split("\n");
    expect(lines.pop()).toBe("");
    for (const line of lines) expect(line).toMatch(at);
    const path = "/two%20words/文";
    expect(lines.map((line) => line.replace(at, ""))).toEqual([
      `127.0.0.1 70000 ${path} b _ i r ann ftp 0 * c`,
      `127.0.0.1 69000 ${path} b _ o r ann ftp 0 * c`,
      // It goes away once it has what it wants, so that nobody knows whether that was all.
      expect.stringMatching(`^127.0.0.1 \\d+ ${path} [ab] _ o a anonymous ftp 0 \\* [ci]$`),
      `127.0.0.1 5 ${path} b _ i r ann ftp 0 * c`,
      expect.stringMatching(`^127.0.0.1 \\d+ ${path} a _ o r ann ftp 0 \\* c$`),
      `127.0.0.1 0 ${path} b _ d r ann ftp 0 * c`,
    ]);
  });

  test("--per-address: who is one too many is told so", async () => {
    const server = await openFileServer(["--per-address", "2"]);
    const held = await Promise.all([1, 2].map(() => Conversation.open(server)));
    const refused = await curl("-v", urlOf(server, ""));
    expect(refused.err).toContain("< 421 Too many sessions from your address");
    expect(refused.code).toBe(28);
    for (const one of held) expect(await one.say("QUIT")).toBe("221 Goodbye");
    await Promise.all(held.map((one) => one.over));
    expect(await curl(urlOf(server, ""))).toMatchObject(OK);
    await endFileServer(server, /turned away .*: its address or network has enough/);
  });
});
