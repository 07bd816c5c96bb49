/** Parts of the console's feed, without sockets: turns, rows, the table, incidents, metrics. */
import diagnosticsChannel from "node:diagnostics_channel";

import { expect, it, onTestFinished, test } from "vitest";

import { READABLE, WRITABLE, type Registration } from "iomux";

import { bounded, MAX_TEXT_CHARACTERS, rowOf } from "../../examples/console/descriptor-row.ts";
import { DescriptorTable, MAX_NEW_ROWS } from "../../examples/console/descriptor-table.ts";
import { FeedViewer } from "../../examples/console/feed-viewer.ts";
import { Look, PIECE_CHARACTERS } from "../../examples/console/feed-events.ts";
import { Incidents, INCIDENT_EVERY_MS, MAX_INCIDENTS } from "../../examples/console/incidents.ts";
import { ProcessLoopDelay } from "../../examples/console/loop-delay.ts";
import { MAX_OWNERS, Metrics } from "../../examples/console/metrics.ts";
import {
  MAX_CALLS_KEPT,
  MAX_CALLS_TOLD,
  TurnRecorder,
} from "../../examples/console/turn-recorder.ts";
import { EncodedEvent, type EventStream } from "../../examples/http/server/event-stream.ts";
import { connected, onNetworks } from "../support/world.ts";

/** As much of a registration as is told of it. */
function registered(fd: number, name = "onReady"): Registration {
  const handler = { [name]: () => undefined }[name]!;
  return { fd, descriptor: { label: "owner" }, handler } as unknown as Registration;
}

test("a turn recorder tells the turn with the most time in handlers, and only once", () => {
  const turns = new TurnRecorder();
  expect(turns.take()).toBeNull();
  for (const [turn, ms] of [3, 9, 5].entries()) {
    turns.dispatched(registered(turn), READABLE, ms);
    // What else a turn had to do does not count.
    turns.turnEnded({ turn, beganAt: 10 * turn + 0.00049, ms: turn === 2 ? 50 : ms, ready: 2 });
  }
  expect(turns.take()).toEqual({
    turn: 1,
    beganAt: 10,
    ms: 9,
    ready: 2,
    calls: [{ fd: 1, owner: "owner", ready: READABLE, handler: "onReady", ms: 9 }],
    more: 0,
  });
  expect(turns.take()).toBeNull();
});

test("a turn in which nobody was called has no picture, however long it was", () => {
  const turns = new TurnRecorder();
  turns.turnEnded({ turn: 1, beganAt: 0, ms: 500, ready: 0 });
  expect(turns.take()).toBeNull();
  turns.dispatched(registered(1), WRITABLE, 1);
  turns.turnEnded({ turn: 2, beganAt: 0, ms: 1, ready: 1 });
  turns.turnEnded({ turn: 3, beganAt: 0, ms: 500, ready: 0 });
  expect(turns.take()).toMatchObject({ turn: 2, calls: [{ ms: 1 }] });
});

test("a turn recorder that is not used for a while knows nobody of before", () => {
  const turns = new TurnRecorder();
  turns.dispatched(registered(1), READABLE, 1);
  turns.turnEnded({ turn: 1, beganAt: 0, ms: 1, ready: 1 });
  turns.dispatched(registered(2), READABLE, 1);
  turns.clear();
  expect(turns.take()).toBeNull();
  turns.turnEnded({ turn: 3, beganAt: 0, ms: 1, ready: 0 });
  expect(turns.take()).toBeNull();
});

test("of many calls those that took longest are told, in order, and how many there were", () => {
  const turns = new TurnRecorder();
  const calls = MAX_CALLS_KEPT + 10;
  for (let fd = 0; fd < calls; fd++)
    turns.dispatched(registered(fd), READABLE, fd === 7 ? 99 : fd / 1e3);
  turns.turnEnded({ turn: 1, beganAt: 0, ms: 600, ready: calls });
  const picture = turns.take()!;
  expect(picture.more).toBe(calls - MAX_CALLS_TOLD);
  expect(picture.calls.map(({ fd }) => fd)).toEqual([
    7,
    ...Array.from(
      { length: MAX_CALLS_TOLD - 1 },
      (_, i) => MAX_CALLS_KEPT - MAX_CALLS_TOLD + 1 + i,
    ),
  ]);
});

test("texts of programs are cut off", () => {
  expect(bounded("x".repeat(MAX_TEXT_CHARACTERS))).toHaveLength(MAX_TEXT_CHARACTERS);
  expect(bounded("x".repeat(5000))).toHaveLength(MAX_TEXT_CHARACTERS);
  expect(bounded("x".repeat(5000)).endsWith("x…")).toBe(true);
});

test("the delay of the loop is what a blocked process is late by, and none is measured later", async () => {
  const delay = new ProcessLoopDelay();
  delay.start();
  expect(delay.take()).toEqual({ meanMs: 0, mostMs: 0 });
  let most = 0;
  while (most === 0) {
    const began = performance.now();
    while (performance.now() - began < 100);
    await new Promise((resolve) => setTimeout(resolve, 1));
    most = delay.take().mostMs;
  }
  expect(most).toBeGreaterThan(10);
  delay.stop();
  expect(delay.take()).toEqual({ meanMs: 0, mostMs: 0 });
});

onNetworks([["memory", "tcp"]], "descriptors", (world) => {
  it("are told with what is known of them", async () => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    channel.label = "ours";
    peer.write("abc");
    await world().settle();
    const row = rowOf(reactor, channel);
    const { host, port } = channel.localAddress as { host: string; port: number };
    expect(row).toMatchObject({
      ...{ fd: channel.fd, kind: "channel", state: "open", owner: "ours", error: null },
      ...{ local: `${host}:${port}`, interest: null, ready: 0, arming: null },
      ...{ bytesIn: 3, bytesOut: 0, unread: 3, queued: 0, highWaterMark: 262_144 },
      ...{ dispatches: 0, waitedTurns: 0, openedAt: channel.openedAt },
      ...{ reading: "not registered", writing: "not registered" },
    });
    const registration = reactor.register(channel, READABLE, () => undefined);
    registration.pause();
    expect(rowOf(reactor, channel)).toMatchObject({ interest: READABLE, arming: "paused" });
    expect(rowOf(reactor, listener)).toMatchObject({ peer: null, highWaterMark: null, unread: 0 });
    const datagram = await world().run(reactor.bind({ port: 0 }));
    expect(rowOf(reactor, datagram)).toMatchObject({ kind: "datagram", queued: 0, peer: null });
  });

  it("a table tells each change once, and those that are gone", async () => {
    const reactor = world().createReactor();
    const table = new DescriptorTable(reactor);
    const { channel, peer, listener } = await connected(world(), reactor);
    const fds = (): number[] => table.look().changed.map(({ fd }) => fd);
    expect(fds()).toEqual([listener.fd, channel.fd]);
    expect(fds()).toEqual([]);
    channel.label = "x";
    expect(fds()).toEqual([channel.fd]);
    peer.write("abc");
    await world().settle();
    expect(fds()).toEqual([channel.fd]);
    channel.abort();
    expect(table.look()).toEqual({ changed: [], gone: [channel.fd] });
    expect(fds()).toEqual([]);
  });

  it("a table tells of an end that was read by hand", async () => {
    const reactor = world().createReactor();
    const table = new DescriptorTable(reactor);
    const { channel, peer } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    table.look();
    peer.end();
    await world().settle();
    expect(channel.read()).toHaveLength(0);
    expect(table.look().changed.map((row) => row.row())).toMatchObject([{ reading: "ended" }]);
  });

  it("what somebody was told between two looks, the next look tells the others", async () => {
    const reactor = world().createReactor();
    const table = new DescriptorTable(reactor);
    const { channel } = await connected(world(), reactor);
    const json = (): unknown => JSON.parse([...table.after(0)][1]!.json!);
    table.look();
    channel.label = "between";
    expect(json()).toMatchObject({ owner: "between" });
    expect(table.look().changed).toHaveLength(1);
    expect(table.look().changed).toEqual([]);
    channel.label = "closed";
    table.look();
    channel.abort();
    expect([...table.after(0)][1]!.json).toBeNull();
    expect(table.look().gone).toEqual([channel.fd]);
  });

  it("who is told looks before a table has all that they told by the table", async () => {
    const reactor = world().createReactor();
    const table = new DescriptorTable(reactor);
    const incidents = new Incidents(reactor, () => 0);
    onTestFinished(() => {
      incidents.close();
    });
    await connected(world(), reactor);
    table.look();
    let letGo: (() => void) | null = null;
    const told: string[] = [];
    const stream = {
      closed: false,
      send: ({ bytes }: EncodedEvent) => told.push(bytes.toString()),
      drained: () =>
        told.length === 1 && letGo === null
          ? new Promise<void>((resolve) => (letGo = resolve))
          : null,
    } as unknown as EventStream;
    const hello = new EncodedEvent({ event: "hello", data: "" });
    const home = {
      table,
      incidents,
      open: 3,
      nowMs: () => 0,
      charge: (work: () => void): void => {
        work();
      },
    };
    const viewer = new FeedViewer(stream, hello, home);
    viewer.proceed();
    const { channel } = await connected(world(), reactor);
    const { changed, gone } = table.look();
    viewer.look(new Look(0, changed, gone));
    expect(told).toHaveLength(1);
    letGo!();
    await world().settle();
    expect(told.map((event) => event.split("\n")[0])).toEqual([
      "event: hello",
      "event: look",
      "event: table",
    ]);
    expect(told[2]).toContain(`"fd":${channel.fd},`);
  });

  it("a look takes in MAX_NEW_ROWS new ones, and the next one the others; events are small", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    reactor.register(listener, READABLE, () => {
      while (listener.accept() !== null);
    });
    for (let i = 0; i < MAX_NEW_ROWS + 200; i++) {
      world().dial(listener);
      if (i % 100 === 99) await world().settle();
    }
    const table = new DescriptorTable(reactor);
    const first = table.look();
    expect([first.changed.length, table.isWhole]).toEqual([MAX_NEW_ROWS, false]);
    const look = new Look(0, first.changed, []);
    let events = 0;
    for (; look.has(events); events++) {
      expect(look.event(events).bytes.length).toBeLessThan(PIECE_CHARACTERS + 2000);
    }
    expect(events).toBeGreaterThan(5);
    expect(look.event(0)).toBe(look.event(0));
    const second = table.look();
    expect([second.changed.length, table.isWhole]).toEqual([201, true]);
    expect([...table.after(MAX_NEW_ROWS)].map(({ fd }) => fd)).toEqual(
      second.changed.map(({ fd }) => fd),
    );
  });
});

test("fds of very many that are gone are told in several events, each once", () => {
  const gone = Array.from({ length: 9000 }, (_, fd) => fd);
  const look = new Look(0, [], gone);
  const told: number[] = [];
  for (let at = 0; look.has(at); at++) {
    const { bytes } = look.event(at);
    expect(bytes.length).toBeLessThan(PIECE_CHARACTERS);
    const data = bytes.toString().split("data: ")[1]!;
    told.push(...(JSON.parse(data) as { gone: number[] }).gone);
  }
  expect(told).toEqual(gone);
});

onNetworks([["memory", "tcp"]], "incidents", (world) => {
  /** Slow handlers of a reactor, and what is kept of them. */
  async function slow(): Promise<{ incidents: Incidents; run: (ms: number) => Promise<void> }> {
    const reactor = world().createReactor({ slowHandlerMs: 5, onError: () => undefined });
    const { channel, peer } = await connected(world(), reactor);
    channel.label = "slow one";
    let spendMs = 0;
    reactor.register(channel, READABLE, function crawl() {
      channel.read();
      world().spend(spendMs);
    });
    const incidents = new Incidents(reactor, () => 77);
    const run = async (ms: number): Promise<void> => {
      spendMs = ms;
      peer.write("x");
      await world().settle();
    };
    return { incidents, run };
  }

  it("have ids that count up, and say what and whose", async () => {
    const { incidents, run } = await slow();
    expect(incidents.after(0)).toBeNull();
    await run(20);
    expect(incidents.after(0)).toEqual({
      ...{
        id: 1,
        wallMs: 77,
        kind: "slow",
        fd: 2,
        owner: "slow one",
        text: "crawl ran for 20.0 ms",
      },
    });
    await world().advance(INCIDENT_EVERY_MS);
    await run(30);
    expect(incidents.after(1)).toMatchObject({ id: 2, text: "crawl ran for 30.0 ms" });
    expect(incidents.after(2)).toBeNull();
    incidents.close();
  });

  it("of one kind and descriptor are one in a second; the next tells how many there were", async () => {
    const { incidents, run } = await slow();
    for (let i = 0; i < 5; i++) await run(20);
    expect(incidents.after(1)).toBeNull();
    await world().advance(INCIDENT_EVERY_MS);
    await run(40);
    expect(incidents.after(1)!.text).toBe("crawl ran for 40.0 ms (and 4 more since the last one)");
    incidents.close();
  });

  it("the last MAX_INCIDENTS are kept", async () => {
    const { incidents, run } = await slow();
    for (let i = 0; i < MAX_INCIDENTS + 5; i++) {
      await run(20);
      await world().advance(INCIDENT_EVERY_MS);
    }
    expect(incidents.after(0)!.id).toBe(6);
    expect(incidents.after(50)!.id).toBe(51);
    expect(incidents.after(MAX_INCIDENTS + 4)!.id).toBe(MAX_INCIDENTS + 5);
    incidents.close();
  });

  it("of other reactors are not told, nor any after the end", async () => {
    const { incidents, run } = await slow();
    const other = await slow();
    await other.run(20);
    expect([incidents.after(0), other.incidents.after(0)?.id]).toEqual([null, 1]);
    incidents.close();
    await run(20);
    expect(incidents.after(0)).toBeNull();
    other.incidents.close();
    expect(diagnosticsChannel.hasSubscribers("iomux:handler:slow")).toBe(false);
  });

  it("are told of what was cut off, refused and dropped too", async () => {
    const reactor = world().createReactor({ maxBufferedBytes: 1000, onError: () => undefined });
    const incidents = new Incidents(reactor, () => 0);
    const { channel, peer } = await connected(world(), reactor);
    peer.write("x".repeat(5000));
    reactor.wake();
    await world().until(() => channel.state === "closed", "it to be shed");
    expect(incidents.after(0)).toMatchObject({ kind: "shed", fd: channel.fd });
    expect(incidents.after(0)!.text).toContain("(maxBufferedBytes): it is cut off");
    incidents.close();
  });
});

onNetworks([["memory", "tcp"]], "metrics", (world) => {
  /** The value of a metric, with its labels if it has some. */
  async function valueOf(metrics: Metrics, name: string): Promise<number> {
    const lines = (await metrics.text()).split("\n");
    return Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1));
  }

  it("tell all of stats(), as it is when they are asked", async () => {
    const reactor = world().createReactor();
    const metrics = new Metrics(reactor);
    const { peer } = await connected(world(), reactor);
    for (const bytes of [3, 6]) {
      peer.write("abc");
      await world().settle();
      expect(await valueOf(metrics, "iomux_received_bytes_total")).toBe(bytes);
      expect(await valueOf(metrics, "iomux_unread_bytes")).toBe(bytes);
    }
    const text = await metrics.text();
    const stats = reactor.stats();
    expect(text.match(/^iomux_(?!owner_)\w+ /gm)).toHaveLength(Object.keys(stats).length);
    expect(await valueOf(metrics, "iomux_descriptors")).toBe(2);
    expect(await valueOf(metrics, "iomux_accepted_total")).toBe(1);
    expect(await valueOf(metrics, "process_resident_memory_bytes")).toBeGreaterThan(1e6);
  });

  it("by owner, of no more than MAX_OWNERS; what an owner had is gone with it", async () => {
    const reactor = world().createReactor();
    const metrics = new Metrics(reactor);
    const { channel, listener } = await connected(world(), reactor);
    listener.label = 'a"b\n';
    channel.label = "gone";
    channel.write(Buffer.from("12345"));
    expect(await valueOf(metrics, 'iomux_owner_queued_bytes{owner="gone"}')).toBe(5);
    channel.abort();
    expect(await metrics.text()).not.toContain("gone");
    const owner = 'owner="a\\"b\\n"';
    expect(await valueOf(metrics, `iomux_owner_descriptors{${owner},kind="listener"}`)).toBe(1);
    for (let i = 0; i < MAX_OWNERS + 3; i++) {
      (await world().run(reactor.listen(world().address()))).label = `l${i}`;
    }
    expect((await metrics.text()).match(/^iomux_owner_queued_bytes{/gm)).toHaveLength(
      MAX_OWNERS + 1,
    );
    const others = 'iomux_owner_descriptors{owner="(others)",kind="listener"}';
    expect(await valueOf(metrics, others)).toBe(4);
  });
});
