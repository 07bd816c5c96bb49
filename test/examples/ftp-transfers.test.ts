/** Data connections and transfers of a session: how they begin, run, end, and are broken off. */
import { describe, expect, test } from "vitest";

import type { Moved, Question } from "../../examples/ftp/effects.ts";
import type { StoreErrorCode } from "../../examples/files/file-store.ts";
import { file, folder, FtpClient, SETTINGS } from "./ftp-client.ts";

const DONE: Moved = { ok: true };

/** A client that has begun a transfer, which goes on until its `move` is answered. */
function moving(line = "RETR big", route = "PASV"): FtpClient {
  const client = FtpClient.loggedIn();
  client.say(route);
  expect(client.codes(line)).toEqual([150]);
  expect(client.question?.kind).toBe("move");
  client.forget();
  return client;
}

function codesOf(replies: readonly string[]): number[] {
  return replies.map((line) => parseInt(line));
}

function opened(client: FtpClient): Question[] {
  return client.questions().filter(({ kind }) => kind === "open");
}

describe("a transfer", () => {
  test("opens the file, says 150, moves, says 226", () => {
    const client = FtpClient.loggedIn();
    expect(client.say("PASV")).toEqual(["227 Entering Passive Mode (127,0,0,1,156,65)."]);
    expect(client.say("RETR docs/a.txt")).toEqual([
      "150 Opening BINARY mode data connection for /docs/a.txt (5 bytes)",
    ]);
    expect(client.answer("move", DONE)).toEqual(["226 Done"]);
    expect(client.questions().slice(1)).toEqual([
      { kind: "open", source: { kind: "retrieve", path: "/docs/a.txt", offset: 0 } },
      { kind: "move", route: { kind: "passive" }, secure: false, ascii: false },
    ]);
    expect(client.listening).toBe(false);
  });

  test.each([
    ["STOR a", { kind: "store", path: "/a", mode: { kind: "replace" } }],
    ["APPE a", { kind: "store", path: "/a", mode: { kind: "append" } }],
    ["STOU", { kind: "store", path: "/upload", mode: { kind: "unique" } }],
    ["STOU a b", { kind: "store", path: "/a b", mode: { kind: "unique" } }],
    ["RETR  a ", { kind: "retrieve", path: "/ a ", offset: 0 }],
  ])("%s opens %j", (line, source) => {
    expect(opened(moving0(line))).toEqual([{ kind: "open", source }]);
  });

  function moving0(line: string, ...before: string[]): FtpClient {
    const client = FtpClient.loggedIn();
    client.say("PASV", ...before, line);
    return client;
  }

  test("STOU tells the name in the words of RFC 1123, and again at its end", () => {
    const client = moving0("STOU");
    expect(client.replies.at(-1)).toEqual({ code: 150, lines: ["FILE: /upload.1"] });
    expect(client.answer("move", DONE)).toEqual(["226 FILE: /upload.1"]);
  });

  test("converts line ends in TYPE A, and listings never", () => {
    const text = moving0("RETR docs/a.txt", "TYPE A");
    expect(text.questions().at(-1)).toMatchObject({ kind: "move", ascii: true });
    expect(text.replies.at(-1)!.lines[0]).toBe(
      "Opening ASCII mode data connection for /docs/a.txt",
    );
    expect(moving0("LIST", "TYPE A").questions().at(-1)).toMatchObject({
      kind: "move",
      ascii: false,
    });
  });

  test.each([
    ["no-connection", 425],
    ["no-tls", 522],
    ["broken", 426],
    ["too-many", 451],
    ["aborted", 426],
  ] as const)(
    "that ends with %s is told %i, and the next one needs a route of its own",
    (why, code) => {
      const client = moving();
      expect(codesOf(client.answer("move", { ok: false, why }))).toEqual([code]);
      expect(client.codes("RETR big")).toEqual([425]);
    },
  );

  test.each<[StoreErrorCode, number]>([
    ["full", 452],
    ["failed", 451],
    ["exists", 550],
  ])("that the store ends with %s is told %i", (code, number) => {
    const moved: Moved = { ok: false, why: "store", code };
    expect(codesOf(moving("STOR a").answer("move", moved))).toEqual([number]);
  });

  test("of what is not there is refused at once, and the route stays", () => {
    const client = FtpClient.loggedIn({ open: () => ({ ok: false, code: "not-found" }) });
    expect(client.codes("PASV", "RETR none", "RETR none")).toEqual([227, 550, 550]);
    expect(client.listening).toBe(true);
  });

  test("needs a route: 425 without asking the store", () => {
    const client = FtpClient.loggedIn();
    for (const line of ["RETR big", "STOR a", "STOU", "APPE a", "LIST", "NLST", "MLSD"]) {
      expect(client.codes(line), line).toEqual([425]);
    }
    expect(client.questions()).toEqual([]);
  });
});

describe("REST", () => {
  const begun = (...lines: string[]): [number[], Question[]] => {
    const client = FtpClient.loggedIn();
    const codes = client.codes("PASV", ...lines).slice(1);
    return [codes, opened(client)];
  };

  test("is where the next transfer begins, also with PASV between", () => {
    const [codes, questions] = begun("REST 3", "PASV", "RETR docs/a.txt");
    expect(codes).toEqual([350, 227, 150]);
    expect(questions).toMatchObject([{ source: { kind: "retrieve", offset: 3 } }]);
    const [, stored] = begun("REST 3", "STOR a");
    expect(stored).toMatchObject([{ source: { mode: { kind: "resume", offset: 3 } } }]);
  });

  test("at the end of the file sends nothing, and beyond it is refused", () => {
    expect(begun("REST 5", "RETR docs/a.txt")[0]).toEqual([350, 150]);
    const client = FtpClient.loggedIn();
    expect(client.codes("PASV", "REST 6", "RETR docs/a.txt")).toEqual([227, 350, 554]);
    expect(client.codes("RETR docs/a.txt")).toEqual([150]);
  });

  test("is used up by a transfer, also by one that is refused", () => {
    const client = FtpClient.loggedIn();
    client.say("REST 3", "LIST", "PASV", "RETR docs/a.txt");
    expect(opened(client)).toMatchObject([{ source: { offset: 0 } }]);
  });

  test.each([
    [["REST x"], [501]],
    [["REST -1"], [501]],
    [["REST 99999999999999999999"], [501]],
    [
      ["REST 3", "APPE a", "APPE a"],
      [350, 503, 150],
    ],
    [
      ["REST 3", "STOU"],
      [350, 503],
    ],
    [
      ["TYPE A", "REST 3", "RETR big"],
      [200, 350, 555],
    ],
    [
      ["TYPE A", "REST 3", "STOR big"],
      [200, 350, 555],
    ],
    [
      ["TYPE A", "REST 0", "RETR big"],
      [200, 350, 150],
    ],
  ])("%j: %j", (lines, codes) => {
    expect(begun(...lines)[0]).toEqual(codes);
  });
});

describe("lists", () => {
  const source = (line: string): unknown => {
    const client = FtpClient.loggedIn();
    client.say("PASV", line);
    const [question] = opened(client) as (Question & { kind: "open" })[];
    return question?.source;
  };

  test.each([
    ["LIST", "/"],
    ["LIST -a", "/"],
    ["LIST -la docs", "/docs"],
    ["LIST -l -a docs", "/docs"],
    ["LIST docs/", "/docs"],
  ])("%s is of %s, as ls -l", (line, path) => {
    const from = { folder: path, pattern: null };
    expect(source(line)).toMatchObject({ kind: "list", from, listing: { format: "long" } });
  });

  test.each([
    ["NLST", "/", null, ""],
    ["NLST -1", "/", null, ""],
    ["NLST .", "/", null, ""],
    ["NLST docs", "/docs", null, "docs/"],
    ["NLST /docs/", "/docs", null, "/docs/"],
    ["NLST *.txt", "/", "*.txt", ""],
    ["NLST docs/*.t?t", "/docs", "*.t?t", "docs/"],
  ])("%s is of %s, what matches %s, and names begin with %j", (line, path, pattern, prefix) => {
    expect(source(line)).toEqual({
      kind: "list",
      from: { folder: path, pattern },
      listing: { format: "names", prefix },
    });
  });

  test("of a file is that file", () => {
    expect(source("LIST docs/a.txt")).toMatchObject({ from: file("a.txt", 5) });
    expect(source("NLST docs/a.txt")).toMatchObject({ listing: { prefix: "docs/" } });
    const client = FtpClient.loggedIn();
    expect(client.codes("PASV", "MLSD docs/a.txt", "LIST none")).toEqual([227, 501, 550]);
  });

  test("MLSD has the facts that OPTS chose", () => {
    const client = FtpClient.loggedIn();
    client.say("OPTS MLST size;", "PASV", "MLSD docs");
    const listing = { format: "facts", facts: new Set(["size"]) };
    expect(opened(client)).toMatchObject([{ source: { from: { folder: "/docs" }, listing } }]);
  });
});

describe("while a transfer runs", () => {
  test("commands wait for its end, in their order", () => {
    const client = moving();
    expect(client.codes("NOOP", "PWD", "PASV", "QUIT")).toEqual([]);
    expect(codesOf(client.answer("move", DONE))).toEqual([226, 200, 257, 227, 221]);
    expect(client.listening).toBe(false);
  });

  test("STAT is answered at once, with the bytes so far", () => {
    const client = moving();
    client.tell({ kind: "moved", bytes: 1000 });
    client.tell({ kind: "moved", bytes: 24 });
    expect(client.say("STAT")[0]).toMatch(/^211 .*RETR \/big: 1024 bytes so far/);
    expect(codesOf(client.answer("move", DONE))).toEqual([226]);
    expect(client.say("STAT")[0]).toMatch(/No transfer runs/);
  });

  test("STAT does not overtake what waits, nor 150, and with a path it waits", () => {
    const client = moving();
    expect(client.codes("NOOP", "STAT")).toEqual([]);
    expect(codesOf(client.answer("move", DONE))).toEqual([226, 200, 211]);
    expect(moving().codes("STAT /")).toEqual([]);
    const opening = FtpClient.loggedIn({ open: () => null });
    expect(opening.codes("PASV", "RETR big", "STAT")).toEqual([227]);
    expect(codesOf(opening.answer("open", { ok: true, value: { size: 5, path: "/big" } }))).toEqual(
      [150, 211],
    );
  });

  test("ABOR ends it: 426, then 226", () => {
    const client = moving();
    expect(client.codes("ABOR")).toEqual([]);
    expect(client.done()).toEqual(["abort"]);
    expect(codesOf(client.answer("move", { ok: false, why: "aborted" }))).toEqual([426, 226]);
    expect(client.codes("NOOP", "RETR big")).toEqual([200, 425]);
  });

  test("ABOR that comes too late finds it done: 226 twice", () => {
    const client = moving();
    client.say("ABOR");
    expect(codesOf(client.answer("move", DONE))).toEqual([226, 226]);
  });

  test("ABOR is answered in its turn, and ends what waits before it too", () => {
    const client = moving();
    client.say("NOOP", "PASV", "RETR big", "ABOR", "ABOR", "NOOP");
    expect(client.done()).toEqual(["abort"]);
    const codes = codesOf(client.answer("move", { ok: false, why: "aborted" }));
    expect(codes).toEqual([426, 200, 227, 426, 226, 226, 200]);
    expect(client.listening).toBe(false);
  });

  test("ABOR while the file is being opened drops it", () => {
    const client = FtpClient.loggedIn({ open: () => null });
    client.say("PASV", "STOR a", "ABOR");
    expect(client.done()).toEqual(["abort"]);
    const codes = codesOf(client.answer("open", { ok: true, value: { size: 0, path: "/a" } }));
    expect(codes).toEqual([426, 226]);
    expect(client.done()).toEqual(["abort", "drop", "close-data"]);
  });

  test("ABOR while a list's folder is looked for ends the list", () => {
    const client = FtpClient.loggedIn({ entry: () => null });
    client.say("PASV", "LIST", "ABOR");
    const codes = codesOf(client.answer("entry", { ok: true, value: folder("/") }));
    expect(codes).toEqual([426, 226]);
    expect(opened(client)).toEqual([]);
  });

  test("so does the end of the control connection", () => {
    const client = FtpClient.loggedIn({ entry: () => null });
    client.say("PASV", "LIST");
    client.tell({ kind: "ended" });
    expect(codesOf(client.answer("entry", { ok: true, value: folder("/") }))).toEqual([426]);
    expect(opened(client)).toEqual([]);
    expect(client.session.over).toBe(true);
  });

  test("ABOR without one is 226, and puts an end to PASV", () => {
    const client = FtpClient.loggedIn();
    expect(client.codes("ABOR", "PASV", "ABOR", "LIST")).toEqual([226, 227, 226, 425]);
    expect(client.done()).toEqual(["close-data"]);
  });

  test.each([
    ["IP and Synch in the stream", [0xff, 0xf4, 0xff, 0xf2], "ABOR\r\n"],
    ["IP and Synch, DM lost as urgent data", [0xff, 0xf4, 0xff], "ABOR\r\n"],
    ["IP and Synch of tnftp, IAC lost", [0xff, 0xf4, 0xf2], "ABOR\r\n"],
    ["IP and Synch of lftp, IAC lost", [0xf4, 0xff, 0xf2], "ABOR\r\n"],
    ["nothing, LF lost as urgent data (ftplib)", [], "ABOR\r"],
    ["nothing, in small letters", [], "abor\r\n"],
    ["nothing, with LF alone", [], "ABOR\n"],
  ])("ABOR after %s, whole and in pieces, is one command", (_, telnet, text) => {
    const bytes = Buffer.concat([Buffer.from(telnet), Buffer.from(text)]);
    for (const size of [1, 2, 3, bytes.length]) {
      const client = moving();
      for (let at = 0; at < bytes.length; at += size) client.receive(bytes.subarray(at, at + size));
      expect(client.done()).toEqual(["abort"]);
      client.receive(Buffer.from("NOOP\r\n"));
      const codes = codesOf(client.answer("move", { ok: false, why: "aborted" }));
      expect(codes).toEqual([426, 226, 200]);
    }
  });

  test("IAC that telnet doubled stands for one, which no name of UTF-8 has", () => {
    const client = FtpClient.loggedIn();
    client.receive(Buffer.from([...Buffer.from("DELE a"), 0xff, 0xff, 0x0d, 0x0a]));
    expect(client.replies.map(({ code }) => code)).toEqual([501]);
  });

  test("the end of the control connection breaks it off, and what waited is answered", () => {
    const client = moving();
    client.say("PASV", "STOR a");
    client.tell({ kind: "ended" });
    expect(client.done()).toEqual(["abort"]);
    const codes = codesOf(client.answer("move", { ok: false, why: "aborted" }));
    expect(codes).toEqual([426, 227, 426]);
    expect(client.session.over).toBe(true);
    expect(client.listening).toBe(false);
  });

  test("a shutdown lets it finish, until the deadline", () => {
    const client = moving();
    expect(client.tell({ kind: "shutdown" })).toEqual([]);
    expect(codesOf(client.answer("move", DONE))).toEqual([226, 421]);

    const late = moving();
    late.tell({ kind: "shutdown" });
    late.tell({ kind: "deadline" });
    expect(late.done()).toEqual(["abort"]);
    expect(codesOf(late.answer("move", { ok: false, why: "aborted" }))).toEqual([426, 421]);
  });

  test("what is protected is said to whoever moves it", () => {
    const client = new FtpClient({ ...SETTINGS, tls: "offered" });
    client.say("AUTH TLS");
    client.answer("start-tls", null);
    client.say("PBSZ 0", "PROT P", "USER ann", "PASS right", "PASV", "LIST");
    expect(client.question).toMatchObject({ kind: "move", secure: true });
  });
});
