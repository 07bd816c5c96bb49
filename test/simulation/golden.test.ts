/**
 * The same seed gives the same trace, byte for byte, on every machine and Node version: the traces of
 * these seeds never change unless the simulation does. Raw peers only, so that the library may change.
 */
import { expect, it } from "vitest";

import {
  createSimulation,
  MemorySocket,
  type MemoryTransport,
  type Simulation,
} from "iomux/testing";

const PORT = 9000;

/** Streams, datagrams, signals, a partition and a crash. */
async function eventful(world: Simulation): Promise<void> {
  const hosts = ["a", "b", "c"].map((name) => world.host(name));
  const sockets: MemorySocket[] = [];
  for (const host of hosts) {
    const listener = await host.network.listen({ host: "0.0.0.0", port: PORT }, {});
    listener.attach({
      onConnection: (transport) => {
        const socket = new MemorySocket(transport as MemoryTransport);
        socket.end(Buffer.alloc(world.random.integer(0, 5000)));
        sockets.push(socket);
      },
      onAcceptFailed: (error) => {
        world.trace.note(error.message);
      },
      onClosed: () => undefined,
    });
    host.network.signals(["SIGHUP"], (name) => {
      world.trace.note(`${host.name} ${name}`);
    });
  }
  const bound = hosts.map(({ network }) =>
    network.datagrams.socket({ host: "0.0.0.0", port: 53 }, { broadcast: true }),
  );
  for (let round = 0; round < 40; round++) {
    const [from, to] = [world.random.pick(hosts), world.random.pick(hosts)];
    const socket = from.dial({ host: to.address, port: PORT });
    socket.end(Buffer.alloc(world.random.integer(0, 20_000)));
    sockets.push(socket);
    world.random.pick(bound).send(Buffer.alloc(10), { host: to.address, port: 53 });
    to.raise("SIGHUP");
    if (round === 10) world.partition(hosts[0]!, hosts[1]!);
    if (round === 20) world.heal(hosts[0]!, hosts[1]!);
    await world.sleep(world.random.integer(0, 20));
  }
  hosts[2]!.crash();
  await world.sleep(10_000);
  for (const host of hosts) host.crash();
  world.trace.note(`${Math.random()} ${new Date().toISOString()}`);
}

const GOLDEN: Readonly<Record<string, string>> = {
  "1": "407 lines, 15656354",
  "2": "472 lines, 3583324776",
  "3": "379 lines, 2885091322",
  "4": "695 lines, 1172194934",
  "5": "411 lines, 124387176",
  "6": "1341 lines, 1667022115",
  "7": "378 lines, 2991005787",
  "8": "353 lines, 2324342903",
  crash: "676 lines, 1960201082",
  "9007199254740993": "1130 lines, 1461068369",
};

it.each(Object.entries(GOLDEN))("seed %s gives the trace %s", async (seed, golden) => {
  const world = createSimulation({ seed, faults: "swarm" });
  await world.run(eventful);
  expect(`${world.trace.count} lines, ${world.trace.digest}`).toBe(golden);
});
