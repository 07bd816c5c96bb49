/** What `trace.test.ts` runs: one peer says hello to an echo, whose handler takes 1.5 ms. */
import { createReactor, READABLE } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const clock = new SimulatedClock();
const network = new MemoryNetwork(clock);
const reactor = createReactor({ network, clock });
const listener = await clock.run(reactor.listen({ port: 9000 }));
reactor.register(listener, READABLE, function onPeer() {
  const peer = listener.accept()!;
  reactor.register(peer, READABLE, (channel) => {
    clock.spend(1.5);
    channel.write(channel.read()!);
    reactor.setTimer(0, () => channel.close());
  });
});
const peer = network.dial({ port: 9000 });
await clock.settle();
peer.write("hello");
await clock.settle();
console.log(peer.received.toString());
