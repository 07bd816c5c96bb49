/**
 * A file server, and visitors of every kind. No transfer is answered 226 with bytes missing, every
 * broken one is told or cut; a name never shows half a file, and of uploads to one name the last wins
 * whole; when all is over, no descriptor, file, upload or large buffer is left.
 */
import assert from "node:assert/strict";
import type { Scenario, Simulation } from "iomux/testing";

import { COMMON, download, list, logIn, potter, upload } from "./files-acts.ts";
import { SimulatedLibrary } from "./files-library.ts";
import { Visitor } from "./files-visitor.ts";

class OpeningHours {
  readonly #world: Simulation;
  readonly #library: SimulatedLibrary;
  readonly #visitors: Visitor[] = [];
  #over = false;

  constructor(world: Simulation, library: SimulatedLibrary) {
    this.#world = world;
    this.#library = library;
  }

  async pass(): Promise<void> {
    const { random } = this.#world;
    const seats = Array.from({ length: random.integer(1, 5) }, (_, i) => this.#seat(i));
    const others = [this.#library.suffer(), this.#cut(), this.#steal()];
    await (random.chance(0.6)
      ? Promise.all(seats)
      : Promise.race([Promise.all(seats), this.#world.sleep(random.integer(500, 20_000))]));
    this.#over = true;
    await this.#library.end(random.pick([1, 1000, 30_000]));
    await Promise.all([...seats, ...others]);
  }

  /** One after the other on the same host. */
  async #seat(place: number): Promise<void> {
    const random = this.#world.random.fork(`seat ${place}`);
    const host = this.#world.host(`home ${place}`);
    for (let visits = random.integer(1, 2); visits > 0 && !this.#over; visits--) {
      await this.#world.sleep(random.integer(0, 500));
      const id = this.#visitors.length + 1;
      const visitor = new Visitor(this.#library, this.#world, id, host);
      this.#visitors.push(visitor);
      await visit(visitor);
      assert.deepEqual(visitor.problems, [], "a visitor heard what cannot be");
    }
  }

  /** Somebody from elsewhere tries the ports of the others, and is told nothing. */
  async #steal(): Promise<void> {
    const random = this.#world.random.fork("thief");
    const host = this.#world.host("thief's");
    while (!this.#over && random.chance(0.9)) {
      await this.#world.sleep(random.integer(1, 300));
      const port = 40_000 + random.integer(0, 2);
      const socket = host.dial({ host: this.#library.host.address, port });
      socket.end("what a thief would put there");
      await this.#world.sleep(2000);
      assert.equal(socket.received.length, 0, "a thief was told something");
      socket.destroy();
    }
  }

  async #cut(): Promise<void> {
    const random = this.#world.random.fork("weather");
    if (random.chance(0.7)) return;
    this.#library.isPrompt = false;
    while (!this.#over) {
      await this.#world.sleep(random.integer(1, 5000));
      const other = this.#world.host(`home ${random.integer(0, 4)}`);
      this.#world.partition(this.#library.host, other);
      await this.#world.sleep(random.pick([10, 1000, 15_000]));
      this.#world.heal(this.#library.host, other);
    }
  }
}

async function visit(visitor: Visitor): Promise<void> {
  const { random } = visitor;
  if (await logIn(visitor)) {
    for (let acts = random.integer(1, 4); acts > 0 && !visitor.over; acts--) {
      const act = random.pick([upload, upload, upload, download, download, list, potter]);
      await act(visitor);
    }
    if (random.chance(0.5)) await visitor.do("QUIT");
  }
  await visitor.end();
}

/** Of those who uploaded to one name, the last one is there, whole. */
async function checkNames({ store }: SimulatedLibrary): Promise<void> {
  for (const [path, content] of await store.files()) {
    assert.ok(store.isWhole(content), `${path} has ${content.length} bytes that nobody sent`);
  }
  const files = await store.files();
  for (const name of COMMON) {
    const last = store.last.get(`/${name}`);
    assert.ok(last === undefined || files.get(`/${name}`)?.equals(last), `${name} is not the last`);
  }
}

export const files: Scenario = {
  name: "files",
  run: async (world) => {
    const library = await SimulatedLibrary.open(world);
    await new OpeningHours(world, library).pass();
    library.faults.readsFail = false;
    await checkNames(library);
  },
};
