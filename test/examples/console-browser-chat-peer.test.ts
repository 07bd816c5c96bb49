/** The chat in Chromium: two browsers and nc in one room, and streams that break off. */
import { once } from "node:events";
import net from "node:net";

import type { Browser, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  absent,
  endVisits,
  enterByNc,
  enterRoom,
  eventually,
  linesOf,
  openBrowser,
  say,
  visit,
} from "./console-browser.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { cleanUp } from "./programs.ts";

const EVIL = "<img src=x onerror=alert(1)>";

let browser: Browser;
let loop: OneLoop;
const cables: Cable[] = [];

beforeAll(async () => {
  if (!absent) browser = await openBrowser();
});

// A room for each: names stay taken for a while, and what was said is told to newcomers.
beforeEach(async () => {
  if (!absent) loop = await openOneLoop();
});

afterEach(async () => {
  if (absent) return;
  await endVisits(browser);
  for (const cable of cables.splice(0)) cable.close();
  loop.child.kill("SIGKILL");
  await loop.ended;
});

afterAll(async () => {
  if (!absent) await browser.close();
  cleanUp();
});

/** The way from a browser to the server, which can be pulled out. */
class Cable {
  readonly #to: number;
  readonly #server = net.createServer((socket) => {
    this.#join(socket);
  });
  readonly #sockets = new Set<net.Socket>();
  #isOut = false;

  private constructor(to: number) {
    this.#to = to;
  }

  static async lay(url: string): Promise<Cable> {
    const cable = new Cable(Number(new URL(url).port));
    cables.push(cable);
    cable.#server.listen(0, "127.0.0.1");
    await once(cable.#server, "listening");
    return cable;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}/`;
  }

  /** Cuts off all that runs through it, and whoever comes until it is in again. */
  pullOut(): void {
    this.#isOut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  putIn(): void {
    this.#isOut = false;
  }

  close(): void {
    this.pullOut();
    this.#server.close();
  }

  #join(near: net.Socket): void {
    if (this.#isOut) {
      near.destroy();
      return;
    }
    const far = net.connect(this.#to, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

function said(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.includes(" says: "));
}

describe.skipIf(absent)("real peer: Chromium", () => {
  it("chats with another browser and with nc, and all see the same in the same order", async () => {
    const ann = await visit(browser, loop.url, { view: "chat" });
    await enterRoom(ann.page, "Ann");
    const zhang = await visit(browser, loop.url, { view: "chat", locale: "zh-CN" });
    await enterRoom(zhang.page, "张三");
    const nora = await enterByNc(loop, "Nora");
    await say(ann.page, "hello");
    await nora.out.until("Ann says: hello");
    await say(zhang.page, "你好");
    await nora.out.until("张三 says: 你好");
    // All three at once.
    nora.say("one");
    await Promise.all([say(ann.page, "two"), say(zhang.page, "three")]);
    nora.say("four");
    const inAll = async (page: typeof ann.page): Promise<number> =>
      said(await linesOf(page)).length;
    await eventually(() => inAll(ann.page)).toBe(6);
    await eventually(() => inAll(zhang.page)).toBe(6);
    const order = said(await linesOf(ann.page));
    expect(order.slice(0, 2)).toEqual(["Ann says: hello", "张三 says: 你好"]);
    expect(said(await linesOf(zhang.page))).toEqual(order);
    // nc has its own lines on its screen already.
    const others = order.filter((line) => !line.startsWith("Nora "));
    await eventually(() => said(nora.out.lines)).toEqual(others);
    expect(await ann.page.locator(".lines .own bdi").allTextContents()).toEqual([
      "Ann says: hello",
      "Ann says: two",
    ]);
    expect([...ann.faults, ...zhang.faults]).toEqual([]);
  });

  it("shows the time of each line once, also of those that were said before", async () => {
    const nora = await enterByNc(loop, "Nora");
    nora.say("before");
    nora.say("/history");
    await nora.out.until(/^\[\d\d:\d\d\] Nora says: before$/);
    const { page } = await visit(browser, loop.url, { view: "chat" });
    await enterRoom(page, "Ann");
    const line = page.locator(".lines p", { hasText: "before" });
    await line.waitFor();
    expect(await line.textContent()).toMatch(/^\d\d:\d\dNora says: before$/);
    await say(page, "/history");
    await eventually(() => line.count()).toBe(2);
    expect(await line.nth(1).textContent()).toMatch(/^\d\d:\d\dNora says: before$/);
  });

  it("misses nothing and hears nothing twice when its stream breaks off", async () => {
    const cable = await Cable.lay(loop.url);
    const { page } = await visit(browser, cable.url, { view: "chat" });
    await enterRoom(page, "Cora");
    const steady = await visit(browser, loop.url, { view: "chat" });
    await enterRoom(steady.page, "Stan");
    const nora = await enterByNc(loop, "Nora");
    const state = page.locator(".chat > header [role=status]");
    for (const round of ["a", "b", "c"]) {
      // Some lines come before it breaks, some while it is broken, some after.
      nora.say(`${round} before`);
      await page.getByText(`Nora says: ${round} before`).waitFor();
      nora.say(`${round} between`);
      cable.pullOut();
      await state.filter({ hasText: "The connection is lost" }).waitFor();
      await say(steady.page, `${round} meanwhile`);
      await nora.out.until(`Stan says: ${round} meanwhile`);
      cable.putIn();
      await state.filter({ hasText: "You are in the room" }).waitFor();
      await say(page, `${round} after`);
      await nora.out.until(`Cora says: ${round} after`);
    }
    await steady.page.getByText("Cora says: c after").waitFor();
    const all = said(await linesOf(steady.page));
    expect(all).toHaveLength(12);
    await eventually(async () => said(await linesOf(page))).toEqual(all);
    // Also after the page was loaded again.
    await page.reload();
    await eventually(async () => said(await linesOf(page))).toEqual(all);
    await page.getByText("You are in the room").waitFor();
    expect(nora.out.lines.filter((line) => line.startsWith("Cora "))).toHaveLength(3);
  });

  it("tells its secret in the address of its stream, and that nobody else", async () => {
    const { page, faults } = await visit(browser, loop.url, { view: "chat" });
    const requests: Request[] = [];
    page.on("request", (request) => requests.push(request));
    await enterRoom(page, "Ann");
    const streams = requests.filter((request) => request.url().includes("?member="));
    expect(streams.map((request) => new URL(request.url()).pathname)).toEqual(["/api/chat/events"]);
    const secret = new URL(streams[0]!.url()).searchParams.get("member")!;
    await say(page, "after the stream");
    await page.getByText("Ann says: after the stream").waitFor();
    await page.getByRole("link", { name: "Files" }).click();
    await page.getByRole("button", { name: "Look again" }).click();
    for (const request of requests) {
      if (!streams.includes(request)) expect(request.url()).not.toContain(secret);
      expect(await request.headerValue("referer")).toBeNull();
    }
    expect(page.url()).not.toContain(secret);
    const answers = ["api/descriptors", "metrics", "api/files/"].map((path) =>
      fetch(loop.url + path),
    );
    for (const answer of answers) expect(await (await answer).text()).not.toContain(secret);
    expect([...loop.out.lines, ...loop.err.lines].join("\n")).not.toContain(secret);
    expect(faults).toEqual([]);
  });

  it("says that the room is another one after a restart of the server, and joins it", async () => {
    const { page } = await visit(browser, loop.url, { view: "chat" });
    await enterRoom(page, "Ann");
    loop.child.kill("SIGKILL");
    await loop.ended;
    await page.locator("main").getByText("The connection to the server was lost.").waitFor();
    const ports = ["--chat-port", "0", "--ftp-port", "0"];
    loop = await openOneLoop("--http-port", new URL(loop.url).port, ...ports);
    await page.getByText("You are not in the room any more.").waitFor();
    expect(await page.getByLabel("Your name").inputValue()).toBe("Ann");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByText("Hello Ann. Nobody else is here yet.").waitFor();
    const nora = await enterByNc(loop, "Nora");
    await say(page, "still here");
    await nora.out.until("Ann says: still here");
  });

  it("shows names and lines as the text that they are", async () => {
    const ann = await visit(browser, loop.url, { view: "chat" });
    await enterRoom(ann.page, "Ann");
    const evil = await visit(browser, loop.url, { view: "chat" });
    await enterRoom(evil.page, EVIL);
    await ann.page.getByText(`${EVIL} joined the chat`).waitFor();
    await say(evil.page, `<script>alert(2)</script>${EVIL}`);
    const line = `${EVIL} says: <script>alert(2)</script>${EVIL}`;
    for (const { page, faults } of [ann, evil]) {
      await page.getByText(line, { exact: true }).waitFor();
      expect(await page.locator(".chat img, .chat script").count()).toBe(0);
      expect(faults).toEqual([]);
    }
    await evil.page.getByRole("button", { name: "Leave" }).click();
    const nc = await enterByNc(loop, EVIL);
    nc.say("by nc");
    await ann.page.getByText(`${EVIL} says: by nc`, { exact: true }).waitFor();
    expect(ann.faults).toEqual([]);
  });
});
