/** How datagrams get from one host of a simulated world to another: late, twice, or not at all. */
import { formatAddress } from "iomux";

import { MAGNITUDES, type FaultPlan } from "./fault-plan.ts";
import { ip } from "./memory-addresses.ts";
import type { Carrier, DatagramOnTheWay } from "./memory-datagrams.ts";
import type { Random } from "./random.ts";
import type { Route } from "./route.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** The most that a second copy of a datagram comes after the first, in milliseconds. */
const COPY_MS = 10;

interface CarrierSettings {
  readonly clock: SimulatedClock;
  /** Address of the host. */
  readonly from: string;
  readonly faults: FaultPlan;
  readonly random: Random;
  readonly trace: Trace;
  /** What lies between the sender and a host. */
  readonly routeTo: (host: string) => Route;
}

/** Those of one host. They keep their order, but for the one that is late by a fault. */
export function datagramCarrier(settings: CarrierSettings): Carrier {
  const { clock, from, faults, random, trace, routeTo } = settings;
  return (datagram, deliver) => {
    const route = routeTo(datagram.host);
    const lost = random.chance(faults.loseDatagram) || route.partitioned;
    const late = random.chance(faults.reorderDatagram);
    const twice = random.chance(faults.duplicateDatagram);
    if (lost) {
      trace.note(`${described(datagram)} lost`);
      return;
    }
    const left = route.leave(from, datagram.bytes.length, clock.now());
    const at = left + route.latencyMs;
    const arrive = (): void => {
      trace.note(described(datagram));
      deliver();
    };
    clock.postAt(arrive, late ? at + random.integer(1, MAGNITUDES.delayMs) : at);
    if (twice) clock.postAt(arrive, at + random.integer(0, COPY_MS));
  };
}

function described({ bytes, from, to, refusal }: DatagramOnTheWay): string {
  const what = refusal ? "nobody receives there" : `datagram ${bytes.length}`;
  return `${formatAddress(from)} > ${formatAddress(ip(to.host, to.port))} ${what}`;
}
