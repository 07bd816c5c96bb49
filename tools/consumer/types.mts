import { createReactor, READABLE } from "iomux";
import { inspect } from "iomux/inspect";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const clock = new SimulatedClock();
const reactor = createReactor({ network: new MemoryNetwork(clock), clock });
const listener = await reactor.listen({ port: 0 });
reactor.register(listener, READABLE, (ready) => void ready.accept());
const { url, close } = await inspect(reactor, { port: 0 });
void close().then(() => url);
