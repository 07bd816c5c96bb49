/** A chat room, and members of every kind: what each of them hears is what the room promises. */
import type { Scenario, Simulation } from "iomux/testing";

import { COMMON_NAMES, visit } from "./chat-acts.ts";
import { Guest } from "./chat-guest.ts";
import { Member, PATH, PORT } from "./chat-member.ts";
import { Promises } from "./chat-promises.ts";
import { SimulatedRoom } from "./chat-room.ts";

/** Its number, which no member has. */
const GUEST = 99;

class Evening {
  readonly members: Member[] = [];
  readonly guests: Guest[] = [];
  readonly #world: Simulation;
  readonly #room: SimulatedRoom;
  #over = false;

  constructor(world: Simulation, room: SimulatedRoom) {
    this.#world = world;
    this.#room = room;
  }

  /** Members come and go, the administrator speaks, and the network is cut here and there. */
  async pass(): Promise<void> {
    const { random } = this.#world;
    const seats = Array.from({ length: random.integer(2, 7) }, (_, i) => this.#seat(i));
    const others = [this.#administrate(), this.#cut()];
    if (random.chance(0.3)) others.push(this.#invite());
    const ends = random.chance(0.5)
      ? Promise.all(seats)
      : this.#world.sleep(random.integer(500, 8000));
    await ends;
    this.#over = true;
    for (const member of this.members) member.outlasted = !member.over;
    await this.#room.end(random.pick([1, 500, 2000]));
    await Promise.all(others);
    await this.#clear();
    await Promise.all(seats);
  }

  /** One after the other on the same host; some are at the room's own, and come by its path. */
  async #seat(place: number): Promise<void> {
    const { random } = this.#world;
    const home = this.#world.host(`home ${place % 4}`);
    const there = this.#room.host;
    const local = random.chance(0.25);
    const to = local ? { path: PATH } : { host: there.address, port: PORT };
    for (let visits = random.integer(1, 3); visits > 0 && !this.#over; visits--) {
      await this.#world.sleep(random.integer(0, 1000));
      const id = this.members.length + 1;
      const member = new Member(this.#world, id, local ? there : home, to);
      this.members.push(member);
      const { maxLineBytes } = this.#room.settings;
      await visit({ world: this.#world, member, maxLineBytes });
    }
  }

  /** Somebody with the room's own client. */
  async #invite(): Promise<void> {
    const host = this.#world.host("guest's home");
    const guest = new Guest(this.#world, GUEST, host, this.#room.host);
    this.guests.push(guest);
    await guest.type();
  }

  async #administrate(): Promise<void> {
    const random = this.#world.random.fork("administrator");
    for (;;) {
      await this.#world.sleep(random.integer(1, 1500));
      if (this.#over) return;
      const name = random.pick([...COMMON_NAMES, "N1x0", "N2x0", "N3x0"]);
      const command = random.pick([
        ...[null, null, "/who", "/stats", `/explain ${name}`],
        ...[`/kick ${name}`, `/mute ${name} ${random.integer(0, 2)}`, "/shutdown 3600"],
      ]);
      if (command === null) this.#room.announce();
      else this.#room.command(command);
    }
  }

  async #cut(): Promise<void> {
    const random = this.#world.random.fork("weather");
    if (random.chance(0.5)) return;
    while (!this.#over) {
      await this.#world.sleep(random.integer(1, 2000));
      const other = this.#world.host(`home ${random.integer(0, 3)}`);
      this.#world.partition(this.#room.host, other);
      await this.#world.sleep(random.pick([10, 1000, 15_000]));
      this.#world.heal(this.#room.host, other);
    }
  }

  /** The room is closed: what is on its way arrives. */
  async #clear(): Promise<void> {
    for (const { socket } of this.members) if (!socket.closed) socket.resume();
    await this.#world.sleep(20_000);
    for (const { socket } of this.members) if (!socket.closed) socket.destroy();
    for (const guest of this.guests) guest.giveUp();
    await Promise.all(this.guests.map(({ over }) => over));
  }
}

export const chat: Scenario = {
  name: "chat",
  run: async (world) => {
    const room = await SimulatedRoom.open(world);
    const evening = new Evening(world, room);
    await evening.pass().finally(() => {
      room.forget();
    });
    const guests = evening.guests.flatMap(({ listeners }) => listeners);
    new Promises(world, room, evening.members, guests).check();
  },
};
