/**
 * Worlds: a reactor's network and clock, and peers outside of the reactor that speak to it. The
 * contract suite runs in each of them from the same files.
 */
import { afterEach, beforeEach, describe } from "vitest";

import type { Address, Channel, Clock, Listener, Reactor, ReactorOptions } from "iomux";

import { MemoryWorld } from "./memory-world.ts";
import { NetWorld } from "./net-world.ts";
import { SimulatedWorld } from "./simulated-world.ts";

/** A raw socket that is in no reactor. */
export interface Peer {
  readonly connected: boolean;
  /** Everything received so far. */
  readonly received: Buffer;
  /** Whether the reactor's side has ended. */
  readonly ended: boolean;
  /** The code of what broke it, or null. */
  readonly errorCode: string | null;
  readonly closed: boolean;
  write(bytes: Uint8Array | string): void;
  end(bytes?: Uint8Array | string): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** RST on TCP; an ordinary close on Unix-domain sockets. */
  reset(): void;
  /** Closes both ways at once. */
  destroy(): void;
}

export interface World {
  readonly network: "net" | "memory" | "simulated";
  readonly family: "tcp" | "unix";
  /** Whether it all is spoken through TLS: what listens, what connects, and the raw peers. */
  readonly secure: boolean;
  /** The clock of its reactors. */
  readonly clock: Clock;
  /** A reactor of this world; it is closed, and its invariants checked, after the test. */
  createReactor(options?: ReactorOptions): Reactor;
  /** An address to listen at that nobody else uses. */
  address(): Address;
  /** A raw client, connecting. */
  dial(listener: Listener): Peer;
  /** A raw socket that `adopt` takes, and its other end. */
  adoptable(): Promise<{ source: never; peer: Peer }>;
  /** Lets the world go on until `promise` is settled. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets the world go on until `condition` holds; throws with `what` if it never does. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Lets everything that is on its way arrive. */
  settle(): Promise<void>;
  /** `count` passes of the loop. */
  passes(count: number): Promise<void>;
  /** Time passes. */
  advance(ms: number): Promise<void>;
  /**
   * By how many milliseconds things may happen later than on a still network, where it is 0: what is
   * on its way may be late, and handlers slow. A test of a time has a limit that is larger than this.
   */
  readonly slackMs: number;
  /** Time passes inside a handler, which blocks everything. */
  spend(ms: number): void;
  /** Whether the reactors of this world would keep the process alive. */
  readonly alive: boolean;
  end(): Promise<void>;
}

const KINDS = [
  ["net", "tcp"],
  ["net", "unix"],
  ["memory", "tcp"],
  ["memory", "unix"],
] as const;

/** Through TLS, over TCP. */
const SECURE = [["tls", "tcp"]] as const;

/** In memory, under faults that cost only time: worlds that follow from these seeds. */
const SEEDS = (process.env.SEEDS ?? process.env.SEED ?? "1,2,3").split(",");
export const SIMULATED = SEEDS.map((seed) => [`seed ${seed}`, "tcp"] as const);

export type Kind = (typeof KINDS)[number] | (typeof SECURE)[number] | (typeof SIMULATED)[number];

/**
 * Runs a suite on both networks, over TCP and Unix-domain sockets, and in simulated worlds.
 * `world()` answers the world of the running test.
 */
export function onEveryNetwork(name: string, suite: (world: () => World) => void): void {
  onNetworks([...KINDS, ...SIMULATED], name, suite);
}

/** As `onEveryNetwork`, and through TLS: for what is promised of channels, whatever is under them. */
export function onEveryChannel(name: string, suite: (world: () => World) => void): void {
  onNetworks([...KINDS, ...SIMULATED, ...SECURE], name, suite);
}

/**
 * As `onEveryNetwork`, without the simulated worlds: nothing is delayed, slow or cut into pieces by
 * a plan of faults. Here belongs what tells which bytes come together; what counts turns, or what
 * is done in one of them; what fills buffers of a known size; and what sets limits of time that are
 * shorter than what a simulated world takes for the same.
 */
export function onStillNetworks(name: string, suite: (world: () => World) => void): void {
  onNetworks(KINDS, name, suite);
}

/** As `onStillNetworks`, and through TLS. */
export function onStillChannels(name: string, suite: (world: () => World) => void): void {
  onNetworks([...KINDS, ...SECURE], name, suite);
}

/** Runs a suite where it can be shown only; its name says why. */
export function onNetworks(
  kinds: readonly Kind[],
  name: string,
  suite: (world: () => World) => void,
): void {
  describe.each(kinds)(`${name} [%s, %s]`, (network, family) => {
    let world: World;
    beforeEach(() => {
      world = worldOf(network, family);
    });
    afterEach(() => world.end());
    suite(() => world);
  });
}

function worldOf(network: Kind[0], family: Kind[1]): World {
  if (network.startsWith("seed ")) return new SimulatedWorld(network.slice(5));
  if (network === "memory") return new MemoryWorld(family);
  return new NetWorld(family, network === "tls");
}

/** A channel of `reactor` and the raw peer at its other end, neither registered nor read. */
export async function connected(
  world: World,
  reactor: Reactor,
): Promise<{ channel: Channel; peer: Peer; listener: Listener }> {
  const listener = await world.run(reactor.listen(world.address()));
  const peer = world.dial(listener);
  await world.until(() => listener.waiting === 1 && peer.connected, "the peer to be connected");
  return { channel: listener.accept()!, peer, listener };
}

/** Another peer at `listener`. */
export async function another(
  world: World,
  listener: Listener,
): Promise<{ channel: Channel; peer: Peer }> {
  const before = listener.waiting;
  const peer = world.dial(listener);
  await world.until(() => listener.waiting > before && peer.connected, "another peer");
  return { channel: listener.accept()!, peer };
}
