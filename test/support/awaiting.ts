/** Servers without callbacks, for tests; at the end everything must have been given back. */
import { afterEach, expect } from "vitest";

import {
  serve,
  type AsyncConnection,
  type AsyncServer,
  type Listener,
  type Reactor,
  type ReactorOptions,
  type ServeOptions,
} from "iomux";

import { listening, type Report } from "./reports.ts";
import { onEveryNetwork, onStillNetworks, type Peer, type World } from "./world.ts";

export interface AsyncGuest<F = Buffer> {
  readonly connection: AsyncConnection<F>;
  readonly peer: Peer;
}

const running: Pick<AsyncServing, "reactor" | "server">[] = [];
const strays: unknown[] = [];

export class AsyncServing<F = Buffer> {
  readonly world: World;
  readonly reactor: Reactor;
  readonly reports: Report[];
  server!: AsyncServer<F>;

  constructor(world: World, options: ReactorOptions) {
    this.world = world;
    [this.reactor, this.reports] = listening(world, options);
    running.push(this as never);
  }

  dial(): Peer {
    return this.world.dial({ localAddress: this.server.addresses[0] } as Listener);
  }

  /** Another peer, and its connection. */
  async join(): Promise<AsyncGuest<F>> {
    const accepted = watch(this.server.accept());
    const peer = this.dial();
    await this.world.until(() => accepted.settled && peer.connected, "a connection");
    return { connection: accepted.value!, peer };
  }

  get bufferedBytes(): number {
    return this.reactor.stats().bufferedBytes;
  }
}

/** Starts a server without callbacks. */
export async function awaiting<F = Buffer>(
  world: World,
  options: ServeOptions<F> = {},
  reactorOptions: ReactorOptions = {},
): Promise<AsyncServing<F>> {
  const serving = new AsyncServing<F>(world, reactorOptions);
  const answer = serve<F>(serving.reactor, { listen: world.address(), ...options });
  serving.server = await world.run(answer);
  return serving;
}

/** What has become of a promise so far. */
export interface Watched<T> {
  settled: boolean;
  value: T | undefined;
  error: (Error & { code?: string; reason?: string }) | undefined;
  /** `"value"`, the code of the error, or `pending`. */
  readonly text: string;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = {
    settled: false,
    value: undefined,
    error: undefined,
    get text() {
      if (!this.settled) return "pending";
      return this.error === undefined ? JSON.stringify(shown(this.value)) : this.error.code!;
    },
  };
  promise.then(
    (value) => Object.assign(watched, { settled: true, value }),
    (error: unknown) => Object.assign(watched, { settled: true, error }),
  );
  return watched;
}

function shown(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString() : value;
}

/** What becomes of `promise`, once it is settled; time stands still meanwhile. */
export async function outcome<T>(world: World, promise: Promise<T>): Promise<Watched<T>> {
  const watched = watch(promise);
  await world.until(() => watched.settled, "a promise to be settled");
  return watched;
}

/**
 * Runs a suite on every network. After each test everything must have been given back, and no
 * promise may have been rejected that nobody looked at.
 */
export function onEveryAsyncServer(name: string, suite: (world: () => World) => void): void {
  onEveryNetwork(name, givingBack(suite));
}

/** As `onEveryAsyncServer`, on still networks only. */
export function onStillAsyncServers(name: string, suite: (world: () => World) => void): void {
  onStillNetworks(name, givingBack(suite));
}

function givingBack(suite: (world: () => World) => void): (world: () => World) => void {
  return (world) => {
    afterEach(() => allGivenBack(world()));
    suite(world);
  };
}

process.on("unhandledRejection", (reason) => strays.push(reason));

async function allGivenBack(world: World): Promise<void> {
  for (const { reactor, server } of running.splice(0)) {
    server.assertInvariants();
    reactor.assertInvariants();
    for (const connection of server.connections) connection.abort();
    await world.passes(2);
    expect([server.connections.size, server.stats().connections]).toEqual([0, 0]);
    expect(reactor.stats().bufferedBytes).toBe(0);
  }
  expect(strays.splice(0)).toEqual([]);
}
