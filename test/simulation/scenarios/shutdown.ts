/**
 * A server, or its reactor, is closed at any moment of what its clients do: it is over within the
 * time that it was given, every connection is told so once, and nothing is left.
 */
import assert from "node:assert/strict";
import { lines, serve, type CloseReason, type Connection, type Reactor, type Server } from "iomux";
import type { Scenario, SimulatedHost, Simulation } from "iomux/testing";

const PORT = 9000;
const CLIENTS = 5;
/** What a turn may add to a deadline: handlers that are slow. */
const SLACK_MS = 1000;

interface Serving {
  readonly reactor: Reactor;
  readonly server: Server;
  readonly reasons: Map<Connection, CloseReason[]>;
}

/** Answers each line, some late, some with many bytes. */
async function start(world: Simulation, host: SimulatedHost): Promise<Serving> {
  const reactor = host.createReactor({ onError: () => undefined });
  const reasons = new Map<Connection, CloseReason[]>();
  const random = world.random.fork("server");
  const options = {
    listen: { port: PORT, host: "0.0.0.0" },
    framer: () => lines(),
    maxOutputBytes: 200_000,
  };
  const server = await serve(reactor, options, {
    open: (connection) => {
      reasons.set(connection, []);
    },
    frame: async (connection, line) => {
      if (random.chance(0.2)) await world.sleep(random.integer(1, random.pick([10, 3000])));
      connection.send(Buffer.alloc(random.integer(1, random.pick([10, 50_000])), line));
    },
    close: (connection, reason) => {
      reasons.get(connection)!.push(reason);
    },
  });
  return { reactor, server, reasons };
}

/** Sends lines, reads or does not, and leaves in any way, or never. */
async function client(world: Simulation, n: number): Promise<void> {
  const random = world.random.fork(`client ${n}`);
  await world.sleep(random.integer(0, 500));
  const socket = world.host(`here ${n}`).dial({ host: world.host("there").address, port: PORT });
  if (random.chance(0.3)) socket.pause();
  for (let left = random.integer(0, 20); left > 0 && !socket.closed; left--) {
    socket.write("line\n");
    await world.sleep(random.integer(0, 100));
  }
  const leaves = random.pick(["end", "reset", "destroy", "stays"] as const);
  if (leaves === "end" && !socket.closed) socket.end();
  if (leaves === "reset") socket.reset();
  if (leaves === "destroy") socket.destroy();
  await world.sleep(20_000);
  if (!socket.closed) socket.destroy();
}

async function closing(world: Simulation, { reactor, server, reasons }: Serving): Promise<void> {
  const { random, clock } = world;
  await world.sleep(random.integer(0, random.pick([10, 500, 5000])));
  const drainMs = random.integer(0, random.pick([10, 1000]));
  const options = { drainMs, answerMs: random.integer(0, 1000) };
  const before = clock.now();
  const open = [...server.connections];
  if (random.chance(0.5)) {
    await server.close(options);
    const tookMs = clock.now() - before;
    assert.ok(tookMs <= drainMs + SLACK_MS, `server.close() took ${tookMs} ms, not ${drainMs}`);
    assert.equal(server.connections.size, 0);
    assert.equal(await server.close(), await server.close());
  }
  const again = clock.now();
  await reactor.close(options);
  const tookMs = clock.now() - again;
  assert.ok(tookMs <= drainMs + SLACK_MS, `reactor.close() took ${tookMs} ms, not ${drainMs}`);
  for (const connection of open) assert.equal(connection.state, "closed");
  for (const told of reasons.values()) {
    assert.equal(told.length, 1, `close was told ${told.length} times: ${told.join()}`);
  }
  const closed = Object.values(server.stats().closed).reduce((sum, count) => sum + count, 0);
  assert.equal(closed, reasons.size, "connections that have closed are not those that were opened");
  const { open: left, timers, bufferedBytes } = reactor.stats();
  assert.deepEqual({ left, timers, bufferedBytes }, { left: 0, timers: 0, bufferedBytes: 0 });
}

export const shutdown: Scenario = {
  name: "shutdown",
  run: async (world) => {
    const serving = await start(world, world.host("there"));
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(world, n));
    await closing(world, serving);
    await Promise.all(clients);
  },
};
