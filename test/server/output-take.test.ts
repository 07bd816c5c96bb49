/** `take()`: a connection of a channel that is there already; what it does when it cannot. */
import { expect, it } from "vitest";

import { READABLE, type ServeOptions } from "iomux";

import { errorCode, thrownBy } from "../support/crowd.ts";
import { connected } from "../support/world.ts";
import { frame, framesIn, onStillServers, serving } from "../support/serving.ts";

/** Everything that a connection could do to a channel which is not its own. */
const STRICT: ServeOptions<Buffer> = {
  handshakeMs: 10,
  idleMs: 20,
  lifetimeMs: 30,
  highWaterMark: 500,
  lowWaterMark: 100,
};

onStillServers("take()", (world) => {
  it("24: a channel that is registered already is left as it was, also later", async () => {
    const served = await serving(world(), STRICT);
    const { channel, peer } = await connected(world(), served.reactor);
    const registration = served.reactor.register(channel, READABLE, () => undefined);
    const { room } = channel;
    expect(thrownBy(() => served.server.take(channel)).code).toBe("IOMUX_ALREADY_REGISTERED");
    expect([channel.room, registration.active]).toEqual([room, true]);
    await world().advance(100);
    expect([channel.state, errorCode(channel)]).toEqual(["open", undefined]);
    expect(served.server.connections.size).toBe(0);
    channel.write(frame(1));
    await world().until(() => peer.received.length === 100, "the frame");
    channel.abort();
    expect(served.closed.size).toBe(0);
  });

  it("24: a connection that is taken twice stays the one that it was", async () => {
    const served = await serving(world(), { handshakeMs: 50 });
    const { connection, peer } = await served.join();
    connection.establish();
    const twice = thrownBy(() => served.server.take(connection.channel));
    expect(twice.code).toBe("IOMUX_ALREADY_REGISTERED");
    await world().advance(100);
    expect(connection.state).toBe("open");
    expect(connection.send(frame(1))).toBe(true);
    await world().settle();
    expect(framesIn(peer.received)).toEqual([1]);
  });

  it("24: a framer factory that throws leaves the channel to who gave it", async () => {
    const served = await serving(world(), {
      ...STRICT,
      framer() {
        throw new Error("no framer");
      },
    });
    const { channel } = await connected(world(), served.reactor);
    expect(thrownBy(() => served.server.take(channel)).message).toBe("no framer");
    await world().advance(100);
    expect([channel.state, served.reactor.has(channel)]).toEqual(["open", false]);
    channel.abort();
  });

  it("24: what came before, and what waits to leave, belongs to the connection", async () => {
    const heard: string[] = [];
    const served = await serving(
      world(),
      { highWaterMark: 500, lowWaterMark: 100 },
      { frame: (_, bytes) => void heard.push(bytes.toString()) },
    );
    const { channel, peer } = await connected(world(), served.reactor);
    peer.write("early");
    await world().until(() => channel.unread === 5, "the bytes");
    channel.write(frame(1, 400));
    const connection = served.server.take(channel);
    expect(connection.backlog).toBe(400);
    expect(connection.send(frame(2, 400))).toBe(true);
    await world().until(() => connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(peer.received)).toEqual([1, 2]);
    expect(heard).toEqual(["early"]);
  });
});
