/** What a reactor and its process have done, for Prometheus (its text format, by prom-client). */
import { Counter, Gauge, Registry } from "prom-client";

import type { Channel, Datagram, Descriptor, Reactor, ReactorStats } from "iomux";

import { bounded } from "./descriptor-row.ts";

/** Owners that have figures of their own; those of more are added up as `(others)`. */
export const MAX_OWNERS = 64;
const OTHERS = "(others)";

type Help = readonly [name: string, help: string];

/** Counters of `stats()`. */
const COUNTERS = {
  turns: ["iomux_turns_total", "Turns of the loop"],
  dispatches: ["iomux_dispatches_total", "Calls of handlers"],
  bytesIn: ["iomux_received_bytes_total", "Bytes that came"],
  bytesOut: ["iomux_sent_bytes_total", "Bytes that have left"],
  accepted: ["iomux_accepted_total", "Connections that were accepted"],
  connected: ["iomux_connected_total", "Connections that were made"],
  refused: ["iomux_refused_total", "Peers that were refused"],
  handshakesFailed: ["iomux_handshakes_failed_total", "TLS handshakes that have failed"],
  handlerErrors: ["iomux_handler_errors_total", "Handlers that threw or rejected"],
  slowHandlers: ["iomux_slow_handlers_total", "Calls that took longer than slowHandlerMs"],
  spinning: ["iomux_spinning_total", "Handlers that did nothing for spinTurns turns"],
  datagramsIn: ["iomux_received_datagrams_total", "Datagrams that came"],
  datagramsOut: ["iomux_sent_datagrams_total", "Datagrams that were sent"],
  datagramsDropped: ["iomux_dropped_datagrams_total", "Datagrams that were not kept"],
  shed: ["iomux_shed_total", "Descriptors that were shed over maxBufferedBytes"],
  timersFired: ["iomux_timers_fired_total", "Timers that have fired"],
} as const satisfies Partial<Record<keyof ReactorStats, Help>>;

/** Gauges of `stats()`. */
const GAUGES = {
  registered: ["iomux_registrations", "Registrations that stand"],
  open: ["iomux_descriptors", "Descriptors that are open"],
  timers: ["iomux_timers", "Timers that are set"],
  queuedBytes: ["iomux_queued_bytes", "Bytes that were written and have not left"],
  unreadBytes: ["iomux_unread_bytes", "Bytes that came and were not read"],
  bufferedBytes: ["iomux_buffered_bytes", "Bytes that count towards maxBufferedBytes"],
} as const satisfies Record<Exclude<keyof ReactorStats, keyof typeof COUNTERS>, Help>;

/** Of what is open now, by whose it is. */
interface OwnerSums {
  readonly open: Map<Descriptor["kind"], number>;
  queued: number;
  unread: number;
}

/** Figures are taken when somebody asks: in between it costs nothing. */
export class Metrics {
  readonly #reactor: Reactor;
  readonly #registry = new Registry();
  /** Each sets some figures. */
  readonly #setters: ((stats: ReactorStats) => void)[] = [];

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
    for (const key of keysOf(COUNTERS)) this.#counter(COUNTERS[key], (stats) => stats[key]);
    for (const key of keysOf(GAUGES)) this.#gauge(GAUGES[key], (stats) => stats[key]);
    this.#addOwners();
    this.#addProcess();
  }

  /** What the text is, for the field Content-Type. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    const stats = this.#reactor.stats();
    for (const set of this.#setters) set(stats);
    return this.#registry.metrics();
  }

  #counter([name, help]: Help, value: (stats: ReactorStats) => number): void {
    const counter = new Counter({ name, help, registers: [this.#registry] });
    this.#setters.push((stats) => {
      counter.reset();
      counter.inc(value(stats));
    });
  }

  #gauge([name, help]: Help, value: (stats: ReactorStats) => number): void {
    const gauge = new Gauge({ name, help, registers: [this.#registry] });
    this.#setters.push((stats) => {
      gauge.set(value(stats));
    });
  }

  #addOwners(): void {
    const registers = [this.#registry];
    const open = new Gauge({
      name: "iomux_owner_descriptors",
      help: "Descriptors that are open, by label and kind",
      labelNames: ["owner", "kind"],
      registers,
    });
    const queued = new Gauge({
      name: "iomux_owner_queued_bytes",
      help: "Bytes that were written and have not left, by label",
      labelNames: ["owner"],
      registers,
    });
    const unread = new Gauge({
      name: "iomux_owner_unread_bytes",
      help: "Bytes that came and were not read, by label",
      labelNames: ["owner"],
      registers,
    });
    this.#setters.push(() => {
      for (const gauge of [open, queued, unread]) gauge.reset();
      for (const [owner, sums] of ownersOf(this.#reactor)) {
        for (const [kind, count] of sums.open) open.set({ owner, kind }, count);
        queued.set({ owner }, sums.queued);
        unread.set({ owner }, sums.unread);
      }
    });
  }

  /** Under the names that prom-client gives them, whose own collectors measure all the time. */
  #addProcess(): void {
    const began = Date.now() / 1000 - process.uptime();
    const cpu = (): NodeJS.CpuUsage => process.cpuUsage();
    const memory = (): NodeJS.MemoryUsage => process.memoryUsage();
    const user = "User CPU time in seconds";
    this.#counter(["process_cpu_user_seconds_total", user], () => cpu().user / 1e6);
    const system = "System CPU time in seconds";
    this.#counter(["process_cpu_system_seconds_total", system], () => cpu().system / 1e6);
    this.#gauge(["process_start_time_seconds", "Start of the process since 1970"], () => began);
    const resident = "Bytes of the resident set";
    this.#gauge(["process_resident_memory_bytes", resident], () => memory().rss);
    const used = "Bytes of the heap that are used";
    this.#gauge(["nodejs_heap_size_used_bytes", used], () => memory().heapUsed);
    const external = "Bytes outside of the heap, of buffers for one";
    this.#gauge(["nodejs_external_memory_bytes", external], () => memory().external);
  }
}

function ownersOf(reactor: Reactor): Map<string, OwnerSums> {
  const owners = new Map<string, OwnerSums>();
  for (const descriptor of reactor.descriptors.values()) {
    const sums = sumsOf(owners, bounded(descriptor.label));
    sums.open.set(descriptor.kind, (sums.open.get(descriptor.kind) ?? 0) + 1);
    if (!hasBytes(descriptor)) continue;
    sums.queued += descriptor.queued;
    sums.unread += descriptor.unread;
  }
  return owners;
}

function sumsOf(owners: Map<string, OwnerSums>, label: string): OwnerSums {
  const owner = owners.has(label) || owners.size < MAX_OWNERS ? label : OTHERS;
  const known = owners.get(owner);
  if (known !== undefined) return known;
  const sums = { open: new Map<Descriptor["kind"], number>(), queued: 0, unread: 0 };
  owners.set(owner, sums);
  return sums;
}

function hasBytes(descriptor: Descriptor): descriptor is Channel | Datagram {
  return descriptor.kind === "channel" || descriptor.kind === "datagram";
}

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table) as (keyof T)[];
}
