/**
 * A server that answers one line with many bytes, and ends: who goes on reading gets all of them and
 * then the end, however long that takes; who takes nothing is cut off within `lingerMs`; who was told
 * the end in order has everything; nothing is left of anybody.
 */
import assert from "node:assert/strict";
import { lines, serve, type Connection, type Reactor, type Server } from "iomux";
import type { Scenario, SimulatedHost, Simulation } from "iomux/testing";

const PORT = 9000;
const CLIENTS = 4;
const MOST_BYTES = 300_000;
/** What turns may add to a deadline: handlers that are slow. */
const SLACK_MS = 1000;

/** Bytes that tell where they stand: of each answer the beginning. */
const ANSWER = Buffer.alloc(MOST_BYTES);
for (let i = 0; i < MOST_BYTES; i++) ANSWER[i] = (i + (i >>> 8)) & 0xff;

interface Ending {
  bytesOut: number;
  /** When some of it left last. */
  since: number;
}

class Service {
  server!: Server;
  readonly reactor: Reactor;
  readonly #world: Simulation;
  readonly #endings = new Map<Connection, Ending>();

  constructor(world: Simulation, host: SimulatedHost) {
    const random = world.random.fork("service");
    this.#world = world;
    const highWaterMark = random.pick([random.integer(1000, 100_000), MOST_BYTES]);
    this.reactor = host.createReactor({
      highWaterMark,
      lowWaterMark: random.pick([0, highWaterMark >> 2]),
      flushBytes: random.integer(500, random.pick([1000, 5000])),
      // A segment that is as large as can be takes two seconds, half a window no more.
      lingerMs: random.integer(3000, 4000),
      closesPerTurn: random.pick([1, 128]),
      acceptQueue: random.pick([1, 1024]),
      onError: () => undefined,
    });
  }

  async listen(): Promise<void> {
    const listen = { port: PORT, host: "0.0.0.0" };
    const { highWaterMark, lowWaterMark } = this.reactor.limits;
    const limits = { highWaterMark, lowWaterMark, writeProgressMs: 0 };
    this.server = await serve(
      this.reactor,
      { listen, framer: () => lines(), ...limits },
      {
        frame: (connection, line) => {
          assert.ok(connection.send(ANSWER.subarray(0, Number(line.toString()))));
          connection.end();
          this.#endings.set(connection, { bytesOut: 0, since: this.#world.clock.now() });
        },
      },
    );
    this.#world.always(() => {
      this.#check();
    });
  }

  /** What has nobody to take it is given up in time. */
  #check(): void {
    const { lingerMs } = this.reactor.limits;
    const now = this.#world.clock.now();
    for (const [{ channel }, ending] of this.#endings) {
      if (channel.bytesOut > ending.bytesOut || channel.state === "closed") ending.since = now;
      ending.bytesOut = channel.bytesOut;
      // First to go to the channel, where it is sampled four times, then to leave it, then for the end.
      const ms = now - ending.since - (5 / 4 + 1) * lingerMs;
      assert.ok(ms <= SLACK_MS, `fd ${channel.fd} is not closed ${ms} ms after its time`);
    }
  }
}

type Manner = "reads" | "rests" | "stops" | "breaks off";

async function client(world: Simulation, n: number): Promise<void> {
  const random = world.random.fork(`client ${n}`);
  await world.sleep(random.integer(0, 300));
  const socket = world.host(`here ${n}`).dial({ host: world.host("there").address, port: PORT });
  const { reset, stall, delay, smallBuffers } = world.faults;
  // A window of a few bytes takes its time.
  const large = smallBuffers > 0 ? 1000 : MOST_BYTES;
  const size = random.pick([random.integer(0, 100), random.integer(0, large), large, large]);
  const manner: Manner = random.pick(["reads", "reads", "reads", "rests", "stops", "breaks off"]);
  socket.write(`${size}\n`);
  if (manner === "stops") socket.pause();
  for (let ms = 0; !socket.ended && !socket.closed && ms < 60_000; ms += 100) {
    await world.sleep(100);
    // It reads for a moment, and then nothing for less than `lingerMs`.
    if (manner === "rests" && ms % 300 === 0) socket.pause();
    if (manner === "rests" && ms % 300 === 200) socket.resume();
    if (manner === "breaks off" && random.chance(0.1)) socket.reset();
  }
  const { received, ended, error, closed } = socket;
  if (!closed) socket.destroy();
  assert.ok(ANSWER.subarray(0, received.length).equals(received), "other bytes");
  const inOrder = ended && error === null;
  if (inOrder) assert.equal(received.length, size, "it was told the end before all had come");
  // Who got nothing may have been refused, or lost at the door.
  const calm = reset + stall + delay + smallBuffers === 0 && received.length > 0;
  const takes = manner === "reads" || manner === "rests";
  assert.ok(
    inOrder || !calm || !takes,
    `who ${manner} was cut off after ${received.length} bytes of ${size}`,
  );
}

export const lastWords: Scenario = {
  name: "last-words",
  options: { route: { latencyMs: 5, bytesPerMs: 30 } },
  run: async (world) => {
    const service = new Service(world, world.host("there"));
    await service.listen();
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(world, n)));
    // Those who stopped reading are given up by themselves.
    await world.sleep(10_000);
    assert.equal(service.server.connections.size, 0, "somebody is not given up");
    const { open, timers, bufferedBytes } = service.reactor.stats();
    assert.deepEqual({ open, timers, bufferedBytes }, { open: 1, timers: 0, bufferedBytes: 0 });
    await service.server.close();
    await service.reactor.close();
  },
};
