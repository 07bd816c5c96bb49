import { createReactor } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const clock = new SimulatedClock();
void createReactor({ network: new MemoryNetwork(clock), clock }).close();
