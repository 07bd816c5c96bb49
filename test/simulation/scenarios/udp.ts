/**
 * The UDP server and its clients, on a network that loses, doubles and overtakes, repeats datagrams
 * minutes later, and is cut; the server is killed and started again. In each life of the server:
 * increments that were answered <= the counter, and no sum is answered twice. In all lives: counters
 * <= increments answered or of unknown outcome. Equal, if no outcome is unknown. What a client has set
 * it gets, unless the server has started again.
 */
import assert from "node:assert/strict";
import type { Random, Scenario, SimulatedHost, Simulation } from "iomux/testing";

import { BACKOFF, type Operation, type Outcome } from "../../../examples/udp/asking.ts";
import { DatagramClient } from "../../../examples/udp/datagram-client.ts";
import { DatagramServer } from "../../../examples/udp/datagram-server.ts";
import { Service } from "../../../examples/udp/service.ts";

const PORT = 9700;
const CLIENTS = 3;
const OPERATIONS = 12;
/** Of one datagram: after minutes its client is forgotten. */
const LATE_MS = 180_000;
const TIMEOUT_MS = 8000;
const NOTHING = Buffer.alloc(0);
const COUNTER = Buffer.from("counter");

/** What the increments of all clients came to, by the life of the server that answered. */
class Ledger {
  readonly sums = new Map<bigint, string[]>();
  unknown = 0;
  readonly lives: Service[] = [];

  note(outcome: Outcome): void {
    if (outcome.is === "unknown") this.unknown++;
    if (outcome.is !== "answered") return;
    assert.equal(outcome.result, "done", "an increment was refused");
    const sums = this.sums.get(outcome.by) ?? [];
    this.sums.set(outcome.by, [...sums, outcome.value.toString()]);
  }

  /** At the end, and while it goes on: copies may still come. */
  check(): void {
    let [counted, answered] = [0, 0];
    for (const { incarnation, store } of this.lives) {
      const counter = Number(store.get(COUNTER)?.toString() ?? "0");
      const sums = this.sums.get(incarnation) ?? [];
      assert.equal(new Set(sums).size, sums.length, "a sum was answered twice");
      assert.ok(sums.length <= counter, `${sums.length} increments answered, counter ${counter}`);
      counted += counter;
      answered += sums.length;
    }
    const most = answered + this.unknown;
    assert.ok(
      counted <= most,
      `increments took effect twice: counters ${counted}, at most ${most}`,
    );
  }
}

class Site {
  readonly ledger = new Ledger();
  readonly #world: Simulation;
  readonly #host: SimulatedHost;
  readonly #random: Random;
  #close: () => Promise<void> = () => Promise.resolve();

  constructor(world: Simulation) {
    this.#world = world;
    this.#host = world.host("server");
    this.#random = world.random.fork("server");
  }

  get address() {
    return { host: this.#host.address, port: PORT };
  }

  async open(): Promise<void> {
    repeatLate(this.#world, this.#host);
    const service = new Service({
      incarnation: draw64(this.#random),
      secret: Buffer.from(`${draw64(this.#random)}`),
      wallMs: () => Date.now(),
    });
    this.ledger.lives.push(service);
    const reactor = this.#host.createReactor();
    const listen = { host: "0.0.0.0", port: PORT };
    const server = await DatagramServer.open(reactor, { service, listen, report: () => undefined });
    this.#close = async () => {
      server.close();
      await reactor.close();
    };
  }

  /** It is killed, or cut off from a client for a while. */
  async disturb(clients: readonly SimulatedHost[]): Promise<void> {
    const random = this.#world.random.fork("trouble");
    for (let times = random.integer(0, 2); times > 0; times--) {
      await this.#world.sleep(random.integer(0, 3000));
      const client = random.pick(clients);
      const isKilled = random.chance(0.5);
      if (isKilled) this.#host.crash();
      else this.#world.partition(this.#host, client);
      await this.#world.sleep(random.integer(0, 5000));
      if (isKilled) await this.open();
      else this.#world.heal(this.#host, client);
    }
  }

  async close(): Promise<void> {
    for (const service of this.ledger.lives) service.assertInvariants();
    await this.#close();
  }
}

function draw64(random: Random): bigint {
  const half = (): bigint => BigInt(random.integer(1, 2 ** 32 - 1));
  return (half() << 32n) | half();
}

/** Some of what a host sends comes once more, when nobody thinks of it any longer. */
function repeatLate(world: Simulation, { name, network: { datagrams } }: SimulatedHost): void {
  const random = world.random.fork(`late ${name}`);
  const { carry } = datagrams;
  datagrams.carry = (datagram, deliver) => {
    carry(datagram, deliver);
    if (!random.chance(0.1)) return;
    world.clock.timer(random.integer(0, LATE_MS), deliver);
  };
}

class Client {
  readonly #world: Simulation;
  readonly #host: SimulatedHost;
  readonly #site: Site;
  readonly #random: Random;
  /** What its own key may have now: null is nothing, and with `by` the life that has it. */
  #known: { readonly value: string; readonly by: bigint } | null = null;
  readonly #unknown = new Set<string>();

  constructor(world: Simulation, host: SimulatedHost, site: Site) {
    this.#world = world;
    this.#host = host;
    this.#site = site;
    this.#random = world.random.fork(host.name);
  }

  async run(): Promise<void> {
    const random = this.#random;
    repeatLate(this.#world, this.#host);
    const reactor = this.#host.createReactor();
    const client = await DatagramClient.open(reactor, {
      server: this.#site.address,
      ...{ tries: random.integer(1, 8), timeoutMs: TIMEOUT_MS, backoff: BACKOFF },
      random: () => random.integer(0, 1000) / 1000,
      newClient: () => draw64(random),
    });
    for (let number = 1; number <= OPERATIONS; number++) {
      await this.#operate(client, number);
      // Now and then for so long that it is forgotten.
      await this.#world.sleep(random.integer(0, random.chance(0.1) ? 100_000 : 500));
    }
    client.close();
    await reactor.close();
  }

  async #operate(client: DatagramClient, number: number): Promise<void> {
    const key = Buffer.from(this.#host.name);
    switch (this.#random.integer(0, 3)) {
      case 0:
      case 1: {
        const add: Operation = { kind: "increment", key: COUNTER, value: NOTHING };
        this.#site.ledger.note(await client.ask(add));
        return;
      }
      case 2: {
        const value = `${number}`;
        this.#noteSet(value, await client.ask({ kind: "set", key, value: Buffer.from(value) }));
        return;
      }
      case 3:
        this.#noteGet(await client.ask({ kind: "get", key, value: NOTHING }));
    }
  }

  #noteSet(value: string, outcome: Outcome): void {
    if (outcome.is === "answered") this.#known = { value, by: outcome.by };
    if (outcome.is === "unknown") this.#unknown.add(value);
  }

  #noteGet(outcome: Outcome): void {
    assert.notEqual(outcome.is, "unknown", "a look cannot be in doubt");
    if (outcome.is !== "answered") return;
    const { result, by } = outcome;
    const value = outcome.value.toString();
    const known = this.#known?.by === by ? this.#known.value : null;
    const isRight = result === "absent" ? known === null : value === known;
    assert.ok(isRight || this.#unknown.has(value), `got "${value}" (${result}), known ${known}`);
  }
}

export const udp: Scenario = {
  name: "udp",
  run: async (world) => {
    const site = new Site(world);
    await site.open();
    const hosts = Array.from({ length: CLIENTS }, (_, number) => world.host(`client ${number}`));
    const trouble = site.disturb(hosts);
    await Promise.all(hosts.map((host) => new Client(world, host, site).run()));
    await trouble;
    site.ledger.check();
    await world.sleep(LATE_MS + 1000);
    site.ledger.check();
    await site.close();
  },
};
