/** The table in Chromium with 5,000 descriptors: what is in the document stays small. */
import { PassThrough } from "node:stream";

import { createReactor, type Descriptor, type Reactor } from "iomux";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { inspect, type Inspector } from "../../examples/console/inspect.ts";
import {
  absent,
  endVisits,
  eventually,
  openBrowser,
  untilLive,
  violationsIn,
  visit,
} from "./console-browser.ts";

const MANY = 5000;
/** More rows than any window of the tests has. */
const MOST_DRAWN = 100;

let browser: Browser;
let reactor: Reactor;
let inspector: Inspector;
const idle: Descriptor[] = [];
const errors: string[] = [];

beforeAll(async () => {
  if (absent) return;
  reactor = createReactor({
    onError: (error) => {
      errors.push(String(error));
    },
  });
  for (let i = 0; i < MANY; i++) {
    const descriptor = reactor.adopt(new PassThrough());
    descriptor.label = i % 3 === 0 ? "third" : "other";
    idle.push(descriptor);
  }
  inspector = await inspect(reactor, { port: 0, program: "many" });
  browser = await openBrowser();
});

afterEach(async () => {
  if (!absent) await endVisits(browser);
});

afterAll(async () => {
  if (absent) return;
  await browser.close();
  await inspector.close();
  await reactor.close();
  // On a busy machine any handler may be slow.
  expect(errors.filter((error) => !error.includes(" ran for "))).toEqual([]);
});

async function openTable(): Promise<Page> {
  const { page } = await visit(browser, inspector.url, { view: "descriptors" });
  await untilLive(page);
  await eventually(() => rowsOf(page)).toBeGreaterThan(MANY);
  return page;
}

/** As many as it says that it has. */
async function rowsOf(page: Page): Promise<number> {
  return Number(await page.getByRole("grid").getAttribute("aria-rowcount")) - 1;
}

/** The fds of the rows in the document, from the top. */
async function drawnIn(page: Page): Promise<readonly number[]> {
  const fds = await page.evaluate<number[]>(`
    [...document.querySelectorAll(".line")]
      .sort((one, other) => one.ariaRowIndex - other.ariaRowIndex)
      .map((line) => Number(line.dataset.fd))`);
  expect(fds.length).toBeLessThan(MOST_DRAWN);
  return fds;
}

async function scrollTo(page: Page, part: number): Promise<void> {
  await page.evaluate(`(() => {
    const grid = document.querySelector(".grid");
    grid.scrollTop = grid.scrollHeight * ${part};
  })()`);
}

const lastFd = (): number => idle.at(-1)!.fd;

describe.skipIf(absent)("real peer: Chromium with 5,000 descriptors", () => {
  it("scrolls through all of them with few in the document", async () => {
    const page = await openTable();
    const ends: number[] = [];
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      await scrollTo(page, part);
      await eventually(async () => (await drawnIn(page)).at(-1)).toBeGreaterThan(ends.at(-1) ?? 0);
      ends.push((await drawnIn(page)).at(-1)!);
    }
    expect(ends.at(-1)).toBeGreaterThanOrEqual(lastFd());
    expect(await violationsIn(page)).toEqual([]);
  });

  it("goes to either end by a key, and the row there has the focus", async () => {
    const page = await openTable();
    await page.locator(".line[tabindex='0']").focus();
    await page.keyboard.press("End");
    const focused = page.locator(".line:focus");
    await eventually(() => focused.getAttribute("aria-rowindex")).toBe(
      await page.getByRole("grid").getAttribute("aria-rowcount"),
    );
    await drawnIn(page);
    await page.keyboard.press("PageUp");
    await page.keyboard.press("Home");
    await eventually(() => focused.getAttribute("aria-rowindex")).toBe("2");
    await drawnIn(page);
  });

  it("sorts all of them, not only those that are drawn", async () => {
    const page = await openTable();
    const head = page.getByRole("columnheader", { name: "fd" });
    await head.getByRole("button").click();
    await eventually(async () => (await drawnIn(page))[0]).toBeGreaterThanOrEqual(lastFd());
    expect(await head.getAttribute("aria-sort")).toBe("descending");
    await head.getByRole("button").click();
    await eventually(async () => (await drawnIn(page))[0]).toBe(1);
    await page.getByRole("columnheader", { name: "Owner" }).getByRole("button").click();
    const first = page.locator(".line[aria-rowindex='3'] [role=gridcell].owner");
    await eventually(() => first.textContent()).not.toBe("third");
    await page.getByRole("columnheader", { name: "Owner" }).getByRole("button").click();
    await scrollTo(page, 0);
    await eventually(() =>
      page.locator(".line[aria-rowindex='2'] [role=gridcell].owner").textContent(),
    ).toBe("third");
  });

  it("filters all of them", async () => {
    const page = await openTable();
    const { fd } = idle[4000]!;
    const search = page.getByRole("searchbox");
    await search.fill(`${fd} other`);
    await eventually(() => drawnIn(page)).toContain(fd);
    expect(await rowsOf(page)).toBeLessThan(20);
    await search.fill("nobody has this");
    await page.getByText("No descriptor fits the filter.").waitFor();
    await search.fill("");
    await page.getByRole("combobox", { name: "Owner" }).selectOption("third");
    await eventually(() => rowsOf(page)).toBe(Math.ceil(MANY / 3));
    await scrollTo(page, 1);
    await eventually(async () => (await drawnIn(page)).at(-1)).toBe(idle[4998]!.fd);
  });

  it("shows the same rows in the same order when the page is loaded again", async () => {
    const page = await openTable();
    await page.getByRole("combobox", { name: "Owner" }).selectOption("third");
    await page.getByRole("searchbox").fill("open");
    const head = page.getByRole("columnheader", { name: "fd" });
    await head.getByRole("button").click();
    await eventually(async () => (await drawnIn(page))[0]).toBe(idle[4998]!.fd);
    await page.reload();
    await untilLive(page);
    await eventually(async () => (await drawnIn(page))[0]).toBe(idle[4998]!.fd);
    await eventually(() => rowsOf(page)).toBe(Math.ceil(MANY / 3));
    expect(await page.getByRole("searchbox").inputValue()).toBe("open");
    const owner = page.getByRole("combobox", { name: "Owner" }).locator("option:checked");
    expect(await owner.textContent()).toBe("third");
    // Another window has choices of its own.
    const other = await openTable();
    await eventually(() => rowsOf(other)).toBeGreaterThanOrEqual(MANY);
  });

  it("forgets those that are closed, and takes in new ones", async () => {
    const page = await openTable();
    const before = await rowsOf(page);
    const closed = idle.splice(100, 500);
    for (const descriptor of closed) descriptor.close();
    await eventually(() => rowsOf(page)).toBe(before - 500);
    for (let i = 0; i < 500; i++) idle.push(reactor.adopt(new PassThrough()));
    await eventually(() => rowsOf(page)).toBe(before);
  });
});
