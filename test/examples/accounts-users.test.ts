/** Who may come in, and that nobody learns which names there are. */
import crypto from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

import {
  Accounts,
  MAX_USER_NAME,
  MAX_USERS_BYTES,
  parseUsers,
  readAccounts,
  userLine,
  UsersFileError,
  type AccountsOptions,
  type NewUser,
} from "../../examples/accounts/accounts.ts";
import { HASHES_AT_ONCE, MAX_WAITING_LOGINS } from "../../examples/accounts/login-turns.ts";
import { RIGHTS, type Right } from "../../examples/accounts/rights.ts";
import {
  hashPassword,
  isPassword,
  MAX_HASH_MEMORY,
} from "../../examples/accounts/password-hash.ts";
import { MAX_HASH_WORK } from "../../examples/accounts/password-hash.ts";
import { readHash, writeHash, type HashCost } from "../../examples/accounts/password-hash.ts";
import { temporaryFolder } from "./files-stores.ts";

const HOST = "127.0.0.1";

const CHEAP: HashCost = { logN: 10, r: 1, p: 1 };
const OTHER: HashCost = { logN: 11, r: 2, p: 1 };
const ALICE: NewUser = {
  name: "alice",
  password: "correct horse",
  home: "/home/alice",
  rights: ["read", "write"],
};

async function accounts(
  options: AccountsOptions = {},
  ...users: readonly (NewUser & { cost?: HashCost })[]
): Promise<Accounts> {
  const lines = await Promise.all(users.map((user) => userLine(user, user.cost ?? CHEAP)));
  return new Accounts(parseUsers(lines.join("\n"), "users"), options);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("hashes", () => {
  it("are those of RFC 7914, section 12", async () => {
    const salt = Buffer.from("SodiumChloride");
    const hash = Buffer.from(
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
      "hex",
    );
    const wanted = { logN: 14, r: 8, p: 1, salt, hash };
    expect(await isPassword("pleaseletmein", wanted)).toBe(true);
    expect(await isPassword("pleaseletmeim", wanted)).toBe(false);
    expect(readHash(writeHash(wanted))).toEqual(wanted);
  });

  it("have a salt of their own each", async () => {
    const [one, two] = await Promise.all([hashPassword("a", CHEAP), hashPassword("a", CHEAP)]);
    expect(one.salt.equals(two.salt)).toBe(false);
    expect(one.hash.equals(two.hash)).toBe(false);
  });

  it("are of a password, however it was typed", async () => {
    expect(await isPassword("e\u0301", await hashPassword("\u00e9", CHEAP))).toBe(true);
  });

  it.each([
    "",
    "secret",
    "$scrypt$ln=9,r=8,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
    "$scrypt$ln=10,r=0,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
    "$scrypt$ln=10,r=1,p=0$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
    "$scrypt$ln=10,r=1,p=1$$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
    "$scrypt$ln=10,r=1,p=1$c2FsdHNhbHRzYWx0$",
    "$2b$12$c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
  ])("that are none, or too easy, are refused: %j", (text) => {
    expect(readHash(text)).toBe(null);
  });

  it("that take too much memory or time are refused: MAX_HASH_MEMORY, MAX_HASH_WORK", async () => {
    const rest = "$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHQ";
    expect(128 * 8 * 2 ** 18).toBe(MAX_HASH_MEMORY);
    expect(readHash(`$scrypt$ln=18,r=8,p=1${rest}`)).toBe(null);
    const most = readHash(`$scrypt$ln=17,r=15,p=1${rest}`);
    expect(most).not.toBe(null);
    // What is taken can be computed.
    expect(await isPassword("a", most!)).toBe(false);
    expect(2 ** 14 * 8 * 320).toBe(MAX_HASH_WORK);
    expect(readHash(`$scrypt$ln=14,r=8,p=320${rest}`)).not.toBe(null);
    expect(readHash(`$scrypt$ln=14,r=8,p=321${rest}`)).toBe(null);
  });
});

describe("login", () => {
  it("gives the account for the right password, and the same answer for all that is wrong", async () => {
    const all = await accounts({}, ALICE);
    const account = await all.login("alice", "correct horse", HOST);
    expect(account).toMatchObject({ name: "alice", home: "/home/alice", isAnonymous: false });
    expect((account as { rights: unknown }).rights).toEqual(new Set(["read", "write"]));
    for (const [name, password] of [
      ["alice", "wrong"],
      ["alice", ""],
      ["Alice", "correct horse"],
      ["bob", "correct horse"],
      ["", ""],
      ["__proto__", "x"],
      ["anonymous", "me@here"],
      ["ftp", "me@here"],
    ] as const) {
      expect(await all.login(name, password, HOST)).toBe("wrong");
    }
  });

  it("costs the same whether there is such a user or not", async () => {
    const all = await accounts({}, ALICE);
    const hash = vi.spyOn(crypto, "scrypt");
    for (const name of ["alice", "nobody", "anonymous"]) await all.login(name, "wrong", HOST);
    const costs = hash.mock.calls.map(([, salt, bytes, cost]) => [
      (salt as Buffer).length,
      bytes,
      cost,
    ]);
    expect(costs).toHaveLength(3);
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[2]).toEqual(costs[0]);
  });

  it("costs, for names that are not known, what it costs some user, and for each always the same", async () => {
    const bob = { ...ALICE, name: "bob", cost: OTHER };
    const all = await accounts({}, ALICE, bob);
    const hash = vi.spyOn(crypto, "scrypt");
    const names = Array.from({ length: 40 }, (_, i) => `nobody ${i}`);
    for (const name of [...names, ...names]) await all.login(name, "x", HOST);
    const costs = hash.mock.calls.map(([, , , cost]) => (cost as unknown as { N: number }).N);
    expect(new Set(costs)).toEqual(new Set([2 ** CHEAP.logN, 2 ** OTHER.logN]));
    expect(costs.slice(40)).toEqual(costs.slice(0, 40));
  });

  it("without any users costs as well", async () => {
    const hash = vi.spyOn(crypto, "scrypt");
    expect(await (await accounts()).login("alice", "x", HOST)).toBe("wrong");
    expect(hash).toHaveBeenCalledOnce();
  });

  it("anonymous: any password, the given rights, and no hash", async () => {
    const anonymous = { home: "/pub", rights: ["read", "create"] } as const;
    const all = await accounts({ anonymous }, ALICE);
    const hash = vi.spyOn(crypto, "scrypt");
    for (const name of ["anonymous", "ftp", "Anonymous", "FTP"]) {
      const account = await all.login(name, "", HOST);
      expect(account).toMatchObject({ name: "anonymous", home: "/pub", isAnonymous: true });
      expect((account as { rights: unknown }).rights).toEqual(new Set(["read", "create"]));
    }
    expect(hash).not.toHaveBeenCalled();
    expect(await all.login("nobody", "", HOST)).toBe("wrong");
  });

  it("HASHES_AT_ONCE run, MAX_WAITING_LOGINS wait, and one more is busy; then all goes on", async () => {
    const all = await accounts({}, ALICE);
    const ends: (() => void)[] = [];
    let most = 0;
    let running = 0;
    vi.spyOn(crypto, "scrypt").mockImplementation((...given: unknown[]) => {
      most = Math.max(most, ++running);
      ends.push(() => {
        running--;
        (given[4] as (error: null, hash: Buffer) => void)(null, Buffer.alloc(32));
      });
    });
    const count = HASHES_AT_ONCE + MAX_WAITING_LOGINS;
    // Twice, so that it shows if those of before are counted wrongly.
    for (let round = 0; round < 2; round++) {
      const logins = Array.from({ length: count }, (_, i) =>
        all.login(i % 2 === 0 ? "alice" : "nobody", "x", `192.0.2.${i}`),
      );
      expect(await all.login("alice", "x", HOST)).toBe("busy");
      expect(await all.login("nobody", "x", HOST)).toBe("busy");
      let settled = 0;
      for (const login of logins) void login.then(() => settled++);
      while (settled < count) {
        ends.shift()?.();
        await new Promise(setImmediate);
      }
      expect(new Set(await Promise.all(logins))).toEqual(new Set(["wrong"]));
      expect(most).toBe(HASHES_AT_ONCE);
    }
    const late = all.login("alice", "x", HOST);
    ends.shift()!();
    expect(await late).toBe("wrong");
  });
});

describe("the users' file", () => {
  it("is what the command's lines make, with comments, empty lines and CR LF", async () => {
    const file = join(temporaryFolder(), "users");
    const bob = { name: "bob", password: "pass:word 文", home: "/", rights: ["read"] };
    const lines = [await userLine(ALICE, CHEAP), await userLine(bob, CHEAP)];
    fs.writeFileSync(file, `\ufeff# users\r\n\r\n${lines.join("\r\n")}\n`);
    const all = await readAccounts(file);
    expect(await all.login("bob", "pass:word 文", HOST)).toMatchObject({ name: "bob", home: "/" });
    expect(await all.login("alice", "correct horse", HOST)).toMatchObject({ name: "alice" });
  });

  it.each([[...RIGHTS], ...RIGHTS.map((right) => [right])])(
    "gives the rights %s",
    async (...rights) => {
      const all = await accounts({}, { ...ALICE, rights });
      const account = await all.login("alice", "correct horse", HOST);
      expect((account as { rights: ReadonlySet<Right> }).rights).toEqual(new Set(rights));
    },
  );

  it.each<[string, (line: string) => string, RegExp]>([
    ["too few fields", () => "alice", /name:password:home:rights/],
    ["too many fields", (line) => `${line}:x`, /name:password:home:rights/],
    ["a password that is none", () => "a:secret:/:read", /scrypt hash: make the line/],
    ["no name", (line) => line.replace("alice", ""), /"" is no name/],
    ["a space in the name", (line) => line.replace("alice", "a b"), /"a b" is no name/],
    ["a control in the name", (line) => line.replace("alice", "a\u0007"), /is no name/],
    ["a long name", (line) => line.replace("alice", "n".repeat(MAX_USER_NAME + 1)), /is no name/],
    ["anonymous", (line) => line.replace("alice", "Anonymous"), /without a password/],
    ["ftp", (line) => line.replace("alice", "ftp"), /without a password/],
    ["a home that is not absolute", (line) => line.replace("/home/alice", "home"), /the home/],
    ["a home with ..", (line) => line.replace("/home/alice", "/../etc"), /the home/],
    ["no home", (line) => line.replace("/home/alice", ""), /the home/],
    [
      "no rights",
      (line) => line.replace("read,write", ""),
      /"" is no right: there are read, create/,
    ],
    ["an unknown right", (line) => line.replace("write", "admin"), /"admin" is no right/],
    ["twice", (line) => `# again\n${line}`, /the name is there twice/],
  ])("%s is refused, in one line with file and line", async (_, change, expected) => {
    const line = await userLine(ALICE, CHEAP);
    const bad = change(line);
    const text = ["# users", bad.startsWith("#") ? line : "", bad].join("\n");
    const at = text.split("\n").length;
    expect(() => parseUsers(text, "/etc/users")).toThrow(expected);
    const error = captured(() => parseUsers(text, "/etc/users"));
    expect(error).toBeInstanceOf(UsersFileError);
    expect(error.message).toMatch(new RegExp(`^/etc/users:${at}: [^\\n]+$`));
    expect(error.message).not.toContain("secret");
  });

  it("is refused in one line if it cannot be read, is no text, or is too long", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "users");
    await expect(readAccounts(file)).rejects.toThrow(/^.*users: cannot be read: ENOENT[^\n]*$/);
    await expect(readAccounts(folder)).rejects.toThrow(/cannot be read: EISDIR/);
    fs.writeFileSync(file, Buffer.from([0x61, 0xff]));
    await expect(readAccounts(file)).rejects.toThrow(/users: cannot be read: it is not UTF-8$/);
    fs.writeFileSync(file, `#${" ".repeat(MAX_USERS_BYTES)}`);
    await expect(readAccounts(file)).rejects.toThrow(`users: more than ${MAX_USERS_BYTES} bytes`);
  });

  it("the command makes no line that would not be read", async () => {
    for (const wrong of [
      { name: "a:b" },
      { name: "a\nb" },
      { name: "#a" },
      { name: "ftp" },
      { password: "" },
      { home: "/a:b" },
      { home: "a" },
      { rights: ["all"] },
      { rights: [] },
    ]) {
      await expect(userLine({ ...ALICE, ...wrong }, CHEAP)).rejects.toThrow(RangeError);
    }
  });
});

function captured(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
