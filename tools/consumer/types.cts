import { createReactor } from "iomux";
import { inspect } from "iomux/inspect";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const clock = new SimulatedClock();
void createReactor({ network: new MemoryNetwork(clock), clock }).close();
void inspect(createReactor(), { port: 0 }).then(({ close }) => close());
