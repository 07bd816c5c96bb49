/**
 * Who asks: the Basic scheme (RFC 7617) over the accounts of the file server.
 *
 * The password comes with every request and can be read by whoever reads the connection, so it is
 * taken over TLS only, and from this machine itself. A hash takes long, on purpose: what was right
 * is remembered for a while, and who is wrong too often waits.
 */
import { createHmac, randomBytes } from "node:crypto";

import { TokenBucket, type SocketAddress } from "iomux";

import { networkOf } from "../../program/host-address.ts";
import type { Account, Accounts, Login } from "../../accounts/accounts.ts";
import type { ResponseFields } from "../response-head.ts";
import type { HttpRequest } from "../server/http-request.ts";

/** Milliseconds for which a password that was right is not hashed again. */
export const REMEMBERED_MS = 60_000;
/** Logins that are remembered, with those that run. */
export const MAX_REMEMBERED = 1024;
/**
 * Wrong passwords of one address, or IPv6 network of 64 bits, at once, and seconds until one more is
 * heard.
 */
export const WRONG_PASSWORDS = 10;
export const WRONG_PASSWORD_SECONDS = 6;
/** Networks whose wrong passwords are counted; the one that began first is forgotten. */
export const MAX_COUNTED_ADDRESSES = 10_000;

export interface BasicLoginOptions {
  readonly accounts: Accounts;
  /** Shown by browsers: printable ASCII, no quotes. */
  readonly realm: string;
  /** Passwords are taken over plain connections from anywhere: something before this does TLS. */
  readonly plain: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Why nobody is let in: the status, and the fields that go with it. */
export interface Denial {
  readonly status: 401 | 403 | 429 | 503;
  readonly why: string;
  readonly fields: ResponseFields;
}

export class BasicLogin {
  readonly #options: BasicLoginOptions;
  readonly #secret = randomBytes(32);
  /** By what was sent, which is not kept itself; in the order in which they are forgotten. */
  readonly #logins = new Map<
    string,
    { readonly login: Promise<Login>; readonly untilMs: number }
  >();
  /** Networks that passwords came from, with what they may try. */
  readonly #tries = new Map<string, TokenBucket>();

  constructor(options: BasicLoginOptions) {
    this.#options = options;
  }

  /** Null: somebody without a name, and there is no account for those. */
  async accountOf(request: HttpRequest): Promise<Account | Denial | null> {
    const authorization = request.fields.get("authorization");
    if (authorization === null) return this.#anonymous();
    if (!this.#mayBeTold(request)) return PLAIN;
    const credentials = readBasic(authorization);
    return credentials === null ? this.challenge(request) : this.logIn(request, credentials);
  }

  /** With a name and a password that came with `request` in a way of their own. */
  async logIn(request: HttpRequest, credentials: Credentials): Promise<Account | Denial> {
    if (!this.#mayBeTold(request)) return PLAIN;
    const login = await this.#logIn(credentials, hostOf(request.remoteAddress));
    if (typeof login !== "string") return login;
    return login === "wrong" ? this.challenge(request) : tryLater(login);
  }

  /** Asks for a name and a password, where they may be told. */
  challenge(request: HttpRequest): Denial {
    if (!this.#mayBeTold(request)) return PLAIN;
    const challenge = `Basic realm="${this.#options.realm}", charset="UTF-8"`;
    return {
      status: 401,
      why: "a name and a password are needed",
      fields: [["WWW-Authenticate", challenge]],
    };
  }

  async #anonymous(): Promise<Account | null> {
    const { accounts } = this.#options;
    if (!accounts.isAnonymous("anonymous")) return null;
    const login = await accounts.login("anonymous", "", "");
    return typeof login === "string" ? null : login;
  }

  #mayBeTold({ secure, remoteAddress }: HttpRequest): boolean {
    return secure || this.#options.plain || isThisMachine(remoteAddress);
  }

  async #logIn({ name, password }: Credentials, host: string): Promise<Login | "too-often"> {
    const { accounts, now } = this.#options;
    if (accounts.isAnonymous(name)) return accounts.login(name, password, host);
    const hmac = createHmac("sha256", this.#secret);
    const key = hmac.update(`${name}:${password}`).digest("base64");
    // Taken before it is known to be wrong: many guesses at once are as many. Also of what is
    // remembered: else who has no tries left could go on until somebody's password is right.
    const tries = this.#triesOf(networkOf(host));
    if (!tries.take(1, now())) return "too-often";
    const known = this.#logins.get(key);
    if (known !== undefined && known.untilMs > now()) {
      tries.giveBack(1, now());
      return known.login;
    }
    const login = accounts.login(name, password, host);
    this.#remember(key, login);
    let result: Login = "busy";
    try {
      result = await login;
      return result;
    } finally {
      if (typeof result === "string") this.#logins.delete(key);
      if (result !== "wrong") tries.giveBack(1, now());
    }
  }

  #remember(key: string, login: Promise<Login>): void {
    this.#logins.delete(key);
    this.#logins.set(key, { login, untilMs: this.#options.now() + REMEMBERED_MS });
    forgetFirst(this.#logins, MAX_REMEMBERED);
  }

  #triesOf(network: string): TokenBucket {
    const options = { perSecond: 1 / WRONG_PASSWORD_SECONDS, burst: WRONG_PASSWORDS };
    const tries = this.#tries.get(network) ?? new TokenBucket(options);
    this.#tries.set(network, tries);
    forgetFirst(this.#tries, MAX_COUNTED_ADDRESSES);
    return tries;
  }
}

const PLAIN: Denial = {
  status: 403,
  why: "names and passwords are taken over https only",
  fields: [],
};

function tryLater(why: "busy" | "too-often"): Denial {
  return why === "busy"
    ? { status: 503, why: "too many log in: try again", fields: [["Retry-After", "1"]] }
    : {
        status: 429,
        why: "too many wrong passwords from your address: try again later",
        fields: [["Retry-After", `${WRONG_PASSWORD_SECONDS}`]],
      };
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
/** RFC 7617, section 2: neither has control characters. */
const NAME_AND_PASSWORD = /^([^:\p{Cc}]*):(\P{Cc}*)$/u;

/** Null: it is another scheme, or none. */
function readBasic(authorization: string): Credentials | null {
  const [, token] = BASIC.exec(authorization) ?? [];
  if (token === undefined) return null;
  const text = utf8(Buffer.from(token, "base64"));
  const [, name, password] = NAME_AND_PASSWORD.exec(text ?? "") ?? [];
  return name === undefined || password === undefined ? null : { name, password };
}

function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Of the ends of Unix sockets, which are on this machine, all are one. */
function hostOf(address: SocketAddress | null): string {
  return address === null || address.family === "unix" ? "" : address.host;
}

function isThisMachine(address: SocketAddress | null): boolean {
  if (address === null) return false;
  if (address.family === "unix") return true;
  return /^(?:::ffff:)?127\.|^::1$/i.test(address.host);
}

function forgetFirst<K, V>(map: Map<K, V>, max: number): void {
  if (map.size <= max) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
