import { beforeAll, describe, expect, test, vi } from "vitest";

import type { Right } from "../../examples/accounts/rights.ts";
import { Accounts, parseUsers, userLine } from "../../examples/accounts/accounts.ts";
import {
  MAX_COUNTED_ADDRESSES,
  MAX_REMEMBERED,
  REMEMBERED_MS,
  WRONG_PASSWORDS,
  WRONG_PASSWORD_SECONDS,
} from "../../examples/http/files/basic-login.ts";
import { Stage, type Asked } from "./http-files-stage.ts";

const CHEAP = { logN: 10, r: 1, p: 1 };
let USERS = "";

beforeAll(async () => {
  const lines = [
    { name: "alice", password: "wonder:land ä", home: "/", rights: ["read", "write", "delete"] },
    { name: "bob", password: "builder", home: "/home/bob", rights: ["read", "create"] },
    { name: "carol", password: "carol", home: "/", rights: ["delete"] },
  ].map((user) => userLine(user, CHEAP));
  USERS = (await Promise.all(lines)).join("\n");
});

async function stage(anonymous: readonly Right[] | null = null, plainPasswords = false) {
  const accounts = new Accounts(parseUsers(USERS, "users"), {
    anonymous: anonymous && { home: "/", rights: anonymous },
  });
  const on = new Stage(undefined, { accounts, writable: true, plainPasswords, realm: "the files" });
  await on.fill({ "/a.txt": "text", "/home/bob/mine.txt": "bob's", "/home/eve/x": "eve's" });
  return { on, accounts, login: vi.spyOn(accounts, "login") };
}

function as(name: string, password: string, more: Asked = {}): Asked {
  const token = Buffer.from(`${name}:${password}`).toString("base64");
  return { secure: true, fields: { Authorization: `Basic ${token}` }, ...more };
}

const ALICE = as.bind(null, "alice", "wonder:land ä");

describe("RFC 7617: the Basic scheme", () => {
  test("who has no name is asked for one; the right one is let in", async () => {
    const { on } = await stage();
    const asked = await on.ask("GET", "/a.txt", { secure: true });
    expect(asked.status).toBe(401);
    expect(asked.fields["www-authenticate"]).toBe('Basic realm="the files", charset="UTF-8"');
    expect(await on.ask("GET", "/a.txt", ALICE())).toMatchObject({ status: 200, body: "text" });
  });

  test("a wrong password, a wrong name and what is no Basic are all answered alike", async () => {
    const { on } = await stage();
    const wrong = [
      as("alice", "wrong"),
      as("alice", ""),
      as("nobody", "wonder:land ä"),
      as("", ""),
      as("Alice", "wonder:land ä"),
      { secure: true, fields: { Authorization: "Bearer abc" } },
      { secure: true, fields: { Authorization: "Basic" } },
      { secure: true, fields: { Authorization: "Basic !!!!" } },
      { secure: true, fields: { Authorization: "Basic YWxpY2U=" } },
      { secure: true, fields: { Authorization: "Basic /////w==" } },
      { secure: true, fields: { Authorization: "Basic YWxpY2U6YQpi" } },
    ];
    const answers = await Promise.all(wrong.map((asked) => on.ask("GET", "/a.txt", asked)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]!.status).toBe(401);
  });

  test("RFC 7617, section 2: the scheme has no case, the password may have colons", async () => {
    const { on } = await stage();
    const token = Buffer.from("alice:wonder:land ä").toString("base64");
    const fields = { Authorization: `bAsIc ${token}` };
    expect((await on.ask("GET", "/a.txt", { secure: true, fields })).status).toBe(200);
  });

  test("RFC 7617, section 4: not over a plain connection, unless it stays on this machine", async () => {
    const { on, login } = await stage(["read"]);
    const plain = await on.ask("GET", "/a.txt", ALICE({ secure: false }));
    expect([plain.status, plain.fields["www-authenticate"]]).toEqual([403, undefined]);
    const challenge = await on.ask("PUT", "/a.txt", { body: "x" });
    expect([challenge.status, challenge.fields["www-authenticate"]]).toEqual([403, undefined]);
    expect(login).not.toHaveBeenCalledWith("alice", expect.anything(), expect.anything());
    for (const from of ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]) {
      expect((await on.ask("GET", "/a.txt", ALICE({ secure: false, from }))).status).toBe(200);
    }
    for (const from of ["128.0.0.1", "::2", "1.127.0.0", "::ffff:10.0.0.1", "2001:db8::1"]) {
      expect((await on.ask("GET", "/a.txt", ALICE({ secure: false, from }))).status).toBe(403);
    }
  });

  test("with the flag over plain connections too", async () => {
    const { on } = await stage(null, true);
    expect((await on.ask("GET", "/a.txt", ALICE({ secure: false }))).status).toBe(200);
  });
});

describe("what an account may do", () => {
  test("it sees its home, and nothing above", async () => {
    const { on } = await stage();
    const bob = (target: string) => on.ask("GET", target, as("bob", "builder"));
    expect((await bob("/mine.txt")).body).toBe("bob's");
    for (const target of ["/a.txt", "/home/bob/mine.txt", "/../eve/x", "/%2e%2e/eve/x"]) {
      expect([400, 404]).toContain((await bob(target)).status);
    }
  });

  test("its home is made for its first upload", async () => {
    const { on } = await stage();
    await on.store.remove("/home/bob/mine.txt");
    await on.store.removeFolder("/home/bob");
    const put = await on.ask("PUT", "/new.txt", as("bob", "builder", { body: "new" }));
    expect(put.status).toBe(201);
    expect((await on.ask("GET", "/home/bob/new.txt", ALICE())).body).toBe("new");
  });

  test("a right that it does not have is 403; anonymous ones are asked who they are", async () => {
    const { on } = await stage(["read"]);
    expect((await on.ask("GET", "/a.txt", as("carol", "carol"))).status).toBe(403);
    // Who may not is in the log by name.
    const denied = await on.ask("DELETE", "/mine.txt", as("bob", "builder"));
    expect(denied).toMatchObject({ status: 403, account: "bob" });
    expect(await on.get("/a.txt")).toMatchObject({ status: 200, account: null });
    expect((await on.ask("DELETE", "/a.txt", { secure: true })).status).toBe(401);
    expect((await on.ask("DELETE", "/a.txt", as("carol", "carol"))).status).toBe(204);
  });
});

describe("hashes are dear", () => {
  test("a password that was right is hashed once in a while, whoever asks at once", async () => {
    const { on, login } = await stage();
    const many = await Promise.all([1, 2, 3].map(() => on.ask("GET", "/a.txt", ALICE())));
    expect(many.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(login).toHaveBeenCalledTimes(1);
    on.wallMs += REMEMBERED_MS - 1;
    await on.ask("GET", "/a.txt", ALICE());
    expect(login).toHaveBeenCalledTimes(1);
    on.wallMs += 1;
    await on.ask("GET", "/a.txt", ALICE());
    expect(login).toHaveBeenCalledTimes(2);
  });

  test("one that was wrong is not remembered", async () => {
    const { on, login } = await stage();
    for (let i = 0; i < 2; i++) await on.ask("GET", "/a.txt", as("alice", "wrong"));
    expect(login).toHaveBeenCalledTimes(2);
  });

  test(`limit: ${WRONG_PASSWORDS} wrong ones of an address, then one in ${WRONG_PASSWORD_SECONDS} s`, async () => {
    const { on, login } = await stage();
    await on.ask("GET", "/a.txt", ALICE());
    const guess = () => on.ask("GET", "/a.txt", as("alice", "guess"));
    for (let i = 0; i < WRONG_PASSWORDS; i++) expect((await guess()).status).toBe(401);
    const calls = login.mock.calls.length;
    const late = await guess();
    expect([late.status, late.fields["retry-after"]]).toEqual([429, `${WRONG_PASSWORD_SECONDS}`]);
    expect(login).toHaveBeenCalledTimes(calls);
    // Who is known too: or one would guess without end until it is what somebody else has said.
    expect((await on.ask("GET", "/a.txt", ALICE())).status).toBe(429);
    const elsewhere = as("alice", "guess", { from: "192.0.2.2" });
    expect((await on.ask("GET", "/a.txt", elsewhere)).status).toBe(401);
    on.wallMs += WRONG_PASSWORD_SECONDS * 1000;
    expect((await guess()).status).toBe(401);
    expect((await guess()).status).toBe(429);
  });

  test("limit: an IPv6 network of 64 bits is one address, however IPv4 is written it is one", async () => {
    const { on } = await stage();
    const guess = async (from: string) => {
      return (await on.ask("GET", "/a.txt", as("alice", "guess", { from }))).status;
    };
    for (let i = 0; i < WRONG_PASSWORDS; i++) {
      expect(await guess(`2001:db8:0:1::${i + 1}`)).toBe(401);
      expect(await guess(i % 2 === 0 ? "192.0.2.7" : "::ffff:192.0.2.7")).toBe(401);
    }
    expect(await guess("2001:0db8::1:ffff:0:0:1")).toBe(429);
    expect(await guess("2001:db8:0:2::1")).toBe(401);
    expect(await guess("::ffff:192.0.2.7")).toBe(429);
    expect(await guess("192.0.2.8")).toBe(401);
  });

  test("guesses at once are counted like those one after the other", async () => {
    const { on } = await stage();
    const guesses = Array.from({ length: 2 * WRONG_PASSWORDS }, (_, i) => as("alice", `${i}`));
    const answers = await Promise.all(guesses.map((asked) => on.ask("GET", "/a.txt", asked)));
    const heard = answers.filter(({ status }) => status === 401);
    expect(heard).toHaveLength(WRONG_PASSWORDS);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(WRONG_PASSWORDS);
  });

  test("many at once are told to come back", async () => {
    const { on, login } = await stage();
    login.mockResolvedValue("busy");
    const { status, fields } = await on.ask("GET", "/a.txt", ALICE());
    expect([status, fields["retry-after"]]).toEqual([503, "1"]);
    login.mockRestore();
    expect((await on.ask("GET", "/a.txt", ALICE())).status).toBe(200);
  });

  test(`limit: ${MAX_REMEMBERED} logins are remembered, the first is forgotten`, async () => {
    const { on, accounts, login } = await stage();
    const account = await accounts.login("carol", "carol", "");
    if (typeof account === "string") throw new Error(account);
    login.mockResolvedValue({ ...account, rights: new Set(["read"] as const) });
    const ask = (i: number) => on.ask("GET", "/a.txt", as("alice", `${i}`));
    for (let i = 0; i <= MAX_REMEMBERED; i++) await ask(i);
    login.mockClear();
    await ask(MAX_REMEMBERED);
    await ask(1);
    expect(login).not.toHaveBeenCalled();
    await ask(0);
    expect(login).toHaveBeenCalledTimes(1);
  });

  test(`limit: wrong passwords of ${MAX_COUNTED_ADDRESSES} addresses are counted`, async () => {
    const { on, login } = await stage();
    login.mockResolvedValue("wrong");
    const guess = (from: string) => on.ask("GET", "/a.txt", as("alice", "guess", { from }));
    for (let i = 0; i < WRONG_PASSWORDS; i++) await guess("first");
    expect((await guess("first")).status).toBe(429);
    for (let i = 0; i < MAX_COUNTED_ADDRESSES; i++) await guess(`${i}`);
    expect((await guess("first")).status).toBe(401);
  });
});
