/** The table of commands is whole, and says what the session does. */
import { describe, expect, test } from "vitest";

import {
  argumentOf,
  COMMANDS,
  commandTable,
  lookUp,
  repliesOf,
  VERBS,
  type CommandRow,
} from "../../examples/ftp/commands.ts";
import { FtpClient } from "./ftp-client.ts";

const rows = VERBS.map((verb) => [verb, COMMANDS[verb] as CommandRow] as const);

describe("the table of commands", () => {
  test("has what RFC 1123 section 4.1.2.13 wants of every server", () => {
    const minimum =
      "USER PASS ACCT PORT PASV TYPE MODE STRU RETR STOR APPE RNFR RNTO DELE CWD CDUP RMD MKD PWD " +
      "LIST NLST SYST STAT HELP NOOP QUIT";
    expect(VERBS).toEqual(expect.arrayContaining(minimum.split(" ")));
  });

  test.each(rows)("%s: who is not logged in gets 530, if a login is needed", (verb, row) => {
    const { syntax = "" } = row;
    const [code] = new FtpClient().codes(`${verb} ${syntax}`);
    expect(code === 530).toBe(row.needs === "login" || row.withArgument !== undefined);
  });

  test.each(rows)("%s: TLS that is required comes first, 534", (verb, row) => {
    const [code] = new FtpClient({ tls: "login" }).codes(`${verb} ${row.syntax ?? ""}`);
    expect(code === 534).toBe(row.needs !== "nothing" || row.withArgument !== undefined);
  });

  test.each(rows)("%s: an argument that is missing, or too many, is 501", (verb, row) => {
    const argument = argumentOf(row);
    const before = row.after === undefined ? [] : ["RNFR big"];
    const said = (line: string): number | undefined =>
      FtpClient.loggedIn()
        .codes("USER ann", "PASS x", ...before, line)
        .at(-1);
    if (verb === "PASS") return;
    expect(said(verb) === 501, verb).toBe(argument === "required");
    if (argument === "none") expect(said(`${verb} x`)).toBe(501);
  });

  test.each(rows)("%s: who has no rights gets 550, if a right is needed", (verb, row) => {
    if (row.right === undefined || row.after !== undefined) return;
    const client = FtpClient.loggedIn({}, []);
    expect(client.codes(`${verb} ${row.syntax?.replace(/[[\]]/g, "") ?? ""}`)).toEqual([550]);
    expect(client.questions()).toEqual([]);
  });

  test.each(rows)("%s: waits for the end of a transfer, or does not", (verb, row) => {
    const client = FtpClient.loggedIn();
    client.say("PASV", "RETR big");
    client.forget();
    client.say(verb);
    expect(client.effects.length > 0).toBe(row.meanwhile !== undefined);
  });

  test.each(rows)("%s is explained by HELP", (verb, row) => {
    expect(new FtpClient().say(`HELP ${verb}`)[0]).toMatch(new RegExp(`^214 ${verb}.*: `));
    expect(row.does).toMatch(/^[A-Z]/);
  });

  test("is known by its old names, and knows nothing else", () => {
    expect(lookUp("XPWD")).toMatchObject({ verb: "PWD" });
    expect(lookUp("ADAT").kind).toBe("not-done");
    expect(lookUp("GET").kind).toBe("http");
    for (const verb of ["NONE", "toString", "__proto__", ""])
      expect(lookUp(verb).kind).toBe("unknown");
  });

  test("can be printed: a row for each command, with all that it may be answered", () => {
    const lines = commandTable().trimEnd().split("\n");
    expect(lines).toHaveLength(VERBS.length + 2);
    for (const line of lines) expect(line.replaceAll("\\|", "").split("|")).toHaveLength(8);
    expect(lines).toContain(
      "| `RNTO path` | The new name | RFC 959 §4.1.3 | login, right `write`, RNFR | waits | 250 421 451 452 501 503 530 534 550 553 |",
    );
    for (const [, row] of rows) {
      const codes = repliesOf(row);
      expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b));
    }
  });
});
