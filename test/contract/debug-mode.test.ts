/** Debug mode: mistakes that otherwise pass silently are reported, once each, with their places. */
import { expect, it } from "vitest";

import { EDGE, ONESHOT, READABLE, WRITABLE, type Channel } from "iomux";

import { gate, listening, type Report } from "../support/reports.ts";
import { another, connected, onEveryNetwork } from "../support/world.ts";

const PLACE = /\/test\/contract\/debug-mode\.test\.ts:\d+:\d+/;

function codes(reports: readonly Report[]): unknown[] {
  return reports.map(({ error }) => error.code);
}

const DEBUG = { debug: true };

onEveryNetwork("debug mode: use after close", (world) => {
  const uses: readonly [string, (channel: Channel) => unknown][] = [
    ["read", (channel) => channel.read()],
    ["peek", (channel) => channel.peek()],
    ["write", (channel) => channel.write(Buffer.from("late"))],
    [
      "shutdown",
      (channel) => {
        channel.shutdown();
        return null;
      },
    ],
  ];
  for (const how of ["close", "abort"] as const) {
    it.each(uses)(`%s after ${how}() answers as ever, and is reported once`, async (call, use) => {
      const [reactor, reports] = listening(world(), DEBUG);
      const { channel } = await connected(world(), reactor);
      channel[how]();
      expect([null, 0]).toContain(use(channel));
      use(channel);
      await world().settle();
      expect(codes(reports)).toEqual(["IOMUX_USE_AFTER_CLOSE"]);
      const { error } = reports[0]!;
      expect(error).toMatchObject({ fd: channel.fd });
      const [used, closed] = error.message.split(", after it was closed at ");
      expect(used).toContain(`${call}() of fd ${channel.fd} at `);
      expect(used).toMatch(PLACE);
      expect(closed).toMatch(PLACE);
      expect((error.cause as Error).message).toBe(`${how}() of fd ${channel.fd}`);
      expect((error.cause as Error).stack).toMatch(PLACE);
    });
  }

  it("is not reported without debug", async () => {
    const [reactor, reports] = listening(world());
    const { channel } = await connected(world(), reactor);
    channel.close();
    for (const [, use] of uses) use(channel);
    channel.close();
    await world().settle();
    expect(reports).toEqual([]);
  });

  it("is not reported of a channel that its peer, or a failed handler, has ended", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { channel, peer } = await connected(world(), reactor);
    reactor.register(channel, READABLE, () => {
      throw new Error("this handler is broken");
    });
    peer.write("x");
    await world().run(channel.closed);
    for (const [, use] of uses) use(channel);
    channel.close();
    expect(reports.map(({ error }) => error.message)).toEqual(["this handler is broken"]);
  });

  it("is not reported once the reactor is closing", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { channel, peer } = await connected(world(), reactor);
    channel.close();
    peer.end();
    const closing = reactor.close();
    for (const [, use] of uses) use(channel);
    channel.close();
    await world().run(closing);
    expect(reports).toEqual([]);
  });
});

onEveryNetwork("debug mode: double close", (world) => {
  it.each([
    ["close", "close"],
    ["abort", "close"],
    ["abort", "abort"],
  ] as const)("%s() and then %s() is reported once, with both places", async (first, second) => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { channel } = await connected(world(), reactor);
    channel[first]();
    channel[second]();
    channel[second]();
    expect(codes(reports)).toEqual(["IOMUX_CLOSED_TWICE"]);
    const { error } = reports[0]!;
    const [again, closed] = error.message.split(", after it was closed at ");
    expect(again).toContain(`${second}() of fd ${channel.fd} at `);
    const lines = [again, closed].map((text) => PLACE.exec(text!)![0]);
    expect(new Set(lines).size).toBe(2);
  });

  it("abort() after close() is no mistake, and neither is close() after an end", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { channel, listener } = await connected(world(), reactor);
    channel.close();
    channel.abort();
    const { channel: lost, peer } = await another(world(), listener);
    reactor.register(lost, READABLE, () => void lost.read());
    peer.destroy();
    await world().until(() => lost.ended || lost.state === "closed", "the end");
    lost.close();
    await world().run(lost.closed);
    expect(reports).toEqual([]);
  });
});

onEveryNetwork("debug mode: an edge left undrained", (world) => {
  it("bytes unread: reported once for the registration", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { channel, peer } = await connected(world(), reactor);
    peer.write("four");
    await world().until(() => channel.unread === 4, "the bytes");
    let calls = 0;
    reactor.register(channel, READABLE | EDGE, function sip() {
      channel.read(1);
      calls++;
    });
    await world().until(() => calls === 1, "the first call");
    peer.write("more");
    await world().until(() => calls > 1, "the second call");
    expect(codes(reports)).toEqual(["IOMUX_EDGE_UNDRAINED"]);
    const { error, fd } = reports[0]!;
    expect([fd, error]).toEqual([channel.fd, expect.objectContaining({ fd: channel.fd })]);
    expect(error.message).toContain(`the handler sip of fd ${channel.fd}, registered at `);
    expect(error.message).toMatch(PLACE);
    expect(error.message).toContain("returned with 3 bytes unread");
  });

  it("connections that were not accepted", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const listener = await world().run(reactor.listen(world().address()));
    const peers = [world().dial(listener), world().dial(listener)];
    await world().until(() => listener.waiting === 2 && peers.every((p) => p.connected), "both");
    reactor.register(listener, READABLE | EDGE, () => void listener.accept());
    await world().until(() => listener.waiting === 1, "the first to be accepted");
    await world().settle();
    expect(codes(reports)).toEqual(["IOMUX_EDGE_UNDRAINED"]);
    expect(reports[0]!.error.message).toContain("returned with 1 connections waiting");
  });

  it("a promise: looked at when it is settled", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { channel, peer } = await connected(world(), reactor);
    const { promise, open } = gate();
    let called = false;
    reactor.register(channel, READABLE | EDGE, () => {
      called = true;
      return promise;
    });
    peer.write("four");
    await world().until(() => called, "the call");
    await world().passes(3);
    expect(reports).toEqual([]);
    open();
    await world().until(() => reports.length > 0, "the report");
    expect(codes(reports)).toEqual(["IOMUX_EDGE_UNDRAINED"]);
  });

  it("not what is read to the end, paused, armed again, oneshot, or level", async () => {
    const [reactor, reports] = listening(world(), DEBUG);
    const { listener } = await connected(world(), reactor);
    let calls = 0;
    const handlers: [number, (channel: Channel, registration: { pause(): void }) => unknown][] = [
      [READABLE | EDGE, (channel) => channel.read() ?? channel.read()],
      [READABLE | EDGE, (_, registration) => registration.pause()],
      [
        READABLE | EDGE,
        (channel) => (calls < 9 ? reactor.modify(channel, READABLE | EDGE) : channel.abort()),
      ],
      [READABLE | EDGE | ONESHOT, () => undefined],
      [READABLE, (channel) => channel.read(1)],
    ];
    const peers = [];
    for (const [interest, handler] of handlers) {
      const { channel, peer } = await another(world(), listener);
      reactor.register(channel, interest, (_, __, registration) => {
        calls++;
        handler(channel, registration);
      });
      peers.push(peer);
    }
    for (const peer of peers) peer.write("four");
    await world().until(() => calls >= 9, "the calls");
    await world().settle();
    expect(reports).toEqual([]);
  });
});

onEveryNetwork("debug mode: slow handlers", (world) => {
  it("by name, with the place where they were registered; without debug by name only", async () => {
    for (const debug of [true, false]) {
      const [reactor, reports] = listening(world(), { debug, slowHandlerMs: 5 });
      const { channel } = await connected(world(), reactor);
      reactor.register(channel, WRITABLE, function resize() {
        world().spend(10);
        channel.abort();
      });
      await world().until(() => reports.length > 0, "the report");
      const { message } = reports[0]!.error;
      expect(message).toContain(`the handler resize of fd ${channel.fd}`);
      expect(PLACE.test(message)).toBe(debug);
    }
  });
});
