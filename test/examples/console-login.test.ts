/** Logging in on the page: sessions, their cookies, their ends, and who guesses passwords. */
import { describe, expect, it } from "vitest";

import type { Account } from "../../examples/accounts/accounts.ts";
import { MAX_LOGIN_BYTES } from "../../examples/console/login-routes.ts";
import { sessionCookie, tokenOf } from "../../examples/console/session-cookie.ts";
import { MAX_SESSIONS, SESSION_IDLE_MS, Sessions } from "../../examples/console/sessions.ts";
import { WRONG_PASSWORDS } from "../../examples/http/files/basic-login.ts";
import { Fields } from "../../examples/http/fields.ts";
import type { EventStream } from "../../examples/http/server/event-stream.ts";
import type { HttpRequest } from "../../examples/http/server/http-request.ts";
import {
  ANN,
  GUEST,
  openConsoleSite,
  someAccounts,
  type ConsoleSite,
} from "../support/console-site.ts";
import { onStillNetworks, type World } from "../support/world.ts";

const BOB: Account = { name: "bob", home: "/", rights: new Set(["read"]), isAnonymous: false };

describe("sessions", () => {
  const watching = (): { ended: boolean; aborted: number; abort(): unknown } => {
    const stream = { ended: false, aborted: 0, abort: () => (stream.aborted += 1) };
    return stream;
  };

  it("are found by their secret, and by no other", () => {
    const sessions = new Sessions(() => 0);
    const [mine, other] = [sessions.begin(BOB), sessions.begin(BOB)];
    expect(mine).toMatch(/^[\w-]{43}$/);
    expect(other).not.toBe(mine);
    expect(sessions.find(mine)?.account).toBe(BOB);
    const last = mine.endsWith("A") ? "E" : "A";
    for (const wrong of ["", mine.slice(1), `${mine}A`, mine.slice(0, -1) + last, "x".repeat(43)]) {
      expect(sessions.find(wrong)).toBe(null);
    }
  });

  it("are not kept as secrets", () => {
    const sessions = new Sessions(() => 0);
    const token = sessions.begin(BOB);
    const { hash } = sessions.find(token)!;
    expect(hash).toHaveLength(32);
    expect(hash.equals(Buffer.from(token, "base64url"))).toBe(false);
  });

  it("end when nobody uses them for SESSION_IDLE_MS, and go on while somebody does", () => {
    let nowMs = 0;
    const sessions = new Sessions(() => nowMs);
    const token = sessions.begin(BOB);
    nowMs += SESSION_IDLE_MS;
    expect(sessions.find(token)).not.toBe(null);
    nowMs += SESSION_IDLE_MS;
    expect(sessions.find(token)).not.toBe(null);
    nowMs += SESSION_IDLE_MS + 1;
    expect(sessions.find(token)).toBe(null);
    expect(sessions.size).toBe(0);
  });

  it("are used by a stream that goes on", () => {
    let nowMs = 0;
    const sessions = new Sessions(() => nowMs);
    const token = sessions.begin(BOB);
    const stream = watching();
    sessions.find(token)!.add(stream);
    nowMs += 2 * SESSION_IDLE_MS;
    expect(sessions.find(token)).not.toBe(null);
    stream.ended = true;
    nowMs += SESSION_IDLE_MS + 1;
    expect(sessions.find(token)).toBe(null);
  });

  it("break off what streams for them when they end", () => {
    const sessions = new Sessions(() => 0);
    const token = sessions.begin(BOB);
    const stream = watching();
    sessions.find(token)!.add(stream);
    sessions.end(token);
    expect([stream.aborted, sessions.size, sessions.find(token)]).toEqual([1, 0, null]);
    sessions.end(token);
    expect(stream.aborted).toBe(1);
  });

  it("are MAX_SESSIONS at most: the one that was used longest ago ends", () => {
    const sessions = new Sessions(() => 0);
    const tokens = Array.from({ length: MAX_SESSIONS }, () => sessions.begin(BOB));
    expect(sessions.find(tokens[0]!)).not.toBe(null);
    const stream = watching();
    sessions.find(tokens[1]!)!.add(stream);
    for (const token of tokens.slice(2)) sessions.find(token);
    sessions.find(tokens[0]!);
    const one = sessions.begin(BOB);
    expect(sessions.size).toBe(MAX_SESSIONS);
    expect(sessions.find(tokens[1]!)).toBe(null);
    expect(stream.aborted).toBe(1);
    expect(sessions.find(tokens[0]!)).not.toBe(null);
    expect(sessions.find(one)).not.toBe(null);
  });
});

describe("the cookie", () => {
  it("can be read by no script and sent by no other site; over TLS, by no plain connection", () => {
    expect(sessionCookie("TOKEN", false)).toBe(
      "iomux-session=TOKEN; Path=/; HttpOnly; SameSite=Strict",
    );
    expect(sessionCookie("TOKEN", true)).toBe(
      "__Host-iomux-session=TOKEN; Path=/; HttpOnly; SameSite=Strict; Secure",
    );
    expect(sessionCookie(null, false)).toBe(
      "iomux-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
    );
  });

  it.each([
    ["iomux-session=a", false, "a"],
    ["x=1; iomux-session=a; y=2", false, "a"],
    ["iomux-session=a; iomux-session=b", false, "a"],
    ["__Host-iomux-session=a", true, "a"],
    // A plain page of the same host could have set it.
    ["iomux-session=a", true, null],
    ["__Host-iomux-session=a", false, null],
    ["xiomux-session=a", false, null],
    ["iomux-session", false, null],
    ["", false, null],
  ])("%j, secure: %s", (cookie, secure, token) => {
    const request = { fields: Fields.of([["Cookie", cookie]]), secure } as unknown as HttpRequest;
    expect(tokenOf(request)).toBe(token);
  });
});

const open = async (world: World, streams: EventStream[] = []): Promise<ConsoleSite> =>
  openConsoleSite(world, { accounts: await someAccounts() }, ({ routes }) => {
    routes.get("/api/stream", (_, response) => void streams.push(response.events()));
  });

onStillNetworks("logging in", (world) => {
  it("is by name and password, once; then the cookie is enough", async () => {
    const { ask, logIn } = await open(world());
    const cookie = await logIn();
    const answer = await ask("GET /api/session", cookie);
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"account":"ann"}']);
    expect((await ask("GET /api/session")).status).toBe(401);
    expect((await ask("GET /api/session", "Cookie: iomux-session=stolen")).status).toBe(401);
  });

  it.each<[string, unknown, number, string]>([
    ["a wrong password", { name: "ann", password: "x" }, 401, "name or password is wrong"],
    ["a wrong name", { name: "eve", password: "p:ass" }, 401, "name or password is wrong"],
    ["no password", { name: "ann" }, 400, "give a name and a password, as JSON"],
    ["a name that is no text", { name: ["ann"], password: "x" }, 400, "give a name"],
    ["null", null, 400, "give a name"],
    ["no JSON", "name=ann", 400, "give a name"],
  ])("is refused for %s", async (_, body, status, why) => {
    const { post } = await open(world());
    const answer = await post("/api/login", body);
    expect(answer.status).toBe(status);
    expect(answer.fields.get("set-cookie")).toBe(undefined);
    expect(answer.fields.get("content-type")).toContain("json");
    expect((JSON.parse(answer.body.toString()) as { why: string }).why).toContain(why);
    // It would make the browser ask its user.
    expect(answer.fields.has("www-authenticate")).toBe(false);
  });

  it("takes no more than MAX_LOGIN_BYTES", async () => {
    const { post } = await open(world());
    const login = { name: "ann", password: "x".repeat(MAX_LOGIN_BYTES) };
    expect((await post("/api/login", login)).status).toBe(413);
  });

  it("is for our own page only", async () => {
    const { ask, post } = await open(world());
    const answer = await ask("POST /api/login", "Content-Length: 0");
    expect(answer.status).toBe(403);
    const { site } = await open(world());
    const guest = await site.come();
    const body = JSON.stringify(ANN);
    const fields = ["Host: 127.0.0.1:8080", "Sec-Fetch-Site: cross-site"];
    const length = `Content-Length: ${body.length}`;
    guest.say(["POST /api/login HTTP/1.1", ...fields, length, "", body].join("\r\n"), "POST");
    expect((await guest.next()).status).toBe(403);
    expect((await post("/api/login", ANN)).status).toBe(204);
  });

  it("is throttled: who is wrong too often waits, also with what is right", async () => {
    const { post } = await open(world());
    for (let tries = 0; tries < WRONG_PASSWORDS; tries++) {
      const wrong = await post("/api/login", { name: "ann", password: `${tries}` });
      expect(wrong.status).toBe(401);
    }
    const answer = await post("/api/login", ANN);
    expect([answer.status, answer.fields.get("retry-after")]).toEqual([429, "6"]);
  });

  it("is throttled though the password is remembered: else guesses would have no limit", async () => {
    const { post } = await open(world());
    expect((await post("/api/login", ANN)).status).toBe(204);
    for (let tries = 0; tries < WRONG_PASSWORDS; tries++) {
      await post("/api/login", { name: "ann", password: `${tries}` });
    }
    expect((await post("/api/login", ANN)).status).toBe(429);
  });

  it("shares its throttle with passwords that come with requests", async () => {
    const { ask, post } = await open(world());
    for (let tries = 0; tries < WRONG_PASSWORDS; tries++) {
      const token = Buffer.from(`ann:${tries}`).toString("base64");
      expect((await ask("GET /api/session", `Authorization: Basic ${token}`)).status).toBe(401);
    }
    expect((await post("/api/login", ANN)).status).toBe(429);
  });

  it("again ends the session before", async () => {
    const { ask, post, logIn } = await open(world());
    const first = await logIn();
    const second = (await post("/api/login", ANN, first)).fields.get("set-cookie")!;
    expect((await ask("GET /api/session", first)).status).toBe(401);
    expect((await ask("GET /api/session", `Cookie: ${second.split(";")[0]!}`)).status).toBe(200);
  });

  it("ends by logging out, with the cookie and what streams for it", async () => {
    const streams: EventStream[] = [];
    const { ask, post, logIn, site } = await open(world(), streams);
    const [cookie, other] = [await logIn(), await logIn()];
    const [mine, theirs] = [await site.come(), await site.come()];
    for (const [guest, session] of [
      [mine, cookie],
      [theirs, other],
    ] as const) {
      const head = ["GET /api/stream HTTP/1.1", "Host: 127.0.0.1:8080", session, "", ""];
      const before = streams.length;
      guest.say(head.join("\r\n"), "GET");
      await world().until(() => streams.length > before, "a stream");
    }
    const answer = await post("/api/logout", "", cookie);
    expect([answer.status, answer.fields.get("set-cookie")]).toEqual([
      204,
      "iomux-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
    ]);
    await mine.ended();
    expect(streams.map(({ closed }) => closed)).toEqual([true, false]);
    expect((await ask("GET /api/session", cookie)).status).toBe(401);
    expect((await ask("GET /api/session", other)).status).toBe(200);
    expect((await post("/api/logout", "")).status).toBe(204);
  });

  it("is not offered where there are no accounts", async () => {
    const { post } = await openConsoleSite(world(), { guest: GUEST });
    const answer = await post("/api/login", ANN);
    expect([answer.status, answer.fields.get("set-cookie")]).toEqual([401, undefined]);
  });
});
