/**
 * H39: what is registered belongs to its thread and its process. Node asks nobody before it gives a
 * port or a socket away, so not all of these can throw; then the loss is told.
 */
import { spawn } from "node:child_process";
import { MessageChannel } from "node:worker_threads";

import { afterEach, expect, it } from "vitest";

import { createReactor, formatMask, READABLE, type Reactor } from "iomux";

import { NetWorld } from "../support/net-world.ts";

const reactors: Reactor[] = [];
const worlds: NetWorld[] = [];
const opened = (): Reactor => {
  const reactor = createReactor();
  reactors.push(reactor);
  return reactor;
};

afterEach(async () => {
  for (const reactor of reactors.splice(0)) await reactor.close({ drainMs: 0 });
  for (const world of worlds.splice(0)) await world.end();
});

it("H39: channels, listeners and registrations cannot be sent to another thread", async () => {
  const reactor = opened();
  const listener = await reactor.listen({ port: 0 });
  const registration = reactor.register(listener, READABLE, () => undefined);
  const channel = reactor.connect(listener.localAddress as { host: string; port: number });
  for (const subject of [listener, registration, channel]) {
    expect(() => structuredClone(subject)).toThrow("could not be cloned");
  }
});

it("H39: a registered port that is transferred: HANGUP is told, and it is closed", async () => {
  const reactor = opened();
  const [taken, carrier] = [new MessageChannel(), new MessageChannel()];
  const told: string[] = [];
  const messages = reactor.adopt(taken.port1);
  reactor.register(messages, READABLE, (_, ready) => {
    told.push(formatMask(ready));
  });
  carrier.port1.postMessage("yours", [taken.port1]);
  await messages.closed;
  expect(told).toEqual(["HANGUP"]);
  carrier.port1.close();
});

it("H39: a registered socket that is given to another process: the next write tells ERROR", async () => {
  const world = new NetWorld("tcp");
  worlds.push(world);
  const reactor = world.createReactor();
  const { source, peer } = await world.adoptable();
  const channel = reactor.adopt(source);
  const told: string[] = [];
  reactor.register(channel, READABLE, (_, ready) => {
    told.push(formatMask(ready));
  });
  const script = `process.on("message", (_, socket) => socket.end("from another process"))`;
  const child = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.send("yours", source);
  await world.until(() => peer.ended, "the other process to have the socket");
  expect(peer.received.toString()).toBe("from another process");
  channel.write(Buffer.from("mine?"));
  await channel.closed;
  expect(told).toEqual(["ERROR|HANGUP"]);
  expect(channel.error).toMatchObject({ code: "ERR_SOCKET_CLOSED" });
  child.disconnect();
});
