/** The console's live feed: what pages are told, and what it costs. */
import diagnosticsChannel from "node:diagnostics_channel";

import { expect, it, vi } from "vitest";

import { DIAGNOSTICS_NAMES } from "iomux";

import { MAX_NEW_ROWS } from "../../examples/console/descriptor-table.ts";
import {
  BEAT_MS,
  LEAST_LOOK_MS,
  LOOK_SHARE,
  MAX_VIEWERS,
  MOST_LOOK_MS,
} from "../../examples/console/live-feed.ts";
import { onEveryNetwork, onNetworks } from "../support/world.ts";
import { ALL_TOLD_MS, ConsoleStage } from "./console-stage.ts";

onEveryNetwork("the live feed of a page", (world) => {
  it("follows what happens", async () => {
    const stage = await ConsoleStage.open(world());
    const { channel, peer } = await stage.connect();
    const page = await stage.watch();
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) {
        await world().advance(BEAT_MS);
        page.read();
      }
    };
    await until(() => page.rows.has(channel.fd));
    peer.write("hello");
    await until(() => page.rows.get(channel.fd)!.bytesOut === 5);
    await until(() => page.loads.length > 0 && page.turns.length > 0);
    peer.end();
    await until(() => !page.rows.has(channel.fd));
    expect(page.rows).toEqual(await stage.listed());
    expect(page.events.slice(0, 2)).toEqual(["hello", "table"]);
    page.guest.peer.destroy();
    await world().until(() => stage.feed.viewers === 0, "nobody to watch");
  });
});

onNetworks([["memory", "tcp"]], "the live feed", (world) => {
  it("says hello, tells the table, and then what changes", async () => {
    const stage = await ConsoleStage.open(world());
    const { channel, peer } = await stage.connect();
    const page = await stage.watch("X-Account: ann");
    await world().settle();
    page.read();
    expect(page.events).toEqual(["hello", "table"]);
    expect(page.hellos[0]).toMatchObject({
      program: "stage",
      startedMs: 900_000,
      features: { chat: false, files: true },
      account: "ann",
      limits: { highWaterMark: 262_144 },
    });
    expect(page.tables[0]!.open).toBe(4);
    expect(page.rows.get(channel.fd)).toMatchObject({ owner: "echo", bytesIn: 0, bytesOut: 0 });
    peer.write("hello");
    await world().advance(LEAST_LOOK_MS + BEAT_MS);
    expect(page.read().rows.get(channel.fd)).toMatchObject({ bytesIn: 5, bytesOut: 5 });
    peer.reset();
    await world().advance(LEAST_LOOK_MS + BEAT_MS);
    expect(page.read().rows.has(channel.fd)).toBe(false);
    expect(page.looks.flatMap(({ gone }) => gone)).toEqual([channel.fd]);
  });

  it("what has not changed is not told again", async () => {
    const stage = await ConsoleStage.open(world());
    const { channel } = await stage.connect();
    const page = await stage.watch();
    await world().advance(10_000);
    const told = page.read().looks.flatMap(({ changed }) => changed);
    expect(told.filter(({ fd }) => fd === channel.fd)).toEqual([]);
    // Only the page's own connection, by which all this is told.
    expect(new Set(told.map(({ owner }) => owner))).toEqual(new Set(["console"]));
  });

  it("costs nothing while nobody watches: before, and after the last one has left", async () => {
    const stage = await ConsoleStage.open(world());
    const { reactor, feed, loopDelay } = stage;
    const watch = reactor.watchTurns.bind(reactor);
    let watchers = 0;
    const watchTurns = vi.spyOn(reactor, "watchTurns").mockImplementation((watcher) => {
      const stop = watch(watcher);
      watchers++;
      return () => {
        watchers--;
        stop();
      };
    });
    const timers = vi.spyOn(reactor, "setTimer");
    const still = async (): Promise<void> => {
      await world().settle();
      const { turns, timersFired } = reactor.stats();
      timers.mockClear();
      await world().advance(60_000);
      expect(reactor.stats()).toMatchObject({ turns, timersFired });
      expect(timers).not.toHaveBeenCalled();
      expect([feed.viewers, feed.table.size, loopDelay.running, watchers]).toEqual([0, 0, 0, 0]);
    };
    await still();
    expect(watchTurns).not.toHaveBeenCalled();
    const costly = DIAGNOSTICS_NAMES.filter((name) => diagnosticsChannel.hasSubscribers(name));
    expect(costly).toEqual([
      "iomux:channel:overflow",
      "iomux:listener:refuse",
      "iomux:datagram:drop",
      "iomux:handler:slow",
      "iomux:handler:spinning",
    ]);
    const pages = [await stage.watch(), await stage.watch()];
    await world().advance(3000);
    expect([feed.viewers, loopDelay.running]).toEqual([2, 1]);
    expect([watchTurns.mock.calls.length, watchers]).toEqual([1, 1]);
    pages[0]!.guest.peer.reset();
    await world().settle();
    expect([feed.viewers, loopDelay.running]).toEqual([1, 1]);
    pages[1]!.guest.peer.end();
    await world().settle();
    await still();
  });

  it("looks once for all viewers", async () => {
    const stage = await ConsoleStage.open(world());
    await stage.watch();
    await world().advance(BEAT_MS);
    const look = vi.spyOn(stage.feed.table, "look");
    await world().advance(10_000);
    const alone = look.mock.calls.length;
    const pages = [await stage.watch(), await stage.watch(), await stage.watch()];
    look.mockClear();
    await world().advance(10_000);
    expect(look.mock.calls).toHaveLength(alone);
    for (const page of pages) expect(page.read().loads).toEqual(pages[0]!.loads);
  });

  it("looks are spaced so that they cost one part in a hundred, within bounds", async () => {
    let now = 0;
    let costMs = 0;
    const stage = await ConsoleStage.open(world(), { costMs: () => now });
    const { table } = stage.feed;
    const look = vi.spyOn(table, "look").mockImplementation(() => {
      now += costMs;
      return { changed: [], gone: [] };
    });
    await stage.watch();
    const inMs = async (ms: number): Promise<number> => {
      await world().advance(MOST_LOOK_MS);
      look.mockClear();
      await world().advance(ms);
      return look.mock.calls.length;
    };
    expect(await inMs(60_000)).toBe(60_000 / LEAST_LOOK_MS);
    costMs = 10;
    expect(await inMs(60_000)).toBe(60_000 / (10 * LOOK_SHARE));
    costMs = 1000;
    expect(await inMs(60_000)).toBe(60_000 / MOST_LOOK_MS);
  });

  it("once a second the load: rates, delays, what is held", async () => {
    const stage = await ConsoleStage.open(world());
    stage.loopDelay.delay = { meanMs: 0.25, mostMs: 7 };
    const { peer } = await stage.connect();
    const page = await stage.watch();
    await world().advance(1000);
    peer.write("12345678");
    await world().advance(1000);
    const { loads } = page.read();
    expect(loads).toHaveLength(2);
    expect(loads[0]!.nowMs + 1000).toBeCloseTo(loads[1]!.nowMs);
    expect(loads[1]).toMatchObject({
      forMs: 1000,
      bytesIn: 8,
      loopDelayMs: 0.25,
      longestLoopDelayMs: 7,
    });
    expect(loads[1]).toMatchObject({ open: 4, registered: 4, slowHandlers: 0, shed: 0 });
    expect(loads[1]!.turns).toBeGreaterThan(0);
  });

  it("a picture of the busiest turn since the last one, if anybody was called", async () => {
    const stage = await ConsoleStage.open(world());
    const { channel, peer } = await stage.connect();
    stage.reactor.unregister(channel);
    stage.reactor.register(channel, 1, function spend() {
      if (channel.read() !== null) world().spend(30);
    });
    const page = await stage.watch();
    await world().advance(4 * BEAT_MS);
    const before = page.read().turns.length;
    await world().advance(4 * BEAT_MS);
    expect(page.read().turns).toHaveLength(before);
    peer.write("x");
    await world().advance(2 * BEAT_MS);
    const [turn, ...others] = page.read().turns.slice(before);
    expect(others).toEqual([]);
    expect(turn).toMatchObject({ ms: 30, ready: 1, more: 0 });
    expect(turn!.calls).toEqual([
      { fd: channel.fd, owner: "echo", ready: 1, handler: "spend", ms: 30 },
    ]);
  });

  it("very many are told piece by piece, each once, and those that come meanwhile by looks", async () => {
    const stage = await ConsoleStage.open(world());
    for (let i = 0; i < 2500; i++) await stage.connect();
    const page = await stage.watch();
    await world().settle();
    expect(page.read().tables[0]!.open).toBe(2503);
    expect(page.tables[0]!.descriptors.length).toBeLessThan(200);
    expect(page.size).toBe(MAX_NEW_ROWS);
    // Not at the pace of other looks.
    await world().advance(2 * BEAT_MS);
    expect(page.read().size).toBe(2503);
    const told = [...page.tables, ...page.looks].flatMap((event) =>
      "changed" in event ? event.changed : event.descriptors,
    );
    const fds = told.filter(({ owner }) => owner === "echo").map(({ fd }) => fd);
    expect(new Set(fds).size).toBe(fds.length);
  });

  it("incidents come in order, each once; a page that comes later has them too", async () => {
    const reactor = { slowHandlerMs: 10 };
    const stage = await ConsoleStage.open(world(), { reactor });
    const { channel, peer } = await stage.connect();
    stage.reactor.unregister(channel);
    stage.reactor.register(channel, 1, function spend() {
      if (channel.read() !== null) world().spend(30);
    });
    const early = await stage.watch();
    const pages = [early];
    for (let i = 0; i < 3; i++) {
      peer.write("x");
      await world().advance(1500);
      pages.push(await stage.watch());
    }
    await world().advance(BEAT_MS);
    for (const page of pages) {
      expect(page.read().incidents.map(({ id }) => id)).toEqual([1, 2, 3]);
      expect(page.incidents[0]).toMatchObject({ kind: "slow", fd: channel.fd, owner: "echo" });
    }
    expect(early.loads.at(-1)!.slowHandlers).toBe(3);
  });

  it("a page that reads slowly misses looks, holds no memory, and has the table again later", async () => {
    // Small, so that a table is many times what may wait: 16 KiB, and a piece.
    const stage = await ConsoleStage.open(world(), { limits: { maxOutputBytes: 64 * 1024 } });
    for (let i = 0; i < 800; i++) await stage.connect();
    const [fast, slow] = [await stage.watch(), await stage.watch()];
    await world().settle();
    slow.guest.peer.pause();
    for (let i = 0; i < 12; i++) {
      for (const channel of stage.channels) channel.label = `x${i}`;
      await world().advance(MOST_LOOK_MS / 5);
      // Its own pieces, and what the fast one has in flight.
      expect(stage.reactor.stats().queuedBytes).toBeLessThan(256 * 1024);
    }
    slow.guest.peer.resume();
    await world().advance(ALL_TOLD_MS);
    expect(slow.read().tables.length).toBeGreaterThan(1);
    expect(slow.looks.length).toBeLessThan(fast.read().looks.length / 2);
    expect(slow.rows).toEqual(await stage.listed());
    expect(fast.read().rows).toEqual(slow.rows);
  });

  it("more viewers than MAX_VIEWERS, and those that come when it ends, are told to come later", async () => {
    const stage = await ConsoleStage.open(world());
    const pages = [];
    for (let i = 0; i < MAX_VIEWERS; i++) pages.push(await stage.watch());
    await world().settle();
    const refused = await (await stage.site.come()).ask("/api/feed");
    expect([refused.status, refused.fields.get("retry-after")]).toEqual([503, "5"]);
    pages[7]!.guest.peer.end();
    await world().settle();
    const late = await stage.watch();
    await world().settle();
    expect(late.read().hellos).toHaveLength(1);
    stage.feed.close();
    await world().settle();
    expect((await late.guest.next()).body.toString()).toContain("event: table");
    expect((await (await stage.site.come()).ask("/api/feed")).status).toBe(503);
    expect(stage.loopDelay.running).toBe(0);
    const look = vi.spyOn(stage.feed.table, "look");
    await world().advance(60_000);
    expect(look).not.toHaveBeenCalled();
  });

  it("HEAD watches nothing", async () => {
    const stage = await ConsoleStage.open(world());
    const { status } = await (await stage.site.come()).ask("/api/feed", "HEAD");
    expect([status, stage.feed.viewers]).toEqual([200, 0]);
  });
});
