/** A console in a world of the tests, with pages and accounts of the tests' own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { Accounts, parseUsers, userLine, type Account } from "../../examples/accounts/accounts.ts";
import { CONSOLE_SERVER, mountConsole, type Console } from "../../examples/console/console.ts";
import type { HttpServer } from "../../examples/http/server/http-server.ts";
import { HttpSite, type HttpGuest } from "./http-site.ts";
import type { Answer } from "./http-talk.ts";
import type { World } from "./world.ts";

export const HOST = "127.0.0.1:8080";

export const GUEST: Account = {
  name: "anonymous",
  home: "/",
  rights: new Set(["read"]),
  isAnonymous: true,
};

const CHEAP = { logN: 10, r: 1, p: 1 };

export const ANN = { name: "ann", password: "p:ass" };

/** Ann and Bob. */
export async function someAccounts(anonymous = false): Promise<Accounts> {
  const users = [ANN, { name: "bob", password: "builder" }].map((user) =>
    userLine({ ...user, home: "/", rights: ["read", "write"] }, CHEAP),
  );
  const lines = (await Promise.all(users)).join("\n");
  const guest = anonymous ? { home: "/", rights: ["read"] as const } : null;
  return new Accounts(parseUsers(lines, "users"), { anonymous: guest });
}

/** A folder with files, by name. It is removed when the test is over. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "iomux-page-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "sub"));
  return folder;
}

export const PAGE = { "index.html": "<!doctype html>", "app.js": "run();", "app.css": "p {}" };

export interface ConsoleSite {
  readonly site: HttpSite;
  readonly console: Console;
  ask(line: string, ...fields: readonly string[]): Promise<Answer>;
  /** A request of ours, with a body. */
  post(path: string, body: unknown, ...fields: readonly string[]): Promise<Answer>;
  /** The cookie of somebody who has logged in. */
  logIn(user?: { readonly name: string; readonly password: string }): Promise<string>;
}

/** `mount` adds routes behind the guard. */
export async function openConsoleSite(
  world: World,
  options: Partial<Parameters<typeof mountConsole>[1]>,
  mount: (console: Console, server: HttpServer) => void = () => undefined,
): Promise<ConsoleSite> {
  let mounted!: Console;
  const page = folderOf(PAGE);
  const site = await HttpSite.open(
    world,
    (server, reactor) => {
      mounted = mountConsole(server, { reactor, program: "test", page, ...options });
      mount(mounted, server);
    },
    { ...CONSOLE_SERVER, allowedHosts: [HOST] },
  );
  let guest: HttpGuest | null = null;
  const say = async (text: string, method: string): Promise<Answer> => {
    if (guest === null || guest.gone) guest = await site.come();
    guest.say(text, method);
    return guest.next();
  };
  const ask = (line: string, ...fields: readonly string[]): Promise<Answer> => {
    const named = fields.some((field) => /^host:/i.test(field)) ? [] : [`Host: ${HOST}`];
    const head = [`${line} HTTP/1.1`, ...named, ...fields, "", ""].join("\r\n");
    return say(head, line.split(" ", 1)[0]!);
  };
  const post = (path: string, body: unknown, ...fields: readonly string[]): Promise<Answer> => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const own = [`Host: ${HOST}`, "Sec-Fetch-Site: same-origin", ...fields];
    const length = `Content-Length: ${Buffer.byteLength(text)}`;
    return say([`POST ${path} HTTP/1.1`, ...own, length, "", text].join("\r\n"), "POST");
  };
  const logIn = async (user = ANN): Promise<string> => {
    const answer = await post("/api/login", user);
    const cookie = answer.fields.get("set-cookie");
    if (cookie === undefined) throw new Error(`${answer.status}: ${answer.body.toString()}`);
    return `Cookie: ${cookie.split(";", 1)[0]!}`;
  };
  return { site, console: mounted, ask, post, logIn };
}
