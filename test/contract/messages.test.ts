/** Message ports as descriptors: whole values are readiness like bytes. */
import { expect, it } from "vitest";

import { EDGE, formatMask, HANGUP, ONESHOT, READABLE, WRITABLE, type Messages } from "iomux";
import { MemoryPort } from "iomux/testing";

import { thrownBy, turns } from "../support/crowd.ts";
import { listening } from "../support/reports.ts";
import { ports } from "../support/streams.ts";
import { onNetworks, SIMULATED } from "../support/world.ts";

function readAll(port: Messages): unknown[] {
  const values: unknown[] = [];
  for (let next = port.read(); next !== null; next = port.read()) values.push(next.value);
  return values;
}

onNetworks([["net", "tcp"], ["memory", "tcp"], ...SIMULATED], "messages", (world) => {
  it("7, 15: any value comes as it was, null and undefined too; null is nothing now", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    const values = [1, "two", null, undefined, { deep: [3n] }, Buffer.from("x").buffer, false];
    const seen: unknown[] = [];
    const { descriptor: port } = reactor.register(source, READABLE, (given, ready) => {
      expect(ready).toBe(READABLE);
      seen.push(given.read()!.value);
    });
    expect(port).toMatchObject({ fd: 1, kind: "messages", state: "open", error: null });
    expect([port.read(), port.unread, port.localAddress]).toEqual([null, 0, null]);
    for (const value of values) peer.post(value);
    await world().until(() => seen.length === values.length, "the messages");
    expect(seen).toEqual(values);
    expect(port.read()).toBe(null);
  });

  it("16: post() reaches the other end, in order; WRITABLE holds while it is open", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    let count = 0;
    reactor.register(source, WRITABLE, (port, ready, registration) => {
      expect(formatMask(ready)).toBe("WRITABLE");
      expect(port.post({ count: count++ })).toBe(true);
      if (count === 3) registration.unregister();
    });
    await world().until(() => peer.received.length === 3, "the messages");
    expect(peer.received).toEqual([{ count: 0 }, { count: 1 }, { count: 2 }]);
  });

  it("16: a value that cannot be copied throws, and nothing is sent", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    const port = reactor.adopt(source);
    const thrown = thrownBy(() => port.post(() => undefined));
    expect(thrown).toMatchObject({ name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT", fd: 1 });
    expect(thrown.message).toMatch(/^post to fd 1: .*could not be cloned/);
    port.post("after it");
    await world().until(() => peer.received.length > 0, "the other one");
    expect(peer.received).toEqual(["after it"]);
  });

  it("what is in the transfer list goes over itself", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    const port = reactor.adopt(source);
    const bytes = new Uint8Array([1, 2, 3]);
    expect(port.post(bytes, [bytes.buffer])).toBe(true);
    expect(bytes.length).toBe(0);
    await world().until(() => peer.received.length > 0, "the bytes");
    expect(peer.received).toEqual([new Uint8Array([1, 2, 3])]);
  });

  it("19: messageQueue: no more than these wait here; the rest waits in the port", async () => {
    const reactor = world().createReactor({ messageQueue: 10 });
    const { source, peer } = ports(world());
    const port = reactor.adopt(source);
    for (let i = 0; i < 1000; i++) peer.post(i);
    peer.close();
    await world().until(() => port.unread === 10, "the mark");
    await world().passes(20);
    expect([port.unread, port.state]).toEqual([10, "open"]);
    // At half of it receiving goes on.
    const seen = [port.read()!.value, port.read()!.value, port.read()!.value, port.read()!.value];
    await world().passes(20);
    expect(port.unread).toBe(6);
    seen.push(port.read()!.value);
    await world().until(() => port.unread === 10, "the mark again");
    reactor.register(port, READABLE, (given) => void seen.push(...readAll(given)));
    await world().until(() => port.state === "closed", "the end");
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("7: the other end closes: HANGUP, once what came before is read, is the last call", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    const seen: string[] = [];
    const registration = reactor.register(source, READABLE, (port, ready) => {
      seen.push(`${formatMask(ready)} ${String(port.read()?.value)}`);
    });
    const port = registration.descriptor;
    peer.post("one");
    peer.post("two");
    peer.close();
    await world().until(() => port.state === "closed", "the end");
    expect(seen).toEqual(["READABLE one", "READABLE two", `${formatMask(HANGUP)} undefined`]);
    expect([registration.active, port.error, port.post("x")]).toEqual([false, null, false]);
    expect(await world().run(port.closed)).toBe(null);
    expect(reactor.stats().open).toBe(0);
  });

  it("7: HANGUP waits for unread messages for unreadMs; with no registration it is closed then", async () => {
    const reactor = world().createReactor({ unreadMs: 2000 });
    const seen: string[] = [];
    const [one, two] = [ports(world()), ports(world())];
    const registered = reactor.register(one.source, READABLE, (port, ready) => {
      seen.push(`${formatMask(ready)} ${String(port.read()?.value)}`);
    });
    registered.pause();
    const alone = reactor.adopt(two.source);
    for (const { peer } of [one, two]) {
      peer.post("unread");
      peer.close();
    }
    await world().until(() => alone.state === "hung-up" && seen.length === 0, "the end");
    expect([registered.ready, alone.unread]).toEqual([0, 1]);
    await world().advance(2100);
    await turns(world(), reactor, 2);
    expect(seen).toEqual(["HANGUP unread"]);
    expect([registered.active, alone.state]).toEqual([false, "closed"]);
  });

  it("4, 22: close() closes the other end; what was posted arrives before that", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    let called = 0;
    const registration = reactor.register(source, READABLE, () => void (called += 1));
    const { descriptor: port, signal } = registration;
    registration.pause();
    port.post("last");
    peer.post("unread");
    await world().until(() => port.unread === 1, "the message");
    port.close();
    port.close();
    expect([port.state, port.unread, port.read(), signal.aborted]).toEqual([
      "closed",
      0,
      null,
      true,
    ]);
    await world().until(() => peer.closed, "the other end to hear of it");
    expect(peer.received).toEqual(["last"]);
    expect(called).toBe(0);
    expect(port.post("x")).toBe(false);
  });

  it("22: abort() gives its reason to closed", async () => {
    const reactor = world().createReactor();
    const port = reactor.adopt(ports(world()).source);
    const closed = port.closed;
    const reason = new Error("enough");
    port.abort(reason);
    expect(await world().run(closed)).toBe(reason);
    expect(port.error).toBe(reason);
  });

  it("8: edge: each arrival is a transition; oneshot reports once", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    let calls = 0;
    const registration = reactor.register(source, READABLE | EDGE, () => void (calls += 1));
    peer.post(1);
    await world().until(() => calls === 1, "the edge");
    await turns(world(), reactor, 3);
    expect(calls).toBe(1);
    peer.post(2);
    await world().until(() => calls === 2, "another edge");
    registration.modify(READABLE | ONESHOT);
    await world().until(() => calls === 3, "the oneshot");
    await turns(world(), reactor, 3);
    expect([calls, registration.disarmed]).toEqual([3, true]);
  });

  it("11: a handler that throws costs its own port", async () => {
    const [reactor, reports] = listening(world());
    const { source, peer } = ports(world());
    const { descriptor: port } = reactor.register(source, READABLE, () => {
      throw new Error("broken");
    });
    peer.post(1);
    await world().until(() => port.state === "closed", "its end");
    expect([port.error?.message, reports.length]).toEqual(["broken", 1]);
    await world().until(() => peer.closed, "the other end to hear of it");
  });

  it("14: its registration keeps the process alive, and nothing else of it does", async () => {
    const reactor = world().createReactor();
    const { source } = ports(world());
    const port = reactor.adopt(source);
    expect(world().alive).toBe(false);
    const registration = reactor.register(port, READABLE, () => undefined);
    expect(world().alive).toBe(true);
    registration.unref();
    expect(world().alive).toBe(false);
    registration.ref();
    port.close();
    expect(world().alive).toBe(false);
  });

  it("1, 27: it is adopted once; its source names it; a closed one is refused", async () => {
    const [reactor, other] = [world().createReactor(), world().createReactor()];
    const { source, peer } = ports(world());
    const registration = reactor.register(source, READABLE);
    const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
    expect(reactor.get(source)).toBe(registration);
    expect(() => reactor.adopt(source)).toThrow(code("IOMUX_CANNOT_ADOPT"));
    expect(() => other.adopt(source)).toThrow(code("IOMUX_OTHER_REACTOR"));
    peer.post("polled");
    expect(await world().run(reactor.poll())).toEqual([[registration, READABLE]]);
    expect(reactor.explain(source).text).toContain("fd 1 (messages port) is open");
    expect(await world().run(reactor.select([registration.descriptor], []))).toEqual([
      [registration.descriptor],
      [],
      [],
    ]);
    const gone = ports(world()).source;
    gone.close();
    await world().passes(20);
    expect(() => reactor.adopt(gone)).toThrow(code("IOMUX_CANNOT_ADOPT"));
  });

  it("a message that cannot be read is reported, and the port goes on", async () => {
    const [reactor, reports] = listening(world());
    const { source, peer } = ports(world());
    const port = reactor.adopt(source);
    if (peer instanceof MemoryPort) peer.postUnreadable();
    else dispatchMessageError(source);
    peer.post("after it");
    await world().until(() => port.unread === 1 && reports.length === 1, "both");
    expect(reports[0]!.error).toMatchObject({ code: "IOMUX_BAD_MESSAGE", fd: 1 });
    expect(port.read()).toEqual({ value: "after it" });
  });

  it("a reactor that closes closes its ports", async () => {
    const reactor = world().createReactor();
    const { source, peer } = ports(world());
    const port = reactor.adopt(source);
    await world().run(reactor.close());
    expect(port.state).toBe("closed");
    await world().until(() => peer.closed, "the other end to hear of it");
  });
});

/** What Node does for a message that it cannot make again on this side. */
function dispatchMessageError(port: object): void {
  const event = Object.assign(new Event("messageerror"), {
    data: new Error("it has no such class"),
  });
  (port as EventTarget).dispatchEvent(event);
}
