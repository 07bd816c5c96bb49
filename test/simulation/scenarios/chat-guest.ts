/** A member with the room's own client, which comes back when its connection is lost. */
import assert from "node:assert/strict";
import type { Random, SimulatedHost, Simulation } from "iomux/testing";

import { BACKOFF } from "../../../examples/program/backoff.ts";
import { ChatConnection } from "../../../examples/chat/client-connection.ts";
import { Session, type Over } from "../../../examples/chat/client-session.ts";
import { CLIENT_TEXTS } from "../../../examples/chat/client-texts.ts";
import type { Listener } from "./chat-hearing.ts";
import { farewellOf } from "./chat-lines.ts";
import { PORT } from "./chat-member.ts";

/** What a guest may end with, as docs/chat-room.md lists it. */
const EXITS = [0, 3, 4];

export class Guest {
  readonly id: number;
  /** What it was shown, for each connection that stood. */
  readonly shown: string[][] = [];
  /** Its stay, once that is over. */
  readonly over: Promise<Over>;
  readonly #world: Simulation;
  readonly #random: Random;
  readonly #session: Session;
  readonly #connection: ChatConnection;
  #isOver = false;

  constructor(world: Simulation, id: number, from: SimulatedHost, to: SimulatedHost) {
    this.id = id;
    this.#world = world;
    const random = world.random.fork(`guest ${id}`);
    this.#random = random;
    this.#session = new Session({
      name: `N${id}x0`,
      interactive: random.chance(0.5),
      retry: random.chance(0.5),
      backoff: { ...BACKOFF, attempts: 3 },
      maxQueuedBytes: 1024,
      texts: CLIENT_TEXTS.en,
      where: "the room",
      random: () => random.fraction(),
    });
    this.#connection = new ChatConnection(this.#session, {
      address: { host: to.address, port: PORT },
      connectMs: 2000,
      endMs: 2000,
      lineBytes: 4096,
      show: (lines) => this.#show(lines),
      note: () => undefined,
      stands: () => void this.shown.push([]),
      room: () => undefined,
      createReactor: (options) => from.createReactor(options),
    });
    this.over = this.#connection.over.then((over) => {
      this.#isOver = true;
      assert.ok(EXITS.includes(over.exitCode), `guest ${id} ends with ${over.exitCode}`);
      return over;
    });
  }

  /** As who it listened, on each of its connections. */
  get listeners(): Listener[] {
    const { id } = this;
    return this.shown.map((heard) => ({ id, heard, farewell: farewellOf(heard) }));
  }

  /** Sometimes the screen takes no more for a while. */
  #show(lines: readonly string[]): boolean {
    this.shown.at(-1)!.push(...lines);
    if (!this.#random.chance(0.05)) return true;
    void this.#world.sleep(this.#random.integer(1, 3000)).then(() => {
      this.#connection.resume();
    });
    return false;
  }

  /** Types lines, and leaves or stays. */
  async type(): Promise<void> {
    let count = 0;
    for (let lines = this.#random.integer(0, 20); lines > 0 && !this.#isOver; lines--) {
      if (this.#session.type(`m${this.id}:${count}`) === "taken") count++;
      this.#connection.changed();
      await this.#world.sleep(this.#random.integer(0, 500));
    }
    if (this.#random.chance(0.5)) this.leave();
  }

  leave(): void {
    this.#session.endInput();
    this.#connection.changed();
  }

  /** The person gives up. */
  giveUp(): void {
    this.#session.leave();
    this.#connection.changed();
  }
}
