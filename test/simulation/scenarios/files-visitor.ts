/** Somebody who speaks to the file server: commands, their replies, and data connections. */
import assert from "node:assert/strict";
import { READABLE, type Channel, type Listener, type Reactor } from "iomux";
import type { Random, SimulatedHost, Simulation } from "iomux/testing";

import { COMMANDS, repliesOf, type Verb } from "../../../examples/ftp/commands.ts";
import {
  extendedPortCommand,
  FtpHearing,
  placeOf,
  portCommand,
  type FtpReply,
} from "../../support/ftp-talk.ts";
import { isOfTheWorld, PORT, type SimulatedLibrary } from "./files-library.ts";
import { Wire } from "./files-wire.ts";

/** Milliseconds after which nobody may be left without an answer. */
const PATIENCE_MS = 900_000;

/** A command, and what came of it. */
export interface Said {
  readonly verb: string;
  preliminary: FtpReply | null;
  reply: FtpReply | null;
}

/** How a data connection is to come about. */
export interface Route {
  /** The connection, once it is there; null: it will not be. */
  open(command: Said): Promise<Wire | null>;
  close(): void;
}

export class Visitor {
  readonly id: number;
  readonly random: Random;
  readonly library: SimulatedLibrary;
  readonly world: Simulation;
  readonly control: Wire;
  /** What it found to be wrong. */
  readonly problems: unknown[] = [];
  /** Its process is gone. */
  killed = false;
  /** It says nothing more. */
  left = false;
  #files = 0;
  readonly #host: SimulatedHost;
  readonly #reactor: Reactor;
  readonly #hearing = new FtpHearing();
  readonly #open: Said[] = [];
  readonly #wires: Wire[] = [];

  constructor(library: SimulatedLibrary, world: Simulation, id: number, host: SimulatedHost) {
    this.id = id;
    this.library = library;
    this.world = world;
    this.random = world.random.fork(`visitor ${id}`);
    this.#host = host;
    this.#reactor = host.createReactor({
      onError: (error) => {
        if (!isOfTheWorld(error)) this.problems.push(error);
      },
    });
    this.#open.push({ verb: "greeting", preliminary: null, reply: null });
    this.control = this.#dial(library.host.address, PORT);
    this.control.onBytes = (bytes) => {
      this.#hear(bytes);
    };
  }

  get greeting(): Said {
    return this.#open[0]!;
  }

  /** Whether nothing can be done any more. */
  get over(): boolean {
    return this.killed || this.left || this.control.over;
  }

  /** A name that nobody else uses. */
  ownName(): string {
    return `v${this.id}-${this.#files++}`;
  }

  say(line: string): Said {
    const said: Said = { verb: line.split(" ", 1)[0]!, preliminary: null, reply: null };
    if (this.over) return said;
    this.#open.push(said);
    this.control.send(`${line}\r\n`);
    return said;
  }

  /** The final reply; null: the session is over. Nobody waits in vain. */
  async answer(said: Said): Promise<FtpReply | null> {
    await this.control.until(() => said.reply !== null || this.over, PATIENCE_MS);
    if (said.reply === null && !this.over) {
      this.problems.push(new Error(`visitor ${this.id}: ${said.verb} is neither told nor cut`));
      this.leave("reset");
    }
    return said.reply;
  }

  do(line: string): Promise<FtpReply | null> {
    return this.answer(this.say(line));
  }

  leave(how: "end" | "reset" | "kill"): void {
    if (this.killed || this.left) return;
    if (how === "end") this.control.close();
    if (how === "reset") this.control.reset();
    if (how !== "kill") this.left = true;
    else {
      this.killed = true;
      this.#host.crash();
      for (const wire of this.#wires) wire.lose();
    }
  }

  /** Everything of it is closed. */
  async end(): Promise<void> {
    if (this.killed) return;
    this.left = true;
    for (const wire of this.#wires) wire.close();
    await this.#reactor.close({ drainMs: 1000 });
  }

  /** Arranges a data connection; null: the server would not, or the session is over. */
  async arrange(): Promise<Route | null> {
    const { random } = this;
    // What is arranged later counts.
    if (random.chance(0.15)) await this.#arrange(random.pick(["PASV", "EPSV", "PORT"]));
    return this.#arrange(random.pick(["PASV", "EPSV", "PORT", "EPRT"]));
  }

  async #arrange(how: "PASV" | "EPSV" | "PORT" | "EPRT"): Promise<Route | null> {
    if (this.over) return null;
    return how === "PASV" || how === "EPSV" ? this.#passive(how) : this.#active(how);
  }

  async #passive(how: string): Promise<Route | null> {
    const reply = await this.do(how);
    if (reply === null || reply.code > 229 || this.over) return null;
    const { host, port } = placeOf(reply, this.library.host.address);
    const early = this.random.chance(0.5) ? this.#dial(host, port) : null;
    return {
      open: async (command) => {
        if (this.over) return null;
        const wire = early ?? this.#dial(host, port);
        const there = (): boolean => wire.connected || wire.over || command.reply !== null;
        await wire.until(there, PATIENCE_MS);
        return wire;
      },
      close: () => early?.close(),
    };
  }

  async #active(how: string): Promise<Route | null> {
    let listener: Listener;
    try {
      listener = await this.#reactor.listen({ port: 0, host: this.#host.address });
    } catch {
      return null;
    }
    let wire: Wire | null = null;
    this.#reactor.register(listener, READABLE, () => {
      const channel = listener.accept();
      if (channel !== null) wire = this.#wire(channel);
    });
    const place = listener.localAddress as unknown as { host: string; port: number };
    const command = how === "PORT" ? portCommand(place) : extendedPortCommand(place);
    const close = (): void => {
      if (!this.killed) listener.close();
    };
    const reply = await this.do(command);
    if (reply?.code !== 200) {
      close();
      return null;
    }
    const open = async (said: Said): Promise<Wire | null> => {
      const there = (): boolean => wire !== null || said.reply !== null || this.over;
      while (!there()) await this.world.sleep(this.random.integer(1, 50));
      return wire;
    };
    return { open, close };
  }

  #dial(host: string, port: number): Wire {
    return this.#wire(this.#reactor.connect({ host, port }));
  }

  #wire(channel: Channel): Wire {
    const wire = new Wire(this.world, this.#reactor, channel);
    this.#wires.push(wire);
    return wire;
  }

  #hear(bytes: Buffer): void {
    this.#hearing.hear(bytes);
    for (const reply of this.#hearing.replies.splice(0)) this.#take(reply);
  }

  #take(reply: FtpReply): void {
    const { code } = reply;
    if (code === 421 && this.#open.length === 0) return;
    // STAT is answered at once, before the transfer that runs.
    const statusFirst = code === 211 && this.#open[0]?.verb !== "STAT";
    const at = statusFirst ? this.#open.findIndex(({ verb }) => verb === "STAT") : 0;
    const said = this.#open[at];
    assert.ok(said !== undefined, `visitor ${this.id} is told ${code} ${reply.lines[0]!}, unasked`);
    if (code < 200) {
      assert.equal(said.preliminary, null, `${said.verb} has two first replies`);
      said.preliminary = reply;
      return;
    }
    const known = said.verb === "greeting" ? [220, 421] : repliesOf(COMMANDS[said.verb as Verb]);
    // 522 is about TLS, which there is not, and about IPv6.
    assert.ok(
      known.includes(code) && code !== 522,
      `${said.verb} is told ${code} ${reply.lines[0]!}`,
    );
    said.reply = reply;
    this.#open.splice(at, 1);
  }
}
