/** The page in Chromium by keyboard only, in both languages, and on a telephone. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  absent,
  endVisits,
  enterByNc,
  enterRoom,
  eventually,
  openBrowser,
  overhangOf,
  untilLive,
  usersText,
  visit,
} from "./console-browser.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

let browser: Browser;
let open: OneLoop;
/** Where one has to log in, and may do everything. */
let closed: OneLoop;
let root: string;

beforeAll(async () => {
  if (absent) return;
  const folder = temporaryFolder();
  root = temporaryFolder();
  const users = join(folder, "users");
  writeFileSync(users, await usersText("ann", "pass", ["read", "write", "delete"]));
  [browser, open, closed] = await Promise.all([
    openBrowser(),
    openOneLoop(),
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

interface Focus {
  readonly tag: string;
  readonly role: string | null;
  readonly name: string;
  readonly seen: boolean;
}

async function focusOf(page: Page): Promise<Focus> {
  return page.evaluate<Focus>(`(() => {
    const { activeElement: at } = document;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    return {
      tag: at.localName,
      role: at.getAttribute("role"),
      name: (at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent).trim(),
      seen: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
    };
  })()`);
}

/** Presses Tab until the focus is there; on its way it is seen wherever it is. */
async function tabTo(page: Page, wanted: string | ((focus: Focus) => boolean)): Promise<void> {
  const passed: Focus[] = [];
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const focus = await focusOf(page);
    passed.push(focus);
    if (focus.tag === "body") continue;
    expect(focus).toMatchObject({ seen: true });
    if (typeof wanted === "string" ? focus.name === wanted : wanted(focus)) return;
  }
  throw new Error(`Tab does not lead there: ${JSON.stringify(passed)}`);
}

async function focusedIs(page: Page, expected: Partial<Focus>): Promise<void> {
  await eventually(() => focusOf(page)).toMatchObject(expected);
}

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

describe.skipIf(absent)("real peer: Chromium by keyboard only", () => {
  it("logs in, sees a descriptor, chats, and makes a folder", async () => {
    const { page, faults } = await visit(browser, closed.url);
    await focusedIs(page, { tag: "input", name: "Name" });
    await page.keyboard.type("ann");
    await press(page, "Tab");
    await page.keyboard.type("pass");
    await press(page, "Enter");
    await untilLive(page);
    await tabTo(page, "Descriptors");
    await press(page, "Enter");
    await page.locator(".grid .line").nth(3).waitFor();

    await tabTo(page, ({ role }) => role === "row");
    await press(page, "ArrowDown", "ArrowDown");
    const third = page.locator(".grid .line").nth(2);
    const fd = await third.getAttribute("data-fd");
    await eventually(() => page.locator(".grid .line:focus").getAttribute("data-fd")).toBe(fd);
    await press(page, "Enter");
    await focusedIs(page, { tag: "h2", name: `Descriptor ${fd}` });
    await page.locator(".details .explanation").waitFor();
    await press(page, "Escape");
    await page.locator(".details").waitFor({ state: "detached" });
    await eventually(() => page.locator(".grid .line:focus").getAttribute("data-fd")).toBe(fd);

    await tabTo(page, "Chat");
    await press(page, "Enter");
    await tabTo(page, "Your name");
    await page.keyboard.type("Ann");
    await press(page, "Enter");
    await focusedIs(page, { tag: "input", name: "A line to all, or a command: /help lists them" });
    await page.keyboard.type("by keys");
    await press(page, "Enter");
    await page.locator(".lines .own", { hasText: "Ann says: by keys" }).waitFor();

    await tabTo(page, "Files");
    await press(page, "Enter");
    await tabTo(page, "New folder");
    await press(page, "Enter");
    await focusedIs(page, { tag: "input", name: "Name of the new folder" });
    await page.keyboard.type("by keys");
    await press(page, "Enter");
    await page.getByRole("link", { name: "by keys/" }).waitFor();
    await focusedIs(page, { tag: "button", name: "New folder" });
    await press(page, "Enter");
    await focusedIs(page, { tag: "input", name: "Name of the new folder" });
    await press(page, "Escape");
    await focusedIs(page, { tag: "button", name: "New folder" });

    await tabTo(page, "Delete by keys");
    await press(page, "Enter");
    await focusedIs(page, { tag: "button", name: "Cancel" });
    await press(page, "Escape");
    await focusedIs(page, { tag: "button", name: "Delete by keys" });
    await press(page, "Enter");
    await focusedIs(page, { tag: "button", name: "Cancel" });
    await press(page, "Tab", "Enter");
    await focusedIs(page, { tag: "p", name: "Nothing is here yet.", seen: true });

    // A row that is removed leaves the focus to the next one, and the last one to the one before it.
    for (const name of ["a", "b", "c", "d"]) writeFileSync(join(root, name), "");
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByRole("link", { name: "d", exact: true }).waitFor();
    await tabTo(page, "Delete b");
    for (const next of ["Delete c", "Delete d", "Delete a"]) {
      await press(page, "Enter");
      await focusedIs(page, { tag: "button", name: "Cancel" });
      await press(page, "Tab", "Enter");
      await focusedIs(page, { tag: "button", name: next, seen: true });
    }

    // Before one has logged in, all is refused.
    expect(faults.filter((fault) => !fault.includes("401"))).toEqual([]);

    await tabTo(page, "Log out");
    await press(page, "Enter");
    await focusedIs(page, { tag: "input", name: "Name" });
  });

  it("skips what is above the content", async () => {
    const { page } = await visit(browser, open.url, { view: "descriptors" });
    await untilLive(page);
    await press(page, "Tab");
    await focusedIs(page, { name: "Skip to content", seen: true });
    await press(page, "Enter");
    await focusedIs(page, { tag: "main" });
    expect(new URL(page.url()).hash).toBe("#descriptors");
    await press(page, "Tab");
    await focusedIs(page, { tag: "input", name: "Filter: address, fd, reason…" });
  });
});

/** Words that are the same in Chinese: names of programs and things, units, and keys. */
const SHARED = /^(?:fd|nc|telnet|help|one|loop|English|Escape|ms|s|[KMGT]iB|[A-Z])$/;

/** What is not ours to translate: names, addresses, what the room and the reactor say. */
const DATA = [
  ...[".brand", ".owner", ".handler", ".explanation", ".incidents .text", "bdi", "time"],
  ...[
    ".letters span",
    "[role=gridcell].peer",
    ".facts",
    "option",
    "script",
    "style",
    "noscript",
    "[lang=en]",
  ],
].join(", ");

/** Words in Latin letters of all that is shown, or told to who does not see it. */
async function latinIn(page: Page): Promise<readonly string[]> {
  const texts = await page.evaluate<string[]>(`
    [...document.querySelectorAll("body, body *")].filter((at) => !at.closest("${DATA}")).flatMap(
      (at) => [
        ...[...at.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data),
        ...["aria-label", "title", "placeholder"].map((name) => at.getAttribute(name) ?? ""),
      ])`);
  const words = texts.flatMap((text) => text.match(/[A-Za-z]+/g) ?? []);
  return [...new Set(words.filter((word) => !SHARED.test(word)))];
}

describe.skipIf(absent)("real peer: Chromium in two languages", () => {
  it("has no English in the Chinese page, but what is data", async () => {
    const { page } = await visit(browser, open.url, { locale: "zh-CN" });
    await untilLive(page);
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-Hans");
    const nora = await enterByNc(open, "Nora");
    await page.locator(".explained summary").click();
    await page.locator(".turn .waiting canvas").first().waitFor();
    await page.locator(".plot canvas").first().waitFor();
    expect(await latinIn(page)).toEqual([]);
    await page.getByRole("link", { name: "描述符", exact: true }).click();
    await page.locator(".line").first().click();
    await page.locator(".explanation").waitFor();
    expect(await latinIn(page)).toEqual([]);
    expect(await page.locator(".facts dt").allTextContents()).not.toContainEqual(
      expect.stringMatching(/[A-Za-z]{3}/),
    );
    await page.getByRole("link", { name: "聊天", exact: true }).click();
    await page.locator(".join").waitFor();
    expect(await latinIn(page)).toEqual([]);
    await enterRoom(page, "张三");
    expect(await latinIn(page)).toEqual([]);
    await page.getByRole("link", { name: "文件", exact: true }).click();
    await page.locator(".file-table").waitFor();
    expect(await latinIn(page)).toEqual([]);
    const login = await visit(browser, closed.url, { locale: "zh-CN" });
    await login.page.getByRole("button", { name: "登录" }).waitFor();
    expect(await latinIn(login.page)).toEqual([]);
    nora.hangUp();
  });

  it("goes over to the other one at once, and keeps it", async () => {
    const { page } = await visit(browser, open.url, { view: "chat" });
    const html = page.locator("html");
    const heading = (name: string): Promise<void> =>
      page.getByRole("heading", { name, exact: true, level: 1 }).waitFor({ state: "attached" });
    await heading("Chat");
    expect(await html.getAttribute("lang")).toBe("en");
    await page.getByRole("button", { name: "中文" }).click();
    await heading("聊天");
    expect(await html.getAttribute("lang")).toBe("zh-Hans");
    await eventually(() => page.title()).toBe("聊天 · one-loop");
    await page.reload();
    await heading("聊天");
    await page.getByRole("button", { name: "English" }).click();
    await heading("Chat");
    expect(await html.getAttribute("lang")).toBe("en");
  });
});

describe.skipIf(absent).each([320, 390])("real peer: Chromium, %i pixels wide", (width) => {
  it.each(["en-GB", "zh-CN"])(
    "has all of it in %s, and scrolls in one direction",
    async (locale) => {
      const { page, faults } = await visit(browser, open.url, {
        ...{ locale, hasTouch: true, isMobile: true },
        viewport: { width, height: 700 },
      });
      await untilLive(page);
      const nora = await enterByNc(open, `Nora ${width} ${locale}`);
      const views = page.locator("nav.views a");
      await eventually(() => views.count()).toBe(4);
      const fits = async (): Promise<void> => {
        expect(await overhangOf(page)).toBeLessThanOrEqual(0);
      };
      /** Within the window from side to side, where a finger can find it. */
      const reach = async (...selectors: readonly string[]): Promise<void> => {
        for (const selector of selectors) {
          const found = page.locator(selector).first();
          await found.scrollIntoViewIfNeeded();
          const box = (await found.boundingBox())!;
          expect([selector, box.x >= 0, box.x + box.width <= width]).toEqual([
            selector,
            true,
            true,
          ]);
          expect([selector, box.height >= 24]).toEqual([selector, true]);
        }
      };
      for (let index = 0; index < 4; index++) {
        await reach(`nav.views a:nth-child(${index + 1})`);
      }
      await reach(".switches button", ".switches select");
      await page.locator(".plot canvas").first().waitFor();
      await reach(".turn .pause", ".explained summary", ".figures", ".plot");
      await page.locator(".explained summary").tap();
      await fits();
      await views.nth(1).tap();
      await page.locator(".grid .line").first().waitFor();
      await reach(".toolbar [type=search]", ".toolbar .narrow-only select", ".toolbar .pause");
      await fits();
      await page.locator(".grid .line").first().tap();
      await page.locator(".explanation").waitFor();
      await fits();
      await reach(".details button");
      await page.locator(".details button").tap();
      await views.nth(2).tap();
      await enterRoom(page, `P ${width} ${locale}`);
      nora.say("x".repeat(300));
      await page
        .locator(".lines p", { hasText: "x".repeat(300) })
        .last()
        .waitFor();
      await reach(".say input", ".say button", ".chat > header button");
      await fits();
      await views.nth(3).tap();
      await page.locator(".file-table").waitFor();
      await reach(".files-actions .main", ".file-table a");
      await fits();
      expect(faults).toEqual([]);
      nora.hangUp();
    },
  );
});
