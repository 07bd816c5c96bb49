/** The gate of a server at an address with TLS: it is asked before a handshake begins. */
import net from "node:net";

import { expect, it } from "vitest";

import type { Callbacks, ServeOptions, TurnedAway } from "iomux";

import { ConnectionServer } from "../../src/server/connection-server.ts";
import { local } from "../support/certificates.ts";
import { onServers, serving, type Serving } from "../support/serving.ts";
import { dialRaw, dialTls, secure } from "../support/tls-peers.ts";
import type { World } from "../support/world.ts";

interface Scene {
  readonly served: Serving;
  /** What `turnedAway` was told. */
  readonly refused: [TurnedAway, string, number][];
  readonly at: never;
}

async function scene(
  world: World,
  options: ServeOptions<Buffer> = {},
  callbacks: Callbacks<Buffer, undefined> = {},
): Promise<Scene> {
  const refused: Scene["refused"] = [];
  const turnedAway: Callbacks<Buffer, undefined>["turnedAway"] = (why, _, channel) => {
    refused.push([why, channel.state, channel.write(Buffer.from("farewell"))]);
  };
  const listen = { port: 0, tls: local };
  const limits = { maxHandshakes: 8, tlsHandshakeMs: 3000 };
  const served = await serving(world, { ...options, listen }, { turnedAway, ...callbacks }, limits);
  return { served, refused, at: { localAddress: served.server.addresses[0] } as never };
}

/** A peer that says nothing, and never will. */
async function stalled(world: World, { at }: Scene): Promise<net.Socket> {
  const socket = dialRaw(at);
  socket.resume();
  await world.until(() => !socket.connecting, "the connection");
  await world.settle();
  return socket;
}

onServers([["net", "tcp"]], "the gate before TLS", (world) => {
  it.each([
    ["max-connections", { maxConnections: 2 }],
    ["max-connections-per-address", { maxConnectionsPerAddress: 2 }],
    ["accepts-per-second", { acceptsPerSecond: 2 }],
  ] as const)("%s: stalled handshakes count", async (why, options) => {
    const there = await scene(world(), options);
    const { served, refused } = there;
    const first = await stalled(world(), there);
    await stalled(world(), there);
    const third = await stalled(world(), there);
    await world().until(() => third.destroyed, "the refusal");
    expect(refused).toEqual([[why, "closed", 0]]);
    expect(served.server.stats().turnedAway[why]).toBe(1);
    expect(served.reports.map(({ error }) => error.code)).toEqual(["IOMUX_TURNED_AWAY"]);
    expect(served.reactor.stats()).toMatchObject({ handshakesFailed: 0, refused: 0 });
    served.server.assertInvariants();
    // Who gives up makes room; a rate gives none back.
    first.destroy();
    await world().until(() => served.reactor.stats().handshakesFailed === 1, "its end");
    if (why === "accepts-per-second") await world().advance(1000);
    const peer = dialTls(there.at);
    await world().until(() => peer.log.includes("secure"), "the handshake");
    await world().until(() => served.opened.length === 1, "the connection");
  });

  it("one address cannot fill maxHandshakes", async () => {
    const there = await scene(world(), { maxConnectionsPerAddress: 4 });
    const { served } = there;
    for (let count = 0; count < 20; count++) await stalled(world(), there);
    const { port } = served.server.addresses[0] as { port: number };
    const other = net.connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    other.on("error", () => undefined);
    await world().settle();
    expect(served.server.stats().turnedAway["max-connections-per-address"]).toBe(16);
    expect([other.destroyed, served.reactor.stats().refused]).toEqual([false, 0]);
    other.destroy();
  });

  it("blocked: reset before the handshake, and asked again when it is accepted", async () => {
    const blockList = new net.BlockList();
    const there = await scene(world(), { blockList });
    const peer = await stalled(world(), there);
    blockList.addAddress("127.0.0.1");
    const second = await stalled(world(), there);
    await world().until(() => second.destroyed, "the refusal");
    expect(there.refused).toEqual([["blocked", "closed", 0]]);
    expect(peer.destroyed).toBe(false);
    there.refused.length = 0;
    secure(peer);
    await world().until(() => there.refused.length === 1, "the second question");
    expect(there.refused).toEqual([["blocked", "open", 8]]);
    expect(there.served.server.stats().connections).toBe(0);
    there.served.server.assertInvariants();
  });

  it("every way out of a handshake, and of a connection, is counted back", async () => {
    const there = await scene(world(), { maxConnectionsPerAddress: 1 });
    const { served, at } = there;
    const failures: ((peer: net.Socket) => unknown)[] = [
      (peer) => peer.resetAndDestroy(),
      (peer) => peer.end(),
      (peer) => peer.write("GET / HTTP/1.1\r\n\r\n"),
      () => world().advance(3001),
    ];
    for (const [place, fail] of failures.entries()) {
      await fail(await stalled(world(), there));
      const { reactor } = served;
      await world().until(() => reactor.stats().handshakesFailed === place + 1, "the failure");
      served.server.assertInvariants();
    }
    for (let round = 1; round <= 2; round++) {
      const peer = dialTls(at);
      await world().until(() => served.opened.length === round, "the connection");
      peer.raw.resetAndDestroy();
      await served.closedFor(served.opened.at(-1)!);
      served.server.assertInvariants();
    }
    expect(there.refused).toEqual([]);
  });

  it("a block list that throws costs the peer, and is reported", async () => {
    const blockList = {
      check() {
        throw new Error("a bug");
      },
    };
    const there = await scene(world(), { blockList });
    const peer = await stalled(world(), there);
    await world().until(() => peer.destroyed, "the refusal");
    expect(there.served.reports.map(({ error }) => error.message)).toEqual(["a bug"]);
    expect(there.refused).toEqual([]);
    there.served.server.assertInvariants();
  });

  it("who began before the server was there counts too", async () => {
    const reactor = world().createReactor();
    const listener = await reactor.listen({ port: 0 }, { tls: local });
    const peer = dialRaw(listener);
    await world().until(() => !peer.connecting, "the connection");
    await world().settle();
    const server = new ConnectionServer(reactor, { maxConnectionsPerAddress: 1 }, {});
    server.attach(listener);
    server.assertInvariants();
    const second = dialRaw(listener);
    second.resume();
    await world().until(() => second.destroyed, "the refusal");
    secure(peer);
    await world().until(() => server.connections.size === 1, "the first one");
    server.assertInvariants();
    await world().run(server.close({ drainMs: 0 }));
  });

  it("what is under way when the server closes is counted back", async () => {
    const there = await scene(world());
    const peer = await stalled(world(), there);
    await world().run(there.served.server.close());
    await world().until(() => peer.destroyed, "the end");
    there.served.server.assertInvariants();
  });
});
