/** H18: every call in every state is defined. */
import { expect, it } from "vitest";

import { READABLE, WRITABLE, type Address, type Channel, type Reactor } from "iomux";

import { fill, record } from "../support/record.ts";
import { connected, onEveryChannel, type World } from "../support/world.ts";

/** What each call does in each state: the table of `docs/concepts.md`. */
interface Row {
  readonly write: number;
  readonly read: "null" | "bytes" | "end";
  readonly shutdown: string;
  readonly close: string;
  readonly register: "ok" | "IOMUX_CLOSED";
}

const TABLE: Readonly<Record<string, Row>> = {
  connecting: { write: 0, read: "null", shutdown: "connecting", close: "closed", register: "ok" },
  open: { write: 1, read: "null", shutdown: "open", close: "closing", register: "ok" },
  "open, bytes unread": {
    write: 1,
    read: "bytes",
    shutdown: "open",
    close: "closing",
    register: "ok",
  },
  "open, full": { write: 0, read: "null", shutdown: "open", close: "closing", register: "ok" },
  "open, shut down": { write: 0, read: "null", shutdown: "open", close: "closing", register: "ok" },
  "open, peer ended": { write: 1, read: "end", shutdown: "open", close: "closing", register: "ok" },
  "open, end read": { write: 1, read: "null", shutdown: "open", close: "closing", register: "ok" },
  "hung-up": { write: 0, read: "end", shutdown: "hung-up", close: "closed", register: "ok" },
  failed: { write: 0, read: "null", shutdown: "failed", close: "closed", register: "ok" },
  closing: {
    write: 0,
    read: "null",
    shutdown: "closing",
    close: "closing",
    register: "IOMUX_CLOSED",
  },
  closed: { write: 0, read: "null", shutdown: "closed", close: "closed", register: "IOMUX_CLOSED" },
};

/** A channel in the state that the row of the table is called. */
async function inState(name: string, world: World, reactor: Reactor): Promise<Channel> {
  const { channel, peer, listener } = await connected(world, reactor);
  switch (name) {
    case "connecting":
      channel.abort();
      return reactor.connect(listener.localAddress as Address);
    case "open, bytes unread":
      peer.write("u");
      await world.until(() => channel.unread > 0, "bytes");
      break;
    case "open, full":
      peer.pause();
      await fill(world, channel);
      break;
    case "open, shut down":
      channel.shutdown();
      await world.until(() => peer.ended, "our end");
      break;
    case "open, peer ended":
    case "open, end read":
      peer.end();
      await world.settle();
      if (name === "open, end read") expect(channel.read()).toHaveLength(0);
      break;
    case "hung-up":
      channel.shutdown();
      peer.end();
      await world.until(() => channel.state === "hung-up", "the end of both");
      break;
    case "failed":
      peer.pause();
      await fill(world, channel);
      peer.destroy();
      await world.until(() => channel.state === "failed", "the loss");
      break;
    case "closing":
      channel.close();
      break;
    case "closed":
      channel.abort();
      break;
  }
  return channel;
}

onEveryChannel("H18: every call in every state", (world) => {
  it.each(Object.entries(TABLE))("%s", async (name, row) => {
    const each = async (): Promise<Channel> => {
      const channel = await inState(name, world(), world().createReactor());
      expect(channel.state).toBe(name.split(",")[0]);
      return channel;
    };
    const written = await each();
    expect(written.write(Buffer.from("x"))).toBe(row.write);
    expect(written.room > 0).toBe(row.write > 0);

    const peeked = await each();
    expect(peeked.peek()?.toString()).toBe(row.read === "bytes" ? "u" : undefined);
    const read = peeked.read();
    expect(read === null ? "null" : read.length === 0 ? "end" : "bytes").toBe(row.read);
    expect(peeked.read()).toBeNull();

    const shut = await each();
    shut.shutdown();
    expect(shut.state).toBe(row.shutdown);
    expect(shut.write(Buffer.from("x"))).toBe(0);

    const closed = await each();
    closed.close();
    expect(closed.state).toBe(row.close);

    const aborted = await each();
    aborted.abort();
    expect([aborted.state, aborted.queued, aborted.unread]).toEqual(["closed", 0, 0]);
    await world().run(aborted.closed);

    const reactor = world().createReactor();
    const registered = await inState(name, world(), reactor);
    const register = (): unknown =>
      reactor.register(registered, READABLE, () => {
        registered.read();
      });
    if (row.register === "ok")
      expect(register()).toMatchObject({ fd: registered.fd, active: true });
    else expect(register).toThrow(expect.objectContaining({ code: row.register, state: name }));
    await world().settle();
  });

  it("shutdown as soon as connected, and close before it is", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const at = listener.localAddress as Address;
    const shut = reactor.connect(at);
    shut.shutdown();
    await world().until(() => listener.waiting === 1, "the connection");
    const accepted = listener.accept()!;
    const { log } = record(reactor, accepted);
    await world().until(() => accepted.ended, "its end");
    expect([log, shut.state]).toEqual([["READABLE end"], "open"]);

    const early = reactor.connect(at);
    let reports = 0;
    reactor.register(early, READABLE | WRITABLE, () => {
      reports++;
    });
    early.close();
    expect(await world().run(early.closed)).toBeNull();
    await world().settle();
    expect([reports, early.state]).toEqual([0, "closed"]);
    while (listener.accept() !== null);
  });

  it("shutdown and close in the first call of a handler", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    for (const act of ["shutdown", "close", "abort"] as const) {
      const channel = reactor.connect(listener.localAddress as Address);
      let reports = 0;
      reactor.register(channel, WRITABLE, () => {
        reports++;
        channel.write(Buffer.from("hello"));
        channel[act]();
      });
      await world().until(() => reports > 0, "WRITABLE");
      await world().until(() => listener.waiting > 0, "the other side");
      const accepted = listener.accept()!;
      const { bytes } = record(reactor, accepted);
      await world().until(() => accepted.ended || accepted.state === "closed", "its end");
      expect(bytes().toString()).toBe(act === "abort" ? "" : "hello");
      accepted.close();
      await world().settle();
      expect(reports).toBe(1);
    }
  });
});
