/** Somebody who says one command after the other to the file server, and keeps all that is heard. */
import type { Reactor } from "iomux";
import type { SimulatedHost, Simulation } from "iomux/testing";

import { FtpHearing, placeOf, type DataPlace, type FtpReply } from "../../support/ftp-talk.ts";
import { Wire } from "./files-wire.ts";

/** Milliseconds after which an answer is not waited for any more. */
const PATIENCE_MS = 120_000;

export class Caller {
  readonly #world: Simulation;
  readonly #reactor: Reactor;
  readonly #server: DataPlace;
  readonly #control: Wire;
  readonly #hearing = new FtpHearing();
  readonly #told: Buffer[] = [];
  readonly #received: Buffer[] = [];
  #greeted = false;

  constructor(world: Simulation, host: SimulatedHost, server: DataPlace) {
    this.#world = world;
    this.#server = server;
    this.#reactor = host.createReactor({ onError: () => undefined });
    this.#control = this.#dial(server);
    this.#control.onBytes = (bytes) => {
      this.#told.push(bytes);
      this.#hearing.hear(bytes);
    };
  }

  /** All that came over the control connection, and over each data connection. */
  get heard(): string[] {
    return [Buffer.concat(this.#told), ...this.#received].map((bytes) => bytes.toString());
  }

  /** The next reply; null: the session is over. */
  async do(line: string): Promise<FtpReply | null> {
    if (!this.#greeted) {
      this.#greeted = true;
      await this.#reply();
    }
    if (this.#control.over) return null;
    this.#control.send(`${line}\r\n`);
    return this.#reply();
  }

  async receive(line: string): Promise<void> {
    await this.#transfer(line, async (wire) => {
      await wire.until(() => wire.over, PATIENCE_MS);
      this.#received.push(wire.received);
    });
  }

  async send(line: string, content: string): Promise<void> {
    await this.#transfer(line, (wire) => {
      wire.send(content);
      wire.end();
      return Promise.resolve();
    });
  }

  async end(): Promise<void> {
    this.#control.close();
    await this.#reactor.close({ drainMs: 1000 });
  }

  async #transfer(line: string, move: (wire: Wire) => Promise<void>): Promise<void> {
    const place = await this.do("EPSV");
    if (place?.code !== 229) return;
    const wire = this.#dial(placeOf(place, this.#server.host));
    const first = await this.do(line);
    if (first !== null && first.code < 200) {
      await move(wire);
      await this.#reply();
      wire.close();
    } else wire.reset();
  }

  async #reply(): Promise<FtpReply | null> {
    const there = (): boolean => this.#hearing.replies.length > 0;
    await this.#control.until(() => there() || this.#control.over, PATIENCE_MS);
    // What comes too late would be taken for the answer to something else.
    if (!there()) this.#control.reset();
    return this.#hearing.replies.shift() ?? null;
  }

  #dial(to: DataPlace): Wire {
    return new Wire(this.#world, this.#reactor, this.#reactor.connect(to));
  }
}
