/** The file server of `examples/ftp` on a host of a simulated world, and what it tells. */
import assert from "node:assert/strict";
import type { Reactor } from "iomux";
import type { Random, SimulatedHost, Simulation } from "iomux/testing";

import { LARGE_BYTES } from "../../../examples/files/buffer-pool.ts";
import { readSettings, type Settings } from "../../../examples/ftp/server/flags.ts";
import { FileServer } from "../../../examples/ftp/server/server.ts";
import type { TransferRecord } from "../../../examples/ftp/server/transfer-log.ts";
import { StoreError } from "../../../examples/files/file-store.ts";
import { MemoryStore, type MemoryFaults } from "../../../examples/files/memory-store.ts";
import { WatchedStore } from "./files-uploads.ts";

export const PORT = 2121;
/** Files that are there from the beginning to the end. */
export const FIXED = ["none", "one", "small", "middle", "large"] as const;
/** Their bytes; `large` counts only in worlds whose buffers are not small. */
const FIXED_BYTES = [0, 1, 600, 9000, 150_000] as const;
/** More than must have left fast before a large buffer is had. */
const HUGE_BYTES = 10 * 1024 * 1024;

/** What a reactor may report of the world. Anything else is a mistake of its program. */
const CODES: ReadonlySet<unknown> = new Set([
  ...["IOMUX_TURNED_AWAY", "IOMUX_OVER_BUDGET", "IOMUX_SLOW_HANDLER"],
  ...["EMFILE", "ECONNABORTED"],
]);

export function isOfTheWorld(error: unknown): boolean {
  return CODES.has((error as { readonly code?: unknown }).code);
}

/** Of one read of the network. */
const READ_BYTES = 64 * 1024;

/** `size` bytes of lines that no other file has. */
export function linesOf(id: string, size: number): Buffer {
  return Buffer.alloc(size, `${id} ${"-".repeat(96 - id.length)}\n`);
}

export class SimulatedLibrary {
  readonly host: SimulatedHost;
  readonly settings: Settings;
  readonly store: WatchedStore;
  /** Whether files may have more than some kilobytes. */
  readonly roomy: boolean;
  /** Whether nothing holds up what is on its way for as long as seconds. */
  isPrompt: boolean;
  readonly transfers: TransferRecord[] = [];
  readonly #world: Simulation;
  readonly #random: Random;
  readonly #reactor: Reactor;
  readonly #heard: unknown[] = [];
  readonly #isHuge: boolean;
  #files!: FileServer;
  #ended = false;

  private constructor(world: Simulation) {
    this.#world = world;
    this.host = world.host("library");
    this.#random = world.random.fork("library");
    const { smallBuffers, stall, split, delay } = world.faults;
    this.roomy = smallBuffers === 0 && stall < 0.005 && split * delay < 0.01;
    this.settings = drawSettings(this.#random);
    this.#reactor = this.host.createReactor({
      maxBufferedBytes: this.settings.memoryBytes,
      flushBytes: 128 * 1024,
      inputMark: this.#random.pick([4096, 32 * 1024, 32 * 1024]),
      onError: (error) => void this.#heard.push(error),
    });
    this.isPrompt = stall === 0;
    this.#isHuge = smallBuffers + stall + split + delay === 0 && this.#random.chance(0.2);
    const isSlow = this.#random.chance(0.4);
    const memory = new MemoryStore({
      capacityBytes: (this.#isHuge ? 64 : this.#random.pick([64, 64, 64, 1])) * 1024 * 1024,
      nowMs: () => Date.now(),
      wait: async (operation) => {
        if (isSlow && this.#random.chance(operation === "write" ? 0.7 : 0.3)) {
          await world.sleep(this.#random.pick([0, 1, 10, 300]));
        }
      },
    });
    const drifts = delay + stall + split + world.faults.slowHandler > 0;
    this.store = new WatchedStore(memory, drifts);
  }

  static async open(world: Simulation): Promise<SimulatedLibrary> {
    const library = new SimulatedLibrary(world);
    await library.#fill();
    const random = world.random.fork("ports");
    library.#files = await FileServer.open(library.#reactor, {
      settings: library.settings,
      store: library.store,
      tls: null,
      tlsPolicy: "none",
      login: (name) =>
        Promise.resolve(
          name === "nobody"
            ? "wrong"
            : {
                name,
                home: "/",
                rights: new Set(["read", "write", "delete"] as const),
                isAnonymous: false,
              },
        ),
      random: () => random.fraction(),
      wallMs: () => Date.now(),
      onTransfer: (record) => void library.transfers.push(record),
      report: (error) => void library.#heard.push(error),
    });
    let steps = 0;
    world.always(() => {
      // It walks through all that is open: too dear for every step.
      if (steps++ % 16 === 0) library.#assertBounds();
    });
    return library;
  }

  async #fill(): Promise<void> {
    const sizes: [string, number][] = FIXED.map((name, i) => [name, FIXED_BYTES[i]!]);
    if (!this.roomy) sizes.pop();
    else if (this.#isHuge) sizes.push(["huge", HUGE_BYTES]);
    for (const [name, size] of sizes) await this.store.put(`/${name}`, linesOf(name, size));
  }

  /** Files that nobody changes. */
  get fixed(): string[] {
    const names: string[] = [...FIXED.slice(0, this.roomy ? undefined : -1)];
    return this.#isHuge ? [...names, "huge", "huge", "huge"] : names;
  }

  get faults(): MemoryFaults {
    return this.store.memory.faults;
  }

  /** The disk fails for a while, again and again. */
  async suffer(): Promise<void> {
    const random = this.#random.fork("disk");
    if (random.chance(0.5)) return;
    while (!this.#ended) {
      await this.#world.sleep(random.integer(1, 3000));
      const fault = random.pick(["full", "readsFail", "writesFail", "commitsFail"] as const);
      this.faults[fault] = true;
      await this.#world.sleep(random.integer(1, 1000));
      this.faults[fault] = false;
    }
  }

  /** No sessions are left, and nothing of them. */
  async end(drainMs: number): Promise<void> {
    this.#ended = true;
    await this.#files.close(drainMs);
    assert.equal(this.#listeners, 0, "listeners are left");
    await this.#reactor.close();
    // Its store may be slow to let go.
    await this.#world.sleep(5000);
    assert.equal(this.#files.sessions, 0, "sessions are left");
    assert.equal(this.#files.buffers, 0, "large buffers are left");
    assert.deepEqual(this.store.memory.open, { readers: 0, uploads: 0 }, "files are left open");
    this.#files.assertInvariants();
    for (const error of this.#heard)
      assert.ok(this.#isExpected(error), `it reports ${told(error)}`);
  }

  get #listeners(): number {
    return this.host.network.netstat().filter((line) => line.endsWith("LISTEN")).length;
  }

  #isExpected(error: unknown): boolean {
    if (error instanceof StoreError) return error.message.endsWith(" fail)");
    return isOfTheWorld(error);
  }

  /** Memory is what the flags say, at every moment. */
  #assertBounds(): void {
    const { poolBytes, memoryBytes } = this.settings;
    const { bufferedBytes } = this.#reactor.stats();
    // One for all of them, and one for the data of each.
    atMost("listeners", this.#listeners, 1 + this.#files.sessions);
    atMost("large buffers", this.#files.buffers * LARGE_BYTES, poolBytes);
    atMost("bufferedBytes", bufferedBytes, memoryBytes + 2 * READ_BYTES);
  }
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function atMost(name: string, count: number, most: number): void {
  assert.ok(count <= most, `${name}: ${count}, at most ${most}`);
}

function drawSettings(random: Random): Settings {
  const flags = {
    port: PORT,
    host: "0.0.0.0",
    sessions: random.pick([3, 1000, 1000]),
    "per-address": random.pick([0, 0, 1]),
    "sessions-per-second": random.pick([0, 0, 5]),
    "login-seconds": 10,
    "idle-seconds": random.pick([0, 20]),
    "connect-seconds": random.pick([2, 30]),
    "stall-seconds": random.pick([6, 20]),
    "waiting-commands": random.pick([2, 16]),
    "wrong-password-seconds": random.pick([0, 2]),
    "listing-entries": random.pick([3, 1000, 1000]),
    "session-bytes-per-second": random.pick([0, 0, 0, 20_000]),
    "total-bytes-per-second": random.pick([0, 0, 0, 50_000]),
    "pool-bytes": random.pick([0, 1, 4]) * LARGE_BYTES,
    "memory-bytes": 268_435_456,
    "passive-ports": random.pick([null, null, "40000-40002"]),
  };
  const args = Object.entries(flags).flatMap(([flag, value]) =>
    value === null ? [] : [`--${flag}`, `${value}`],
  );
  const settings = readSettings(args);
  assert.ok(settings?.kind === "serve");
  return settings;
}
