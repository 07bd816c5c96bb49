/** How datagrams get from one host of a simulation to another: late, twice, or not at all. */
import { MAGNITUDES, type FaultPlan } from "./fault-plan.ts";
import { datagramLabel } from "./memory-addresses.ts";
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
    const lost = random.chance(faults.loseDatagram);
    const late = random.chance(faults.reorderDatagram);
    const twice = random.chance(faults.duplicateDatagram);
    const it = described(datagram);
    const note = (what: string): void => {
      trace.note(() => `${datagramLabel(datagram.from, datagram.to)} ${what}`);
    };
    if (route.partitioned) {
      note(`${it} lost: the hosts are cut off from each other`);
      return;
    }
    if (lost) {
      note(`fault loseDatagram: ${it}`);
      return;
    }
    const at = route.arrival(from, datagram.bytes.length, clock.now());
    const lateMs = late ? random.integer(1, MAGNITUDES.delayMs) : 0;
    if (late) note(`fault reorderDatagram: ${it} takes ${lateMs} ms longer`);
    if (twice) note(`fault duplicateDatagram: ${it} comes twice`);
    const arrive = (): void => {
      note(it);
      deliver();
    };
    clock.postAt(arrive, at + lateMs);
    if (twice) clock.postAt(arrive, at + random.integer(0, COPY_MS));
  };
}

function described({ bytes, refusal }: DatagramOnTheWay): string {
  return refusal ? "nobody receives there" : `datagram ${bytes.length}`;
}
