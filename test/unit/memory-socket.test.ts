/** The raw peer of the network in memory: what it may do after its own end. */
import { expect, it } from "vitest";

import { createReactor } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

it.each([false, true])("write() after end() throws; connected before: %s", async (waits) => {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock);
  const reactor = createReactor({ network, clock });
  const listener = await clock.run(reactor.listen({ port: 0 }));
  const socket = network.dial(listener.localAddress!);
  if (waits) await clock.settle();
  socket.write("one ");
  socket.end("two");
  for (const call of [() => socket.write("three"), () => socket.end("three")]) {
    expect(call).toThrow(expect.objectContaining({ code: "IOMUX_CLOSED" }));
  }
  expect(() => {
    socket.end();
  }).not.toThrow();
  await clock.settle();
  const channel = listener.accept()!;
  await clock.settle();
  expect(channel.read()?.toString()).toBe("one two");
  expect(channel.read()).toHaveLength(0);
  await clock.run(reactor.close({ drainMs: 0 }));
});
