/** Chromium without a window, and visits to the console that note whatever goes wrong in them. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import axe from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";

import { userLine } from "../../examples/accounts/accounts.ts";
import type { Right } from "../../examples/accounts/rights.ts";
import type { LineLog } from "./line-log.ts";
import type { OneLoop } from "./one-loop-process.ts";
import { run } from "./programs.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** What hangs fails, with a message, before the test does. */
const WAIT_MS = 20_000;

function chromiumPath(): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether Chromium or nc is missing, and need not be there. */
export const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" &&
  (chromiumPath() === null || spawnSync("nc", ["-h"]).error !== undefined);

/** One for all tests of a file. It has no sandbox, as root cannot have one: all pages are ours. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error(`none of ${NAMES.join(", ")} is in the PATH`);
  const args = ["--force-color-profile=srgb", "--font-render-hinting=none"];
  return chromium.launch({ executablePath, args });
}

/** Call it after each test: what it has left open is closed. */
export async function endVisits(browser: Browser): Promise<void> {
  await Promise.all(browser.contexts().map((context) => context.close()));
}

export interface VisitOptions extends BrowserContextOptions {
  /** Which view. Default: the first. */
  readonly view?: string;
}

export interface Visit {
  readonly page: Page;
  /** Complaints of the browser, requests that failed, and windows that a script has opened. */
  readonly faults: string[];
}

/** Somebody with a browser of their own: nothing is kept from other visits. */
export async function visit(
  browser: Browser,
  url: string,
  options: VisitOptions = {},
): Promise<Visit> {
  const { view = "", ...given } = options;
  const context = await browser.newContext({
    viewport: { width: 1200, height: 800 },
    locale: "en-GB",
    reducedMotion: "reduce",
    ...given,
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(`${url}${view === "" ? "" : `#${view}`}`);
  return { page, faults };
}

function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog says ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    // A stream that the page itself closes.
    if (why !== "net::ERR_ABORTED") faults.push(`${request.url()}: ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.url()}: ${response.status()}`);
  });
  return faults;
}

/** Waits until the page has its descriptors, and tells so. */
export async function untilLive(page: Page): Promise<void> {
  await page.locator("header .connection.live").waitFor();
}

export async function enterRoom(page: Page, name: string): Promise<void> {
  await page.locator(".join input").fill(name);
  await page.keyboard.press("Enter");
  await page.locator(".chat > header .connection.live").waitFor();
}

export async function say(page: Page, line: string): Promise<void> {
  await page.locator(".say input").fill(line);
  await page.keyboard.press("Enter");
}

/** What stands in the room's log, without times. */
export async function linesOf(page: Page): Promise<readonly string[]> {
  return page.locator(".lines p bdi").allTextContents();
}

/** Somebody in the room without a browser. */
export interface Talker {
  readonly out: LineLog;
  say(line: string): void;
  hangUp(): void;
}

export async function enterByNc({ chatPort }: OneLoop, name: string): Promise<Talker> {
  const { child, out } = run("nc", ["127.0.0.1", `${chatPort}`]);
  const say = (line: string): void => void child.stdin!.write(`${line}\n`);
  say(name);
  await out.until(/^Hello /);
  return { out, say, hangUp: () => void child.kill("SIGKILL") };
}

/** Asserts again and again until it holds. */
export function eventually<T>(get: () => Promise<T> | T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(get, { timeout: WAIT_MS, interval: 50 });
}

/** What axe finds wrong with the page as it is now: a line for each element. */
export async function violationsIn(page: Page): Promise<readonly string[]> {
  await page.evaluate(`globalThis.axe ?? (() => { ${axe.source} })()`);
  return page.evaluate<string[]>(`axe.run().then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html)))`);
}

/** Pixels by which the page is wider than its window. */
export async function overhangOf(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
}

/** The text of a file of users with one in it, whose password is cheap to check. */
export async function usersText(
  name: string,
  password: string,
  rights: readonly Right[],
): Promise<string> {
  const user = { name, password, home: "/", rights };
  return `${await userLine(user, { logN: 10, r: 1, p: 1 })}\n`;
}
