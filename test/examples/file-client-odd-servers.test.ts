/** The file client against servers that are odd, old, broken, or mean. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { once } from "node:events";

import { afterAll, describe, expect, onTestFinished, test } from "vitest";

import {
  MAX_REPLY_LINE_BYTES,
  MAX_WAITING_REPLIES,
} from "../../examples/ftp/client/control-connection.ts";
import { MAX_ENTRY_BYTES } from "../../examples/ftp/client/data-connection.ts";
import type { FailureKind } from "../../examples/ftp/client/failure.ts";
import { failureOf, openClient } from "./file-client-session.ts";
import { sample } from "./file-server-samples.ts";
import { OddServer, type Oddities } from "./odd-ftp-server.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const ONCE = { resume: false };
const AGAIN = { resume: true };

async function lost(oddities: Oddities): Promise<string> {
  const server = await OddServer.open(oddities);
  return (await failureOf(openClient(server))).kind;
}

describe("how it is answered", () => {
  test("a server that knows only PASV is asked for that, once it has said so", async () => {
    const server = await OddServer.open({ data: sample(1000) });
    const client = await openClient(server);
    const folder = temporaryFolder();
    await client.get("a", join(folder, "a"), ONCE);
    await client.get("b", join(folder, "b"), ONCE);
    expect(readFileSync(join(folder, "b")).equals(sample(1000))).toBe(true);
    const asked = server.heard.filter((line) => /^(EPSV|PASV|data)/.test(line));
    expect(asked).toEqual(["EPSV", "PASV", "data", "PASV", "data"]);
  });

  test("the address in an answer to PASV is not gone to", async () => {
    const server = await OddServer.open({ passiveHost: "10,255,255,1", data: sample(10) });
    const client = await openClient(server);
    const local = join(temporaryFolder(), "a");
    await client.get("a", local, ONCE);
    expect(readFileSync(local).equals(sample(10))).toBe(true);
  });

  test("answers come byte by byte, and in many lines", async () => {
    const server = await OddServer.open({
      slowly: true,
      greeting: "220-welcome\n 220 not yet\n220-nor now\n220 hello",
      answers: { PWD: '257-where\n"/not/here"\n257 end', CWD: "250-a\n250-b\n250 c" },
    });
    const client = await openClient(server);
    await client.enter("x");
    const failure = await failureOf(client.folder());
    expect(failure.kind).toBe("nonsense");
  });

  test("what nobody has asked for is no answer to what is asked next", async () => {
    const client = await openClient(
      await OddServer.open({ answers: { CWD: "250 ok\n200 and more" } }),
    );
    await client.enter("x");
    expect(await client.folder()).toBe("/");
  });

  test("226 that comes before the data is kept until the data has come", async () => {
    const server = await OddServer.open({ hasty: true, data: sample(300_000) });
    const client = await openClient(server);
    const local = join(temporaryFolder(), "a");
    const got = await client.get("a", local, ONCE);
    expect(got.bytes).toBe(300_000);
    expect(readFileSync(local).equals(sample(300_000))).toBe(true);
  });

  test("a line without end is cut, and the session goes on: MAX_REPLY_LINE_BYTES", async () => {
    const long = `220 ${"x".repeat(2 * MAX_REPLY_LINE_BYTES)}`;
    const server = await OddServer.open({ greeting: long });
    const client = await openClient(server);
    expect(await client.folder()).toBe("/");
  });

  test("more than anybody asked for is nonsense: MAX_WAITING_REPLIES", async () => {
    const flood = "220 hello\n".repeat(MAX_WAITING_REPLIES + 3);
    const server = await OddServer.open({ answers: { CWD: flood.trimEnd() } });
    const client = await openClient(server);
    await client.enter("x").catch(() => undefined);
    expect((await client.closed)?.kind).toBe("nonsense");
  });

  test.each<[string, Oddities, FailureKind]>([
    ["a server that is full", { greeting: "421 come later" }, "refused"],
    ["a wrong password", { answers: { PASS: "530 no" } }, "login"],
    ["a login that is no login", { answers: { PASS: "332 account?" } }, "login"],
    ["what is no FTP", { greeting: "SSH-2.0-x" }, "nonsense"],
    ["a greeting that asks for something", { greeting: "331 password?" }, "nonsense"],
  ])("%s: %j is %s", async (_, oddities, kind) => {
    expect(await lost(oddities)).toBe(kind);
  });

  test("a server that says goodbye while nothing is asked of it is lost, with its words", async () => {
    const server = await OddServer.open();
    const client = await openClient(server);
    server.close();
    expect(await client.closed).toMatchObject({ kind: "lost" });
    await failureOf(client.folder(), "lost");
    await client.quit();
  });

  test("control characters of the server reach nobody", async () => {
    const server = await OddServer.open({
      answers: { CWD: "550 \u001b]0;evil\u0007 no such folder \u009b31m\u2028" },
    });
    const client = await openClient(server);
    const { message } = await failureOf(client.enter("a\u001bb"), "no-file");
    expect(message).not.toMatch(/[\p{Cc}\u2028]/u);
    expect(message).toContain("no such folder");
  });

  test("a name with line ends is no command", async () => {
    const server = await OddServer.open();
    const client = await openClient(server);
    await failureOf(client.remove("a\r\nDELE b"), "misuse");
    expect(server.heard.some((line) => line.startsWith("DELE"))).toBe(false);
    expect(await client.folder()).toBe("/");
  });
});

describe("what is listed", () => {
  const UNIX = [
    "total 2",
    "-rw-r--r-- 1 a b 7 Mar  3  2020 a b",
    "drwxr-xr-x 2 a b 9 Mar  3  2020 d",
    "lrwxrwxrwx 1 a b 1 Mar  3  2020 l -> x",
  ];
  const DOS = ["03-03-20  10:00AM  7 a b", "03-03-2020  10:00AM  <DIR>  d"];

  test.each([
    ["Unix", UNIX, ["a b", "d", "l"]],
    ["DOS", DOS, ["a b", "d"]],
  ])("a list in the form of %s", async (_, lines, names) => {
    const data = Buffer.from(lines.map((line) => `${line}\r\n`).join(""));
    const client = await openClient(await OddServer.open({ data }));
    const entries = await client.list("");
    expect(entries.map((entry) => entry.name)).toEqual(names);
    expect(entries[0]).toMatchObject({ kind: "file", size: 7 });
    expect(entries[1]).toMatchObject({ kind: "folder" });
  });

  const FACTS = { FEAT: "211-f\n MLST type*;\n211 e" };

  test("a list in the form of MLSD, and its last line without an end", async () => {
    const data = Buffer.from("type=cdir; .\r\ntype=file;size=7; a b\ntype=dir; d");
    const client = await openClient(await OddServer.open({ answers: FACTS, data }));
    expect((await client.list("")).map((entry) => entry.name)).toEqual(["a b", "d"]);
  });

  test("a server that tells of MLST and knows no MLSD is asked for LIST", async () => {
    const data = Buffer.from("-rw-r--r-- 1 a b 7 Mar  3  2020 x\r\n");
    const server = await OddServer.open({ answers: { ...FACTS, MLSD: "500 what?" }, data });
    const client = await openClient(server);
    expect(await client.list("-la")).toMatchObject([{ name: "x" }]);
    expect(server.heard).toContain("LIST ./-la");
  });

  test("a folder in which there is nothing, with an error for it", async () => {
    const server = await OddServer.open({ answers: { LIST: "550 No files found." } });
    expect(await (await openClient(server)).list("")).toEqual([]);
  });

  test("more entries than are taken is an error, and so is what never ends", async () => {
    const data = Buffer.from("-rw-r--r-- 1 a b 7 Mar  3  2020 x\r\n".repeat(11));
    const server = await OddServer.open({ data });
    const client = await openClient({ port: server.port, maxListingEntries: 10 });
    const { message } = await failureOf(client.list(""), "declined");
    expect(message).toBe("the folder has more than 10 entries: raise --listing-entries");
    expect(await client.folder()).toBe("/");
  });

  test("a line over MAX_ENTRY_BYTES is left out", async () => {
    const line = (name: string): string => `-rw-r--r-- 1 a b 7 Mar  3  2020 ${name}\r\n`;
    const data = Buffer.from(line("a") + line("x".repeat(MAX_ENTRY_BYTES)) + line("b"));
    const client = await openClient(await OddServer.open({ data }));
    expect((await client.list("")).map((entry) => entry.name)).toEqual(["a", "b"]);
  });
});

describe("what is transferred", () => {
  test("fewer bytes than SIZE has told are incomplete, whatever 226 says", async () => {
    const answers = { SIZE: "213 1000", MDTM: "213 20200101000000" };
    const server = await OddServer.open({ answers, data: sample(999) });
    const client = await openClient(server);
    const folder = temporaryFolder();
    const failure = await failureOf(client.get("a", join(folder, "a"), ONCE), "incomplete");
    expect(failure.message).toMatch(/^a: 999 bytes have come of 1000, .* 999 B are kept in /);
    expect(readdirSync(folder)).toEqual([
      expect.stringMatching(/^a\.20200101000000-[\da-f]{8}\.part$/),
    ]);
    // More than there is cannot be gone on with.
    server.become({ answers: { ...answers, SIZE: "213 10" }, data: sample(10) });
    const again = await openClient(server);
    expect(await again.get("a", join(folder, "a"), AGAIN)).toEqual({ bytes: 10, resumedAt: 0 });
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("a server that refuses REST has the file begun anew", async () => {
    const answers = { SIZE: "213 1000", REST: "502 no" };
    const folder = temporaryFolder();
    const server = await OddServer.open({ answers, data: sample(400) });
    const first = await openClient(server);
    await failureOf(first.get("a", join(folder, "a"), ONCE), "incomplete");
    server.become({ answers, data: sample(1000) });
    const second = await openClient(server);
    const got = await second.get("a", join(folder, "a"), AGAIN);
    expect(got).toEqual({ bytes: 1000, resumedAt: 0 });
    expect(server.heard).toContain("REST 400");
    expect(readFileSync(join(folder, "a")).equals(sample(1000))).toBe(true);
  });

  test("the half of a file of the same name and time in another folder is not gone on with", async () => {
    const answers = { SIZE: "213 1000", MDTM: "213 20200101000000", REST: "350 ok", CWD: "250 ok" };
    const folder = temporaryFolder();
    const server = await OddServer.open({
      answers: { ...answers, PWD: '257 "/one"' },
      data: sample(400),
    });
    const first = await openClient(server);
    await failureOf(first.get("a", join(folder, "a"), ONCE), "incomplete");
    server.become({ answers: { ...answers, PWD: '257 "/two"' }, data: Buffer.alloc(1000, "2") });
    await first.enter("/two");
    const got = await first.get("a", join(folder, "a"), AGAIN);
    expect(got).toEqual({ bytes: 1000, resumedAt: 0 });
    expect(readFileSync(join(folder, "a")).equals(Buffer.alloc(1000, "2"))).toBe(true);
    // That of the first one is still there, from wherever it is asked for.
    server.become({ answers, data: sample(1000).subarray(400) });
    const again = await first.get("/two/../one/a", join(folder, "a"), AGAIN);
    expect(again).toEqual({ bytes: 1000, resumedAt: 400 });
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test.each([
    ["REST", { REST: "350 ok" }, "STOR"],
    ["APPE, where REST is not known", { REST: "502 no" }, "APPE"],
    ["all of it, where both are not known", { REST: "502 no", APPE: "502 no" }, "STOR"],
  ])("a put goes on by %s", async (_, known, verb) => {
    const local = join(temporaryFolder(), "a");
    writeFileSync(local, sample(1000));
    const server = await OddServer.open({ answers: { SIZE: "213 400", ...known } });
    const client = await openClient(server);
    await failureOf(client.put(local, "a", AGAIN), "incomplete");
    const sent = Buffer.concat(server.received);
    const offset = "APPE" in known ? 0 : 400;
    expect(sent.equals(sample(1000).subarray(offset))).toBe(true);
    expect(server.heard.findLast((line) => line.endsWith(" a") && !line.startsWith("SIZE"))).toBe(
      `${verb} a`,
    );
  });

  test("a put of which the server has another size at the end is incomplete", async () => {
    const local = join(temporaryFolder(), "a");
    writeFileSync(local, sample(1000));
    const client = await openClient(await OddServer.open({ answers: { SIZE: "213 999" } }));
    const { message } = await failureOf(client.put(local, "a", ONCE), "incomplete");
    expect(message).toBe("a has 999 bytes on the server, and 1000 here: try again");
  });

  test("a server that says no in the middle, and reads no more, is heard", async () => {
    const local = join(temporaryFolder(), "a");
    writeFileSync(local, sample(30_000_000));
    const server = await OddServer.open({ interruption: "552 the disk is full" });
    const client = await openClient(server);
    await failureOf(client.put(local, "a", ONCE), "remote-disk-full");
    expect(await client.folder()).toBe("/");
  });

  test("a data connection that is refused", async () => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    const client = await openClient(await OddServer.open({ passivePort: port }));
    const local = join(temporaryFolder(), "a");
    const failure = await failureOf(client.get("a", local, ONCE), "refused");
    expect(failure.message).toContain(`127.0.0.1:${port}`);
    expect(existsSync(local)).toBe(false);
    expect(await client.folder()).toBe("/");
  });

  test.each(["227 nonsense", "227 (1,2,3,4,999,1)", "500 no"])(
    "a server with no way to a data connection: %s",
    async (told) => {
      const client = await openClient(await OddServer.open({ answers: { PASV: told } }));
      const failure = await failureOf(client.list(""));
      expect(failure.kind).toBe(told.startsWith("5") ? "declined" : "nonsense");
    },
  );

  test("a file in the place of a folder, a folder in the place of a file, a device", async () => {
    const client = await openClient(await OddServer.open({ data: sample(10) }));
    const folder = temporaryFolder();
    mkdirSync(join(folder, "d"));
    await failureOf(client.get("a", join(folder, "d"), ONCE), "misuse");
    await failureOf(client.get("a", "/dev/null", ONCE), "misuse");
    writeFileSync(join(folder, "f"), "");
    await failureOf(client.get("a", join(folder, "f", "x"), ONCE), "no-file");
    await failureOf(client.put(join(folder, "d"), "a", ONCE), "misuse");
    await failureOf(client.put(join(folder, "none"), "a", ONCE), "no-file");
    await client.get("a", join(folder, "a"), ONCE);
    expect(readdirSync(folder).sort()).toEqual(["a", "d", "f"]);
  });

  test("what ends the session ends what waits, and is told once", async () => {
    const server = await OddServer.open({ answers: { RETR: null } });
    const client = await openClient(server);
    const got = client.get("a", join(temporaryFolder(), "a"), ONCE);
    const folder = client.folder();
    onTestFinished(() => client.abort());
    await expect.poll(() => server.heard.includes("RETR a")).toBe(true);
    client.abort();
    await failureOf(got, "interrupted");
    await failureOf(folder, "interrupted");
    expect(await client.closed).toBeNull();
  });
});
