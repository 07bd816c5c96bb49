import { execFileSync } from "node:child_process";

import { describe, expect, it } from "vitest";

import { READABLE, formatAddress, type Channel, type Listener, type ReactorOptions } from "iomux";

import { record } from "../support/record.ts";
import { MemoryWorld } from "../support/memory-world.ts";
import { onEveryChannel, onNetworks, type Peer, type World } from "../support/world.ts";

interface Report {
  readonly code: string;
  readonly message: string;
}

/** A listener whose handler accepts all that waits, what it accepted, and what was reported. */
async function server(
  world: World,
  options: ReactorOptions,
): Promise<{
  listener: Listener;
  accepted: Channel[];
  reports: Report[];
  turns: () => number;
  refused: () => number;
}> {
  const reports: Report[] = [];
  const reactor = world.createReactor({
    onError: (error) => reports.push(error as unknown as Report),
    ...options,
  });
  const listener = await world.run(reactor.listen(world.address()));
  const accepted: Channel[] = [];
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      accepted.push(peer);
      reactor.register(peer, READABLE, (channel) => {
        if (channel.read()?.length === 0) channel.close();
      });
    }
  });
  return {
    listener,
    accepted,
    reports,
    turns: () => reactor.stats().turns,
    refused: () => reactor.stats().refused,
  };
}

function dial(world: World, listener: Listener, count: number): Peer[] {
  return Array.from({ length: count }, () => world.dial(listener));
}

onEveryChannel("accepting", (world) => {
  it("a listener is READABLE while connections wait; accept answers null when none does", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    let reports = 0;
    const accepted: Channel[] = [];
    reactor.register(listener, READABLE, () => {
      reports++;
      const channel = listener.accept();
      if (channel !== null) accepted.push(channel);
    });
    expect(listener.accept()).toBeNull();
    dial(world(), listener, 3);
    await world().until(() => accepted.length === 3, "three");
    await world().settle();
    expect([reports, listener.waiting, listener.accept()]).toEqual([3, 0, null]);
    expect(new Set(accepted.map(({ fd }) => fd)).size).toBe(3);
    expect(reactor.stats().accepted).toBe(3);
  });

  it("bytes and an end that came before accept are there after it", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const peer = world().dial(listener);
    await world().until(() => listener.waiting === 1 && peer.connected, "the connection");
    peer.end("early");
    await world().settle();
    const channel = listener.accept()!;
    const { log } = record(reactor, channel);
    await world().until(() => channel.ended, "the end");
    expect(log).toEqual(['READABLE "early"', "READABLE end"]);
    expect(channel.endConfirmed).toBe(world().family === "tcp");
  });

  it("H36: a peer that has gone before accept: its bytes, its loss, no throw", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    for (const bytes of ["", "said before"]) {
      const peer = world().dial(listener);
      await world().until(() => listener.waiting === 1 && peer.connected, "the connection");
      peer.write(bytes);
      peer.reset();
      await world().settle();
      const channel = listener.accept()!;
      expect(formatAddress(channel.remoteAddress)).toMatch(/^(127\.0\.0\.1:\d+|unix:.*)$/);
      const recording = record(reactor, channel);
      await world().until(() => channel.ended || channel.state === "closed", "its end");
      await world().settle();
      expect(recording.bytes().toString()).toBe(bytes);
      const tcp = world().family === "tcp";
      expect(recording.log.at(-1)).toBe(tcp ? "ERROR|HANGUP ECONNRESET" : "READABLE end");
    }
  });
});

onNetworks(
  [
    ["net", "tcp"],
    ["net", "unix"],
  ],
  "accepting: Node cannot leave connections in the kernel",
  (world) => {
    it("23: acceptQueue: more than wait are refused, counted and reported", async () => {
      const reports: Report[] = [];
      const reactor = world().createReactor({
        acceptQueue: 4,
        onError: (error) => reports.push(error as unknown as Report),
      });
      const listener = await world().run(reactor.listen(world().address()));
      const peers = dial(world(), listener, 10);
      await world().until(
        () => peers.filter((peer) => peer.closed || peer.ended).length === 6,
        "six",
      );
      expect([listener.waiting, reactor.stats().refused]).toEqual([4, 6]);
      expect(reports.map(({ code }) => code)).toEqual(["IOMUX_ACCEPT_QUEUE_FULL"]);
      expect(reports[0]!.message).toContain("refused a connection: 4 wait for accept() already");
      await world().advance(1001);
      expect(reports[1]!.message).toContain("refused 5 connections");
      for (let i = 0; i < 4; i++) expect(listener.accept()!.state).toBe("open");
      const next = world().dial(listener);
      await world().until(() => listener.waiting === 1 && next.connected, "room again");
      expect(reactor.stats()).toMatchObject({ accepted: 4, refused: 6 });
    });
  },
);

onNetworks([["net", "tcp"]], "accepting: a process that is gone", (world) => {
  it("H36: reset before the system's accept: no address, no throw, a loss", async () => {
    const { listener, accepted, reports } = await server(world(), {});
    const { port } = listener.localAddress as { port: number };
    // This process is blocked meanwhile: the kernel alone accepts, and hears the reset.
    execFileSync(process.execPath, [
      "-e",
      `const s = require("net").connect(${port}, "127.0.0.1", () => s.write("x", () => s.resetAndDestroy()))`,
    ]);
    await world().until(() => accepted.length === 1, "the connection");
    const channel = accepted[0]!;
    expect(formatAddress(channel.remoteAddress)).toMatch(/^(an unknown address|127\.0\.0\.1:\d+)$/);
    await world().until(() => channel.state === "closed", "the loss");
    expect(channel.error).toMatchObject({ code: "ECONNRESET" });
    expect(channel.error!.message).toContain("the peer reset the connection");
    expect(reports).toEqual([]);
  });
});

onNetworks(
  [
    ["memory", "tcp"],
    ["memory", "unix"],
  ],
  "accepting: out of descriptors, in memory",
  (world) => {
    const memory = () => (world() as MemoryWorld).memory;

    it("25, 23, H40: within reserveDescriptors peers are refused and counted, reported once per reportEveryMs", async () => {
      memory().descriptorLimit = 30;
      const { listener, accepted, reports, turns, refused } = await server(world(), {
        reserveDescriptors: 10,
      });
      const peers = dial(world(), listener, 40);
      await world().settle();
      expect([accepted.length, refused(), memory().descriptors]).toEqual([19, 21, 20]);
      expect(peers.filter((peer) => peer.closed || peer.ended)).toHaveLength(21);
      expect(reports.map(({ code }) => code)).toEqual(["IOMUX_DESCRIPTOR_LIMIT"]);
      expect(turns()).toBeLessThan(10);
      await world().advance(999);
      expect(reports).toHaveLength(1);
      await world().advance(2);
      expect(reports).toHaveLength(2);
      expect(reports[1]!.message).toContain("refused 20 connections");
      await world().advance(10_000);
      expect(reports).toHaveLength(2);
    });

    it("25: how many are left is probed again after a turn that accepted", async () => {
      memory().descriptorLimit = 30;
      const { listener, accepted, refused } = await server(world(), { reserveDescriptors: 10 });
      dial(world(), listener, 5);
      await world().settle();
      // Something else in the process opens files.
      memory().descriptors += 12;
      dial(world(), listener, 5);
      await world().settle();
      expect([accepted.length, refused()]).toEqual([7, 3]);
      memory().descriptors -= 12;
      dial(world(), listener, 5);
      await world().settle();
      expect([accepted.length, refused()]).toEqual([12, 3]);
    });

    it("25: accepting resumes by itself when clients leave", async () => {
      memory().descriptorLimit = 30;
      const { listener, accepted, refused } = await server(world(), { reserveDescriptors: 10 });
      const first = dial(world(), listener, 40);
      await world().settle();
      for (const peer of first) peer.end();
      await world().settle();
      expect(memory().descriptors).toBe(1);
      const second = dial(world(), listener, 15);
      await world().settle();
      expect([accepted.length, refused()]).toEqual([34, 21]);
      expect(second.every((peer) => peer.connected && !peer.closed && !peer.ended)).toBe(true);
    });

    it("25, H14: accept itself fails: no spin, reported with counts, resumed by itself", async () => {
      memory().descriptorLimit = 10;
      const { listener, accepted, reports, turns } = await server(world(), {
        reserveDescriptors: 0,
        reportEveryMs: 1000,
      });
      const peers = dial(world(), listener, 30);
      await world().settle();
      expect([accepted.length, listener.state]).toEqual([9, "open"]);
      const before = turns();
      for (let i = 0; i < 10; i++) await world().advance(1000);
      expect(turns() - before).toBeLessThanOrEqual(20);
      expect(reports[0]).toMatchObject({ code: "EMFILE", fd: listener.fd });
      expect(reports[0]!.message).toMatch(/^accepting at fd 1 .* failed: /);
      expect(reports.length).toBeLessThanOrEqual(2);
      // Each one that leaves lets one in that waited in the kernel.
      for (const peer of peers.slice(0, 9)) peer.end();
      await world().settle();
      expect(accepted).toHaveLength(18);
      for (const peer of peers.slice(9)) peer.end();
      await world().settle();
      expect([accepted.length, memory().descriptors]).toEqual([30, 1]);
    });

    it("23: acceptQueue: what exceeds it waits in the kernel, and nobody is refused", async () => {
      const reactor = world().createReactor({ acceptQueue: 4 });
      const listener = await world().run(reactor.listen(world().address()));
      const peers = dial(world(), listener, 20);
      await world().settle();
      expect([listener.waiting, reactor.stats().refused]).toEqual([4, 0]);
      let accepted = 0;
      while (accepted < 20) {
        while (listener.accept() !== null) accepted++;
        await world().settle();
        expect(listener.waiting).toBeLessThanOrEqual(4);
      }
      expect(peers.every((peer) => peer.connected && !peer.closed)).toBe(true);
      expect(reactor.stats()).toMatchObject({ accepted: 20, refused: 0 });
    });
  },
);

describe("accepting", () => {
  it("25: reserveDescriptors 0 turns refusing off", async () => {
    const world = new MemoryWorld("tcp");
    world.memory.descriptorLimit = 10;
    const { listener, accepted, refused, reports } = await server(world, { reserveDescriptors: 0 });
    dial(world, listener, 9);
    await world.settle();
    expect([accepted.length, refused(), reports.length]).toEqual([9, 0, 0]);
    await world.end();
  });
});
