/** The files in Chromium, and lftp that gets the same ones. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  absent as noBrowser,
  endVisits,
  eventually,
  openBrowser,
  violationsIn,
  visit,
} from "./console-browser.ts";
import { absent as noClient, client } from "./file-server-clients.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

const EVIL = "<img src=x onerror=alert(1)>";
const absent = noBrowser || noClient("lftp");

let browser: Browser;
let loop: OneLoop;
let root: string;

beforeAll(async () => {
  if (absent) return;
  root = temporaryFolder();
  const flags = ["--root", root, "--anonymous-upload", "on"];
  [browser, loop] = await Promise.all([openBrowser(), openOneLoop(...flags)]);
});

afterEach(async () => {
  if (!absent) await endVisits(browser);
});

afterAll(async () => {
  if (!absent) await browser.close();
  cleanUp();
});

/** Each byte tells where it stands, so that none is lost, doubled or moved unseen. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = length;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** What lftp gets. */
async function byLftp(name: string): Promise<Buffer> {
  const cwd = temporaryFolder();
  const commands = `set net:max-retries 1; open ftp://127.0.0.1:${loop.ftpPort}; get "${name}"; bye`;
  const { code, err } = await client("lftp", ["-c", commands], { cwd });
  expect([code, err]).toEqual([0, ""]);
  return readFileSync(join(cwd, name));
}

async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Upload", exact: true }).click(),
  ]);
  await chooser.setFiles({ name, mimeType: "application/octet-stream", buffer });
}

/** Bytes a second that the page may send; -1: any number. */
async function uploadsAt(page: Page, uploadThroughput: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput };
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", conditions);
}

describe.skipIf(absent)("real peer: Chromium", () => {
  it("uploads a file that lftp then gets, byte for byte", async () => {
    const { page, faults } = await visit(browser, loop.url, { view: "files" });
    const bytes = bytesOf(70_001);
    await choose(page, "by button.bin", bytes);
    await page.getByRole("link", { name: "by button.bin" }).waitFor();
    await page.locator(".uploads li.done", { hasText: "by button.bin" }).waitFor();
    expect((await byLftp("by button.bin")).equals(bytes)).toBe(true);
    expect(faults).toEqual([]);
  });

  it("shows how far a file of 5 MB is, and lftp gets all of it", async () => {
    const { page, faults } = await visit(browser, loop.url, { view: "files" });
    const bytes = bytesOf(5_000_000);
    await uploadsAt(page, 1_000_000);
    await choose(page, "large.bin", bytes);
    const bar = page.getByRole("progressbar", { name: "large.bin" });
    await bar.waitFor();
    const value = async (): Promise<number> => Number(await bar.getAttribute("value"));
    await eventually(value).toBeGreaterThan(0);
    expect(await bar.getAttribute("max")).toBe("5000000");
    expect(await value()).toBeLessThan(5_000_000);
    // Nobody sees it before it is whole.
    expect(existsSync(join(root, "large.bin"))).toBe(false);
    expect(await page.getByRole("link", { name: "large.bin" }).count()).toBe(0);
    expect(await violationsIn(page)).toEqual([]);
    await uploadsAt(page, -1);
    await page.locator(".uploads li.done", { hasText: "large.bin" }).waitFor();
    await page.getByRole("link", { name: "large.bin" }).waitFor();
    expect((await byLftp("large.bin")).equals(bytes)).toBe(true);
    expect(faults).toEqual([]);
  });

  it("uploads what is dropped on it", async () => {
    const { page, faults } = await visit(browser, loop.url, { view: "files" });
    await page.getByText("Drop files here to upload them").waitFor();
    const dataTransfer = await page.evaluateHandle(`(() => {
      const dragged = new DataTransfer();
      dragged.items.add(new File(["dropped one"], "one.txt"));
      dragged.items.add(new File(["dropped two"], "two.txt"));
      return dragged;
    })()`);
    await page.dispatchEvent(".files", "dragover", { dataTransfer });
    await page.locator(".files.dropping").waitFor();
    await page.dispatchEvent(".files", "drop", { dataTransfer });
    await page.getByRole("link", { name: "two.txt" }).waitFor();
    expect(await page.locator(".files.dropping").count()).toBe(0);
    expect(String(await byLftp("one.txt"))).toBe("dropped one");
    expect(String(await byLftp("two.txt"))).toBe("dropped two");
    expect(faults).toEqual([]);
  });

  it("leaves nothing of an upload that is cancelled", async () => {
    const { page } = await visit(browser, loop.url, { view: "files" });
    await page.locator(".files-actions").waitFor();
    const before = readdirSync(root, { recursive: true }).length;
    await uploadsAt(page, 200_000);
    await choose(page, "cancelled.bin", bytesOf(5_000_000));
    await eventually(async () =>
      Number(await page.getByRole("progressbar").getAttribute("value")),
    ).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Cancel cancelled.bin" }).click();
    await page.locator(".uploads li.cancelled").waitFor();
    await uploadsAt(page, -1);
    await eventually(() => readdirSync(root, { recursive: true }).length).toBe(before);
  });

  it("replaces nothing for those who may not, and says so", async () => {
    writeFileSync(join(root, "old.txt"), "old");
    const { page } = await visit(browser, loop.url, { view: "files" });
    await page.getByRole("link", { name: "old.txt" }).waitFor();
    await choose(page, "old.txt", Buffer.from("new"));
    // Those without an account may put new files here, and no others.
    await page.locator(".uploads li", { hasText: "you may not replace it" }).waitFor();
    expect(readFileSync(join(root, "old.txt"), "utf8")).toBe("old");
  });

  it("downloads what lftp has put there, byte for byte", async () => {
    const bytes = bytesOf(100_003);
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "put.bin"), bytes);
    const commands = `open ftp://127.0.0.1:${loop.ftpPort}; put put.bin; bye`;
    expect((await client("lftp", ["-c", commands], { cwd })).code).toBe(0);
    const { page, faults } = await visit(browser, loop.url, { view: "files" });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "put.bin" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("put.bin");
    expect(readFileSync(await download.path()).equals(bytes)).toBe(true);
    expect(faults).toEqual([]);
  });

  it("shows the names of files and folders as the text that they are", async () => {
    writeFileSync(join(root, EVIL), "x");
    mkdirSync(join(root, `${EVIL}2`));
    const { page, faults } = await visit(browser, loop.url, { view: "files" });
    await page.getByRole("link", { name: EVIL, exact: true }).waitFor();
    await page.getByRole("link", { name: `${EVIL}2/` }).click();
    await page.getByText("Nothing is here yet.").waitFor();
    await page.locator(".breadcrumb").getByText(`${EVIL}2`, { exact: true }).waitFor();
    await choose(page, EVIL, Buffer.from("mine"));
    await page.locator(".uploads li.done", { hasText: EVIL }).waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    expect(readFileSync(join(root, `${EVIL}2`, EVIL), "utf8")).toBe("mine");
    expect(faults).toEqual([]);
  });

  it("never shows a file as a page of ours", async () => {
    writeFileSync(join(root, "page.html"), "<script>alert(1)</script>");
    const { page, faults } = await visit(browser, loop.url, { view: "files" });
    const download = page.waitForEvent("download");
    await page.evaluate(`location.href = "/files/page.html"`);
    await (await download).delete();
    expect(page.url()).toBe(`${loop.url}#files`);
    expect(faults).toEqual([]);
  });
});
