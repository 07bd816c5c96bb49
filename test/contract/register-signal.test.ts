/** The `signal` of `register`. */
import { getEventListeners } from "node:events";

import { expect, it } from "vitest";

import { READABLE } from "iomux";

import { crowd, failedWithBytes } from "../support/crowd.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("the signal of register", (world) => {
  it("a signal given to register unregisters when it is aborted", async () => {
    const reactor = world().createReactor();
    const [first, second] = await crowd(world(), reactor, 2);
    const controller = new AbortController();
    const { signal } = controller;
    const registration = reactor.register(first!.channel, READABLE, () => {}, { signal });
    controller.abort();
    expect(registration.active).toBe(false);
    expect(first!.channel.state).toBe("open");
    const late = reactor.register(second!.channel, READABLE, () => {}, { signal });
    expect(late.active).toBe(false);
    expect(reactor.registrations.size).toBe(0);
  });

  it("it is let go of with the registration", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    const { signal } = new AbortController();
    reactor.register(channel, READABLE, () => {}, { signal });
    const registration = reactor.register(listener, READABLE, () => {}, { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(2);
    channel.abort();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    registration.unregister();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("it still counts for a channel that has failed and holds unread bytes", async () => {
    const reactor = world().createReactor();
    const controller = new AbortController();
    const { signal } = controller;
    const { registration, channel } = await failedWithBytes(world(), reactor, { signal });
    expect(registration).toMatchObject({ active: true });
    controller.abort();
    expect(registration.active).toBe(false);
    expect(channel.state).toBe("failed");
  });
});
