/** A member of the room: a raw socket that speaks lines, and remembers what it heard. */
import type { Address, SocketAddress } from "iomux";
import type { MemorySocket, Random, SimulatedHost, Simulation } from "iomux/testing";

import { farewellOf } from "./chat-lines.ts";

export const PORT = 9000;
/** Of the room's own host. */
export const PATH = "/run/room";

/** How a member has ended its visit by itself. */
export type Leaving = "quit" | "end" | "destroy" | "reset";

export class Member {
  readonly id: number;
  readonly socket: MemorySocket;
  readonly random: Random;
  /** Null: it stayed, or was let go. */
  leaving: Leaving | null = null;
  /** Whether its connection stood when the room was ended. */
  outlasted = false;
  /** Marks of whole lines that were sent to be said once it was greeted. */
  readonly said: string[] = [];
  /** Marks of lines that the room must refuse. */
  readonly unsayable = new Set<string>();
  /** The mark of a line whose end was never sent. */
  unfinished: string | null = null;
  /** Marks of private lines that it sent. */
  readonly whispered = new Set<string>();
  readonly #world: Simulation;
  #count = 0;
  #names = 0;
  #welcome = false;

  constructor(world: Simulation, id: number, from: SimulatedHost, to: Address) {
    this.id = id;
    this.#world = world;
    this.random = world.random.fork(`member ${id}`);
    this.socket = from.dial(to);
  }

  get address(): SocketAddress {
    return this.socket.localAddress;
  }

  /** Whether the connection stood. */
  get stood(): boolean {
    return this.socket.connected;
  }

  /** Whether nothing can come or go any more. */
  get over(): boolean {
    return this.socket.closed || this.socket.ended;
  }

  /** Whole lines so far: what is behind the last of them has no end. */
  get heard(): readonly string[] {
    return this.socket.received.toString().split("\n").slice(0, -1);
  }

  /** The room's last word, if it had one. */
  get farewell(): string | null {
    return farewellOf(this.heard);
  }

  /** Whether the room has greeted it. */
  get welcomed(): boolean {
    return (this.#welcome ||= this.hasHeard(/^Hello /m));
  }

  hasHeard(pattern: RegExp): boolean {
    return pattern.test(this.socket.received.toString());
  }

  /** A mark that no line has had. With its colon it is never a name. */
  mark(kind: "m" | "p" = "m"): string {
    return `${kind}${this.id}:${this.#count++}`;
  }

  /** A name that nobody else asks for. */
  ownName(): string {
    return `N${this.id}x${this.#names++}`;
  }

  send(bytes: string | Uint8Array): void {
    if (!this.socket.closed && this.leaving === null) this.socket.write(bytes);
  }

  /** A line that all others are to hear. */
  say(line: (mark: string) => string): string {
    const mark = this.mark();
    if (this.leaving === null && !this.socket.closed && this.welcomed) this.said.push(mark);
    return `${line(mark)}\n`;
  }

  leave(how: Leaving): void {
    if (this.socket.closed || this.leaving !== null) return;
    if (how === "quit") this.send("/quit\n");
    this.leaving = how;
    if (how === "end") this.socket.end();
    if (how === "destroy") this.socket.destroy();
    if (how === "reset") this.socket.reset();
  }

  /** Waits for `condition`, for the end, or for `ms`. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.#world.clock.now() + ms;
    while (!condition() && !this.over && this.#world.clock.now() < end) {
      await this.#world.sleep(this.random.integer(10, 200));
    }
    return condition();
  }
}
