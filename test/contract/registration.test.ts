/** Promises 1 to 3: what may be registered, and what a failed call leaves behind. */
import net from "node:net";

import { expect, it } from "vitest";

import {
  EDGE,
  ERROR,
  formatMask,
  HANGUP,
  INVALID,
  IomuxRangeError,
  IomuxTypeError,
  ONESHOT,
  PEER_CLOSED,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Channel,
} from "iomux";

import { arrived, crowd, errorCode, tables, thrownBy, turns } from "../support/crowd.ts";
import { connected, onEveryNetwork, onNetworks } from "../support/world.ts";

const WRONG_MASKS: readonly (readonly [
  mask: unknown,
  error: typeof IomuxRangeError,
  code: string,
])[] = [
  [0, IomuxRangeError, "IOMUX_BAD_MASK"],
  [-1, IomuxRangeError, "IOMUX_BAD_MASK"],
  [1.5, IomuxRangeError, "IOMUX_BAD_MASK"],
  [NaN, IomuxRangeError, "IOMUX_BAD_MASK"],
  [Infinity, IomuxRangeError, "IOMUX_BAD_MASK"],
  [1 << 29, IomuxRangeError, "IOMUX_BAD_MASK"],
  [READABLE | (1 << 29), IomuxRangeError, "IOMUX_BAD_MASK"],
  [1 << 31, IomuxRangeError, "IOMUX_BAD_MASK"],
  [READABLE + 2 ** 32, IomuxRangeError, "IOMUX_BAD_MASK"],
  [INVALID, IomuxRangeError, "IOMUX_BAD_MASK"],
  [READABLE | INVALID, IomuxRangeError, "IOMUX_BAD_MASK"],
  [EDGE, IomuxRangeError, "IOMUX_BAD_MASK"],
  [ONESHOT, IomuxRangeError, "IOMUX_BAD_MASK"],
  [EDGE | ONESHOT, IomuxRangeError, "IOMUX_BAD_MASK"],
  ["1", IomuxTypeError, "IOMUX_BAD_ARGUMENT"],
  [null, IomuxTypeError, "IOMUX_BAD_ARGUMENT"],
  [undefined, IomuxTypeError, "IOMUX_BAD_ARGUMENT"],
  [[READABLE], IomuxTypeError, "IOMUX_BAD_ARGUMENT"],
];

onEveryNetwork("registration", (world) => {
  it("1 / H27: registering twice throws with the fd and state", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE, () => {});
    reactor.register(listener, READABLE, () => {});
    const before = tables(reactor);
    for (const again of [channel, listener]) {
      const error = thrownBy(() => reactor.register(again, WRITABLE, () => {}));
      expect(error).toMatchObject({
        code: "IOMUX_ALREADY_REGISTERED",
        fd: again.fd,
        state: "open",
      });
      expect(error.message).toContain(`fd ${again.fd} is registered already (open)`);
      expect(tables(reactor)).toEqual(before);
    }
    expect(reactor.get(channel)).toBe(registration);
  });

  it("1 / H27: registering with a second reactor throws, and so does every other call", async () => {
    const reactor = world().createReactor();
    const other = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    reactor.register(channel, READABLE, () => {});
    const before = [tables(reactor), tables(other)];
    for (const call of [
      () => other.register(channel, READABLE, () => {}),
      () => other.register(listener, READABLE, () => {}),
      () => other.modify(channel, WRITABLE),
      () => other.unregister(channel),
      () => other.select([channel]),
      () => other.explain(listener),
    ]) {
      const error = thrownBy(call);
      expect(error).toMatchObject({ code: "IOMUX_OTHER_REACTOR", state: "open" });
      expect(error.message).toMatch(/^fd \d+ belongs to another reactor/);
      expect([tables(reactor), tables(other)]).toEqual(before);
    }
  });

  it("1: an adopted source stands for its channel: registering it twice throws", async () => {
    const reactor = world().createReactor();
    const other = world().createReactor();
    const { source } = await world().adoptable();
    const channel: Channel = reactor.adopt(source);
    const registration = reactor.register(source, READABLE, () => {});
    expect(registration.descriptor).toBe(channel);
    expect(reactor.get(source)).toBe(registration);
    const before = tables(reactor);
    expect(thrownBy(() => reactor.register(source, READABLE))).toMatchObject({
      code: "IOMUX_ALREADY_REGISTERED",
      fd: channel.fd,
    });
    expect(thrownBy(() => reactor.register(channel, READABLE))).toMatchObject({
      code: "IOMUX_ALREADY_REGISTERED",
    });
    expect(thrownBy(() => reactor.adopt(source))).toMatchObject({ code: "IOMUX_CANNOT_ADOPT" });
    expect(thrownBy(() => other.register(source, READABLE))).toMatchObject({
      code: "IOMUX_OTHER_REACTOR",
      fd: channel.fd,
    });
    expect(tables(reactor)).toEqual(before);
    expect(other.stats().open).toBe(0);
  });

  it("1: modifying or unregistering what was never registered here throws", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const before = tables(reactor);
    const unknown = [channel, channel.fd, 0, -1, 1.5, NaN, 4711, {}, null, undefined, "1"];
    for (const source of unknown as Channel[]) {
      for (const call of [
        () => reactor.modify(source, READABLE),
        () => reactor.unregister(source),
      ]) {
        expect(thrownBy(call)).toMatchObject({ code: "IOMUX_NOT_REGISTERED" });
        expect(tables(reactor)).toEqual(before);
      }
      expect(reactor.has(source)).toBe(false);
      expect(reactor.get(source)).toBeUndefined();
    }
    const error = thrownBy(() => reactor.unregister(channel));
    expect(error).toMatchObject({ fd: channel.fd, state: "open" });
    expect(error.message).toContain(`fd ${channel.fd} (open)`);
  });

  it("1: a registration that is gone cannot be modified, paused or resumed", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE, () => {});
    expect(registration.unregister()).toBe(true);
    const before = tables(reactor);
    for (const call of [
      () => registration.modify(WRITABLE),
      () => registration.pause(),
      () => registration.resume(),
    ]) {
      expect(thrownBy(call)).toMatchObject({
        code: "IOMUX_NOT_REGISTERED",
        fd: channel.fd,
        state: "open",
      });
    }
    expect(registration.unregister()).toBe(false);
    expect(registration.active).toBe(false);
    expect(registration.interest).toBe(READABLE);
    expect(tables(reactor)).toEqual(before);
  });

  it("1: what is closing, closed or aborted cannot be registered any more", async () => {
    const reactor = world().createReactor();
    const [first, second] = await crowd(world(), reactor, 2);
    first!.channel.close();
    second!.channel.abort(new Error("enough"));
    for (const { channel } of [first!, second!]) {
      const before = tables(reactor);
      const error = thrownBy(() => reactor.register(channel, READABLE, () => {}));
      expect(error).toMatchObject({ code: "IOMUX_CLOSED", fd: channel.fd, state: channel.state });
      expect(error.message).toContain(`fd ${channel.fd} is ${channel.state}`);
      expect(tables(reactor)).toEqual(before);
    }
    expect(thrownBy(() => reactor.register(second!.channel, READABLE)).message).toContain("enough");
    first!.peer.end();
    await world().until(() => first!.channel.state === "closed", "the first to be closed");
    expect(thrownBy(() => reactor.register(first!.channel, READABLE))).toMatchObject({
      code: "IOMUX_CLOSED",
      state: "closed",
    });
  });

  it("1: what is no descriptor, and a handler that is not a function, throw a TypeError", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const { source } = await world().adoptable();
    const before = tables(reactor);
    for (const none of [undefined, null, 1, channel.fd, "socket", true, Symbol("s")]) {
      expect(() => reactor.register(none as never, READABLE)).toThrow(IomuxTypeError);
    }
    expect(thrownBy(() => reactor.register({} as Channel, READABLE))).toMatchObject({
      code: "IOMUX_CANNOT_ADOPT",
    });
    for (const handler of [1, "read", {}, true]) {
      for (const given of [channel, source]) {
        const error = thrownBy(() => reactor.register(given, READABLE, handler as never));
        expect(error).toBeInstanceOf(IomuxTypeError);
        expect(error.message).toContain("the handler must be a function");
      }
    }
    expect(tables(reactor)).toEqual(before);
  });

  it("1: options that are none, and a signal that is none, throw a TypeError", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const { source } = await world().adoptable();
    const before = tables(reactor);
    for (const given of [channel, source]) {
      for (const signal of [1, "abort", {}, null]) {
        const options = { signal } as never;
        expect(() => reactor.register(given, READABLE, () => {}, options)).toThrow(IomuxTypeError);
      }
      expect(() => reactor.register(given, READABLE, () => {}, null as never)).toThrow(
        IomuxTypeError,
      );
    }
    expect(tables(reactor)).toEqual(before);
  });

  it("2: a mask of 0, negative, fractional or with unknown bits throws a RangeError", async () => {
    const reactor = world().createReactor();
    const [registered, other] = await crowd(world(), reactor, 2);
    const registration = reactor.register(registered!.channel, READABLE, () => {});
    const { source } = await world().adoptable();
    const before = tables(reactor);
    for (const [mask, kind, code] of WRONG_MASKS) {
      const wrong = mask as number;
      for (const call of [
        () => reactor.register(other!.channel, wrong, () => {}),
        () => reactor.register(source, wrong, () => {}),
        () => reactor.modify(registered!.channel, wrong),
        () => reactor.modify(registration.fd, wrong),
        () => registration.modify(wrong),
      ]) {
        const error = thrownBy(call);
        expect(error, String(mask)).toBeInstanceOf(kind);
        expect(error).toMatchObject({ code });
        expect(tables(reactor)).toEqual(before);
      }
    }
    expect(registration.interest).toBe(READABLE);
    expect(thrownBy(() => registration.modify(0))).toMatchObject({ fd: registration.fd });
  });

  it("2: PRIORITY on a network without urgent data throws IOMUX_UNSUPPORTED", async () => {
    const reactor = world().createReactor();
    const [registered, other] = await crowd(world(), reactor, 2);
    const registration = reactor.register(registered!.channel, READABLE, () => {});
    expect(reactor.capabilities.urgent).toBe(false);
    const before = tables(reactor);
    for (const call of [
      () => reactor.register(other!.channel, PRIORITY, () => {}),
      () => reactor.register(other!.channel, READABLE | PRIORITY, () => {}),
      () => registration.modify(READABLE | PRIORITY),
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: "IOMUX_UNSUPPORTED" });
      expect(tables(reactor)).toEqual(before);
    }
  });

  it("2: pausing is an explicit state, and the interest stays", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const seen: number[] = [];
    const registration = reactor.register(channel, READABLE, (_, ready) => {
      seen.push(ready);
      channel.read();
    });
    registration.pause();
    expect(registration).toMatchObject({ paused: true, interest: READABLE, active: true });
    peer.write("hello");
    await arrived(world(), [channel]);
    await turns(world(), reactor, 3);
    expect(seen).toEqual([]);
    registration.modify(READABLE);
    await turns(world(), reactor, 3);
    expect(registration.paused).toBe(true);
    registration.resume();
    expect(seen).toEqual([]);
    await turns(world(), reactor, 3);
    expect(registration.paused).toBe(false);
    expect(seen).toEqual([READABLE]);
  });

  it("3: HANGUP is reported whether asked for or not", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const seen: string[] = [];
    const registration = reactor.register(channel, READABLE, (_, ready) => {
      seen.push(formatMask(ready));
      channel.read();
    });
    channel.shutdown();
    peer.end();
    await world().until(() => !registration.active, "the last call");
    expect(seen).toEqual(["READABLE", "HANGUP"]);
    expect(channel).toMatchObject({ state: "closed", error: null });
  });

  it("3: ERROR is reported whether asked for or not, also while paused", async () => {
    const reactor = world().createReactor();
    const [asking, paused] = await crowd(world(), reactor, 2);
    for (const { channel, peer } of [asking!, paused!]) {
      const seen: number[] = [];
      const registration = reactor.register(channel, PEER_CLOSED, (_, ready) => {
        seen.push(ready & (ERROR | HANGUP));
        // A Unix-domain socket learns that its peer is gone when it is written to.
        channel.write(Buffer.from("x"));
      });
      peer.reset();
      if (channel === paused!.channel) {
        if (world().family === "unix") await world().until(() => seen.length > 0, "the end");
        registration.pause();
      }
      await world().until(() => !registration.active, "the last call");
      expect(seen.at(-1)).toBe(ERROR | HANGUP);
      expect(seen.filter((always) => always !== 0)).toHaveLength(1);
      expect(errorCode(channel)).toMatch(/ECONNRESET|EPIPE/);
    }
  });

  it("registrations is a live, read-only map of fd to registration", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    const { registrations } = reactor;
    const data = { name: "a" };
    const handler = (): void => {};
    const first = reactor.register(channel, READABLE, handler, { data });
    const second = reactor.register(listener, READABLE | EDGE);
    expect([...registrations]).toEqual([
      [channel.fd, first],
      [listener.fd, second],
    ]);
    expect([...registrations.keys()]).toEqual([channel.fd, listener.fd]);
    expect([...registrations.values()]).toEqual([first, second]);
    const visited: number[] = [];
    registrations.forEach((_, fd, map) => {
      expect(map).toBe(registrations);
      visited.push(fd);
    });
    expect(visited).toEqual([channel.fd, listener.fd]);
    expect("set" in registrations || "delete" in registrations).toBe(false);
    expect(first).toMatchObject({
      fd: channel.fd,
      descriptor: channel,
      handler,
      interest: READABLE,
    });
    expect(first.data).toBe(data);
    expect(second.handler).toBeNull();
    expect(reactor.unregister(channel.fd)).toBe(true);
    expect(registrations.size).toBe(1);
    expect(registrations.has(channel.fd)).toBe(false);
  });

  it("fds count from 1 and are never used again", async () => {
    const reactor = world().createReactor();
    const members = await crowd(world(), reactor, 3);
    members[1]!.channel.abort();
    await turns(world(), reactor, 2);
    const more = await crowd(world(), reactor, 1);
    const fds = [...members, ...more].map(({ channel }) => channel.fd);
    expect(fds).toEqual([2, 3, 4, 6]);
  });
});

onNetworks(
  [
    ["net", "tcp"],
    ["net", "unix"],
  ],
  "registration (in memory a socket has one wrapper)",
  (world) => {
    it("1 / H27: another wrapper of the same socket is taken for it", async () => {
      const reactor = world().createReactor();
      const other = world().createReactor();
      const { source } = await world().adoptable();
      const socket = source as net.Socket;
      const registration = reactor.register(socket, READABLE, () => {});
      const { _handle: handle } = socket as unknown as { _handle: object };
      const wrapper = new net.Socket({ handle } as net.SocketConstructorOpts);
      const before = tables(reactor);
      expect(thrownBy(() => reactor.register(wrapper, READABLE))).toMatchObject({
        code: "IOMUX_ALREADY_REGISTERED",
        fd: registration.fd,
      });
      expect(thrownBy(() => other.register(wrapper, READABLE))).toMatchObject({
        code: "IOMUX_OTHER_REACTOR",
        fd: registration.fd,
      });
      expect(tables(reactor)).toEqual(before);
    });
  },
);
