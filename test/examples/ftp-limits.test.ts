/** Every limit of the file server, met: what happens then, and that what is below it is let be. */
import { describe, expect, test } from "vitest";

import { LARGE_BYTES } from "../../examples/files/buffer-pool.ts";
import { readSettings, type ServerSettings } from "../../examples/ftp/server/flags.ts";
import { FtpSite, type FtpGuest, type SiteOptions } from "../support/ftp-site.ts";
import type { MemoryWorld } from "../support/memory-world.ts";
import { onNetworks, type Peer, type World } from "../support/world.ts";

type Limit = keyof {
  [K in keyof ServerSettings as ServerSettings[K] extends number ? K : never]: 1;
};

const tested = new Set<Limit>();

/** A test that carries the name of a limit. */
function limit(name: Limit, promise: string, body: () => Promise<void>): void {
  tested.add(name);
  test(`${name}: ${promise}`, body);
}

onNetworks([["memory", "tcp"]], "a limit of sessions", (world) => {
  function open(settings: SiteOptions["settings"]): Promise<FtpSite> {
    return FtpSite.open(world(), { settings: settings! });
  }

  /** Its first reply, and whether it is sent away. */
  async function comes(site: FtpSite): Promise<[string, FtpGuest]> {
    const guest = site.come();
    return [await guest.next(), guest];
  }

  limit("sessions", "one more is told to come later, and may when one has left", async () => {
    const site = await open({ sessions: 2 });
    const first = await site.loggedIn();
    await site.loggedIn();
    const [refused, late] = await comes(site);
    expect(refused).toMatch(/^421 There is no room/);
    await world().until(() => late.gone, "the end");
    late.peer.end();
    expect(await first.ask("QUIT")).toMatch(/^221/);
    first.peer.end();
    await site.rests(2);
    expect((await comes(site))[0]).toMatch(/^220/);
  });

  limit("perAddress", "one more from there is told so", async () => {
    const site = await open({ perAddress: 2 });
    await site.loggedIn();
    await site.loggedIn();
    expect((await comes(site))[0]).toMatch(/^421 Too many sessions from your address/);
  });

  limit("sessionsPerSecond", "one more is told to come in a moment, and may then", async () => {
    const site = await open({ sessionsPerSecond: 2 });
    expect((await comes(site))[0]).toMatch(/^220/);
    expect((await comes(site))[0]).toMatch(/^220/);
    expect((await comes(site))[0]).toMatch(/^421 Too many come at once/);
    await world().advance(500);
    expect((await comes(site))[0]).toMatch(/^220/);
  });

  limit("loginSeconds", "who has not logged in is ended, who has is not", async () => {
    const site = await open({ loginSeconds: 10 });
    const slow = await site.greeted();
    const ann = await site.loggedIn();
    await world().advance(9999);
    expect(slow.gone).toBe(false);
    await world().advance(1);
    expect(await slow.next()).toMatch(/^421 The login took too long/);
    slow.peer.end();
    await world().advance(60_000);
    expect(await ann.ask("NOOP")).toMatch(/^200/);
  });

  limit("idleSeconds", "who says nothing is ended; a command begins it anew", async () => {
    const site = await open({ idleSeconds: 10 });
    const ann = await site.loggedIn();
    await world().advance(9999);
    expect(await ann.ask("NOOP")).toMatch(/^200/);
    await world().advance(9999);
    expect(ann.gone).toBe(false);
    await world().advance(1);
    expect(await ann.next()).toMatch(/^421 Nothing came for too long/);
    ann.peer.end();
  });

  test("idleSeconds: who transfers is not idle, however long it takes", async () => {
    const site = await open({ idleSeconds: 10, stallSeconds: 30 });
    const ann = await site.loggedIn();
    const data = await ann.passive();
    await ann.ask("STOR new");
    for (let i = 0; i < 5; i++) {
      data.write("x");
      await world().advance(15_000);
    }
    data.end();
    expect(await ann.next()).toMatch(/^226/);
    expect((await site.get("/new"))?.toString()).toBe("xxxxx");
  });

  limit("drainSeconds", "transfers may finish within it, and are broken off then", async () => {
    // What the flag says is given to `close()`.
    const site = await open({});
    const [ann, bob, eve] = [await site.loggedIn(), await site.loggedIn(), await site.loggedIn()];
    const [hers, his] = [await ann.passive(), await bob.passive()];
    await ann.ask("STOR hers");
    await bob.ask("STOR his");
    const [late, closing] = [site.come(), site.files.close(30_000)];
    expect(await eve.next()).toMatch(/^421 The server is shutting down/);
    await world().settle();
    hers.end("all of it");
    expect(await ann.next()).toMatch(/^226/);
    expect(await ann.next()).toMatch(/^421 The server is shutting down/);
    his.write("half");
    await world().advance(29_999);
    expect(bob.waiting).toEqual([]);
    await world().advance(1);
    expect(await bob.next()).toMatch(/^426/);
    expect(await bob.next()).toMatch(/^421/);
    expect(late.gone || late.replies.at(-1)?.code === 421).toBe(true);
    for (const { peer } of [ann, bob, eve, late]) peer.end();
    await world().run(closing);
    expect([await site.get("/hers"), await site.get("/his")].map(String)).toEqual([
      "all of it",
      "null",
    ]);
  });
});

onNetworks([["memory", "tcp"]], "a limit of commands", (world) => {
  async function session(settings: SiteOptions["settings"]): Promise<[FtpSite, FtpGuest]> {
    const site = await FtpSite.open(world(), { settings: settings! });
    return [site, await site.loggedIn()];
  }

  limit("commandBytes", "a longer one is refused, and the next one is understood", async () => {
    const [, ann] = await session({ commandBytes: 512 });
    expect(await ann.ask(`NOOP${" ".repeat(508)}`)).toMatch(/^200/);
    expect(await ann.ask(`NOOP${" ".repeat(509)}`)).toMatch(/^500 The line is too long/);
    expect(await ann.ask("NOOP")).toMatch(/^200/);
  });

  limit("waitingCommands", "no more are read while one runs; none is lost", async () => {
    const [site, ann] = await session({ waitingCommands: 2, connectSeconds: 10 });
    await ann.place();
    expect(await ann.ask("STOR new")).toMatch(/^150/);
    const line = `CWD ${"a".repeat(4000)}`;
    ann.say(...Array.from({ length: 1000 }, () => line));
    await world().settle();
    expect(site.reactor.stats().bufferedBytes).toBeLessThan(300 * 1024);
    await world().advance(10_000);
    await world().until(() => ann.waiting.length === 1001, "all replies");
    expect(ann.waiting.slice(0, 2)).toEqual([425, 553]);
  });

  limit("passwordTries", "so many wrong passwords end the session", async () => {
    const site = await FtpSite.open(world(), { settings: { passwordTries: 2 } });
    const eve = await site.greeted();
    for (const reply of [/^530/, /^421 The name or the password is wrong/]) {
      await eve.ask("USER eve");
      eve.say("PASS wrong");
      await world().advance(3000);
      expect(await eve.next()).toMatch(reply);
    }
    eve.peer.end();
    await site.rests(1);
  });

  limit("wrongPasswordSeconds", "the answer to one waits so long, of a right one not", async () => {
    const site = await FtpSite.open(world(), { settings: { wrongPasswordSeconds: 3 } });
    const eve = await site.greeted();
    await eve.ask("USER eve");
    eve.say("PASS wrong", "NOOP");
    await world().advance(2999);
    expect(eve.waiting).toEqual([]);
    await world().advance(1);
    expect(await eve.next()).toMatch(/^530/);
    expect(await eve.next()).toMatch(/^200/);
    await eve.ask("USER eve");
    expect(await eve.ask("PASS right")).toMatch(/^230/);
  });

  limit("listingEntries", "a folder of more is cut off, and that is told", async () => {
    const [site, ann] = await session({ listingEntries: 3 });
    for (const name of ["a", "b", "c"]) await site.put(`/${name}`, Buffer.alloc(1));
    expect((await ann.download("NLST")).bytes.toString()).toBe("a\r\nb\r\nc\r\n");
    await site.put("/d", Buffer.alloc(1));
    expect(await ann.download("NLST")).toEqual({
      bytes: Buffer.from("a\r\nb\r\nc\r\n"),
      code: 451,
    });
  });

  limit("statusEntries", "STAT lists so many, and says that there are more", async () => {
    const [site, ann] = await session({ statusEntries: 2 });
    for (const name of ["a", "b"]) await site.put(`/${name}`, Buffer.alloc(1));
    ann.say("STAT /");
    expect((await ann.nextReply()).lines.at(-1)).toBe("End");
    ann.say("STAT ?");
    expect((await ann.nextReply()).lines).toHaveLength(4);
    await site.put("/c", Buffer.alloc(1));
    ann.say("STAT /");
    const { lines } = await ann.nextReply();
    expect([lines.length, lines.at(-1)]).toEqual([4, "There is more: LIST lists all of it"]);
  });
});

onNetworks([["memory", "tcp"]], "a limit of transfers", (world) => {
  const LARGE = Buffer.alloc(1_000_000, "one line of many, and all of them are the same\n");

  async function session(settings: SiteOptions["settings"]): Promise<[FtpSite, FtpGuest]> {
    const site = await FtpSite.open(world(), { settings: settings! });
    await site.put("/large", LARGE);
    return [site, await site.loggedIn()];
  }

  async function begun(guest: FtpGuest, command: string): Promise<Peer> {
    const data = await guest.passive();
    expect(await guest.ask(command)).toMatch(/^150/);
    return data;
  }

  limit(
    "connectSeconds",
    "a data connection stands by then, either way, or there is none",
    async () => {
      const [site, ann] = await session({ connectSeconds: 5 });
      await ann.place();
      await ann.ask("RETR large");
      await world().advance(4999);
      expect(ann.waiting).toEqual([]);
      await world().advance(1);
      expect(await ann.next()).toMatch(/^425/);
      await site.rests(2);
    },
  );

  test("connectSeconds: a command begins it anew, so that the client may come later", async () => {
    const [, ann] = await session({ connectSeconds: 10 });
    const place = await ann.place();
    await world().advance(9000);
    expect(await ann.ask("RETR large")).toMatch(/^150/);
    await world().advance(6000);
    const data = ann.site.dialPlace(place);
    await world().until(() => data.ended || data.errorCode !== null, "all of it");
    expect(data.received.equals(LARGE)).toBe(true);
    data.end();
    expect(await ann.next()).toMatch(/^226/);
  });

  limit(
    "stallSeconds",
    "a download that is not read is broken off, a slow one is not",
    async () => {
      const [, ann] = await session({ stallSeconds: 10 });
      const data = await begun(ann, "RETR large");
      for (let i = 0; i < 4; i++) {
        data.pause();
        await world().advance(8000);
        data.resume();
        await world().passes(1);
      }
      data.pause();
      expect(ann.waiting).toEqual([]);
      await world().advance(11_300);
      expect(await ann.next()).toMatch(/^426/);
    },
  );

  test("stallSeconds: an upload that stands still is broken off, and nothing of it is there", async () => {
    const [site, ann] = await session({ stallSeconds: 10 });
    const data = await begun(ann, "STOR new");
    data.write("half of it");
    await world().advance(9000);
    data.write(", and more");
    await world().advance(9900);
    expect(ann.waiting).toEqual([]);
    await world().advance(1400);
    expect(await ann.next()).toMatch(/^426/);
    expect(await site.get("/new")).toBeNull();
  });

  test("stallSeconds: a slow disk is not the client's fault", async () => {
    const slow = (operation: string): Promise<void> =>
      operation === "write" || operation === "read"
        ? new Promise((resolve) => (world() as MemoryWorld).clock.timer(25_000, resolve))
        : Promise.resolve();
    const site = await FtpSite.open(world(), {
      settings: { stallSeconds: 10 },
      store: { wait: slow },
    });
    const ann = await site.loggedIn();
    const up = await begun(ann, "STOR new");
    up.end("all of it");
    await world().advance(40_000);
    expect(await ann.next()).toMatch(/^226/);
    const down = await begun(ann, "RETR new");
    await world().advance(40_000);
    await world().until(() => down.ended, "all of it");
    down.end();
    expect(await ann.next()).toMatch(/^226/);
  });

  /** Milliseconds until all of `data` have ended. */
  async function timed(peers: readonly Peer[], most: number): Promise<number> {
    const start = world().clock.now();
    while (!peers.every(({ ended }) => ended)) {
      await world().advance(50);
      if (world().clock.now() - start > most) throw new Error("it takes too long");
    }
    return world().clock.now() - start;
  }

  limit("sessionBytesPerSecond", "held within 5 %, down and up, for each by itself", async () => {
    const [site, ann] = await session({ sessionBytesPerSecond: 50_000 });
    const bob = await site.loggedIn();
    const down = [await begun(ann, "RETR large"), await begun(bob, "RETR large")];
    expect(within(await timed(down, 60_000), 20_000)).toBe(true);
    for (const data of down) data.end();
    for (const guest of [ann, bob]) expect(await guest.next()).toMatch(/^226/);
    const up = await begun(ann, "STOR new");
    const start = world().clock.now();
    up.end(LARGE);
    while (ann.waiting.length === 0) await world().advance(50);
    expect(within(world().clock.now() - start, 20_000)).toBe(true);
    expect((await site.get("/new"))!.equals(LARGE)).toBe(true);
  });

  limit("totalBytesPerSecond", "held within 5 % for all together, who share it", async () => {
    const [site] = await session({ totalBytesPerSecond: 200_000 });
    const guests = [await site.loggedIn(), await site.loggedIn(), await site.loggedIn()];
    const down: Peer[] = [];
    for (const guest of guests) down.push(await begun(guest, "RETR large"));
    await world().advance(7500);
    const half = down.map(({ received }) => received.length);
    for (const bytes of half) expect(bytes).toBeGreaterThan(350_000);
    expect(within(7500 + (await timed(down, 60_000)), 15_000)).toBe(true);
    for (const data of down) data.end();
    for (const guest of guests) expect(await guest.next()).toMatch(/^226/);
  });

  limit(
    "poolBytes",
    "no more large buffers than fit, and small ones do where there are none",
    async () => {
      const huge = Buffer.alloc(
        12 * LARGE_BYTES,
        "many lines of a file that is large enough to be fast\n",
      );
      const [site] = await session({ poolBytes: 2 * LARGE_BYTES });
      await site.put("/huge", huge);
      const guests = [await site.loggedIn(), await site.loggedIn(), await site.loggedIn()];
      const down: Peer[] = [];
      for (const guest of guests) down.push(await begun(guest, "RETR huge"));
      let most = 0;
      while (!down.every(({ ended }) => ended)) {
        most = Math.max(most, site.files.buffers);
        await world().passes(1);
      }
      expect(most).toBe(2);
      for (const data of down) expect(data.received.equals(huge)).toBe(true);
      for (const data of down) data.end();
      for (const guest of guests) expect(await guest.next()).toMatch(/^226/);
    },
  );
});

function within(given: number, wanted: number): boolean {
  const fits = Math.abs(given - wanted) <= wanted * 0.05;
  if (!fits) throw new Error(`${given} is not ${wanted} within 5 %`);
  return fits;
}

/** Of the program, and not of the server. */
const ELSEWHERE = {
  memoryBytes: "maxBufferedBytes of the reactor: test/contract/limits.test.ts",
  logBytes: "maxBytes of LogFile: ftp-log-file.test.ts",
};

describe("limits", () => {
  test("each has a test", () => {
    const numbers = Object.entries(readSettings([])!).filter(
      ([, value]) => !isNaN(value as number),
    );
    const limits = numbers.filter(([, value]) => typeof value === "number").map(([name]) => name);
    expect(limits.toSorted()).toEqual([...tested, ...Object.keys(ELSEWHERE)].toSorted());
  });
});

export type { World };
