/** A console that others can reach: logging in with Chromium, and pages of other origins. */
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  absent,
  endVisits,
  eventually,
  openBrowser,
  untilLive,
  usersText,
  visit,
  type Visit,
} from "./console-browser.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

let browser: Browser;
let loop: OneLoop;
let root: string;
let elsewhere: Server;

beforeAll(async () => {
  if (absent) return;
  const users = join(temporaryFolder(), "users");
  writeFileSync(users, await usersText("ann", "pass", ["read", "write", "delete"]));
  root = temporaryFolder();
  const wide = ["--host", "0.0.0.0", "--plain-passwords", "on"];
  [browser, loop] = await Promise.all([
    openBrowser(),
    openOneLoop(...wide, "--users", users, "--root", root),
  ]);
  elsewhere = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html").end("<!doctype html><title>other</title>");
  }).listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
});

afterEach(async () => {
  if (!absent) await endVisits(browser);
});

afterAll(async () => {
  if (absent) return;
  await browser.close();
  elsewhere.close();
  cleanUp();
});

async function logIn(password: string): Promise<Visit> {
  const visited = await visit(browser, loop.url);
  await visited.page.getByLabel("Name").fill("ann");
  await visited.page.getByLabel("Password").fill(password);
  await visited.page.getByRole("button", { name: "Log in" }).click();
  return visited;
}

describe.skipIf(absent)("real peer: Chromium at a console that asks for an account", () => {
  it("tells a wrong password, lets the right one in, and forgets it at the end", async () => {
    const { page } = await logIn("wrong");
    await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
    expect(await page.locator("nav.views, .turn, .grid").count()).toBe(0);
    await page.getByLabel("Password").fill("pass");
    await page.getByRole("button", { name: "Log in" }).click();
    await untilLive(page);
    await page.getByText("Logged in as ann").waitFor();
    // Nobody has to log in again who loads the page again.
    await page.reload();
    await untilLive(page);
    const [session] = await page.context().cookies();
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
    expect(await page.evaluate("document.cookie")).toBe("");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
    await eventually(() => page.locator("nav.views").count()).toBe(0);
    // Not even with what the browser had before.
    const cookie = `${session!.name}=${session!.value}`;
    const asked = await fetch(`${loop.url}api/descriptors`, { headers: { cookie } });
    expect(asked.status).toBe(401);
  });

  it("asks again when the session is over while somebody looks", async () => {
    const { page } = await logIn("pass");
    await untilLive(page);
    await page.getByRole("link", { name: "Files" }).click();
    await page.getByRole("button", { name: "Look again" }).waitFor();
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByLabel("Password").waitFor();
  });
});

/** Of another origin; of the same host it is the same site, so that the browser sends the cookie. */
async function otherPage(page: Page, host: string): Promise<{ other: Page; answers: string[] }> {
  const other = await page.context().newPage();
  const answers: string[] = [];
  other.on("response", (response) => {
    if (!response.url().startsWith(loop.url)) return;
    answers.push(`${response.request().method()} ${response.status()}`);
  });
  await other.goto(`http://${host}:${(elsewhere.address() as AddressInfo).port}/`);
  return { other, answers };
}

describe.skipIf(absent).each(["127.0.0.1", "localhost"])(
  "real peer: Chromium with a page of %s beside ours",
  (host) => {
    it("lets it change nothing by fetch()", async () => {
      const { page } = await logIn("pass");
      await untilLive(page);
      const { other } = await otherPage(page, host);
      // The first needs no permission to be sent; only what it asks for is refused.
      for (const [path, method] of [
        ["api/folders/evil", "POST"],
        ["files/evil.txt", "PUT"],
        ["api/folders/evil", "DELETE"],
      ] as const) {
        const request = `{ method: "${method}", credentials: "include", body: "x" }`;
        const outcome = `fetch("${loop.url}${path}", ${request}).then(() => "sent", () => "refused")`;
        expect(await other.evaluate(outcome)).toBe("refused");
      }
      expect(existsSync(join(root, "evil"))).toBe(false);
      expect(existsSync(join(root, "evil.txt"))).toBe(false);
    });

    it("lets it log nobody out by a form", async () => {
      const { page } = await logIn("pass");
      await untilLive(page);
      const { other, answers } = await otherPage(page, host);
      const answered = other.waitForEvent("framenavigated");
      await other.evaluate(`(() => {
        const form = Object.assign(document.createElement("form"),
          { method: "POST", action: "${loop.url}api/logout" });
        document.body.append(form);
        form.submit();
      })()`);
      await answered;
      expect(answers).toEqual(["POST 403"]);
      await page.reload();
      await page.getByText("Logged in as ann").waitFor();
    });

    it("lets it read nothing, and show nothing of ours in a frame", async () => {
      const { page } = await logIn("pass");
      await untilLive(page);
      const { other } = await otherPage(page, host);
      const read = `fetch("${loop.url}api/descriptors", { credentials: "include" })
        .then((response) => response.text(), () => "refused")`;
      expect(await other.evaluate(read)).toBe("refused");
      const complaint = other.waitForEvent("console", (message) =>
        /frame-ancestors|X-Frame-Options/.test(message.text()),
      );
      await other.evaluate(`document.body.append(
        Object.assign(document.createElement("iframe"), { src: "${loop.url}" }))`);
      await complaint;
    });
  },
);
