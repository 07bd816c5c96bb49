/** `reactor.close()`, and stopping from the inside (H30, H31). */
import { expect, it } from "vitest";

import { IomuxRangeError, IomuxTypeError, READABLE, WRITABLE } from "iomux";

import { crowd, knocking, readyCrowd, thrownBy, turns } from "../support/crowd.ts";
import { gate, listening } from "../support/reports.ts";
import { connected, onEveryChannel, onStillChannels, type World } from "../support/world.ts";

/** Fills a channel whose peer does not read until it stays full. */
async function fill(
  world: World,
  channel: { write(bytes: Uint8Array): number; readonly room: number },
) {
  do {
    channel.write(Buffer.alloc(1 << 18));
    await world.settle();
  } while (channel.room > 0);
}

onEveryChannel("close", (world) => {
  it("stops accepting, lets output drain, and resolves with nothing cut off", async () => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    reactor.register(channel, READABLE, () => {});
    reactor.register(listener, READABLE, () => {});
    channel.write(Buffer.alloc(200_000, "x"));
    const closing = reactor.close({ drainMs: 1000 + world().slackMs });
    expect(listener.state).toBe("closing");
    expect(channel.state).toBe("closing");
    expect(reactor.registrations.size).toBe(0);
    await world().until(() => peer.ended, "the end");
    expect(peer.received.length).toBe(200_000);
    peer.end();
    expect(await world().run(closing)).toEqual({ cutOff: [] });
    expect(channel).toMatchObject({ state: "closed", error: null });
    expect(listener.state).toBe("closed");
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0, timers: 0 });
  });

  it("output that leaves after answerMs is followed by the end, and nothing is waited for", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    const closing = reactor.close({ drainMs: 5000, answerMs: 300 });
    await world().advance(300);
    expect(channel.state).toBe("closing");
    peer.resume();
    expect((await world().run(closing)).cutOff).toEqual([]);
    await world().until(() => peer.ended, "the end");
    expect(peer.received.length).toBe(channel.bytesOut);
    expect(peer.errorCode).toBeNull();
  });

  it("an empty reactor closes at once; with drainMs 0 nothing is waited for", async () => {
    const empty = world().createReactor();
    expect(await world().run(empty.close())).toEqual({ cutOff: [] });
    const reactor = world().createReactor();
    await connected(world(), reactor);
    const closing = reactor.close({ drainMs: 0 });
    await world().advance(0);
    expect(await world().run(closing)).toEqual({ cutOff: [] });
  });

  it("H30: stop twice: the same promise; run after stop: every call throws", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE, () => {});
    const closing = reactor.close({ drainMs: 1 });
    expect(reactor.close()).toBe(closing);
    const again = (): void => {
      for (const call of [
        () => reactor.register(channel, READABLE),
        () => reactor.poll(),
        () => reactor.listen({ port: 0 }),
        () => reactor.select([]),
        () => reactor.connect({ port: 1 }),
        () => reactor.adopt({} as never),
        () => reactor.setTimer(1, () => {}),
        () => {
          reactor.defer(() => {});
        },
      ]) {
        expect(thrownBy(call)).toMatchObject({ code: "IOMUX_REACTOR_CLOSED" });
      }
    };
    again();
    await world().advance(1);
    await world().run(closing);
    again();
    expect(reactor.close()).toBe(closing);
    // What asks, or ends what has ended, does not throw.
    reactor.wake();
    expect(registration.unregister()).toBe(false);
    expect(reactor.unregister(channel)).toBe(false);
    expect(reactor.has(channel)).toBe(false);
    expect(reactor.stats().open).toBe(0);
    channel.close();
    channel.abort();
    expect(channel.write(Buffer.from("x"))).toBe(0);
    expect(channel.read()).toBeNull();
  });

  it("H30: stop inside a timer or a deferred callback: nothing more is dispatched", async () => {
    for (const inside of ["timer", "defer"]) {
      const reactor = world().createReactor();
      const [member] = await readyCrowd(world(), reactor, 1);
      const ran: string[] = [];
      let closing: Promise<unknown> | undefined;
      const stop = (): void => {
        ran.push("stop");
        closing = reactor.close({ drainMs: 1 });
      };
      reactor.register(member!.channel, READABLE, () => {
        ran.push("handler");
      });
      if (inside === "timer") {
        reactor.setTimer(0, stop);
        reactor.setTimer(0, () => ran.push("timer"));
      } else reactor.defer(stop);
      reactor.defer(() => ran.push("deferred"));
      await world().until(() => closing !== undefined, "the stop");
      await world().advance(1);
      await world().run(closing!);
      expect(ran).toEqual(["stop"]);
    }
  });

  it("H30: an async handler may await close() and is not waited for", async () => {
    const [reactor, reports] = listening(world());
    const [member] = await readyCrowd(world(), reactor, 1);
    const steps: string[] = [];
    const registration = reactor.register(member!.channel, READABLE, async () => {
      await reactor.close({ drainMs: 1 });
      steps.push("closed");
    });
    await world().until(() => registration.signal.aborted, "the handler");
    await world().advance(1);
    await world().until(() => steps.length > 0, "the close");
    expect(reports).toEqual([]);
  });

  it("a handler that is held when the reactor closes is told by its signal", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const opened = gate();
    const registration = reactor.register(member!.channel, READABLE, () => opened.promise);
    await turns(world(), reactor, 1);
    expect(registration.held).toBe(true);
    const closing = reactor.close({ drainMs: 1 });
    expect(registration.signal.aborted).toBe(true);
    await world().advance(1);
    await world().run(closing);
    opened.open();
    await world().passes(2);
    expect(registration.dispatches).toBe(1);
  });

  it("connections that wait, and connections that connect, end with the reactor", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const [waiting] = await knocking(world(), listener, 1);
    const connecting = reactor.connect(listener.localAddress as never);
    const closing = reactor.close({ drainMs: 1 });
    expect(connecting.state).toBe("closed");
    expect(listener.accept()).toBeNull();
    await world().advance(1);
    await world().run(closing);
    await world().until(() => waiting!.ended || waiting!.closed, "the one that waited to hear");
    expect(reactor.stats().open).toBe(0);
  });

  it("a listener that is being bound while the reactor closes does not stay", async () => {
    const reactor = world().createReactor();
    const binding = reactor.listen(world().address());
    const outcome = binding.then(
      () => "bound",
      (error: unknown) => (error as { code: string }).code,
    );
    const closing = reactor.close({ drainMs: 1 });
    await world().advance(1);
    await world().run(closing);
    expect(await world().run(outcome)).toBe("IOMUX_REACTOR_CLOSED");
    await world().settle();
    expect(reactor.stats().open).toBe(0);
    expect(world().alive).toBe(false);
  });

  it("bad drain times throw, and the reactor stays open", () => {
    const reactor = world().createReactor();
    for (const drainMs of [-1, NaN, Infinity]) {
      expect(() => reactor.close({ drainMs })).toThrow(IomuxRangeError);
    }
    for (const drainMs of ["1", null]) {
      expect(() => reactor.close({ drainMs } as never)).toThrow(IomuxTypeError);
    }
    reactor.setTimer(1, () => {}).cancel();
  });

  it("Symbol.asyncDispose closes it", async () => {
    const reactor = world().createReactor();
    await world().run(reactor[Symbol.asyncDispose]());
    expect(thrownBy(() => reactor.setTimer(1, () => {}))).toMatchObject({
      code: "IOMUX_REACTOR_CLOSED",
    });
  });
});

onStillChannels("close", (world) => {
  it("waits answerMs at most for the end of peers to whom all output has left", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    channel.write(Buffer.from("last words"));
    const closing = reactor.close({ drainMs: 5000, answerMs: 300 });
    await world().until(() => peer.ended, "the peer to be told");
    await world().advance(299);
    expect(channel.state).toBe("closing");
    await world().advance(1);
    expect((await world().run(closing)).cutOff).toEqual([]);
    expect(channel).toMatchObject({ state: "closed", error: null });
    await world().settle();
    expect(peer.received.toString()).toBe("last words");
    expect(peer.errorCode).toBeNull();
  });

  it("H30: stop inside a handler: the rest of the batch is dropped", async () => {
    for (let rotation = 0; rotation < 3; rotation++) {
      const reactor = world().createReactor();
      const members = await readyCrowd(world(), reactor, 3);
      await turns(world(), reactor, rotation);
      let calls = 0;
      let closing: Promise<unknown> | undefined;
      for (const { channel } of members) {
        reactor.register(channel, READABLE | WRITABLE, () => {
          calls++;
          closing = reactor.close({ drainMs: 1 });
        });
      }
      let late = 0;
      reactor.setTimer(1, () => late++);
      await world().until(() => closing !== undefined, "the handler");
      for (const { peer } of members) peer.write("more");
      await world().advance(1);
      await world().run(closing!);
      expect(calls).toBe(1);
      expect(late).toBe(0);
    }
  });

  it("aborts the rest at drainMs, and says what was cut off", async () => {
    const reactor = world().createReactor();
    const [stuck, quiet] = await crowd(world(), reactor, 2);
    stuck!.peer.pause();
    await fill(world(), stuck!.channel);
    const { queued } = stuck!.channel;
    expect(queued).toBeGreaterThan(0);
    const closing = reactor.close({ drainMs: 500 });
    await world().until(() => quiet!.peer.ended, "the quiet one to be told");
    await world().advance(499);
    expect(stuck!.channel.state).toBe("closing");
    await world().advance(1);
    const { cutOff } = await world().run(closing);
    expect(cutOff.map(({ fd, queued: lost }) => ({ fd, lost }))).toEqual([
      { fd: stuck!.channel.fd, lost: queued },
    ]);
    expect(cutOff.every(({ peer }) => peer.length > 0)).toBe(true);
    expect(stuck!.channel).toMatchObject({ state: "closed", error: { code: "ETIMEDOUT" } });
    expect(stuck!.channel.error!.message).toContain(`${queued} bytes of output had not left`);
    expect(quiet!.channel.error).toBeNull();
  });
});
