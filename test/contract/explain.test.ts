/** `explain`: why a descriptor is not being read or written right now. */
import { expect, it } from "vitest";

import { EDGE, ONESHOT, READABLE, WRITABLE, type Channel, type Listener } from "iomux";

import { readyCrowd, thrownBy, turns } from "../support/crowd.ts";
import { gate } from "../support/reports.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("explain", (world) => {
  it("says of each direction what holds it up", async () => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    const why = (source: Channel | Listener = channel): string[] => {
      const { reading, writing, text } = reactor.explain(source);
      expect(reactor.explain(source.fd).text).toBe(text);
      expect(text.split("\n")).toHaveLength(1);
      expect(text).toContain(`fd ${source.fd} (${source.kind} `);
      return [reading, writing];
    };
    expect(why(listener)).toEqual(["nothing came", "no output side"]);
    expect(why()).toEqual(["nothing came", "not registered"]);
    const registration = reactor.register(channel, READABLE, () => {});
    expect(why()).toEqual(["nothing came", "not asked for"]);
    registration.modify(READABLE | WRITABLE);
    expect(why()).toEqual(["nothing came", "ready"]);
    registration.pause();
    expect(why()).toEqual(["paused", "paused"]);
    registration.resume();
    registration.modify(READABLE | WRITABLE | EDGE);
    await turns(world(), reactor, 2);
    expect(why()).toEqual(["nothing came", "edge reported"]);
    registration.modify(WRITABLE | ONESHOT);
    await turns(world(), reactor, 2);
    expect(why()).toEqual(["disarmed", "disarmed"]);
    registration.modify(READABLE | WRITABLE);
    channel.shutdown();
    expect(why()).toEqual(["nothing came", "shut down"]);
    registration.unregister();
    peer.end("x");
    await world().until(() => channel.unread > 0, "the byte");
    await world().settle();
    channel.read();
    channel.read();
    expect(why()[0]).toBe("ended");
  });

  it("says that output is full, at which mark it goes on, and that it is held or closing", async () => {
    const reactor = world().createReactor({ highWaterMark: 100, lowWaterMark: 50 });
    const [member] = await readyCrowd(world(), reactor, 1);
    const { channel } = member!;
    const opened = gate();
    let full = "";
    reactor.register(channel, READABLE | WRITABLE, () => {
      channel.write(Buffer.alloc(200));
      full = reactor.explain(channel).text;
      return opened.promise;
    });
    await turns(world(), reactor, 1);
    expect(full).toContain("100 bytes wait and the peer reads slowly; writable again at 50");
    expect(reactor.explain(channel)).toMatchObject({ reading: "held", writing: "held" });
    opened.open();
    channel.close();
    expect(reactor.explain(channel)).toMatchObject({ reading: "closing", writing: "closing" });
  });

  it("says that a channel is connecting or has failed, and why", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const channel = reactor.connect(listener.localAddress as never);
    expect(reactor.explain(channel)).toMatchObject({ reading: "connecting", state: "connecting" });
    const controller = new AbortController();
    const failed = reactor.connect(listener.localAddress as never, { signal: controller.signal });
    controller.abort();
    expect(reactor.explain(failed).text).toContain("is failed, no interest, failed with");
  });

  it("throws for what it does not know", () => {
    const reactor = world().createReactor();
    for (const unknown of [1, 0, -1, NaN, {}, null, undefined, "x"]) {
      expect(thrownBy(() => reactor.explain(unknown as never))).toMatchObject({
        code: "IOMUX_NOT_REGISTERED",
      });
    }
  });

  it("says of a number whose descriptor was closed that it was", () => {
    const reactor = world().createReactor();
    const signals = reactor.signals(["SIGUSR2"]);
    const { fd } = signals;
    signals.close();
    const message = `cannot explain fd ${fd} (closed): it is not registered any more`;
    expect(thrownBy(() => reactor.explain(fd))).toMatchObject({ message, state: "closed", fd });
  });
});
