/**
 * Invariants: whatever happens to the descriptors, and whoever watches since when and however slowly:
 * what a page has of `hello`, `table` and `look` is what `/api/descriptors` says; and no more waits
 * for a page than what makes it wait, and a piece.
 */
import { expect, it } from "vitest";

import { EDGE, ONESHOT, READABLE, WRITABLE } from "iomux";

import { onNetworks, SIMULATED, type Peer, type World } from "../support/world.ts";
import { Random } from "../support/seeds.ts";
import { ALL_TOLD_MS, answer, ConsoleStage, type FeedPage } from "./console-stage.ts";

const STEPS = 80;
const MASKS = [READABLE, READABLE | EDGE, READABLE | ONESHOT, WRITABLE | EDGE, WRITABLE | ONESHOT];
/** As small as it takes for pieces to be many: a viewer waits at a quarter of it. */
const LIMITS = { maxOutputBytes: 32 * 1024 };

class Traffic {
  readonly #stage: ConsoleStage;
  readonly #random: Random;
  readonly #peers: Peer[] = [];
  readonly pages: FeedPage[] = [];

  constructor(stage: ConsoleStage, random: Random) {
    this.#stage = stage;
    this.#random = random;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const { world, reactor, channels } = this.#stage;
    const peer = this.#peers.length === 0 ? null : random.pick(this.#peers);
    const open = channels.filter(({ state }) => state === "open");
    const channel = open.length === 0 ? null : random.pick(open);
    const registration = channel === null ? undefined : reactor.get(channel);
    switch (random.number(16)) {
      case 0:
      case 1:
      case 2:
        for (let i = random.number(30); i >= 0; i--) {
          this.#peers.push((await this.#stage.connect()).peer);
        }
        break;
      case 3:
      case 4:
        if (peer?.closed === false) peer.write(Buffer.alloc(random.number(50_000)));
        break;
      case 5:
        peer?.pause();
        break;
      case 6:
        peer?.resume();
        break;
      case 7:
        peer?.reset();
        break;
      case 8:
        if (registration?.paused === true) registration.resume();
        else registration?.pause();
        break;
      case 9:
        registration?.modify(random.pick(MASKS));
        break;
      case 10:
        if (channel !== null) channel.label = `x${random.number(3)}`;
        break;
      case 11:
        if (registration !== undefined) registration.unregister();
        else if (channel !== null) reactor.register(channel, random.pick(MASKS), answer);
        break;
      case 12:
        if (random.number(2) === 0) channel?.shutdown();
        else channel?.close();
        break;
      case 13:
        if (this.pages.length < 5) this.pages.push(await this.#stage.watch());
        break;
      case 14:
        if (this.pages.length > 0) random.pick(this.pages).guest.peer.pause();
        break;
      case 15:
        if (this.pages.length > 0) random.pick(this.pages).guest.peer.resume();
    }
    await world.advance(random.pick([0, 1, 100, 600, 3000]));
  }
}

function suite(world: () => World): void {
  it.each([1, 2])("pages know what the list says, run %i", async (run) => {
    const stage = await ConsoleStage.open(world(), { limits: LIMITS });
    const seed = run * 7919 + Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    const traffic = new Traffic(stage, new Random(seed));
    try {
      for (let step = 0; step < STEPS; step++) await traffic.step();
      for (const { guest } of traffic.pages) guest.peer.resume();
      traffic.pages.push(await stage.watch());
      await world().advance(ALL_TOLD_MS);
      await world().settle();
      const listed = await stage.listed();
      expect(listed.size).toBeGreaterThan(0);
      for (const page of traffic.pages) expect(page.read().rows).toEqual(listed);
    } catch (error) {
      throw new Error(`failed with seed ${seed}: ${String(error)}`, { cause: error });
    }
  });
}

onNetworks([["memory", "tcp"], ...SIMULATED], "the live feed under random traffic", suite);
