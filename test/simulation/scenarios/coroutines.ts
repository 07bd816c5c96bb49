/**
 * Servers and clients that wait for what they read, send and accept, with limits of time and signals
 * drawn from the seed: every wait is settled, with a value or an error that has a code; what one
 * side reads is what the other one sent, or its beginning; at the end nothing is left.
 */
import assert from "node:assert/strict";
import {
  connect,
  formatAddress,
  serve,
  type AsyncConnection,
  type AsyncServer,
  type Reactor,
} from "iomux";
import type { Random, Scenario, SimulatedHost, Simulation } from "iomux/testing";

const PORT = 9000;
const CLIENTS = 4;
const PATIENCE_MS = 30_000;
/** What a wait may end with besides a value. */
const CODES: ReadonlySet<string | undefined> = new Set([
  ...["IOMUX_TIMED_OUT", "ABORT_ERR", "IOMUX_CONNECTION_CLOSED", "IOMUX_FRAME_TOO_LONG"],
  ...["IOMUX_BAD_FRAME", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET"],
]);

/** All waits of a world: each must be settled at the end. */
class Waits {
  begun = 0;
  settled = 0;
  readonly #world: Simulation;
  readonly #random: Random;

  constructor(world: Simulation) {
    this.#world = world;
    this.#random = world.random.fork("waits");
  }

  /** Limits of one wait. */
  limits(): { timeoutMs?: number; signal?: AbortSignal } {
    const random = this.#random;
    const limits: { timeoutMs?: number; signal?: AbortSignal } = {};
    if (random.chance(0.2)) limits.timeoutMs = random.integer(0, random.pick([10, 1000]));
    if (!random.chance(0.2)) return limits;
    const controller = new AbortController();
    if (random.chance(0.1)) controller.abort();
    else {
      void this.#world.sleep(random.integer(0, random.pick([10, 1000]))).then(() => {
        controller.abort();
      });
    }
    return { ...limits, signal: controller.signal };
  }

  /** What `promise` answers; undefined, if it was given up or has failed in a way that may be. */
  async for<T>(promise: Promise<T>): Promise<T | undefined> {
    this.begun++;
    try {
      return await promise;
    } catch (error) {
      const { code } = error as { code?: string };
      if (!CODES.has(code)) throw error;
      return undefined;
    } finally {
      this.settled++;
    }
  }
}

/** The stream of one direction: what was sent whole, and what was read. */
interface Stream {
  readonly sent: Buffer[];
  readonly read: Buffer[];
}

class Talk {
  readonly up: Stream = { sent: [], read: [] };
  readonly down: Stream = { sent: [], read: [] };
}

/** Reads in one of all shapes. Answers whether more may come. */
async function readOnce(connection: AsyncConnection, waits: Waits, random: Random, stream: Stream) {
  const limits = waits.limits();
  const shape = random.pick(["read", "readExactly", "readSome", "readLine"] as const);
  const count = random.integer(1, random.pick([5, 500]));
  if (shape === "readLine") {
    const line = await waits.for(connection.readLine({ ...limits, maxBytes: 100_000 }));
    if (typeof line !== "string") return line !== null;
    // Its ending is not told: what was sent says which it was.
    stream.read.push(Buffer.from(line), LINE_END);
    return true;
  }
  const bytes = await waits.for(
    shape === "read"
      ? connection.read(limits)
      : shape === "readSome"
        ? connection.readSome(count, limits)
        : connection.readExactly(count, limits),
  );
  if (bytes !== undefined && bytes !== null) {
    if (shape === "readExactly") assert.equal(bytes.length, count);
    assert.ok(shape !== "readSome" || bytes.length <= count);
    stream.read.push(Buffer.from(bytes));
  }
  return bytes !== null;
}

const LINE_END = Buffer.from("\n");

async function readSome(connection: AsyncConnection, waits: Waits, random: Random, from: Stream) {
  for (let n = random.integer(0, 8); n > 0 && connection.state === "open"; n--) {
    if (!(await readOnce(connection, waits, random, from))) return;
  }
}

async function sendSome(connection: AsyncConnection, waits: Waits, random: Random, to: Stream) {
  for (let n = random.integer(0, 8); n > 0 && connection.state === "open"; n--) {
    const size = random.integer(1, random.pick([20, 500, 5000]));
    const bytes = Buffer.alloc(size, 97 + (to.sent.length % 26));
    bytes[size - 1] = 10;
    const place = to.sent.push(bytes) - 1;
    const sending = connection.send(bytes, waits.limits());
    sending.catch((error: unknown) => {
      // Whoever gives up the wait is told whether the bytes leave all the same.
      if ((error as { sent?: boolean }).sent === false) to.sent[place] = Buffer.alloc(0);
    });
    await waits.for(sending);
  }
}

/** Both directions of one end, and then its own way to end. */
async function talk(
  connection: AsyncConnection,
  world: Simulation,
  waits: Waits,
  [to, from]: readonly [Stream, Stream],
): Promise<void> {
  const random = world.random.fork(`talk ${connection.fd} ${to.sent.length}`);
  // Both may wait for the other one to say something.
  void world.sleep(PATIENCE_MS).then(() => {
    connection.end();
  });
  await Promise.all([
    sendSome(connection, waits, random, to),
    readSome(connection, waits, random, from),
    random.chance(0.1)
      ? world.sleep(random.integer(0, 500)).then(() => {
          connection.abort();
        })
      : null,
  ]);
  connection.end();
  assert.equal(typeof (await waits.for(connection.closed)), "string");
  assert.ok(connection.signal.aborted, "the signal of a closed connection is not aborted");
}

/** By the address of the client. */
type Talks = Map<string, Talk>;

function talkAt(talks: Talks, address: AsyncConnection["localAddress"]): Talk {
  const client = formatAddress(address);
  const known = talks.get(client) ?? new Talk();
  talks.set(client, known);
  return known;
}

function serveAll(
  world: Simulation,
  server: AsyncServer,
  waits: Waits,
  talks: Talks,
): Promise<void> {
  const one = async (connection: AsyncConnection): Promise<void> => {
    const { up, down } = talkAt(talks, connection.remoteAddress);
    await talk(connection, world, waits, [down, up]);
  };
  if (world.random.chance(0.5)) return server.each(one);
  return (async () => {
    const running: Promise<void>[] = [];
    for await (const connection of server) running.push(one(connection));
    await Promise.all(running);
  })();
}

async function connecting(world: Simulation, host: SimulatedHost, waits: Waits, talks: Talks) {
  const reactor: Reactor = host.createReactor({ onError: () => undefined });
  const address = { port: PORT, host: world.host("there").address };
  await world.sleep(world.random.integer(0, 100));
  const limits = world.random.chance(0.1) ? { timeoutMs: 1 } : {};
  const connection = await waits.for(connect(reactor, address, limits));
  if (connection !== undefined) {
    const { up, down } = talkAt(talks, connection.localAddress);
    await talk(connection, world, waits, [up, down]);
  }
  await reactor.close();
}

function assertPrefix({ sent, read }: Stream, what: string): void {
  const [whole, part] = [Buffer.concat(sent), Buffer.concat(read)];
  // The last line may have ended with the stream.
  const most = Math.min(part.length, whole.length);
  assert.ok(part.length <= whole.length + 1, `${what}: more was read than sent`);
  assert.ok(part.subarray(0, most).equals(whole.subarray(0, most)), `${what}: other bytes`);
}

export const coroutines: Scenario = {
  name: "coroutines",
  run: async (world) => {
    const failures: unknown[] = [];
    const onError = (error: Error & { code?: string }): void => {
      if (!/^(EMFILE|ECONNABORTED|IOMUX_SLOW_HANDLER)$/.test(error.code ?? ""))
        failures.push(error);
    };
    const reactor = world.host("there").createReactor({ onError });
    const waits = new Waits(world);
    const talks: Talks = new Map();
    const server = await serve(reactor, { listen: { port: PORT, host: "0.0.0.0" } });
    const serving = serveAll(world, server, waits, talks);
    const clients = Array.from({ length: CLIENTS }, (_, n) => world.host(`here ${n}`));
    await Promise.all(clients.map((host) => connecting(world, host, waits, talks)));
    await server.close();
    await serving;
    await reactor.close();
    for (const failure of failures) throw failure;
    assert.equal(waits.settled, waits.begun, "a wait was never settled");
    for (const [client, { up, down }] of talks) {
      assertPrefix(up, `${client} up`);
      assertPrefix(down, `${client} down`);
    }
  },
};
