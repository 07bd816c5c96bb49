/** What reviews have found once, so that it is not found again. */
import { getEventListeners, setMaxListeners } from "node:events";

import { expect, it, vi } from "vitest";

import { EDGE, PEER_CLOSED, READABLE, WRITABLE, type Channel } from "iomux";

import { errorCode, readyCrowd, thrownBy, turns } from "../support/crowd.ts";
import { fill } from "../support/record.ts";
import { gate, listening } from "../support/reports.ts";
import { connected, onEveryChannel } from "../support/world.ts";

/** Something else that rejects with this name is an AbortError too. */
function abortError(): Error {
  return Object.assign(new Error("it was aborted"), { name: "AbortError" });
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

onEveryChannel("regressions: code of users while a channel ends", (world) => {
  it.each([
    ["abort", "close"],
    ["abort", "abort"],
    ["abort", "register"],
    ["close", "close"],
    ["close", "abort"],
    ["close", "register"],
    ["lose", "close"],
    ["lose", "abort"],
    ["lose", "register"],
  ] as const)("22: %s, and a listener of registration.signal calls %s", async (way, call) => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    const codes: (string | undefined)[] = [];
    const registration = reactor.register(channel, READABLE, () => undefined);
    registration.signal.addEventListener("abort", () => {
      // A channel that is lost is told of once more before it is closed: it is still registered.
      if (call !== "register") channel[call]();
      else codes.push(thrownBy(() => reactor.register(channel, READABLE, () => undefined)).code);
    });
    if (way === "lose") {
      peer.reset();
      await world().until(() => {
        // A Unix-domain socket learns that its peer is gone when it is written to.
        if (world().family === "unix") channel.write(Buffer.from("y"));
        return channel.state === "closed";
      }, "the loss");
    } else channel[way]();
    reactor.assertInvariants();
    expect(reactor.stats().registered).toBe(0);
    expect(registration.active).toBe(false);
    if (call === "register") {
      expect(codes).toEqual([way === "lose" ? "IOMUX_ALREADY_REGISTERED" : "IOMUX_CLOSED"]);
    }
    peer.end();
    await world().until(() => channel.state === "closed", "the end of the channel");
    listener.close();
    await world().run(listener.closed);
    await world().settle();
    reactor.assertInvariants();
    expect([world().alive, reactor.stats().open]).toEqual([false, 0]);
  });

  it("11: an onError that is async and rejects is printed, and the loop goes on", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on("unhandledRejection", note);
    const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
    try {
      const broken: unknown = () => Promise.reject(new Error("the reporter is broken"));
      const reactor = world().createReactor({ onError: broken as () => void });
      const [first, second] = await readyCrowd(world(), reactor, 2);
      reactor.register(first!.channel, READABLE, () => {
        throw new Error("the handler is broken");
      });
      await world().until(() => first!.channel.state === "closed", "the first to be aborted");
      let calls = 0;
      reactor.register(second!.channel, READABLE, (channel) => {
        calls++;
        channel.read();
      });
      await turns(world(), reactor, 2);
      await new Promise((resolve) => setImmediate(resolve));
      expect([unhandled, calls]).toEqual([[], 1]);
      const printed = print.mock.calls.flat().join("\n");
      expect(printed).toContain("the handler is broken");
      expect(printed).toContain("the reporter is broken");
    } finally {
      process.off("unhandledRejection", note);
      print.mockRestore();
    }
  });

  it.each([
    ["an error", true, false],
    ["an AbortError", false, false],
    ["an error, registered anew", false, true],
  ])("11: unregistered, then rejected with %s", async (what, costs, anew) => {
    const [reactor, reports] = listening(world());
    const [member] = await readyCrowd(world(), reactor, 1);
    const { channel } = member!;
    const opened = gate();
    const why = what === "an AbortError" ? abortError() : new Error("enough");
    reactor.register(channel, READABLE, (_, _ready, registration) => {
      registration.unregister();
      return opened.promise;
    });
    await turns(world(), reactor, 1);
    if (anew) reactor.register(channel, WRITABLE | EDGE, () => undefined);
    opened.fail(why);
    await turns(world(), reactor, 2);
    expect([channel.state, channel.error]).toEqual(costs ? ["closed", why] : ["open", null]);
    expect(reports.length).toBe(what === "an AbortError" ? 0 : 1);
    expect(reactor.stats().registered).toBe(anew ? 1 : 0);
  });
});

onEveryChannel("regressions: signals are let go of", (world) => {
  it("16: by connections that stand, and by those that failed", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const address = listener.localAddress!;
    const where = address.family === "unix" ? { path: address.path } : address;
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const timeoutMs = 1000 + world().slackMs;
    const connect = (): Channel[] =>
      Array.from({ length: 20 }, () => reactor.connect(where, { signal, timeoutMs }));
    const good = connect();
    expect(listenersOf(signal)).toBe(20);
    await world().until(() => good.every(({ state }) => state === "open"), "the connections");
    expect(listenersOf(signal)).toBe(0);
    listener.close();
    await world().run(listener.closed);
    const bad = connect();
    await world().until(() => bad.every(({ state }) => state === "failed"), "the failures");
    expect(listenersOf(signal)).toBe(0);
    const ended = connect();
    for (const channel of ended) channel.abort();
    expect(listenersOf(signal)).toBe(0);
  });

  it("16: by poll, select, listen and register", async () => {
    const reactor = world().createReactor();
    const { signal } = new AbortController();
    const { channel } = await connected(world(), reactor);
    await world().run(reactor.select([], [channel], [], { signal }));
    const registration = reactor.register(channel, WRITABLE, null, { signal });
    await world().run(reactor.poll({ signal }));
    expect(listenersOf(signal)).toBe(1);
    registration.unregister();
    expect(listenersOf(signal)).toBe(0);
    const waits = [reactor.poll({ signal }), reactor.select([channel], [], [], { signal })];
    expect(listenersOf(signal)).toBe(2);
    reactor.wake();
    for (const wait of waits) await world().run<unknown>(wait);
    expect(listenersOf(signal)).toBe(0);
    const listener = await world().run(reactor.listen(world().address(), { signal }));
    expect(listenersOf(signal)).toBe(1);
    listener.close();
    await world().run(listener.closed);
    await world().passes(1);
    expect(listenersOf(signal)).toBe(0);
  });
});

onEveryChannel("regressions: what is told of a channel", (world) => {
  it.each(["reset", "close", "abort"] as const)("2: its addresses stay after %s", async (way) => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { localAddress, remoteAddress } = channel;
    expect(localAddress).toMatchObject({ family: world().family === "unix" ? "unix" : "IPv4" });
    expect(remoteAddress).not.toBeNull();
    if (way === "reset") {
      reactor.register(channel, READABLE, (self) => {
        if (self.read()?.length === 0) self.close();
      });
      peer.reset();
    } else channel[way]();
    peer.end();
    await world().until(() => channel.state === "closed", "the end");
    await world().settle();
    expect([channel.localAddress, channel.remoteAddress]).toEqual([localAddress, remoteAddress]);
    expect(errorCode(channel)).toBe(
      way === "reset" && world().family === "tcp" ? "ECONNRESET" : undefined,
    );
  });

  it("6: PEER_CLOSED is not told any more once the end was read", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    let calls = 0;
    reactor.register(channel, READABLE | PEER_CLOSED, () => {
      calls++;
      channel.read();
    });
    peer.end("x");
    await world().until(() => channel.ended, "the end");
    expect(calls).toBeLessThanOrEqual(3);
    const before = calls;
    await turns(world(), reactor, 10);
    expect([calls, channel.state]).toEqual([before, "open"]);
  });

  it("5: an edge collected in this turn, modified by another's handler, is told in the next", async () => {
    const reactor = world().createReactor();
    const members = await readyCrowd(world(), reactor, 2);
    const seen: { fd: number; turn: number }[] = [];
    const registrations = members.map(({ channel }) =>
      reactor.register(channel, READABLE | EDGE, ({ fd }) => {
        seen.push({ fd, turn: reactor.stats().turns });
        if (seen.length > 1) return;
        registrations.find((other) => other.fd !== fd)!.modify(READABLE | EDGE);
      }),
    );
    await turns(world(), reactor, 4);
    expect(seen.map(({ turn }) => turn - seen[0]!.turn)).toEqual([0, 1]);
    expect(seen[0]!.fd).not.toBe(seen[1]!.fd);
  });

  it.each(["all sent", "output waiting"])(
    "20: the end is not confirmed after our own shutdown, but by TLS: %s",
    async (how) => {
      const reactor = world().createReactor();
      const { channel, peer } = await connected(world(), reactor);
      if (how === "output waiting") {
        peer.pause();
        await fill(world(), channel);
      }
      channel.shutdown();
      await world().passes(2);
      peer.end();
      await world().until(() => channel.read()?.length === 0, "the end");
      expect([channel.ended, channel.endConfirmed]).toEqual([true, world().secure]);
      expect(channel.queued > 0).toBe(how === "output waiting");
    },
  );

  it("22: what is no Error becomes one", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    channel.abort("why" as never);
    listener.abort("why" as never);
    for (const { error } of [channel, listener]) {
      expect(error).toBeInstanceOf(Error);
      expect(error!.message).toContain("why");
    }
  });
});

onEveryChannel("regressions: arguments", (world) => {
  it("31: an option that does not exist is named, and what is no options is refused", async () => {
    const bad = { name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT" };
    const misspelt = thrownBy(() => world().createReactor({ highWatermark: 5 } as never));
    expect(misspelt).toMatchObject(bad);
    expect(misspelt.message).toContain("highWatermark");
    expect(misspelt.message).toContain("highWaterMark");
    const reactor = world().createReactor();
    for (const wrong of [null, 5, "soon"]) {
      expect(thrownBy(() => reactor.close(wrong as never))).toMatchObject(bad);
    }
    const listener = await world().run(reactor.listen(world().address()));
    expect(listener.state).toBe("open");
  });
});
