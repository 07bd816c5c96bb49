/** `iomux/testing`: a network in memory and a clock that moves when told. */

export { SimulatedClock } from "./simulated-clock.ts";
export { MemoryNetwork, type MemoryNetworkOptions } from "./memory-network.ts";
export { MemoryPort } from "./memory-port.ts";
export { MemorySocket } from "./memory-socket.ts";
export { MemoryUdpSocket } from "./memory-udp-socket.ts";
export { MemoryDatagrams, type Carrier, type DatagramOnTheWay } from "./memory-datagrams.ts";
export { MemoryStdin } from "./memory-stdin.ts";
export { MemoryTransport, type EndSettings } from "./memory-transport.ts";
