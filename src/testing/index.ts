/** `iomux/testing`: a network in memory, a clock that moves when told, and worlds with faults. */

export { SimulatedClock } from "./simulated-clock.ts";
export { MemoryNetwork, type MemoryNetworkOptions } from "./memory-network.ts";
export { MemorySocket } from "./memory-socket.ts";
export { MemoryStdin } from "./memory-stdin.ts";
export { MemoryTransport, type EndSettings } from "./memory-transport.ts";
export type { Conditions } from "./conditions.ts";
export type { Link, Segment } from "./link.ts";
export type { RouteSettings } from "./route.ts";
export { Random } from "./random.ts";
export {
  drawFaultPlan,
  FAULTS,
  formatFaultPlan,
  NO_FAULTS,
  shrinkFaultPlan,
  type FaultPlan,
} from "./fault-plan.ts";
export { createSimulation, type Simulation, type SimulationOptions } from "./simulation.ts";
export { SimulationError } from "./simulation-error.ts";
export { SimulatedHost } from "./simulated-host.ts";
export { Trace } from "./trace.ts";
