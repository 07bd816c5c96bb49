/** The option `onDispatch`: who hears of each call of a handler, and what that changes. */
import { expect, it } from "vitest";

import { READABLE, WRITABLE, type Registration } from "iomux";

import { listening } from "../support/reports.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("onDispatch", (world) => {
  it("hears of each call just before it, with the registration and the mask of the call", async () => {
    const log: unknown[] = [];
    const reactor = world().createReactor({
      onDispatch: (registration, ready) => log.push("before", registration, ready),
    });
    const { channel, peer } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE | WRITABLE, (_, ready, self) => {
      log.push("call", self, ready);
      channel.read();
      self.modify(READABLE);
    });
    await world().until(() => log.length > 0, "the first call");
    peer.write("x");
    await world().until(() => channel.bytesIn === 1 && channel.unread === 0, "the byte");
    const before = ["before", registration, WRITABLE, "call", registration, WRITABLE];
    const after = ["before", registration, READABLE, "call", registration, READABLE];
    expect(log).toEqual([...before, ...after]);
  });

  it("not of what poll() answers", async () => {
    const heard: number[] = [];
    const onDispatch = ({ fd }: Registration): void => void heard.push(fd);
    const reactor = world().createReactor({ onDispatch });
    const { channel } = await connected(world(), reactor);
    const registration = reactor.register(channel, WRITABLE);
    expect(await world().run(reactor.poll())).toEqual([[registration, WRITABLE]]);
    expect(heard).toEqual([]);
  });

  it("what it throws is reported, and the handler is called all the same", async () => {
    const thrown = new Error("thrown by who hears of it");
    const [reactor, reports] = listening(world(), {
      onDispatch: () => {
        throw thrown;
      },
    });
    const { channel } = await connected(world(), reactor);
    let calls = 0;
    reactor.register(channel, WRITABLE, () => {
      if (++calls === 2) channel.abort();
    });
    await world().until(() => calls === 2, "two calls");
    expect(reports.map(({ error }) => error)).toEqual([thrown, thrown]);
  });

  it("a registration that it has ended is not called", async () => {
    let calls = 0;
    const reactor = world().createReactor({
      onDispatch: (registration) => registration.unregister(),
    });
    const { channel } = await connected(world(), reactor);
    const registration = reactor.register(channel, WRITABLE, () => {
      calls++;
    });
    await world().until(() => !registration.active, "the unregistering");
    await world().settle();
    expect([calls, channel.state]).toEqual([0, "open"]);
  });

  it("what is no function is refused", () => {
    expect(() => world().createReactor({ onDispatch: "me" as never })).toThrow(
      "option onDispatch must be a function, not string",
    );
  });
});
