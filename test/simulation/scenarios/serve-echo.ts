/** A line server: what comes back is what was sent, or its beginning if something broke. */
import assert from "node:assert/strict";
import { lines, serve, type Reactor, type Server } from "iomux";
import type { Scenario, SimulatedHost, Simulation } from "iomux/testing";

export const PORT = 9000;

/** Answers each line with itself. */
export async function startEcho(
  host: SimulatedHost,
): Promise<{ reactor: Reactor; server: Server }> {
  const reactor = host.createReactor({ onError: () => undefined });
  const options = { listen: { port: PORT, host: "0.0.0.0" }, framer: () => lines() };
  const server = await serve(reactor, options, {
    frame: (connection, line) => {
      connection.send(Buffer.from(`${line.toString()}\n`));
    },
  });
  return { reactor, server };
}

/** What one client heard. */
export interface Heard {
  readonly text: string;
  readonly broken: boolean;
}

/** Three clients send `count` numbered lines each. */
export async function echoes(world: Simulation, count = 20): Promise<Heard[]> {
  const there = world.host("there");
  const { reactor, server } = await startEcho(there);
  const heard = await Promise.all(
    [1, 2, 3].map((n) => client(world, world.host(`here ${n}`), there, count)),
  );
  await server.close();
  await reactor.close();
  return heard;
}

async function client(
  world: Simulation,
  host: SimulatedHost,
  to: SimulatedHost,
  count: number,
): Promise<Heard> {
  const socket = host.dial({ host: to.address, port: PORT });
  socket.end(numbered(count));
  while (!socket.closed && !socket.ended) await world.sleep(10);
  if (!socket.closed) socket.destroy();
  return { text: socket.received.toString(), broken: socket.error !== null };
}

/** The lines that a client sends. */
export function numbered(count: number): string {
  return Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");
}

export const serveEcho: Scenario = {
  name: "serve-echo",
  run: async (world) => {
    const all = numbered(20);
    for (const { text, broken } of await echoes(world)) {
      assert.ok(all.startsWith(text), `it heard ${JSON.stringify(text)}`);
      assert.ok(broken || text === all, `whole, but it heard ${JSON.stringify(text)} only`);
    }
  },
};
