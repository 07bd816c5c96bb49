/** What a session answers, without transfers: the table of its commands, in every state. */
import { describe, expect, test } from "vitest";

import { DEFAULT_SESSION_LIMITS } from "../../examples/ftp/state.ts";
import { file, folder, FtpClient } from "./ftp-client.ts";

describe("the order of a session", () => {
  test("begins with 220", () => {
    expect(new FtpClient({ greeting: "Hello" }).replies).toEqual([{ code: 220, lines: ["Hello"] }]);
  });

  test("logs in with USER and PASS, and says no more of names that do not exist", () => {
    const client = new FtpClient();
    expect(client.say("USER nobody")).toEqual(client.say("USER ann"));
    expect(client.codes("PASS right")).toEqual([230]);
    expect(client.session.loggedIn).toBe(true);
  });

  test.each([
    [["PASS x"], [503]],
    [
      ["USER ann", "PASS right", "PASS right"],
      [331, 230, 503],
    ],
    [
      ["USER ann", "PASS right", "USER bob", "PWD"],
      [331, 230, 331, 530],
    ],
    [
      ["USER ann", "PASS right", "RNTO b"],
      [331, 230, 503],
    ],
    [
      ["USER ann", "PASS right", "RNFR big", "RNTO b", "RNTO c"],
      [331, 230, 350, 250, 503],
    ],
    [
      ["USER ann", "PASS right", "RNFR big", "NOOP", "RNTO b"],
      [331, 230, 350, 200, 503],
    ],
    [
      ["USER ann", "PASS right", "RNFR none", "RNTO b"],
      [331, 230, 550, 503],
    ],
    [
      ["USER ann", "PASS right", "REIN", "PWD"],
      [331, 230, 220, 530],
    ],
    [["PBSZ 0"], [503]],
    [["PROT P"], [503]],
    [
      ["USER ann", "HOST a.b"],
      [331, 503],
    ],
  ])("%j is answered %j", (lines, codes) => {
    expect(new FtpClient().codes(...lines)).toEqual(codes);
  });

  test.each(["", "  ", "é", "12 3", "X", "TOOLONGAVERB", "US3R x"])(
    "%j is no command: 500",
    (line) => {
      expect(new FtpClient().codes(line)).toEqual([500]);
    },
  );

  test.each([
    ["XYZZY", 500],
    ["__proto__", 500],
    ["constructor", 500],
    ["SMNT x", 502],
    ["LPRT x", 502],
    ["PASS\tx", 501],
    ["NOOP x", 501],
    ["USER", 501],
    ["USER  ", 501],
    ["noop", 200],
    ["NoOp ", 200],
    ["XPWD", 530],
  ])("%s: %i", (line, code) => {
    expect(new FtpClient().codes(line)).toEqual([code]);
  });

  test("a line that is too long is refused in its turn, and the session goes on", () => {
    const client = FtpClient.loggedIn({ entry: () => null });
    expect(client.say("CWD docs")).toEqual([]);
    expect(client.tell({ kind: "long-line" })).toEqual([]);
    client.say("NOOP");
    const codes = client
      .answer("entry", { ok: true, value: folder("docs") })
      .map((l) => parseInt(l));
    expect(codes).toEqual([250, 500, 200]);
  });

  test("HTTP ends the session at its first line", () => {
    const client = new FtpClient();
    expect(client.codes("POST / HTTP/1.1", "Host: x", "NOOP")).toEqual([500]);
    expect(client.done()).toEqual(["close"]);
  });

  test("QUIT is answered 221, and nothing after it", () => {
    const client = new FtpClient();
    expect(client.codes("QUIT", "NOOP")).toEqual([221]);
    expect(client.done()).toEqual(["close"]);
  });
});

describe("a wrong password", () => {
  test("waits, and after three the session is over (RFC 2577 section 5)", () => {
    const client = new FtpClient();
    for (const code of [530, 530, 421]) {
      expect(client.codes("USER ann", "PASS wrong")).toEqual([331]);
      expect(client.question).toEqual({
        kind: "wait",
        ms: DEFAULT_SESSION_LIMITS.wrongPasswordMs,
      });
      expect(client.answer("wait", null).map((line) => parseInt(line))).toEqual([code]);
    }
    expect(client.session.over).toBe(true);
  });

  test("does not let commands overtake it", () => {
    const client = new FtpClient();
    expect(client.codes("USER ann", "PASS wrong", "NOOP")).toEqual([331]);
    expect(client.answer("wait", null).map((line) => parseInt(line))).toEqual([530, 200]);
  });

  test("is forgotten by a right one", () => {
    const client = new FtpClient();
    for (let i = 0; i < 5; i++) {
      client.say("USER ann", "PASS wrong");
      client.answer("wait", null);
      expect(client.codes("USER ann", "PASS right")).toEqual([331, 230]);
    }
  });

  test("too many logins at once: 421, and the session is over", () => {
    const client = new FtpClient({}, { "check-password": () => "busy" });
    expect(client.codes("USER ann", "PASS right")).toEqual([331, 421]);
    expect(client.session.over).toBe(true);
  });

  test("is taken as it is written, with spaces or empty", () => {
    const given: string[] = [];
    const client = new FtpClient(
      {},
      {
        "check-password": ({ name, password }) => {
          given.push(password);
          return { name, home: "/", rights: new Set() };
        },
      },
    );
    client.say("USER a", "PASS", "USER a", "PASS ", "USER a", "PASS  a b ");
    expect(given).toEqual(["", "", " a b "]);
  });
});

describe("TLS", () => {
  const secured = (settings = {}): FtpClient => {
    const client = new FtpClient(settings);
    expect(client.codes("AUTH TLS")).toEqual([234]);
    expect(client.answer("start-tls", null)).toEqual([]);
    return client;
  };

  test("is offered: AUTH, PBSZ, PROT, and a login that counts anew", () => {
    const client = new FtpClient();
    client.say("USER ann", "PASS right", "AUTH tls");
    client.answer("start-tls", null);
    expect(client.codes("PWD", "AUTH TLS", "PROT P", "PBSZ x", "PBSZ 0")).toEqual([
      530, 503, 503, 501, 200,
    ]);
    expect(client.codes("PROT P", "PROT C", "PROT S", "PROT E", "PROT X", "CCC")).toEqual([
      200, 200, 536, 536, 504, 534,
    ]);
    expect(client.codes("REIN")).toEqual([502]);
  });

  test("is not offered: 534, and CCC has nothing to clear", () => {
    const client = new FtpClient({ tls: "none" });
    expect(client.codes("AUTH TLS", "AUTH GSSAPI", "CCC")).toEqual([534, 504, 533]);
    expect(client.say("FEAT").join()).not.toMatch(/AUTH|PBSZ|PROT/);
    expect(new FtpClient().say("FEAT").join()).toMatch(/ AUTH TLS .* PBSZ .* PROT /);
  });

  test("is required: no USER without it, but what tells how to get it", () => {
    const client = new FtpClient({ tls: "login" });
    expect(client.codes("USER ann", "PASS x", "PWD", "FEAT", "NOOP")).toEqual([
      534, 534, 534, 211, 200,
    ]);
    expect(secured({ tls: "login" }).codes("USER ann", "PASS right")).toEqual([331, 230]);
  });

  test("is required for data too: 521 until PROT P, and no way back", () => {
    const client = secured({ tls: "data" });
    client.say("USER ann", "PASS right", "PASV");
    expect(client.codes("LIST", "PBSZ 0", "PROT C", "PROT P")).toEqual([521, 200, 534, 200]);
    client.forget();
    client.say("LIST");
    expect(client.questions().at(-1)).toMatchObject({ kind: "move", secure: true });
  });

  test("commands that were slipped in between AUTH and TLS end the session, unread", () => {
    const early = FtpClient.loggedIn({ entry: () => null });
    early.say("CWD docs", "AUTH TLS", "DELE big");
    early.answer("entry", { ok: true, value: folder("docs") });
    expect(early.replies.map(({ code }) => code)).toEqual([250, 421]);

    const late = new FtpClient();
    expect(late.codes("AUTH TLS", "DELE big")).toEqual([234]);
    expect(late.session.over).toBe(true);
    expect(late.questions()).toEqual([{ kind: "start-tls" }]);
  });
});

describe("what clients probe for", () => {
  test.each([
    ["SYST", "215 UNIX Type: L8"],
    ["OPTS UTF8 ON", "200 Names are UTF-8"],
    ["OPTS utf-8 on", "200 Names are UTF-8"],
    ["OPTS UTF8", "200 Names are UTF-8"],
    ["OPTS UTF8 OFF", "501 Names are always UTF-8"],
    ["OPTS MLST type;size;", "200 MLST OPTS type;size;"],
    ["OPTS MLST Size;x;Type", "200 MLST OPTS type;size;"],
    ["OPTS MLST", "200 MLST OPTS"],
    ["OPTS x", "501 OPTS knows UTF8 and MLST"],
    ["HELP STOR", "214 STOR path: Takes a file"],
    ["HELP XCUP", "214 CDUP: Goes to the folder above"],
    ["HELP WHAT", "504 That command is not known"],
    ["SITE HELP NOOP", "214 NOOP: Nothing"],
    ["SITE CHMOD 644 a", "504 SITE knows HELP only"],
    ["CLNT curl", "200 Noted"],
    ["LANG", "200 Replies are in English"],
    ["LANG en-GB", "200 Replies are in English"],
    ["LANG zh", "504 Replies are in English only"],
    ["HOST ftp.example", "220 Files"],
    ["HOST a b", "501 A host's name is needed"],
  ])("%s: %s", (line, said) => {
    expect(new FtpClient().say(line)).toEqual([said]);
  });

  test.each([
    [
      ["TYPE A", "TYPE a n", "TYPE I", "TYPE L 8", "TYPE E", "TYPE A T", "TYPE L 7", "TYPE X"],
      [200, 200, 200, 200, 504, 504, 504, 501],
    ],
    [
      ["STRU F", "STRU R", "STRU P", "STRU x"],
      [200, 504, 504, 501],
    ],
    [
      ["MODE s", "MODE B", "MODE Z", "MODE x"],
      [200, 504, 504, 501],
    ],
    [
      ["ALLO 5", "ALLO 5 R 7", "ALLO x", "ACCT x"],
      [202, 202, 501, 202],
    ],
  ])("%j: %j", (lines, codes) => {
    expect(FtpClient.loggedIn().codes(...lines)).toEqual(codes);
  });

  test("FEAT marks the facts that are told, one feature in a line with a space before", () => {
    const client = new FtpClient();
    client.say("OPTS MLST type;size;");
    const lines = client.say("FEAT")[0]!.split(" | ");
    expect(lines[0]).toBe("211 Features");
    expect(lines).toContain(" MLST type*;size*;modify;perm;unique;");
    expect(lines).toEqual(expect.arrayContaining([" EPSV", " REST STREAM", " TVFS", " UTF8"]));
    expect(lines.at(-1)).toBe("End");
    for (const line of lines.slice(1, -1)) expect(line).toMatch(/^ [A-Z]/);
  });

  test("HELP lists every command", () => {
    const [said] = new FtpClient().say("HELP");
    expect(said).toMatch(/\bUSER\b.*\bMLSD\b.*\bLANG\b/);
  });

  test("STAT tells the session, or a listing as long as it may be", () => {
    expect(new FtpClient().say("STAT")[0]).toMatch(/^211 .*Nobody is logged in.* End$/);
    expect(new FtpClient().codes("STAT /")).toEqual([530]);
    const limits = { ...DEFAULT_SESSION_LIMITS, maxStatusEntries: 2 };
    const names = ["one", "two", "three"].map((name) => file(name, 7));
    const client = FtpClient.loggedIn(
      { entries: ({ max }) => ({ ok: true, value: { entries: names, more: max < 3, nowMs: 0 } }) },
      ["read"],
      { limits },
    );
    const lines = client.say("STAT -l docs/")[0]!.split(" | ");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^-r--r--r-- .* 7 .* one$/);
    expect(lines.at(-1)).toMatch(/LIST/);
    expect(client.say("STAT docs/a.txt")).toEqual(["213 a.txt: 5 bytes, modified 20240229123005"]);
  });

  test("STAT knows patterns, as LIST does, unless there is something of that very name", () => {
    const asked: unknown[] = [];
    const client = FtpClient.loggedIn(
      {
        entry: ({ path }) =>
          path === "/docs/real*"
            ? { ok: true, value: file("real*", 5) }
            : { ok: false, code: path.startsWith("/none") ? "forbidden" : "not-found" },
        entries: (question) => {
          asked.push(question);
          return { ok: true, value: { entries: [file("a.txt", 7)], more: false, nowMs: 0 } };
        },
      },
      ["read"],
    );
    client.say("CWD /");
    expect(client.say("STAT -l docs/?.tx*")[0]).toMatch(
      /^212 What is in \/docs\/\?\.tx\* \| .* 7 .* a\.txt \| End$/,
    );
    expect(asked).toEqual([{ kind: "entries", path: "/docs", pattern: "?.tx*", max: 1000 }]);
    expect(client.codes("STAT docs/real*", "STAT docs/a", "STAT none*")).toEqual([213, 550, 550]);
    expect(asked).toHaveLength(1);
  });
});

describe("the end of a session", () => {
  test.each(["idle", "login"] as const)("that expired (%s) is told with 421", (what) => {
    const client = new FtpClient();
    expect(client.tell({ kind: "expired", what })[0]).toMatch(/^421 /);
    expect(client.done()).toEqual(["close"]);
  });

  test("at a shutdown comes with the end of the command that runs", () => {
    const client = FtpClient.loggedIn({ change: () => null });
    client.say("MKD a", "NOOP");
    expect(client.tell({ kind: "shutdown" })).toEqual([]);
    const codes = client.answer("change", { ok: true, value: null }).map((line) => parseInt(line));
    expect(codes).toEqual([257, 421]);
    expect(client.session.over).toBe(true);
  });

  test("of the input comes after the commands that were sent before", () => {
    const client = FtpClient.loggedIn({ change: () => null });
    client.say("MKD a", "PWD");
    expect(client.tell({ kind: "ended" })).toEqual([]);
    const codes = client.answer("change", { ok: true, value: null }).map((line) => parseInt(line));
    expect(codes).toEqual([257, 257]);
    expect(client.done()).toEqual(["close"]);
  });

  test("comes if more commands wait than may", () => {
    const limits = { ...DEFAULT_SESSION_LIMITS, maxWaitingCommands: 3 };
    const client = FtpClient.loggedIn({ change: () => null }, ["write"], { limits });
    client.say("MKD a", "NOOP", "NOOP");
    expect(client.session.full).toBe(false);
    expect(client.say("NOOP")).toEqual([]);
    expect(client.session.full).toBe(true);
    expect(client.codes("NOOP")).toEqual([421]);
  });

  test("closes what a late answer has opened", () => {
    const client = FtpClient.loggedIn({ listen: () => null });
    client.say("PASV");
    client.tell({ kind: "expired", what: "idle" });
    client.forget();
    client.answer("listen", { host: "127.0.0.1", port: 40_000 });
    expect(client.done()).toEqual(["close-data"]);
    expect(client.listening).toBe(false);
  });

  test("drops what a late answer has opened", () => {
    const client = FtpClient.loggedIn({ open: () => null });
    client.say("PASV", "STOR a");
    client.tell({ kind: "expired", what: "idle" });
    expect(client.done()).toEqual(["abort", "close-data", "close"]);
    client.forget();
    client.answer("open", { ok: true, value: { size: 0, path: "/a" } });
    expect(client.done()).toEqual(["drop"]);
  });

  test("an answer to what was not asked is a mistake of the driver", () => {
    const client = new FtpClient();
    const event = { kind: "answer", id: 7, answer: { to: "wait", value: null } } as const;
    expect(() => client.tell(event)).toThrow('answer 7 to "wait": that question is not open');
  });
});
