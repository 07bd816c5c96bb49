/**
 * A simulation: several hosts, and all that follows from a seed: what travels, how long it takes, what goes
 * wrong. Programs run in it unchanged.
 *
 *   host "a"  -----------  route: latency, bandwidth, partition  -----------  host "b"
 *   reactor, peers                                                    reactor, peers
 *
 * One thing happens at a time, and every promise that is ready is run before the next (Node does
 * the same between two callbacks). Time is made up: it moves when nothing is left to do now.
 */
import type { Clock, SocketAddress } from "iomux";

import type { Buffers, Conditions } from "./conditions.ts";
import { datagramCarrier } from "./datagram-carrier.ts";
import { checkedFaultPlan, drawFaultPlan, MAGNITUDES, type FaultPlan } from "./fault-plan.ts";
import { SimulatedLink, type Link } from "./link.ts";
import { hostOf, isLoopback, streamLabel } from "./memory-addresses.ts";
import type { MemoryNetwork } from "./memory-network.ts";
import { NETSTAT_COLUMNS } from "./netstat-line.ts";
import { Random } from "./random.ts";
import { Route, type RouteSettings } from "./route.ts";
import { Seclusion } from "./seclusion.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedHost, type DispatchListener, type HostOptions } from "./simulated-host.ts";
import {
  checkHostOptions,
  checkNumber,
  resolveSimulationOptions,
  type SimulationOptions,
} from "./simulation-options.ts";
import { SimulationError, whyOf } from "./simulation-error.ts";
import type { StreamAccount } from "./stream-account.ts";
import { dispatchOf, Trace } from "./trace.ts";

const MAX_STEPS_AT_ONCE = 100_000;
const LOOPBACK: RouteSettings = { latencyMs: 0, bytesPerMs: 1_000_000 };

/** Hosts of which nothing is real, and everything follows from `seed`. */
export function createSimulation(options: SimulationOptions = {}): Simulation {
  return new Simulation(options);
}

/** Made by `createSimulation()`. */
export class Simulation {
  /** As text. */
  readonly seed: string;
  /** What goes wrong, and how often. */
  readonly faults: FaultPlan;
  /** Its time. */
  readonly clock = new SimulatedClock();
  /** For the scenario's own choices. */
  readonly random: Random;
  /** What happened. */
  readonly trace: Trace;
  readonly #route: RouteSettings;
  /** Sizes of buffers that are not drawn. */
  readonly #given: Partial<Buffers>;
  readonly #maxMs: number;
  readonly #streams: Random;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #networks = new Map<string, MemoryNetwork>();
  readonly #routes = new Map<string, Route>();
  readonly #accounts: StreamAccount[] = [];
  readonly #always: (() => void)[] = [];
  readonly #seclusion: Seclusion;
  #links = 0;

  constructor(options: SimulationOptions) {
    const { seed, faults, route, buffers, traceLines, maxMs } = resolveSimulationOptions(options);
    this.seed = String(seed);
    const random = new Random(this.seed);
    this.faults = faults === "swarm" ? drawFaultPlan(random) : checkedFaultPlan(faults);
    this.random = random.fork("scenario");
    this.trace = new Trace(this.clock, traceLines);
    this.#streams = random.fork("streams");
    this.#seclusion = new Seclusion(this.clock, random.fork("program"));
    this.#route = route;
    this.#given = buffers;
    this.#maxMs = maxMs;
  }

  /** The host of this name; it is made when it is first asked for, and then as `options` say. */
  host(name: string, options: HostOptions = {}): SimulatedHost {
    checkHostOptions(options);
    const known = this.#hosts.get(name);
    const { descriptorLimit = known?.network.descriptorLimit ?? Infinity } = options;
    if (known !== undefined) {
      known.network.descriptorLimit = descriptorLimit;
      return known;
    }
    const address = `10.0.0.${this.#hosts.size + 1}`;
    const random = this.#streams.fork(`host ${name}`);
    const host = new SimulatedHost({
      name,
      address,
      clock: this.clock,
      hostClock: this.#clockOf(name),
      onDispatch: this.#dispatchListener(random.fork("handlers")),
      trace: this.trace,
      accounts: this.#accounts,
      descriptorLimit,
      neighbours: this.#networks,
      conditions: this.#conditionsOf(address, random),
      carryDatagram: datagramCarrier({
        clock: this.clock,
        from: address,
        faults: this.faults,
        random: random.fork("datagrams"),
        trace: this.trace,
        routeTo: (other) => this.#routeBetween(address, other),
      }),
    });
    this.#hosts.set(name, host);
    return host;
  }

  /** The clock of all, which learns whether this host's process would stay alive. */
  #clockOf(name: string): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      immediate: (callback) => {
        clock.immediate(callback);
      },
      timer: (delayMs, callback) => clock.timer(delayMs, callback),
      keepAlive: (alive) => {
        this.host(name).alive = alive;
      },
    };
  }

  /** Hears of calls of handlers, for the trace and for what they cost; undefined: needs not. */
  #dispatchListener(random: Random): DispatchListener | undefined {
    const { clock, faults, trace } = this;
    if (faults.slowHandler === 0 && !trace.on) return undefined;
    return (reactor, registration, ready) => {
      trace.note(() => `${reactor}: ${dispatchOf(registration, ready)}`);
      if (!random.chance(faults.slowHandler)) return;
      const ms = random.integer(1, MAGNITUDES.handlerMs);
      trace.note(() => `${reactor}: fault slowHandler: fd ${registration.fd} takes ${ms} ms`);
      clock.spend(ms);
    };
  }

  #conditionsOf(address: string, random: Random): Conditions {
    const { faults } = this;
    return {
      buffers: (local, remote) => this.#buffers(random, streamLabel(local, remote)),
      link: (from, to) => this.#link(address, from, to),
      connectFailure: () =>
        random.chance(faults.refuse) ? random.pick(["ECONNREFUSED", "ETIMEDOUT"]) : null,
      acceptFailure: () =>
        random.chance(faults.acceptFailure) ? random.pick(["EMFILE", "ECONNABORTED"]) : null,
    };
  }

  /** Drawn also where the sizes are given, so that these change nothing else. */
  #buffers(random: Random, label: string): Buffers {
    const small = random.chance(this.faults.smallBuffers);
    const most = small ? 2048 : 128 * 1024;
    const drawn = { receive: random.integer(1, most), send: random.integer(0, most) };
    const { receive = drawn.receive, send = drawn.send } = this.#given;
    if (small) {
      this.trace.note(() => `${label} fault smallBuffers: receive ${receive}, send ${send}`);
    }
    return { receive, send };
  }

  /** How what an end on the host at `address` sends travels. */
  #link(address: string, from: SocketAddress, to: SocketAddress): Link {
    const label = streamLabel(from, to);
    const random = this.#streams.fork(`link ${this.#links++}`);
    const other = hostOf(to);
    const route = this.#routeBetween(address, isLoopback(other) ? address : other);
    const { clock, faults, trace } = this;
    return new SimulatedLink({ clock, route, from: address, faults, random, trace, label });
  }

  #routeBetween(a: string, b: string): Route {
    const key = [a, b].sort().join(" ");
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const route = new Route(a === b ? LOOPBACK : this.#route);
    this.#routes.set(key, route);
    return route;
  }

  /** Nothing passes between two hosts until `heal()`; streams wait, datagrams are lost. */
  partition(a: SimulatedHost, b: SimulatedHost): void {
    this.trace.note(`${a.name} and ${b.name} are cut off from each other`);
    this.#routeBetween(a.address, b.address).partition();
  }

  /** What waited since `partition()` arrives. */
  heal(a: SimulatedHost, b: SimulatedHost): void {
    this.trace.note(`${a.name} and ${b.name} reach each other again`);
    this.#routeBetween(a.address, b.address).heal();
  }

  /** Calls `check` after every step of the run; what it throws fails the run. */
  always(check: () => void): void {
    this.#always.push(check);
  }

  /** Fulfilled when `ms` of its time have passed. */
  sleep(ms: number): Promise<void> {
    checkNumber(ms, "the time to sleep", 0);
    return new Promise((resolve) => {
      this.clock.timer(ms, resolve);
    });
  }

  /**
   * Runs a scenario, then lets what is under way come to its end, and throws if a descriptor, a
   * timer or a byte is left. Any failure is a `SimulationError` that tells how to replay it.
   */
  async run<T>(scenario: (simulation: this) => Promise<T>): Promise<T> {
    await this.#seclusion.enter();
    const outcome = await this.#outcome(scenario);
    const [unhandled] = await this.#seclusion.leave();
    if (outcome.error !== undefined) throw outcome.error;
    if (unhandled === undefined) return outcome.result;
    throw this.#failed(unhandledRejection(unhandled));
  }

  async #outcome<T>(
    scenario: (simulation: this) => Promise<T>,
  ): Promise<{ result: T; error?: undefined } | { error: SimulationError }> {
    try {
      const result = await this.#until(scenario(this));
      await this.#arrivals();
      this.#assertNothingLeft();
      await this.#sleepers();
      this.#assertNothingLeft();
      return { result };
    } catch (error) {
      return { error: error instanceof SimulationError ? error : this.#failed(error) };
    }
  }

  async #until<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false };
    const done = (): void => {
      state.settled = true;
    };
    promise.then(done, done);
    await this.#drained();
    let stepsAtOnce = 0;
    while (!state.settled) {
      const before = this.clock.now();
      if (!this.clock.busy && !this.clock.skip()) {
        throw new Error(
          "nothing is left to happen, and the scenario still waits: for something that never " +
            "comes, or for something real (a timer, a file, a thread); make that a parameter",
        );
      }
      await this.#step();
      stepsAtOnce = this.clock.now() === before ? stepsAtOnce + 1 : 0;
      if (stepsAtOnce > MAX_STEPS_AT_ONCE) throw new Error("time stands still: something spins");
    }
    return promise;
  }

  /** What is still on its way arrives, partitions or not; deadlines that are left may pass. */
  async #arrivals(): Promise<void> {
    for (const route of this.#routes.values()) route.heal();
    while (this.clock.busy || (this.clock.pending > 0 && this.clock.skip())) {
      await this.#step();
    }
  }

  /** A part of the scenario that nobody awaits still sleeps: what it finds must not be lost. */
  async #sleepers(): Promise<void> {
    while (this.clock.busy || this.clock.skip()) await this.#step();
  }

  #assertNothingLeft(): void {
    for (const host of this.#hosts.values()) host.assertNothingLeft();
    for (const account of this.#accounts) account.assertBalanced();
  }

  async #step(): Promise<void> {
    await this.clock.stepEach(this.#drained);
    for (const host of this.#hosts.values()) host.assertInvariants();
    for (const check of this.#always) check();
    if (this.clock.now() <= this.#maxMs) return;
    throw new Error(`it is not over after ${this.#maxMs} ms of its time (option maxMs)`);
  }

  /** After each callback. Throws if it, or a promise, waits for something real. */
  readonly #drained = async (): Promise<void> => {
    await this.#seclusion.drained();
    const real = this.#seclusion.found();
    if (real === null) return;
    const pending = [...this.#hosts.values()].flatMap((host) => host.pendingHandlers());
    const whose = pending.length === 0 ? "" : `; handlers that are pending: ${pending.join(", ")}`;
    throw new Error(
      `something real is waited for: ${real}${whose}; use the simulation's sleep(), or setTimer() and ` +
        "defer() of a reactor, or make it a parameter",
    );
  };

  #failed(cause: unknown): SimulationError {
    return new SimulationError(this.seed, this.faults, cause, {
      events: this.trace.on ? this.trace.last(20) : ["none were kept: traceLines is 0"],
      netstat: this.netstat(),
    });
  }

  /** What became of the bytes of every stream that there was: two for each, one a direction. */
  get streams(): readonly StreamAccount[] {
    return this.#accounts;
  }

  /** What every host has open, as netstat(8) shows it, under a line that names the columns. */
  netstat(): string[] {
    const lines = [...this.#hosts.values()].flatMap(({ name, network }) =>
      network.netstat().map((line) => `${name}: ${line}`),
    );
    return lines.length === 0 ? [] : [`host: ${NETSTAT_COLUMNS}`, ...lines];
  }
}

function unhandledRejection(cause: unknown): Error {
  return new Error(`a promise was rejected, and nobody handled it: ${whyOf(cause)}`, { cause });
}
