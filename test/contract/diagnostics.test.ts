/** What a reactor publishes on `node:diagnostics_channel`, and what subscribers can do to it. */
import diagnosticsChannel from "node:diagnostics_channel";

import { describe, expect, it, onTestFinished } from "vitest";

import {
  DIAGNOSTICS_NAMES,
  READABLE,
  WRITABLE,
  type Channel,
  type OverflowMessage,
  type SpinningHandlerMessage,
} from "iomux";

import { MemoryWorld } from "../support/memory-world.ts";
import { listening } from "../support/reports.ts";
import { listen, subscribed } from "../support/subscribed.ts";
import { connected, onEveryNetwork, onStillNetworks, onNetworks } from "../support/world.ts";

onEveryNetwork("diagnostics", (world) => {
  it("a listener and an accepted channel: open, then close, once each", async () => {
    const published = subscribed();
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    expect(published).toEqual([
      { name: "iomux:listener:open", message: { descriptor: listener } },
      { name: "iomux:channel:open", message: { descriptor: channel } },
    ]);
    published.length = 0;
    peer.end();
    channel.close();
    listener.close();
    await world().run(Promise.all([channel.closed, listener.closed]));
    await world().settle();
    expect(published.map(({ name }) => name).sort()).toEqual([
      "iomux:channel:close",
      "iomux:listener:close",
    ]);
    const close = published.find(({ name }) => name === "iomux:channel:close")!;
    expect(close.message).toEqual({ descriptor: channel });
    expect(channel.state).toBe("closed");
  });

  it("a channel that connects: open while connecting, connect, close", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const states: [string | symbol, string][] = [];
    listen(["iomux:channel:open", "iomux:channel:connect", "iomux:channel:close"], (m, name) => {
      states.push([name, (m as { descriptor: Channel }).descriptor.state]);
    });
    const channel = reactor.connect(listener.localAddress!);
    expect(states).toEqual([["iomux:channel:open", "connecting"]]);
    await world().until(() => channel.state === "open", "the connection");
    expect(states.slice(1)).toEqual([["iomux:channel:connect", "open"]]);
    channel.abort();
    expect(states.slice(2)).toEqual([["iomux:channel:close", "closed"]]);
  });

  it("a channel that cannot connect: open and close, with its error", async () => {
    const published = subscribed();
    const reactor = world().createReactor();
    const channel = reactor.connect(world().address());
    reactor.register(channel, WRITABLE, () => undefined);
    await world().run(channel.closed);
    expect(published).toEqual([
      { name: "iomux:channel:open", message: { descriptor: channel } },
      { name: "iomux:channel:close", message: { descriptor: channel } },
    ]);
    expect(channel.error).toMatchObject({ code: expect.stringMatching(/^E/) as string });
  });

  it("an adopted channel: open and close", async () => {
    const published = subscribed();
    const reactor = world().createReactor();
    const { source } = await world().adoptable();
    const channel = reactor.adopt(source);
    channel.abort();
    expect(published).toEqual([
      { name: "iomux:channel:open", message: { descriptor: channel } },
      { name: "iomux:channel:close", message: { descriptor: channel } },
    ]);
  });

  it("a peer that goes away: close once, after its handler was told", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const told: string[] = [];
    listen(["iomux:channel:close"], () => told.push("close"));
    reactor.register(channel, READABLE, () => {
      told.push("handler");
      channel.read();
    });
    peer.destroy();
    await world().until(() => channel.state === "closed" || channel.ended, "the end");
    if (channel.state !== "closed") channel.close();
    await world().run(channel.closed);
    expect(told.filter((what) => what === "close")).toEqual(["close"]);
    expect(told.at(-1)).toBe("close");
  });

  it("when it is published, the tables are in order: it is closed, and not registered", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE, () => undefined);
    const seen: unknown[] = [];
    listen(["iomux:channel:close"], () => {
      seen.push(channel.state, registration.active, reactor.stats().open);
      reactor.assertInvariants();
    });
    channel.abort();
    expect(seen).toEqual(["closed", false, 1]);
  });

  it("a slow handler: its registration, name and milliseconds, every time", async () => {
    const published = subscribed(["iomux:handler:slow"]);
    const [reactor, reports] = listening(world(), { slowHandlerMs: 5 });
    const { channel } = await connected(world(), reactor);
    let calls = 0;
    const registration = reactor.register(channel, WRITABLE, function resize() {
      world().spend(10);
      if (++calls === 3) channel.abort();
    });
    await world().until(() => calls === 3, "three calls");
    expect(published.map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => ({
        registration,
        name: "resize",
        ms: expect.any(Number) as number,
      })),
    );
    for (const { message } of published) expect((message as { ms: number }).ms).toBeGreaterThan(5);
    expect(reports).toHaveLength(1);
  });

  it("a spinning handler: its registration, name and turns, once for each row of turns", async () => {
    const published = subscribed(["iomux:handler:spinning"]);
    const [reactor, reports] = listening(world(), { spinTurns: 5 });
    const { channel } = await connected(world(), reactor);
    let calls = 0;
    const registration = reactor.register(channel, WRITABLE, function idle(_, __, self) {
      if (++calls === 12) self.modify(WRITABLE);
      if (calls === 30) channel.abort();
    });
    await world().until(() => calls === 30, "thirty calls");
    const message = { registration, name: "idle", turns: 5 };
    expect(published.map((one) => one.message)).toEqual([message, message]);
    expect(reports.map(({ error }) => error.code)).toEqual(["IOMUX_SPINNING", "IOMUX_SPINNING"]);
  });

  it("a spinning handler that is paused for it: it is by then", async () => {
    const [reactor] = listening(world(), { spinTurns: 5, pauseSpinning: true });
    const { channel } = await connected(world(), reactor);
    const paused: boolean[] = [];
    listen(["iomux:handler:spinning"], (message) => {
      paused.push((message as SpinningHandlerMessage).registration.paused);
    });
    reactor.register(channel, WRITABLE, () => undefined);
    await world().until(() => paused.length > 0, "the message");
    expect(paused).toEqual([true]);
  });

  it("the budget of the loop: who was shed, and what it held", async () => {
    const published = subscribed(["iomux:channel:overflow"]);
    const large = 16 * 1024 * 1024;
    const limits = { maxBufferedBytes: 100_000, highWaterMark: large };
    const [reactor] = listening(world(), limits);
    const { channel, peer } = await connected(world(), reactor);
    channel.label = "feed";
    peer.pause();
    channel.write(Buffer.alloc(large));
    await world().until(() => channel.state === "closed", "the shedding");
    const waiting = expect.any(Number) as number;
    expect(published.map(({ message }) => message)).toEqual([
      { descriptor: channel, limit: "maxBufferedBytes", waiting, dropped: 0 },
    ]);
    expect((published[0]!.message as OverflowMessage).waiting).toBeGreaterThan(100_000);
    // Whose it was and why is still known of it.
    expect(channel).toMatchObject({ label: "feed", error: { code: "IOMUX_OVER_BUDGET" } });
    expect(reactor.owns(channel)).toBe(true);
  });

  it("every descriptor of a reactor that closes is closed once", async () => {
    const published = subscribed();
    const reactor = world().createReactor();
    const { peer } = await connected(world(), reactor);
    peer.end();
    await world().run(reactor.close());
    expect(published.map(({ name }) => name).sort()).toEqual([
      "iomux:channel:close",
      "iomux:channel:open",
      "iomux:listener:close",
      "iomux:listener:open",
    ]);
  });
});

onStillNetworks("diagnostics", (world) => {
  it("a subscriber that throws stops nothing: Node tells uncaughtException, in a tick", async () => {
    const [reactor, reports] = listening(world());
    const { channel, peer } = await connected(world(), reactor);
    const uncaught: unknown[] = [];
    // The runner's own listeners would fail the test.
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    onTestFinished(() => {
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
    });
    const broken = new Error("this subscriber is broken");
    listen(["iomux:handler:slow", "iomux:channel:close"], () => {
      throw broken;
    });
    const names: (string | symbol)[] = [];
    listen(["iomux:handler:slow", "iomux:channel:close"], (_, name) => names.push(name));
    let answered = false;
    reactor.register(channel, READABLE, function answer() {
      world().spend(60);
      channel.read();
      channel.write(Buffer.from("pong"));
      answered = true;
    });
    peer.write("ping");
    await world().until(() => peer.received.length === 4, "the answer");
    channel.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(true);
    expect(names).toEqual(["iomux:handler:slow", "iomux:channel:close"]);
    expect(uncaught).toEqual([broken, broken]);
    expect(reports.map(({ error }) => error.message)).not.toContain(broken.message);
    reactor.assertInvariants();
  });
});

onNetworks([["memory", "tcp"]], "diagnostics: refusals", (world) => {
  it("within reserveDescriptors of the limit: every peer, though they are reported once", async () => {
    const published = subscribed(["iomux:listener:refuse"]);
    const [reactor, reports] = listening(world());
    const listener = await world().run(reactor.listen(world().address()));
    (world() as MemoryWorld).memory.descriptorLimit = 17;
    const peers = Array.from({ length: 3 }, () => world().dial(listener));
    await world().until(() => peers.every(({ closed }) => closed), "the refusals");
    expect(published.map(({ message }) => message)).toEqual(
      peers.map(() => ({
        descriptor: listener,
        code: "IOMUX_DESCRIPTOR_LIMIT",
        reason: null,
        remoteAddress: expect.objectContaining({ family: "IPv4" }) as unknown,
      })),
    );
    expect(reports).toHaveLength(1);
  });
});

onNetworks(
  [
    ["net", "tcp"],
    ["net", "unix"],
  ],
  "diagnostics: refusals where accepting cannot be paused",
  (world) => {
    it("over acceptQueue: who was refused", async () => {
      const published = subscribed(["iomux:listener:refuse"]);
      const [reactor] = listening(world(), { acceptQueue: 1 });
      const listener = await world().run(reactor.listen(world().address()));
      world().dial(listener);
      world().dial(listener);
      await world().until(() => published.length === 1, "the refusal");
      expect(published[0]!.message).toMatchObject({
        descriptor: listener,
        code: "IOMUX_ACCEPT_QUEUE_FULL",
        reason: null,
        remoteAddress: { family: world().family === "unix" ? "unix" : "IPv4" },
      });
    });
  },
);

describe("diagnostics", () => {
  it("signals: open and close", () => {
    const published = subscribed();
    const signals = new MemoryWorld("tcp").createReactor().signals(["SIGUSR2"]);
    signals.close();
    expect(published).toEqual([
      { name: "iomux:signals:open", message: { descriptor: signals } },
      { name: "iomux:signals:close", message: { descriptor: signals } },
    ]);
  });

  it("messages: open and close", () => {
    const published = subscribed();
    const world = new MemoryWorld("tcp");
    const port = world.createReactor().adopt(world.memory.ports()[0] as never);
    port.close();
    expect(published).toEqual([
      { name: "iomux:messages:open", message: { descriptor: port } },
      { name: "iomux:messages:close", message: { descriptor: port } },
    ]);
  });

  it("no message is made for a name that nobody has subscribed to", async () => {
    const made: (string | symbol)[] = [];
    const publish = diagnosticsChannel.Channel.prototype.publish;
    diagnosticsChannel.Channel.prototype.publish = function () {
      made.push(this.name);
    };
    onTestFinished(() => {
      diagnosticsChannel.Channel.prototype.publish = publish;
    });
    const world = new MemoryWorld("tcp");
    const reactor = world.createReactor({ slowHandlerMs: 5, onError: () => undefined });
    const { channel } = await connected(world, reactor);
    reactor.register(channel, WRITABLE, () => {
      world.spend(10);
      channel.abort();
    });
    await world.settle();
    await world.end();
    expect(made).toEqual([]);
  });

  it("DIAGNOSTICS_NAMES has every name once", () => {
    expect(new Set(DIAGNOSTICS_NAMES).size).toBe(DIAGNOSTICS_NAMES.length);
    for (const name of DIAGNOSTICS_NAMES) expect(name).toMatch(/^iomux:[a-z]+:[a-z]+$/);
  });
});
