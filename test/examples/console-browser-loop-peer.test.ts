/** The page in Chromium: what it shows of the loop is so, and nothing goes wrong in it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import type { DescriptorList, DescriptorRow } from "../../examples/console/feed.ts";
import { formatBytes } from "../../examples/console/page/format/numbers.ts";
import {
  absent,
  endVisits,
  enterByNc,
  eventually,
  openBrowser,
  untilLive,
  visit,
} from "./console-browser.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp } from "./programs.ts";

let browser: Browser;
let loop: OneLoop;

beforeAll(async () => {
  if (absent) return;
  [browser, loop] = await Promise.all([openBrowser(), openOneLoop()]);
});

afterEach(async () => {
  if (!absent) await endVisits(browser);
});

afterAll(async () => {
  if (absent) return;
  await browser.close();
  loop.child.kill("SIGINT");
  expect(await loop.ended).toEqual({ code: 0, signal: null });
  expect(loop.err.lines).toEqual([]);
  cleanUp();
});

async function told(): Promise<readonly DescriptorRow[]> {
  const response = await fetch(`${loop.url}api/descriptors`);
  return ((await response.json()) as DescriptorList).descriptors;
}

/** The streams of pages that watch, as the server counts them. */
async function feeds(): Promise<number> {
  return (await told()).filter(({ owner }) => owner === "console").length;
}

/** Browsers and these tests come and go by HTTP while one looks: those are left out. */
function lasts({ owner, kind }: { readonly owner: string; readonly kind: string }): boolean {
  return kind === "listener" || (owner !== "http" && owner !== "console");
}

type Cells = Record<"fd" | "kind" | "peer" | "owner" | "bytesIn" | "bytesOut" | "reading", string>;

/** The rows of the table, each with the texts of its cells. */
async function shownIn(page: Page): Promise<readonly Cells[]> {
  const rows = await page.evaluate<Cells[]>(`
    [...document.querySelectorAll(".grid .line")].map((line) =>
      Object.fromEntries([...line.querySelectorAll("[role=gridcell]")].map((cell) =>
        [cell.className, (cell.querySelector("span:not(.rate)") ?? cell).textContent])))`);
  return rows
    .sort((one, other) => Number(one.fd) - Number(other.fd))
    .map(({ fd, kind, peer, owner, bytesIn, bytesOut, reading }) => {
      return { fd, kind, peer, owner, bytesIn, bytesOut, reading };
    });
}

function cellsOf(row: DescriptorRow): Cells {
  const { fd, kind, peer, local, owner, bytesIn, bytesOut, reading } = row;
  return {
    ...{ fd: `${fd}`, kind, reading },
    owner: owner === "" ? "unlabelled" : owner,
    peer: peer ?? (local === null ? "–" : `at ${local}`),
    bytesIn: formatBytes(bytesIn),
    bytesOut: formatBytes(bytesOut),
  };
}

describe.skipIf(absent)("real peer: Chromium", () => {
  it("has nothing to complain of in any view", async () => {
    const { page, faults } = await visit(browser, loop.url);
    await untilLive(page);
    await page.locator(".turn .waiting canvas").first().waitFor();
    await page.locator(".plot canvas").first().waitFor();
    for (const [name, shows] of [
      ["Descriptors", ".grid .line"],
      ["Chat", ".join"],
      ["Files", ".file-table tr"],
      ["Loop", ".turn .waiting canvas"],
    ] as const) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.locator(shows).first().waitFor();
      await eventually(() => page.title()).toBe(`${name} · one-loop`);
    }
    await page.reload();
    await untilLive(page);
    expect(faults).toEqual([]);
  });

  it("runs no script that stands in the page, and says so", async () => {
    const { page, faults } = await visit(browser, loop.url);
    await page.evaluate(`document.body.append(
      Object.assign(document.createElement("script"), { textContent: "ran = true" }))`);
    expect(await page.evaluate("typeof ran")).toBe("undefined");
    await eventually(() => faults).toEqual([expect.stringContaining("Content Security Policy")]);
  });

  it("has the table that /api/descriptors tells, and it moves with the traffic", async () => {
    const { page, faults } = await visit(browser, loop.url, { view: "descriptors" });
    await untilLive(page);
    const ann = await enterByNc(loop, "Ann");
    const bob = await enterByNc(loop, "Bob");
    await ann.out.until("Bob joined the chat");
    const chat = page.locator(".line").filter({ has: page.getByText("chat", { exact: true }) });
    // The room listens, and two are in it.
    await eventually(() => chat.count()).toBe(3);
    const before = await shownIn(page);
    ann.say("one");
    await bob.out.until("Ann says: one");
    await eventually(() => shownIn(page)).not.toEqual(before);
    await eventually(async () => {
      const rows = (await told()).filter(lasts).map(cellsOf);
      expect((await shownIn(page)).filter(lasts)).toEqual(rows);
      return rows.length;
    }).toBeGreaterThan(5);
    ann.hangUp();
    await bob.out.until("Ann left the chat");
    await eventually(() => chat.count()).toBe(2);
    bob.hangUp();
    expect(faults).toEqual([]);
  });

  it("shows the turn in which somebody was called", async () => {
    const { page } = await visit(browser, loop.url);
    await untilLive(page);
    const ann = await enterByNc(loop, "Ann");
    // What happened is in the picture of some turn: a line leads to its descriptor.
    const call = page.locator(".calls a").filter({ hasText: "chat" }).first();
    await eventually(async () => {
      ann.say("again");
      return call.count();
    }).toBe(1);
    await page.getByRole("button", { name: "Pause" }).click();
    const link = page.locator(".calls a").first();
    const href = await link.getAttribute("href");
    await link.click();
    const title = `Descriptor ${href!.split("/")[1]}`;
    await page.getByRole("heading", { name: title }).waitFor();
    ann.hangUp();
  });

  it("watches while the page is looked at, and not while it is in the background", async () => {
    await eventually(feeds).toBe(0);
    const { page } = await visit(browser, loop.url);
    await untilLive(page);
    expect(await feeds()).toBe(1);
    await background(page, true);
    await eventually(feeds).toBe(0);
    await page.getByText("Resting: the page is in the background").waitFor();
    await background(page, false);
    await untilLive(page);
    expect(await feeds()).toBe(1);
    await page.context().close();
    await eventually(feeds).toBe(0);
  });
});

/** As a browser tells it: one without a window has no background of its own. */
async function background(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, "hidden", { configurable: true, value: ${hidden} });
    document.dispatchEvent(new Event("visibilitychange"));`);
}
