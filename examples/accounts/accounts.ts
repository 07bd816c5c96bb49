/**
 * Who may come in, and what they may do. The users' file has a line for each of them:
 *
 *     # name:password:home:rights
 *     alice:$scrypt$ln=14,r=8,p=5$c2FsdA$aGFzaA:/home/alice:read,write,delete
 *
 * Whether a name is known shows neither in the answer nor in the time that it takes: a name that is
 * not known costs the hash of one that is.
 */
import { createHmac, randomBytes } from "node:crypto";
import fs from "node:fs/promises";

import { StoreError } from "../files/file-store.ts";
import { LoginTurns } from "./login-turns.ts";
import { DEFAULT_COST, hashPassword, isPassword, readHash, writeHash } from "./password-hash.ts";
import type { HashCost, PasswordHash } from "./password-hash.ts";
import { RIGHTS, type Right, type Rights } from "./rights.ts";
import { namesOf } from "../files/store-path.ts";

/** Bytes of a users' file: more are not read. */
export const MAX_USERS_BYTES = 4 * 1024 * 1024;
/** Characters of a name. */
export const MAX_USER_NAME = 64;
export interface Account {
  readonly name: string;
  /** A virtual path. */
  readonly home: string;
  readonly rights: Rights;
  readonly isAnonymous: boolean;
}

/** `wrong`: name or password, nobody is told which. `busy`: too many logins at once. */
export type Login = Account | "wrong" | "busy";

export interface AccountsOptions {
  /** Null: there is none, and the names of it are like any that is not known. */
  readonly anonymous?: { readonly home: string; readonly rights: readonly Right[] } | null;
}

interface User extends Account {
  readonly password: PasswordHash;
}

/** What RFC 1635 calls it, and what people type. */
const ANONYMOUS_NAMES = ["anonymous", "ftp"];
// eslint-disable-next-line no-control-regex -- they are what is refused
const NAME = /^[^\s:#\u0000-\u001f\u007f][^\s:\u0000-\u001f\u007f]*$/u;

export class Accounts {
  readonly #users: ReadonlyMap<string, User>;
  readonly #anonymous: Account | null;
  readonly #turns = new LoginTurns();
  readonly #secret = randomBytes(32);
  /** For names that are not known. The salt and the hash are nobody's. */
  readonly #decoys: readonly PasswordHash[];

  constructor(users: readonly User[], { anonymous = null }: AccountsOptions) {
    this.#users = new Map(users.map((user) => [user.name, user]));
    this.#anonymous = anonymous && {
      name: "anonymous",
      home: anonymous.home,
      rights: new Set(anonymous.rights),
      isAnonymous: true,
    };
    const costs: readonly HashCost[] = users.map(({ password }) => password);
    this.#decoys = (users.length === 0 ? [DEFAULT_COST] : costs).map(({ logN, r, p }) => {
      return { logN, r, p, salt: randomBytes(16), hash: randomBytes(32) };
    });
  }

  /**
   * `anonymous` needs no password that is right. `host`: the address that it comes from. `signal`:
   * whoever wanted to log in has left.
   */
  async login(name: string, password: string, host: string, signal?: AbortSignal): Promise<Login> {
    if (this.isAnonymous(name)) return this.#anonymous!;
    const user = this.#users.get(name);
    const wanted = user?.password ?? this.#decoyFor(name);
    const isRight = await this.#turns.take(host, () => isPassword(password, wanted), signal);
    if (isRight === "busy") return "busy";
    return isRight && user !== undefined ? user : "wrong";
  }

  /** Passwords that are looked at, and those that wait for it. */
  get logins(): { readonly running: number; readonly waiting: number } {
    const { running, waiting } = this.#turns;
    return { running, waiting };
  }

  /** Whether any password will do. Everybody may know that: it is what the server offers. */
  isAnonymous(name: string): boolean {
    return this.#anonymous !== null && ANONYMOUS_NAMES.includes(name.toLowerCase());
  }

  /** The same for the same name, so that its time is as steady as a user's. */
  #decoyFor(name: string): PasswordHash {
    const digest = createHmac("sha256", this.#secret).update(name).digest();
    return this.#decoys[digest.readUInt32LE() % this.#decoys.length]!;
  }
}

/** What is wrong with the users' file, in one line with the file and the line. */
export class UsersFileError extends Error {
  override readonly name = "UsersFileError";
}

/** @throws UsersFileError if the file cannot be read, or a line of it cannot be understood. */
export async function readAccounts(file: string, options: AccountsOptions = {}): Promise<Accounts> {
  return new Accounts(parseUsers(await readText(file), file), options);
}

async function readText(file: string): Promise<string> {
  let handle;
  try {
    handle = await fs.open(file);
    const { size } = await handle.stat();
    if (size <= MAX_USERS_BYTES) {
      const bytes = Buffer.alloc(MAX_USERS_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytesRead));
    }
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8" : (error as Error).message;
    throw new UsersFileError(`${file}: cannot be read: ${why}`, { cause: error });
  } finally {
    await handle?.close();
  }
  throw new UsersFileError(`${file}: more than ${MAX_USERS_BYTES} bytes`);
}

/** @throws UsersFileError that begins with `file` and the number of the line. */
export function parseUsers(text: string, file: string): User[] {
  const users = new Map<string, User>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const user = parseUser(line);
    const problem =
      typeof user === "string" ? user : users.has(user.name) ? "the name is there twice" : null;
    if (problem !== null) throw new UsersFileError(`${file}:${i + 1}: ${problem}`);
    if (typeof user !== "string") users.set(user.name, user);
  }
  return [...users.values()];
}

/** Or what is wrong with the line. The password is not repeated. */
function parseUser(line: string): User | string {
  const fields = line.split(":");
  const [name, password, home, rights] = fields as [string, string, string, string];
  if (fields.length !== 4) return "a line is name:password:home:rights";
  const problem = problemOf(name, home, rights.split(","));
  if (problem !== null) return problem;
  const hash = readHash(password);
  if (hash === null) {
    return "the password must be a scrypt hash: make the line with the command for it";
  }
  const granted = new Set(rights.split(",") as Right[]);
  return { name, password: hash, home, rights: granted, isAnonymous: false };
}

function problemOf(name: string, home: string, rights: readonly string[]): string | null {
  const shown = JSON.stringify(name);
  if (!NAME.test(name) || Array.from(name).length > MAX_USER_NAME) {
    return `${shown} is no name: 1 to ${MAX_USER_NAME} characters, no spaces and no colon`;
  }
  if (ANONYMOUS_NAMES.includes(name.toLowerCase())) {
    return `${shown} is for those without a password: choose another name`;
  }
  if (rights.length === 0) return `the rights are missing: there are ${RIGHTS.join(", ")}`;
  const unknown = rights.find((right) => !(RIGHTS as readonly string[]).includes(right));
  if (unknown !== undefined) {
    return `${JSON.stringify(unknown)} is no right: there are ${RIGHTS.join(", ")}`;
  }
  if (home.includes(":") || !isPath(home)) {
    const shownHome = JSON.stringify(home);
    return `the home ${shownHome} must be like /home/${name}: absolute, no . and .., no colon`;
  }
  return null;
}

function isPath(path: string): boolean {
  try {
    namesOf(path);
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly home: string;
  readonly rights: readonly string[];
}

/**
 * A line for the users' file, without its end.
 *
 * @throws RangeError in one line, if it would not be read.
 */
export async function userLine(
  { name, password, home, rights }: NewUser,
  cost: HashCost = DEFAULT_COST,
): Promise<string> {
  const problem = password === "" ? "the password is empty" : problemOf(name, home, rights);
  if (problem !== null) throw new RangeError(problem);
  return [name, writeHash(await hashPassword(password, cost)), home, rights.join(",")].join(":");
}
