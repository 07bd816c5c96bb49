/** Folders, files and rights in a session, without a data connection. */
import { describe, expect, test } from "vitest";

import { file, folder, FtpClient } from "./ftp-client.ts";

describe("folders and files", () => {
  test.each([
    ["CWD docs", 250, "/docs"],
    ["CWD /docs//", 250, "/docs"],
    ["CWD ./../docs/.", 250, "/docs"],
    ["CWD /docs/a.txt", 550, "/"],
    ["CWD none", 550, "/"],
    ["CDUP", 250, "/"],
    ["XCUP", 250, "/"],
    [`CWD ${"x".repeat(256)}`, 553, "/"],
  ])("%s: %i, and then %s", (line, code, path) => {
    const client = FtpClient.loggedIn();
    expect(client.codes(line)).toEqual([code]);
    expect(client.say("PWD")).toEqual([`257 "${path}" is the current folder`]);
  });

  test("names keep their spaces, and quotes are doubled in 257", () => {
    const entry = () => ({ ok: true, value: folder("x") }) as const;
    const client = FtpClient.loggedIn({ entry });
    client.say('CWD  a "b" ');
    expect(client.questions()).toEqual([{ kind: "entry", path: '/ a "b" ' }]);
    expect(client.say("PWD")).toEqual(['257 "/ a ""b"" " is the current folder']);
    expect(client.say("MKD c")).toEqual(['257 "/ a ""b"" /c" is made']);
  });

  test.each([
    ["MKD a", { kind: "make-folder", path: "/a" }],
    ["RMD a", { kind: "remove-folder", path: "/a" }],
    ["DELE docs/../a", { kind: "remove", path: "/a" }],
    ["MFMT 20240229123005 a b", { kind: "set-modified", path: "/a b", modifiedMs: 1709209805000 }],
  ])("%s changes the library", (line, change) => {
    const client = FtpClient.loggedIn();
    client.say(line);
    expect(client.questions()).toEqual([{ kind: "change", change }]);
  });

  test("RNFR and RNTO rename, each in the folder where it is said", () => {
    const client = FtpClient.loggedIn();
    expect(client.codes("RNFR big", "RNTO docs/b")).toEqual([350, 250]);
    const change = { kind: "rename", from: "/big", to: "/docs/b" };
    expect(client.questions().at(-1)).toEqual({ kind: "change", change });
  });

  test.each([
    ["not-found", 550],
    ["exists", 550],
    ["not-empty", 550],
    ["forbidden", 550],
    ["full", 452],
    ["bad-name", 553],
    ["failed", 451],
  ] as const)("a store that says %s is told as %i", (code, number) => {
    const client = FtpClient.loggedIn({ change: () => ({ ok: false, code }) });
    expect(client.codes("MKD a")).toEqual([number]);
  });

  test.each([
    ["SIZE docs/a.txt", "213 5"],
    ["SIZE docs", "550 That is not a file"],
    ["MDTM docs/a.txt", "213 20240229123005"],
    ["MDTM 20240229123005 docs/a.txt", "213 Modify=20240229123005; docs/a.txt"],
    ["MDTM 20240231123005 docs/a.txt", "550 There is no such file or folder"],
    ["MFMT 20240229123005 docs/a.txt", "213 Modify=20240229123005; docs/a.txt"],
    ["AVBL", "213 4096"],
    [
      "MLST docs/a.txt",
      "250 Facts of /docs/a.txt |  type=file;size=5;modify=20240229123005;perm=adfrw;unique=f1; /docs/a.txt | End",
    ],
  ])("%s: %s", (line, said) => {
    expect(FtpClient.loggedIn().say(line)).toEqual([said]);
  });

  test("SIZE is not known with line ends converted, and MFMT needs a time", () => {
    const client = FtpClient.loggedIn();
    expect(client.codes("TYPE A", "SIZE big", "MFMT yesterday big", "MFMT 20240229123005")).toEqual(
      [200, 550, 501, 501],
    );
  });

  test("a file that is called like a time and a path is asked for before a time is set", () => {
    const client = FtpClient.loggedIn({ entry: () => ({ ok: true, value: file("x") }) });
    expect(client.codes("MDTM 20240229123005 x")).toEqual([213]);
    expect(client.questions()).toEqual([{ kind: "entry", path: "/20240229123005 x" }]);
  });
});

describe("rights", () => {
  const writing = ["MKD a", "RNFR big", "APPE a", "MFMT 20240229123005 a", "MDTM 20240229123005 a"];

  test("who may read changes nothing", () => {
    const client = FtpClient.loggedIn({}, ["read"]);
    client.say("PASV");
    for (const line of [...writing, "STOR a", "STOU", "DELE a", "RMD a"]) {
      expect(client.codes(line), line).toEqual([550]);
    }
    expect(client.questions().filter(({ kind }) => kind !== "listen" && kind !== "entry")).toEqual(
      [],
    );
  });

  test("who may create overwrites, resumes and appends nothing", () => {
    const client = FtpClient.loggedIn({}, ["create"]);
    client.say("PASV");
    for (const line of [...writing, "RETR big", "LIST", "STAT /"]) {
      expect(client.codes(line), line).toEqual([550]);
    }
    expect(client.codes("REST 5", "STOR a", "STOR a")).toEqual([350, 550, 150]);
    const source = { kind: "store", path: "/a", mode: { kind: "new" } };
    expect(client.questions()).toContainEqual({ kind: "open", source });
  });
});
