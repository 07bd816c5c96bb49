/** What programs say of slow handlers is told from all else that they say. */
import { expect, it } from "vitest";

import { createReactor, READABLE } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

import { isSlowHandler, SlowHandlerSieve, withoutSlowHandlers } from "../support/slow-handlers.ts";

/** The messages of a reactor of which a handler takes 60 ms, once and then twice. */
async function messages(debug: boolean): Promise<string[]> {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock);
  const said: string[] = [];
  const onError = (error: Error): number => said.push(error.message);
  const reactor = createReactor({ network, clock, debug, onError });
  const listener = await clock.run(reactor.listen({ port: 9000 }));
  reactor.register(listener, READABLE, function onPeer() {
    const peer = listener.accept()!;
    reactor.register(peer, READABLE, (channel) => {
      channel.read();
      clock.spend(60);
    });
  });
  const peer = network.dial({ port: 9000 });
  for (let i = 0; i < 3; i++) {
    peer.write("x");
    await clock.settle();
  }
  await clock.advance(10_000);
  await clock.run(reactor.close());
  return said;
}

it.each([false, true])("what the library says of them is known (debug: %s)", async (debug) => {
  const said = await messages(debug);
  expect(said.length).toBeGreaterThanOrEqual(2);
  for (const message of said) {
    expect(isSlowHandler(`chat-room: ${message}`), message).toBe(true);
    expect(withoutSlowHandlers(`one\niomux: ${message}\r\ntwo\n`)).toBe("one\ntwo\n");
    expect(withoutSlowHandlers(`one\niomux: ${message}`)).toBe("one\n");
  }
});

it("in a terminal they are dropped from what comes in pieces, behind a ^C too", () => {
  const sieve = new SlowHandlerSieve();
  const pieces = [
    ...["one\r\n^Croom: the handler onPe", "er of fd 2 ran for 55.6 ms"],
    ...[", and nothing else could run: split its work\r", "\ntwo\r\n> "],
  ];
  expect(pieces.map((piece) => sieve.feed(piece)).join("")).toBe("one\r\n^Ctwo\r\n> ");
});

it("all else is left as it is", () => {
  const text = "chat-room: the handler onPeer of fd 2 threw: no\nthe loop ran for 3 ms\n\n";
  expect(withoutSlowHandlers(text)).toBe(text);
  expect(text.split("\n").filter(isSlowHandler)).toEqual([]);
});
