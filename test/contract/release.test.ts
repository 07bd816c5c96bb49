/** `release()`: the plain stream goes to somebody else, and nothing of it is lost. */
import type { Readable, Writable } from "node:stream";

import { expect, it } from "vitest";

import { READABLE, type Channel, type Reactor } from "iomux";

import { thrownBy, turns } from "../support/crowd.ts";
import { fill, pattern, record } from "../support/record.ts";
import { plain } from "../support/streams.ts";
import { connected, onEveryNetwork, onStillNetworks, type Peer } from "../support/world.ts";

const REFUSED = { name: "IomuxError", code: "IOMUX_CANNOT_RELEASE" };

onEveryNetwork("release", (world) => {
  it("gives unread bytes back, before what comes later; then plain code goes on", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const seen: string[] = [];
    const registration = reactor.register(channel, READABLE, () => void seen.push("called"));
    registration.pause();
    peer.write("unread ");
    await world().until(() => channel.unread === 7, "the bytes");
    registration.resume();
    const released = channel.release();
    expect([channel.state, channel.error, registration.active]).toEqual(["closed", null, false]);
    expect([channel.unread, channel.read(), channel.write(Buffer.from("x"))]).toEqual([0, null, 0]);
    const socket = plain(world(), await world().run(released));
    expect(await world().run(channel.closed)).toBe(null);
    peer.write("later");
    await world().until(() => socket.received.length === 12, "both");
    expect(socket.received.toString()).toBe("unread later");
    socket.end("answer");
    await world().until(() => peer.ended, "the end");
    expect(peer.received.toString()).toBe("answer");
    expect([seen, reactor.stats().open, reactor.stats().bufferedBytes]).toEqual([[], 1, 0]);
    peer.end();
    await world().until(() => socket.closed, "both ends");
    expect([socket.ended, socket.errorCode]).toEqual([true, null]);
  });

  it("resolves once what is queued has left, whole and in order; the process lives meanwhile", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    const total = await fill(world(), channel);
    expect(channel.queued).toBeGreaterThan(0);
    expect(world().alive).toBe(false);
    let stream: Readable | Writable | null = null;
    void channel.release().then((given) => (stream = given));
    await turns(world(), reactor, 3);
    expect([stream, channel.state, world().alive]).toEqual([null, "closing", true]);
    // What comes meanwhile waits for whoever gets the stream.
    peer.write("meanwhile ");
    peer.resume();
    await world().until(() => stream !== null, "the output to leave");
    expect([channel.state, world().alive]).toEqual(["closed", false]);
    const socket = plain(world(), stream!);
    socket.write("behind");
    await world().until(() => peer.received.length === total + 6, "all of it");
    const wanted = Buffer.concat([pattern(total), Buffer.from("behind")]);
    expect(peer.received.equals(wanted)).toBe(true);
    await world().until(() => socket.received.length === 10, "what came meanwhile");
    expect(socket.received.toString()).toBe("meanwhile ");
  });

  it("what was adopted and released is the same stream, and may be adopted by another reactor", async () => {
    const [reactor, other] = [world().createReactor(), world().createReactor()];
    const { source, peer } = await world().adoptable();
    const channel: Channel = reactor.adopt(source);
    expect(await world().run(channel.release())).toBe(source);
    expect([reactor.has(source), reactor.get(source)]).toEqual([false, undefined]);
    const again = other.adopt(source as Readable);
    const { joined } = record(other, again);
    peer.end("hello");
    await world().until(() => again.ended, "the end");
    expect(joined()).toEqual(['READABLE "hello"', "READABLE end"]);
    expect(() => reactor.register(channel, READABLE)).toThrow("is closed");
    expect(again.write(Buffer.from("x"))).toBe(1);
    await world().until(() => peer.received.length === 1, "the answer");
  });

  it("an end that comes after it is the plain stream's; one that was read stays read", async () => {
    const reactor = world().createReactor();
    const one = await connected(world(), reactor);
    const socket = plain(world(), await world().run(one.channel.release()));
    one.peer.end("bye");
    await world().until(() => socket.ended, "the end");
    expect(socket.received.toString()).toBe("bye");
    const two = await connected(world(), reactor);
    const { log } = record(reactor, two.channel);
    two.peer.end();
    await world().until(() => log.length > 0, "the end");
    const half = plain(world(), await world().run(two.channel.release()));
    half.end("still open");
    await world().until(() => two.peer.ended, "our end");
    expect(two.peer.received.toString()).toBe("still open");
  });

  it("after shutdown() our end has left before it resolves", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    channel.write(Buffer.from("last"));
    channel.shutdown();
    const socket = plain(world(), await world().run(channel.release()));
    await world().until(() => peer.ended, "our end");
    expect(peer.received.toString()).toBe("last");
    peer.write("still read");
    await world().until(() => socket.received.length === 10, "the bytes");
  });

  it("rejects with what broke the connection before the output had left", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    const released = channel.release().catch((error: unknown) => error);
    await turns(world(), reactor, 2);
    peer.reset();
    const error = await world().run(released);
    expect(error).toBe(channel.error);
    expect(["ECONNRESET", "EPIPE"]).toContain((error as NodeJS.ErrnoException).code);
    expect(channel.state).toBe("closed");
  });

  it("abort() calls it off; a peer that takes nothing does after lingerMs", async () => {
    const reactor = world().createReactor({ lingerMs: 3000 });
    const stuck = async (): Promise<{ channel: Channel; released: Promise<unknown> }> => {
      const { channel, peer } = await connected(world(), reactor);
      peer.pause();
      await fill(world(), channel);
      const released = channel.release().catch((error: unknown) => error);
      await turns(world(), reactor, 2);
      channel.close();
      expect(channel.state).toBe("closing");
      return { channel, released };
    };
    const one = await stuck();
    one.channel.abort();
    expect(await world().run(one.released)).toMatchObject(REFUSED);
    const two = await stuck();
    await world().advance(3100);
    expect(await world().run(two.released)).toMatchObject({ code: "ETIMEDOUT" });
    const three = await stuck();
    const reason = new Error("enough");
    three.channel.abort(reason);
    expect(await world().run(three.released)).toBe(reason);
    expect(reactor.stats().open).toBe(3); // the listeners
  });

  it("nobody has to hear of the rejection: the process goes on", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    void channel.release();
    channel.abort();
    await turns(world(), reactor, 3);
    expect(channel.state).toBe("closed");
  });

  it("is refused, and changes nothing, for a channel that is not open", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    const local = listener.localAddress!;
    const connecting = reactor.connect(
      local.family === "unix" ? { path: local.path } : { port: local.port },
    );
    expect(thrownBy(() => connecting.release())).toMatchObject({ ...REFUSED, state: "connecting" });
    connecting.abort();
    expect(thrownBy(() => connecting.release())).toMatchObject({ ...REFUSED, state: "closed" });
    channel.close();
    expect(thrownBy(() => channel.release())).toMatchObject({ ...REFUSED, state: "closing" });
  });

  it("is refused while bytes before an end that has come are unread; not when they are read", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.end("unread");
    await world().settle();
    const thrown = thrownBy(() => channel.release());
    expect(thrown).toMatchObject(REFUSED);
    expect(thrown.message).toContain("6 bytes before it are unread");
    expect([channel.state, channel.unread]).toEqual(["open", 6]);
    expect(reactor.stats().bufferedBytes).toBe(6);
    expect(channel.read()!.toString()).toBe("unread");
    const stream = await world().run(channel.release());
    expect(channel.state).toBe("closed");
    plain(world(), stream).end();
    await world().until(() => peer.ended, "our end");
  });

  it("no handler runs any more, and a promise of one may wait for it", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    let given: Peer | null = null;
    let calls = 0;
    peer.write("head body");
    await world().until(() => channel.unread === 9, "the bytes");
    reactor.register(channel, READABLE, async (_, __, registration) => {
      calls++;
      expect(channel.read(5)!.toString()).toBe("head ");
      channel.write(Buffer.from("taken "));
      given = plain(world(), await channel.release());
      expect(registration.signal.aborted).toBe(true);
      given.write("over");
    });
    await world().until(() => given?.received.length === 4, "the body");
    await world().until(() => peer.received.length === 10, "the answer");
    expect([peer.received.toString(), given!.received.toString()]).toEqual(["taken over", "body"]);
    const before = calls;
    peer.write("more");
    await world().until(() => given!.received.length === 8, "more");
    expect(calls).toBe(before);
    expect((reactor satisfies Reactor).registrations.size).toBe(0);
  });

  it("a reactor that closes does not touch what was released", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const stream = await world().run(channel.release());
    await world().run(reactor.close());
    const socket = plain(world(), stream);
    socket.write("alive");
    await world().until(() => peer.received.length === 5, "the bytes");
  });
});

onStillNetworks("release", (world) => {
  it("in the middle of a flood, again and again: every byte is there, in order", async () => {
    const reactor = world().createReactor({ inputMark: 5000 });
    const { channel: first, peer } = await connected(world(), reactor);
    const total = 3_000_000;
    peer.write(pattern(total));
    const pieces: Buffer[] = [];
    let channel = first;
    for (let cycle = 0; cycle < 20; cycle++) {
      let read = 0;
      reactor.register(channel, READABLE, (given, _, registration) => {
        const bytes = given.read(5000)!;
        pieces.push(bytes);
        read += bytes.length;
        if (read >= 20_000) registration.pause();
      });
      await world().until(() => read >= 20_000, "some of it");
      await world().passes(cycle % 3);
      channel = reactor.adopt((await world().run(channel.release())) as Readable);
    }
    const before = Buffer.concat(pieces);
    expect(before.equals(pattern(before.length))).toBe(true);
    const socket = plain(world(), await world().run(channel.release()));
    await world().until(() => socket.received.length === total - before.length, "the rest");
    expect(socket.received.equals(pattern(total - before.length, before.length))).toBe(true);
    expect(reactor.stats().open).toBe(1);
  });
});
