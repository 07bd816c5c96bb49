/** PORT, EPRT, PASV and EPSV of a session: who connects where, and one listener at most. */
import { describe, expect, test } from "vitest";

import { FtpClient } from "./ftp-client.ts";

function codesOf(replies: readonly string[]): number[] {
  return replies.map((line) => parseInt(line));
}

describe("the route of data", () => {
  test.each([
    ["PORT 127,0,0,1,156,65", 200],
    ["PORT 10,0,0,1,156,65", 504],
    ["PORT 127,0,0,1,0,21", 504],
    ["PORT 127,0,0,1,3,255", 504],
    ["PORT 127,0,0,1,4,0", 200],
    ["PORT 127,0,0,1,156", 501],
    ["EPRT |1|127.0.0.1|40001|", 200],
    ["EPRT |1|127.0.0.2|40001|", 504],
    ["EPRT |1|127.0.0.1|80|", 504],
    ["EPRT |2|::1|40001|", 522],
    ["EPRT |3|x|40001|", 522],
    ["EPRT |1|::1|40001|", 501],
    ["EPSV", 229],
    ["EPSV 1", 229],
    ["EPSV 2", 522],
    ["EPSV 3", 522],
    ["EPSV x", 501],
    ["EPSV ALL", 200],
  ])("%s over IPv4: %i", (line, code) => {
    expect(FtpClient.loggedIn().codes(line)).toEqual([code]);
  });

  test.each([
    ["PORT 127,0,0,1,156,65", 522],
    ["EPRT |2|0:0::0:1|40001|", 200],
    ["EPRT |2|::2|40001|", 504],
    ["EPRT |1|127.0.0.1|40001|", 522],
    ["PASV", 522],
    ["EPSV 2", 229],
    ["EPSV 1", 522],
  ])("%s over IPv6: %i", (line, code) => {
    const client = FtpClient.loggedIn({}, ["read"], { peerHost: "::1" });
    expect(client.codes(line)).toEqual([code]);
  });

  test("IPv4 inside IPv6 is IPv4", () => {
    const client = FtpClient.loggedIn({}, ["read"], { peerHost: "::ffff:127.0.0.1" });
    expect(client.codes("PORT 127,0,0,1,156,65", "PASV", "EPSV 1")).toEqual([200, 227, 229]);
  });

  test("what it says of a wrong protocol names the right one (RFC 2428)", () => {
    expect(FtpClient.loggedIn().say("EPSV 2")[0]).toMatch(/ use \(1\)$/);
  });

  test("EPSV tells the port only, and after EPSV ALL there is nothing else", () => {
    const client = FtpClient.loggedIn();
    expect(client.say("EPSV")).toEqual(["229 Entering Extended Passive Mode (|||40001|)"]);
    expect(
      client.codes("EPSV ALL", "PASV", "PORT 127,0,0,1,156,65", "EPRT |1|127.0.0.1|40001|", "EPSV"),
    ).toEqual([200, 503, 503, 503, 229]);
  });

  test("one listener at most: PASV twice, EPSV, PORT, ABOR, REIN, USER's end", () => {
    const client = FtpClient.loggedIn();
    for (const line of ["PASV", "PASV", "EPSV"]) {
      client.say(line);
      expect(client.listening).toBe(true);
    }
    expect(client.done()).toEqual(["close-data", "close-data"]);
    for (const line of ["PORT 127,0,0,1,156,65", "ABOR", "REIN"]) {
      const other = FtpClient.loggedIn();
      other.say("PASV", line);
      expect(other.listening, line).toBe(false);
    }
    for (const kind of ["ended", "shutdown", "deadline"] as const) {
      const other = FtpClient.loggedIn();
      other.say("PASV");
      other.tell({ kind });
      expect(other.listening, kind).toBe(false);
      expect(other.session.over).toBe(true);
    }
  });

  test("no port left is 425, and so is a listener that was closed", () => {
    const client = FtpClient.loggedIn({ listen: () => null });
    client.say("PASV");
    expect(codesOf(client.answer("listen", null))).toEqual([425]);
    client.say("PASV");
    client.answer("listen", { host: "127.0.0.1", port: 40_000 });
    client.tell({ kind: "data-closed" });
    expect(client.codes("LIST")).toEqual([425]);
  });

  test("an active one goes where PORT said, once", () => {
    const client = FtpClient.loggedIn();
    client.say("PORT 127,0,0,1,156,65", "LIST");
    const route = { kind: "active", host: "127.0.0.1", port: 40_001 };
    expect(client.question).toEqual({ kind: "move", route, secure: false, ascii: false });
    client.answer("move", { ok: true });
    expect(client.codes("LIST")).toEqual([425]);
  });
});
