/** `iomux/testing`: a network in memory, a clock that moves when told, and simulations with faults. */

export { SimulatedClock } from "./simulated-clock.ts";
export { MemoryNetwork } from "./memory-network.ts";
export type { MemoryNetworkOptions } from "./memory-network-options.ts";
export { MemoryPort } from "./memory-port.ts";
export { MemorySocket } from "./memory-socket.ts";
export { MemoryUdpSocket } from "./memory-udp-socket.ts";
export {
  MemoryDatagrams,
  type Carrier,
  type DatagramHost,
  type DatagramOnTheWay,
  type DatagramPlace,
} from "./memory-datagrams.ts";
export { MemoryStdin } from "./memory-stdin.ts";
export type { EndSettings } from "./end-settings.ts";
export { MemoryTransport } from "./memory-transport.ts";
export type { Buffers, Conditions } from "./conditions.ts";
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
export { createSimulation, type Simulation } from "./simulation.ts";
export type { SimulationOptions } from "./simulation-options.ts";
export { searchSeeds, type Failure, type Scenario, type SearchOptions } from "./search.ts";
export { SimulationError, type Circumstances } from "./simulation-error.ts";
export {
  SimulatedHost,
  type DispatchListener,
  type HostOptions,
  type HostSettings,
} from "./simulated-host.ts";
export { DISCARDS, type Discard, type StreamAccount } from "./stream-account.ts";
export { Trace } from "./trace.ts";
