/**
 * A stage with something to see, and what the page shows of it. `npm run screenshots` takes the
 * pictures of the documents here.
 */
import { truncateSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  absent as noBrowser,
  endVisits,
  enterByNc,
  enterRoom,
  eventually,
  linesOf,
  openBrowser,
  overhangOf,
  say,
  untilLive,
  visit,
  type Talker,
  type VisitOptions,
} from "./console-browser.ts";
import { absent as noClient, startClient } from "./file-server-clients.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp, ROOT, temporaryFolder } from "./programs.ts";

const absent = noBrowser || noClient("curl");
const taken = process.env.IOMUX_SCREENSHOTS === "1";
const IMAGES = join(ROOT, "docs/images");
const MOST_BYTES = 200 * 1024;

const LOW = { width: 1280, height: 460 };

const PEOPLE = ["张伟", "Nora", "Milan", "Ines", "李娜", "Tom", "Aylin", "Ravi", "Noor", "Jonas"];
const TALK = [
  [1, "The build is green again."],
  [0, "太好了！ Which test was it?"],
  [2, "The one that slept for 100 ms. It waits for the event now."],
  [4, "我正在用 FTP 下载新版本。"],
  [3, "Same here, with lftp, and the page shows both of us."],
] as const;

let browser: Browser;
let loop: OneLoop;
const agent = new Agent({ keepAlive: true });
let people: readonly Talker[];
let ticking: NodeJS.Timeout;

beforeAll(async () => {
  if (absent) return;
  [browser, loop] = await Promise.all([
    openBrowser(),
    openOneLoop("--root", filledFolder(), "--anonymous-upload", "on"),
  ]);
  const entered: Talker[] = [];
  for (const name of PEOPLE) entered.push(await enterByNc(loop, name));
  people = entered;
  // Downloads that go on until the end, one by each protocol.
  const rate = ["--silent", "--output", "/dev/null", "--limit-rate", "300k"];
  for (const from of [`ftp://127.0.0.1:${loop.ftpPort}/`, `${loop.url}files/`]) {
    startClient("curl", [...rate, `${from}backup.tar`]);
  }
  ticking = setInterval(() => {
    // All of them in the same moment: one turn serves many.
    for (const person of people) person.say("/who");
    for (const path of ["healthz", "files/notes.txt", "metrics"]) {
      get(`${loop.url}${path}`, { agent }, (response) => response.resume());
    }
  }, 700);
});

afterEach(async () => {
  if (!absent) await endVisits(browser);
});

afterAll(async () => {
  if (absent) return;
  clearInterval(ticking);
  agent.destroy();
  await browser.close();
  cleanUp();
});

function filledFolder(): string {
  const root = temporaryFolder();
  for (const [name, bytes] of [
    ["backup.tar", 8 * 1024 ** 3],
    ["handbook.pdf", 2_418_022],
    ["notes.txt", 1834],
    ["发布说明.md", 5120],
  ] as const) {
    writeFileSync(join(root, name), "");
    truncateSync(join(root, name), bytes);
  }
  mkdirSync(join(root, "photos"));
  const when = new Date("2026-03-14T09:26:00Z");
  for (const name of ["backup.tar", "handbook.pdf", "notes.txt", "发布说明.md", "photos"]) {
    utimesSync(join(root, name), when, when);
  }
  return root;
}

async function look(options: VisitOptions): Promise<Page> {
  const given = { viewport: { width: 1280, height: 860 }, timezoneId: "UTC", ...options };
  const { page } = await visit(browser, loop.url, given);
  await untilLive(page);
  return page;
}

/** Without `npm run screenshots` nothing is written. */
async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  expect(await overhangOf(page)).toBeLessThanOrEqual(0);
  if (!taken) return;
  mkdirSync(IMAGES, { recursive: true });
  const path = join(IMAGES, `console-${name}.png`);
  await page.screenshot({ path });
  expect(statSync(path).size).toBeLessThan(MOST_BYTES);
}

/** Waits until a turn is shown in which several were called, of two servers, and holds it. */
async function holdBusyTurn(page: Page): Promise<void> {
  const calls = page.locator(".calls li:not(.rest)");
  await eventually(async () => {
    const goOn = page.locator(".turn").getByRole("button", { name: "Go on" });
    if (await goOn.isVisible()) await goOn.click();
    await calls.nth(3).waitFor();
    await page.locator(".turn").getByRole("button", { name: "Pause" }).click();
    const called = await calls.locator(".owner").allTextContents();
    const rest = parseFloat((await page.locator(".calls .rest .ms").textContent())!);
    // Of a turn that was held up by other programs the calls are too thin to be seen.
    return called.length > 3 && new Set(called).size > 1 && (!taken || rest < 1);
  }).toBe(true);
  const owners = page.locator(".turn .waiting .owner");
  expect(new Set(await owners.allTextContents())).toEqual(
    new Set(["chat", "ftp", "http", "console", "program", "terminal"]),
  );
  expect(await page.locator(".turn .sentence").textContent()).toMatch(
    /^One thread waits for \d+ descriptors\. In this turn \d+ were ready; /,
  );
}

/** Waits until the plots have a line: they get a point each second. */
async function fillPlots(page: Page): Promise<void> {
  await page.locator(".plot canvas").first().waitFor();
  await page.evaluate(`new Promise((resolve) => {
    let points = 0;
    const observer = new MutationObserver(() => {
      if (++points === ${taken ? 30 : 2}) resolve(observer.disconnect());
    });
    observer.observe(document.querySelector(".plots"), { subtree: true, characterData: true });
  })`);
}

describe.skipIf(absent)("real peer: Chromium with something to see", () => {
  it.each(["light", "dark"] as const)("shows the loop at work, %s", async (colorScheme) => {
    const page = await look({ colorScheme });
    await fillPlots(page);
    await holdBusyTurn(page);
    await take(page, `loop-${colorScheme}`);
  });

  it("shows the descriptors, and one of them with its details", async () => {
    const page = await look({ view: "descriptors", colorScheme: "light" });
    const download = page.locator(".line").filter({ has: page.getByText("ftp", { exact: true }) });
    await download.nth(2).waitFor();
    await page.getByRole("columnheader", { name: "Out" }).getByRole("button").click();
    await page.locator(".line").first().click();
    await page.locator(".details .explanation").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await take(page, "descriptors");
  });

  it("shows the chat", async () => {
    const page = await look({ view: "chat", colorScheme: "light", viewport: LOW });
    await enterRoom(page, "Ana");
    for (const [who, line] of TALK) {
      people[who]!.say(line);
      await page.locator(".lines p", { hasText: line }).waitFor();
    }
    await say(page, "I see: one thread, and nobody waits for a slow download.");
    await page.locator(".lines .own").waitFor();
    expect(await linesOf(page)).toContain("Nora says: The build is green again.");
    await take(page, "chat");
  });

  it("shows the files, dark", async () => {
    const page = await look({ view: "files", colorScheme: "dark", viewport: LOW });
    await page.getByRole("link", { name: "发布说明.md" }).waitFor();
    await take(page, "files");
  });

  it("shows all of it on a telephone", async () => {
    const page = await look({
      ...{ colorScheme: "dark", hasTouch: true, isMobile: true },
      viewport: { width: 390, height: 844 },
    });
    await fillPlots(page);
    await holdBusyTurn(page);
    await take(page, "phone");
  });
});
