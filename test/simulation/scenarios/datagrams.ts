/**
 * Datagrams between hosts and of hosts to themselves, lost, doubled and overtaken, in worlds in which
 * a host crashes, a route is cut and a system takes none for a while: each that is received was sent,
 * whole, from the claimed address, to who has received it; what was dropped is counted; who has a
 * peer hears nobody else, and alone is told that nobody receives there; nobody is forgotten. With no
 * such fault all of them come, in order.
 */
import assert from "node:assert/strict";
import type { Scenario, SimulatedHost, Simulation } from "iomux/testing";

import { Mail } from "./datagram-mail.ts";
import { LONELY, Station } from "./datagram-station.ts";

const NAMES = ["first", "second", LONELY];
/** What a reactor reports of a queue that is full, and of handlers that are slow. */
const OFTEN = /^(IOMUX_SLOW_HANDLER|IOMUX_DATAGRAMS_DROPPED)$/;

class Post {
  readonly #world: Simulation;
  readonly #hosts: readonly SimulatedHost[];
  readonly #stations: Station[] = [];
  readonly #posting: Promise<void>[] = [];
  readonly #mail = new Mail();
  readonly #failures: (Error & { code?: string })[] = [];
  /** Whether a host has crashed or a route was cut: nobody counts what was lost by it. */
  #disturbed = false;

  constructor(world: Simulation) {
    this.#world = world;
    this.#hosts = NAMES.map((name) => world.host(name));
  }

  async open(): Promise<void> {
    for (const place of NAMES.keys()) await this.#open(place);
    for (const place of NAMES.keys()) this.#post(place);
  }

  async #open(place: number): Promise<void> {
    const station = new Station(this.#world, this.#hosts[place]!, this.#mail, (error) =>
      this.#failures.push(error),
    );
    this.#stations[place] = station;
    // The first two are each other's peer; the third one speaks to one that hears it not.
    await station.bind(this.#hosts[place === 0 ? 1 : 0]!);
  }

  #post(place: number): void {
    this.#posting[place] = this.#stations[place]!.post(this.#hosts);
  }

  /** Systems take nothing for a while, a route is cut, a host crashes and comes back. */
  async disturb(): Promise<void> {
    const random = this.#world.random.fork("trouble");
    for (let times = random.integer(0, 5); times > 0; times--) {
      await this.#world.sleep(random.integer(0, 50));
      const place = random.integer(0, NAMES.length - 1);
      const [host, other] = [this.#hosts[place]!, this.#hosts[(place + 1) % NAMES.length]!];
      const { datagrams: system } = host.network;
      const kind = random.integer(0, 3);
      this.#disturbed ||= kind < 2;
      if (kind === 0) this.#stations[place]!.crash();
      if (kind === 1) this.#world.partition(host, other);
      if (kind > 1) system.stall();
      await this.#world.sleep(random.integer(0, 50));
      if (kind === 1) this.#world.heal(host, other);
      if (kind > 1 && random.chance(0.5)) system.goOn(random.integer(0, 3));
      if (kind > 1) system.goOn();
      if (kind !== 0) continue;
      await this.#open(place);
      this.#post(place);
    }
  }

  async end(): Promise<void> {
    // Who has crashed is waited for no more: its place was taken.
    for (const place of NAMES.keys()) await this.#posting[place];
    await this.#world.sleep(60_000);
    const dropped = this.#stations.reduce((sum, station) => sum + station.check(), 0);
    const overflowed = this.#hosts.map(({ network }) => network.datagrams.overflowed);
    this.#check(overflowed.reduce((sum, count) => sum + count, dropped));
    for (const station of this.#stations) await station.end();
    for (const error of this.#failures) if (!OFTEN.test(error.code ?? "")) throw error;
  }

  /** `lost`: what is known to be. */
  #check(lost: number): void {
    const { loseDatagram, duplicateDatagram, reorderDatagram } = this.#world.faults;
    if (duplicateDatagram === 0) this.#mail.assertNoneTwice();
    if (this.#disturbed || loseDatagram + duplicateDatagram > 0) return;
    assert.equal(this.#mail.received + lost, this.#mail.count, "some are lost, and not counted");
    if (reorderDatagram + lost === 0) this.#mail.assertOrder();
  }
}

export const datagrams: Scenario = {
  name: "datagrams",
  run: async (world) => {
    const post = new Post(world);
    await post.open();
    await post.disturb();
    await post.end();
  },
};
