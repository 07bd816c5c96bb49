import { createReactor, READABLE } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const clock = new SimulatedClock();
const reactor = createReactor({ network: new MemoryNetwork(clock), clock });
const listener = await reactor.listen({ port: 0 });
reactor.register(listener, READABLE, (ready) => void ready.accept());
