/**
 * Benchmark "console": what it costs a server with 5,000 idle connections that its console can be
 * watched, and that somebody does.
 *
 * Three servers run side by side, each in a process of its own: without the console, with it, and
 * with one page that watches, which is a process too. Their CPU time is taken over the same seconds,
 * first while nobody says anything, then while 10 more connections of each send a burst of messages
 * every 10 ms.
 */
import { setTimeout } from "node:timers/promises";

import { Child } from "./processes.ts";
import type { Bench, Row } from "./report.ts";
import { summarize } from "./rounds.ts";

const IDLE = 5000;
const BUSY = 10;
/** Of a slice: a second, in bursts. */
const BURSTS = 100;
const BURST_MS = 10;
/** Messages of a burst, each in flight on a connection of its own. */
const MESSAGES = 50;
/** Per cent of a core. */
const GOAL = 2;
/** What is nothing, as far as it can be measured. */
const NOISE = 0.3;

const PLACES = ["without", "nobody watches", "one watches"] as const;
type Place = (typeof PLACES)[number];
type Shares = Record<Place, number>;

interface Round {
  readonly idle: Shares;
  readonly busy: Shares;
}

export const consoles: Bench = {
  title: `console, ${IDLE} idle connections, CPU in per cent of a core`,
  async run({ rounds: count, warmUp, slices }, progress) {
    const stage = await Stage.open();
    const rounds: Round[] = [];
    await stage.busy(warmUp);
    for (let round = 1; round <= count; round++) {
      progress(`console: round ${round} of ${count}`);
      rounds.push({ idle: await stage.idle(slices), busy: await stage.busy(slices) });
    }
    await stage.close();
    return (["idle", "busy"] as const).flatMap((load) => [
      rowOf(load, rounds, "nobody watches", NOISE),
      rowOf(load, rounds, "one watches", GOAL),
    ]);
  },
};

function rowOf(load: keyof Round, rounds: readonly Round[], place: Place, goal: number): Row {
  const shares = (of: Place): number[] => rounds.map((round) => round[load][of]);
  return {
    name: load === "idle" ? `all idle, ${place}` : `${BUSY} busy, ${place}`,
    unit: "%",
    figures: { without: summarize(shares("without")), with: summarize(shares(place)) },
    reached: summarize(rounds.map((round) => round[load][place] - round[load].without)),
    reachedUnit: "% more",
    goal,
  };
}

class Stage {
  readonly #servers: Record<Place, Child>;
  readonly #load: Child;
  readonly #viewer: Child;

  private constructor(servers: Record<Place, Child>, load: Child, viewer: Child) {
    this.#servers = servers;
    this.#load = load;
    this.#viewer = viewer;
  }

  static async open(): Promise<Stage> {
    const servers = {} as Record<Place, Child>;
    const [load, viewer] = [await Child.start("load"), await Child.start("console-viewer")];
    for (const place of PLACES) {
      const server = await Child.start("console");
      servers[place] = server;
      const port = await server.ask<number>("port");
      await load.ask("open", { group: `${place}, idle`, port, count: IDLE });
      await load.ask("open", { group: place, port, count: BUSY });
      while ((await server.ask<number>("connections")) < IDLE + BUSY) await setTimeout(10);
      if (place === "without") continue;
      const feedPort = await server.ask<number>("mount");
      if (place === "one watches") await viewer.ask("watch", { port: feedPort });
    }
    return new Stage(servers, load, viewer);
  }

  idle(seconds: number): Promise<Shares> {
    return this.#shares(() => setTimeout(seconds * 1000));
  }

  busy(seconds: number): Promise<Shares> {
    return this.#shares(async () => {
      const began = performance.now();
      for (let burst = 1; burst <= seconds * BURSTS; burst++) {
        for (const group of PLACES) {
          await this.#load.ask("echo", { group, messages: MESSAGES, size: 64, inFlight: 1 });
        }
        await setTimeout(Math.max(0, began + burst * BURST_MS - performance.now()));
      }
    });
  }

  async #shares(work: () => Promise<unknown>): Promise<Shares> {
    const began = performance.now();
    const before = await this.#cpu();
    const seen = await this.#viewer.ask<number>("bytes");
    await work();
    const after = await this.#cpu();
    if ((await this.#viewer.ask<number>("bytes")) === seen) throw new Error("nothing was told");
    const us = (performance.now() - began) * 1000;
    const shares = PLACES.map((place) => [place, (100 * (after[place] - before[place])) / us]);
    return Object.fromEntries(shares) as Shares;
  }

  async #cpu(): Promise<Shares> {
    const cpu = PLACES.map(async (place) => [place, await this.#servers[place].ask("cpu")]);
    return Object.fromEntries(await Promise.all(cpu)) as Shares;
  }

  async close(): Promise<void> {
    const all = [this.#load, this.#viewer, ...Object.values(this.#servers)];
    await Promise.all(all.map((child) => child.stop()));
  }
}
