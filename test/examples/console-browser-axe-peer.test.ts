/** What axe finds in the page: each view, light and dark, in both languages, wide and narrow. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  absent,
  endVisits,
  enterByNc,
  enterRoom,
  openBrowser,
  untilLive,
  usersText,
  violationsIn,
  visit,
} from "./console-browser.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

let browser: Browser;
let loop: OneLoop;

beforeAll(async () => {
  if (absent) return;
  const root = temporaryFolder();
  writeFileSync(join(root, "a.txt"), "a");
  mkdirSync(join(root, "folder"));
  const users = join(temporaryFolder(), "users");
  writeFileSync(users, await usersText("ann", "pass", ["read", "write", "delete"]));
  [browser, loop] = await Promise.all([
    openBrowser(),
    openOneLoop("--users", users, "--root", root),
  ]);
});

afterEach(async () => {
  if (!absent) await endVisits(browser);
});

afterAll(async () => {
  if (!absent) await browser.close();
  cleanUp();
});

/** Each two of the three meet in one of the four. */
const CASES = [
  ["light", "en-GB", 1200],
  ["light", "zh-CN", 390],
  ["dark", "en-GB", 390],
  ["dark", "zh-CN", 1200],
] as const;

describe.skipIf(absent)("real peer: Chromium", () => {
  it.each(CASES)("shows axe nothing to complain of: %s, %s, %i wide", async (...given) => {
    const [colorScheme, locale, width] = given;
    const { page } = await visit(browser, loop.url, {
      ...{ colorScheme, locale },
      viewport: { width, height: 800 },
    });
    const found: Record<string, readonly string[]> = {};
    const check = async (state: string): Promise<void> => {
      found[state] = await violationsIn(page);
    };
    await page.locator(".login").waitFor();
    await check("login");
    await page.locator(".login input").first().fill("ann");
    await page.locator(".login input").last().fill("wrong");
    await page.keyboard.press("Enter");
    await page.locator(".problem", { hasText: /./ }).waitFor();
    await check("login refused");
    await page.locator(".login input").last().fill("pass");
    await page.keyboard.press("Enter");
    await untilLive(page);

    const nora = await enterByNc(loop, `Nora ${width} ${colorScheme}`);
    nora.say("hello");
    await page.locator(".turn .waiting canvas").first().waitFor();
    await page.locator(".calls li").first().waitFor();
    await page.locator(".plot canvas").first().waitFor();
    await page.locator(".explained summary").click();
    await check("loop");
    const views = page.locator("nav.views a");
    await views.nth(1).click();
    await page.locator(".grid .line").first().waitFor();
    await check("descriptors");
    await page.locator(".grid .line").first().click();
    await page.locator(".explanation").waitFor();
    await check("details");
    await page.keyboard.press("Escape");
    await views.nth(2).click();
    await page.locator(".join").waitFor();
    await check("chat before one has joined");
    await enterRoom(page, `Ann ${width} ${colorScheme}`);
    await page.locator(".lines p").first().waitFor();
    await check("chat");
    await views.nth(3).click();
    await page.locator(".file-table").waitFor();
    await check("files");
    await page.locator(".file-table .actions button").first().click();
    await page.locator("dialog[open]").waitFor();
    await check("question");
    await page.keyboard.press("Escape");
    await page.locator(".files-actions button").first().click();
    await page.locator(".new-folder").waitFor();
    await check("new folder");
    expect(Object.keys(found)).toHaveLength(10);
    expect(Object.entries(found).filter(([, violations]) => violations.length > 0)).toEqual([]);
    nora.hangUp();
  });

  it("shows axe what is wrong, if anything is", async () => {
    const { page } = await visit(browser, loop.url);
    await page.locator(".login").waitFor();
    await page.evaluate(`document.querySelector(".login").append(
      Object.assign(document.createElement("p"), { textContent: "unseen", style: "color: #eee" }),
      document.createElement("input"))`);
    const rules = (await violationsIn(page)).map((line) => line.split(":", 1)[0]);
    expect(rules.sort()).toEqual(["color-contrast", "label"]);
  });
});
