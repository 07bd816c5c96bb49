/** What a transfer takes for its end, and how long it waits for a word of the client. */
import { expect, test } from "vitest";

import { BufferPool } from "../../examples/files/buffer-pool.ts";
import { FileSink } from "../../examples/files/file-sink.ts";
import { Rate } from "../../examples/ftp/server/rate.ts";
import { Receiving } from "../../examples/ftp/server/transfer.ts";
import type { Right } from "../../examples/accounts/rights.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { FtpSite } from "../support/ftp-site.ts";
import { connected, onNetworks, type Peer } from "../support/world.ts";

onNetworks(
  [
    ["memory", "unix"],
    ["net", "unix"],
    ["memory", "tcp"],
    ["net", "tcp"],
  ],
  "the end of an upload",
  (world) => {
    test("counts if it is confirmed; else it may be half of it, and nothing is published", async () => {
      const reactor = world().createReactor();
      const { channel, peer } = await connected(world(), reactor);
      const store = new MemoryStore();
      const pool = new BufferPool({
        maxBytes: 0,
        now: () => reactor.now(),
        setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      });
      const sink = new FileSink(await store.openUpload("/f", { kind: "new" }), {
        pool,
      });
      const settings = {
        ...{ reactor, rate: new Rate([]), stallMs: 1000 },
        ...{ onMoved: () => undefined, report: () => undefined },
      };
      const receiving = new Receiving(channel, sink, settings);
      peer.end("bytes");
      const moved = await world().run(receiving.done);
      // Unix-domain sockets cannot tell a process that has died from one that has ended.
      const isCertain = world().family === "tcp";
      expect(moved).toEqual(isCertain ? { ok: true } : { ok: false, why: "broken" });
      const there = await store.entry("/f").then(
        () => true,
        () => false,
      );
      expect(there).toBe(isCertain);
      expect(store.open.uploads).toBe(0);
      peer.destroy();
    });
  },
);

onNetworks([["memory", "tcp"]], "two uploads to one name at the same time", (world) => {
  /** They begin together; the one that begins first ends first, or last. Their last replies. */
  async function both(right: Right, order: "first" | "last"): Promise<[FtpSite, string[]]> {
    const site = await FtpSite.open(world(), {
      login: (name) =>
        Promise.resolve({ name, home: "/", rights: new Set([right]), isAnonymous: false }),
    });
    const guests = [await site.loggedIn(), await site.loggedIn()] as const;
    const data: Peer[] = [];
    for (const guest of guests) {
      data.push(await guest.passive());
      expect(await guest.ask("STOR f")).toMatch(/^150/);
    }
    data[0]!.write("the first's ");
    data[1]!.write("the second's ");
    await world().settle();
    const codes = ["", ""];
    for (const i of order === "first" ? [0, 1] : [1, 0]) {
      data[i]!.end("and the rest of it");
      codes[i] = (await guests[i]!.next()).slice(0, 3);
    }
    await site.rests(3);
    return [site, codes];
  }

  test.each([
    ["first", ["226", "550"], "the first's and the rest of it"],
    ["last", ["550", "226"], "the second's and the rest of it"],
  ] as const)(
    "by who may only create: what ended before stays (the first one ends %s)",
    async (order, codes, text) => {
      const [site, replies] = await both("create", order);
      expect(replies).toEqual(codes);
      expect((await site.get("/f"))?.toString()).toBe(text);
    },
  );

  test.each([
    ["first", "the second's and the rest of it"],
    ["last", "the first's and the rest of it"],
  ] as const)(
    "by who may write: both count, and the last one stays whole (the first one ends %s)",
    async (order, text) => {
      const [site, replies] = await both("write", order);
      expect(replies).toEqual(["226", "226"]);
      expect((await site.get("/f"))?.toString()).toBe(text);
    },
  );
});

onNetworks([["memory", "tcp"]], "the times of a transfer", (world) => {
  test("CONFIRM_MS: a client that has all, and does not end, is told 226 after two seconds", async () => {
    const site = await FtpSite.open(world());
    await site.put("/f", Buffer.from("all of it"));
    const ann = await site.loggedIn();
    const data = await ann.passive();
    expect(await ann.ask("RETR f")).toMatch(/^150/);
    await world().until(() => data.ended, "all of it");
    await world().advance(1999);
    expect(ann.waiting).toEqual([]);
    await world().advance(1);
    expect(await ann.next()).toMatch(/^226/);
  });

  test("CONFIRM_MS: one that breaks off within them has not got all of it: 426", async () => {
    const site = await FtpSite.open(world());
    await site.put("/f", Buffer.from("all of it"));
    const ann = await site.loggedIn();
    const data = await ann.passive();
    data.pause();
    expect(await ann.ask("RETR f")).toMatch(/^150/);
    await world().advance(1000);
    data.reset();
    expect(await ann.next()).toMatch(/^426/);
  });

  test("both connections of a killed client end together: its upload is half of it", async () => {
    const site = await FtpSite.open(world());
    const ann = await site.loggedIn();
    const data = await ann.passive();
    expect(await ann.ask("STOR f")).toMatch(/^150/);
    data.write("half of it");
    await world().settle();
    data.destroy();
    // Whichever comes first; the other one may be seen a turn later.
    await world().passes(1);
    ann.peer.destroy();
    await site.rests(1);
    expect(await site.get("/f")).toBeNull();
    expect(site.transfers).toMatchObject([{ path: "/f", bytes: 10, isComplete: false }]);
  });

  test.each([
    ["of an upload that pauses", 0],
    ["while its rate says that it must wait", 256 * 1024],
  ])("GATHER_MS: what was gathered %s is written, and the buffer free", async (_, rate) => {
    const written: number[] = [];
    const site = await FtpSite.open(world(), {
      settings: { sessionBytesPerSecond: rate },
      reactor: { inputMark: 64 * 1024 },
      store: {
        wait: (operation) => {
          if (operation === "write") written.push(world().clock.now());
          return Promise.resolve();
        },
      },
    });
    const ann = await site.loggedIn();
    const data = await ann.passive();
    expect(await ann.ask("STOR f")).toMatch(/^150/);
    data.write(Buffer.alloc(100_000, "f"));
    await world().settle();
    expect(site.files.buffers).toBe(1);
    const before = written.length;
    await world().advance(50);
    expect(site.files.buffers).toBe(0);
    expect(written.length).toBe(before + 1);
    data.end("g");
    await world().advance(1000);
    expect(await ann.next()).toMatch(/^226/);
    expect((await site.get("/f"))!.toString()).toBe(`${"f".repeat(100_000)}g`);
  });

  test("GOODBYE_MS: at the end of the server, who does not take the last replies is not waited for", async () => {
    const site = await FtpSite.open(world());
    const ann = await site.loggedIn();
    const data = await ann.passive();
    await ann.ask("STOR f");
    data.pause();
    ann.peer.pause();
    let over = false;
    const closing = site.files.close(5000).then(() => {
      over = true;
    });
    await world().advance(5000);
    expect(over).toBe(false);
    await world().advance(2000);
    expect(over).toBe(true);
    await closing;
    expect(site.files.sessions).toBe(0);
  });

  test("PORT_TRIES: of a range that is taken by others, 64 ports are tried; then 425", async () => {
    const site = await FtpSite.open(world(), {
      settings: { passivePorts: [40_000, 40_099] },
      random: () => 0,
    });
    const others = world().createReactor();
    const taken: number[] = [];
    for (let port = 40_000; port < 40_064; port++) {
      await world().run(others.listen({ host: "127.0.0.1", port }));
      taken.push(port);
    }
    const ann = await site.loggedIn();
    // They are tried from one that is drawn: here the first.
    expect(await ann.ask("PASV")).toMatch(/^425 There is no port free/);
    await world().run(others.close());
    expect((await ann.place()).port).toBe(40_000);
    expect(taken).toHaveLength(64);
  });

  test("a range of one port serves one data connection at a time, and is free again at once", async () => {
    const site = await FtpSite.open(world(), { settings: { passivePorts: [40_000, 40_000] } });
    await site.put("/f", Buffer.from("f"));
    const [ann, bob] = [await site.loggedIn(), await site.loggedIn()];
    await ann.place();
    expect(await bob.ask("PASV")).toMatch(/^425/);
    for (let i = 0; i < 3; i++) expect((await ann.download("RETR f")).code).toBe(226);
    expect((await bob.download("RETR f")).code).toBe(226);
  });

  test("passiveHost: clients are told that address, behind a NAT", async () => {
    const site = await FtpSite.open(world(), { settings: { passiveHost: "192.0.2.7" } });
    const ann = await site.loggedIn();
    expect((await ann.place()).host).toBe("192.0.2.7");
  });
});
