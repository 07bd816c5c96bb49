/**
 * Servers for tests of who comes in, of times, rates and ends. What they call back is written down;
 * after each test every connection must have been closed exactly once, and no timer be left.
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

import { listening, type Report } from "../support/reports.ts";
import { onEveryNetwork, onNetworks, type Kind, type Peer, type World } from "../support/world.ts";

export interface Guest {
  readonly connection: Connection;
  readonly peer: Peer;
}

export interface Serving {
  readonly world: World;
  readonly reactor: Reactor;
  readonly server: Server;
  readonly reports: Report[];
  readonly opened: Connection[];
  /** Every call of `close`, in order. */
  readonly closes: { connection: Connection; reason: CloseReason }[];
  /** The frames that came, as text. */
  readonly frames: string[];
  /** Timers that were there before the first connection. */
  readonly timersBefore: number;
}

const running: Serving[] = [];

/** Starts a server of lines; `given` callbacks run after they were written down. */
export async function serving(
  world: World,
  options: ServeOptions<Buffer> = {},
  given: Callbacks<Buffer, undefined> = {},
  reactorOptions: ReactorOptions = {},
): Promise<Serving> {
  const [reactor, reports] = listening(world, reactorOptions);
  const opened: Connection[] = [];
  const closes: Serving["closes"] = [];
  const frames: string[] = [];
  const callbacks: Callbacks<Buffer, undefined> = {
    ...given,
    open: (connection) => {
      opened.push(connection);
      return given.open?.(connection);
    },
    frame: (connection, frame) => {
      frames.push(frame.toString());
      return given.frame?.(connection, frame);
    },
    close: (connection, reason) => {
      closes.push({ connection, reason });
      return given.close?.(connection, reason);
    },
  };
  const listen = world.address();
  const server = await world.run(
    serve(reactor, { listen, framer: () => lines(), ...options }, callbacks),
  );
  const { timers: timersBefore } = reactor.stats();
  const served = { world, reactor, server, reports, opened, closes, frames, timersBefore };
  running.push(served);
  return served;
}

/** A raw client, connecting. */
export function dial({ world, server }: Serving, place = 0): Peer {
  return world.dial({ localAddress: server.addresses[place] } as Listener);
}

/** A peer that was let in, and its connection. */
export async function join(served: Serving): Promise<Guest> {
  const before = served.opened.length;
  const peer = dial(served);
  const stands = (): boolean => served.opened.length > before && peer.connected;
  await served.world.until(stands, "a connection");
  return { connection: served.opened[before]!, peer };
}

/** The reasons that `close` was told for `connection`: exactly one once it is over. */
export function reasonsOf({ closes }: Serving, connection: Connection): CloseReason[] {
  return closes.filter((close) => close.connection === connection).map(({ reason }) => reason);
}

export async function closed(served: Serving, connection: Connection): Promise<CloseReason> {
  await served.world.until(() => reasonsOf(served, connection).length > 0, "close to be called");
  return reasonsOf(served, connection)[0]!;
}

/** Whether nothing more comes to `peer`. */
export function isOver(peer: Peer): boolean {
  return peer.closed || peer.ended || peer.errorCode !== null;
}

/** The peer reads nothing, and its system takes no more: everything sent from now on waits. */
export async function stuff({ world }: Serving, guest: Guest): Promise<Buffer> {
  const { connection, peer } = guest;
  peer.pause();
  const sent: Buffer[] = [];
  for (let quiet = 0; quiet < 20;) {
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

/** Runs a suite on every network; after each test everything must have been given back. */
export function onEveryServer(name: string, suite: (world: () => World) => void): void {
  onEveryNetwork(name, (world) => {
    afterEach(() => allGivenBack(world()));
    suite(world);
  });
}

/** As `onEveryServer`, where it can be shown. */
export function onServers(
  kinds: readonly Kind[],
  name: string,
  suite: (world: () => World) => void,
): void {
  onNetworks(kinds, name, (world) => {
    afterEach(() => allGivenBack(world()));
    suite(world);
  });
}

async function allGivenBack(world: World): Promise<void> {
  for (const served of running.splice(0)) {
    const { reactor, server, opened, closes } = served;
    server.assertInvariants();
    reactor.assertInvariants();
    for (const connection of server.connections) connection.abort();
    await world.passes(2);
    expect(server.connections.size).toBe(0);
    expect(reactor.stats().bufferedBytes).toBe(0);
    expect(closes.map(({ connection }) => connection.fd).sort(byNumber)).toEqual(
      opened.map(({ fd }) => fd).sort(byNumber),
    );
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
