/**
 * Servers for tests. What they call back is written down, and at the end of each test everything
 * must have been given back: no byte is counted any more, and every connection was closed once.
 */
import { afterEach, expect } from "vitest";

import {
  lines,
  serve,
  type Callbacks,
  type CloseReason,
  type Connection,
  type Listener,
  type Reactor,
  type ReactorOptions,
  type ServeOptions,
  type Server,
} from "iomux";

import { fill } from "./record.ts";
import { listening, type Report } from "./reports.ts";
import {
  onEveryNetwork,
  onNetworks,
  onStillNetworks,
  type Kind,
  type Peer,
  type World,
} from "./world.ts";

export interface Guest<F = Buffer> {
  readonly connection: Connection<F>;
  readonly peer: Peer;
}

const running: Serving<never>[] = [];

export class Serving<F = Buffer> {
  readonly world: World;
  readonly reactor: Reactor;
  readonly reports: Report[];
  readonly opened: Connection<F>[] = [];
  /** The reasons of each connection that has ended: exactly one, if all is well. */
  readonly closed = new Map<Connection<F>, CloseReason[]>();
  /** The frames that came to a server of lines, as text. */
  frames: string[] = [];
  server!: Server<F>;
  /** Timers that were there before the first connection. */
  timersBefore = 0;

  constructor(world: World, options: ReactorOptions) {
    this.world = world;
    [this.reactor, this.reports] = listening(world, options);
    running.push(this);
  }

  /** Callbacks that are written down before they are `given`. */
  noting(given: Callbacks<F, undefined>): Callbacks<F, undefined> {
    return {
      ...given,
      open: (connection) => {
        this.opened.push(connection);
        return given.open?.(connection);
      },
      close: (connection, reason) => {
        this.closed.set(connection, [...(this.closed.get(connection) ?? []), reason]);
        return given.close?.(connection, reason);
      },
    };
  }

  /** A raw client of the address at `place`, connecting. */
  dial(place = 0): Peer {
    return this.world.dial({ localAddress: this.server.addresses[place] } as Listener);
  }

  /** Another peer, and its connection. */
  async join(): Promise<Guest<F>> {
    const [guest] = await this.joinAll(1);
    return guest!;
  }

  async joinAll(count: number): Promise<Guest<F>[]> {
    const guests: Guest<F>[] = [];
    while (guests.length < count) {
      const before = this.opened.length;
      const peer = this.dial();
      const stands = (): boolean => this.opened.length > before && peer.connected;
      await this.world.until(stands, "a connection");
      guests.push({ connection: this.opened[before]!, peer });
    }
    return guests;
  }

  /** Another peer that reads nothing, and whose system takes no more. */
  async joinStuck(): Promise<Guest<F> & { readonly before: number }> {
    const guest = await this.join();
    return { ...guest, before: await stuff(this.world, guest) };
  }

  get bufferedBytes(): number {
    return this.reactor.stats().bufferedBytes;
  }

  reasonOf(connection: Connection<F>): CloseReason | null {
    return this.reasonsOf(connection)[0] ?? null;
  }

  /** What `close` was told of `connection`: exactly one reason once it is over. */
  reasonsOf(connection: Connection<F>): CloseReason[] {
    return this.closed.get(connection) ?? [];
  }

  /** Waits until `close` was called. */
  async closedFor(connection: Connection<F>): Promise<CloseReason> {
    await this.world.until(() => this.closed.has(connection), "close to be called");
    return this.reasonOf(connection)!;
  }
}

/** Starts a server; `given` callbacks run after they were written down. */
export async function serving<F = Buffer>(
  world: World,
  options: ServeOptions<F> = {},
  given: Callbacks<F, undefined> = {},
  reactorOptions: ReactorOptions = {},
): Promise<Serving<F>> {
  const serving = new Serving<F>(world, reactorOptions);
  const listen = world.address();
  const answer = serve<F>(serving.reactor, { listen, ...options }, serving.noting(given));
  serving.server = await world.run(answer);
  serving.timersBefore = serving.reactor.stats().timers;
  return serving;
}

/** Starts a server of lines, and writes them down. */
export async function servingLines(
  world: World,
  options: ServeOptions<Buffer> = {},
  given: Callbacks<Buffer, undefined> = {},
  reactorOptions: ReactorOptions = {},
): Promise<Serving> {
  const frames: string[] = [];
  const frame: Callbacks<Buffer, undefined>["frame"] = (connection, line) => {
    frames.push(line.toString());
    return given.frame?.(connection, line);
  };
  const ofLines = { framer: () => lines(), ...options };
  const served = await serving(world, ofLines, { ...given, frame }, reactorOptions);
  served.frames = frames;
  return served;
}

/** Whether nothing more comes to `peer`. */
export function isOver(peer: Peer): boolean {
  return peer.closed || peer.ended || peer.errorCode !== null;
}

/** The peer stops reading, and its channel is filled to its mark. Answers the bytes sent so far. */
export async function stuff(
  world: World,
  { connection, peer }: Guest<never> | Guest,
): Promise<number> {
  peer.pause();
  return fill(world, connection.channel);
}

/** The peer reads nothing, and frames are sent until one waits. Answers what was sent. */
export async function sendUntilStuck({ world }: Serving, guest: Guest): Promise<Buffer> {
  const { connection, peer } = guest;
  peer.pause();
  const sent: Buffer[] = [];
  for (let quiet = 0; quiet < 20;) {
    // What is sent to one that is cut off never waits.
    if (connection.state !== "open")
      throw new Error(`it is ${connection.state} before it is stuck`);
    quiet = connection.backlog > 0 ? quiet + 1 : 0;
    // A frame that waits for others is not full of them: the next must not be lost.
    if (connection.backlog === 0) {
      const bytes = Buffer.alloc(65_536, sent.length + 1);
      sent.push(bytes);
      connection.send(bytes);
    }
    await world.passes(1);
  }
  return Buffer.concat(sent);
}

const HEAD_BYTES = 6;

/** A frame of `length` bytes, 6 at least, that can be told from all others and seen to be whole. */
export function frame(number: number, length = 100): Buffer {
  const bytes = Buffer.alloc(length, number & 0xff);
  bytes.writeUInt16BE(number, 0);
  bytes.writeUInt32BE(length, 2);
  return bytes;
}

/** The numbers of the frames in `bytes`; throws if one is not whole. */
export function framesIn(bytes: Buffer): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const number = at + HEAD_BYTES <= bytes.length ? bytes.readUInt16BE(at) : -1;
    const length = number === -1 ? 0 : bytes.readUInt32BE(at + 2);
    const whole =
      length >= HEAD_BYTES && bytes.subarray(at, at + length).equals(frame(number, length));
    if (!whole) throw new Error(`after ${numbers.join()} comes no whole frame`);
    numbers.push(number);
    at += length;
  }
  return numbers;
}

/** Runs a suite on every network; after each test everything must have been given back. */
export function onEveryServer(name: string, suite: (world: () => World) => void): void {
  onEveryNetwork(name, givingBack(suite));
}

/** As `onEveryServer`, on still networks only. */
export function onStillServers(name: string, suite: (world: () => World) => void): void {
  onStillNetworks(name, givingBack(suite));
}

/** As `onEveryServer`, where it can be shown. */
export function onServers(
  kinds: readonly Kind[],
  name: string,
  suite: (world: () => World) => void,
): void {
  onNetworks(kinds, name, givingBack(suite));
}

function givingBack(suite: (world: () => World) => void): (world: () => World) => void {
  return (world) => {
    afterEach(() => allGivenBack(world()));
    suite(world);
  };
}

async function allGivenBack(world: World): Promise<void> {
  for (const { reactor, server, opened, closed } of running.splice(0)) {
    server.assertInvariants();
    reactor.assertInvariants();
    for (const connection of server.connections) connection.abort();
    expect(server.connections.size).toBe(0);
    expect(reactor.stats().bufferedBytes).toBe(0);
    await world.passes(2);
    expect([...closed.values()].filter((reasons) => reasons.length !== 1)).toEqual([]);
    expect(opened.filter((connection) => !closed.has(connection))).toEqual([]);
  }
}
