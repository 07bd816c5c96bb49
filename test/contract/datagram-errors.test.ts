/** Datagrams: what the system says of those that were sent, told once, without loss of the socket. */
import { expect, it } from "vitest";

import { EDGE, ERROR, formatMask, HANGUP, READABLE, type Datagram, type Registration } from "iomux";

import { thrownBy } from "../support/crowd.ts";
import {
  addressOf,
  adoptableDatagram,
  deadAddress,
  onEveryDatagramNetwork,
  rawDatagram,
  receiveAll,
} from "../support/datagrams.ts";
import { listening } from "../support/reports.ts";
import type { World } from "../support/world.ts";

/** A datagram whose peer is not there; what its handler sees. */
async function refused(
  world: World,
  interest = READABLE,
): Promise<{ datagram: Datagram; log: string[]; registration: Registration<Datagram> }> {
  const reactor = world.createReactor();
  const peer = await deadAddress(world);
  const datagram = await world.run(reactor.bind({ port: 0 }, { peer }));
  const log: string[] = [];
  const registration = reactor.register(datagram, interest, (_, ready) => {
    log.push(formatMask(ready));
  });
  return { datagram, log, registration };
}

function code(thrown: Error | null): string | undefined {
  const error: NodeJS.ErrnoException | null = thrown;
  return error?.code;
}

onEveryDatagramNetwork("an error of a datagram", (world) => {
  it("comes late as ERROR, asked for or not, once for each; the socket stands", async () => {
    const { datagram, log, registration } = await refused(world());
    for (let times = 1; times <= 3; times++) {
      expect(datagram.send(Buffer.from("x"))).toBe(true);
      await world().until(() => log.length === times, "ERROR");
      await world().passes(8);
      expect(log).toHaveLength(times);
      const error = datagram.takeError();
      expect([code(error), datagram.takeError()]).toEqual(["ECONNREFUSED", null]);
      expect(error!.message).toContain(`${datagram.remoteAddress!.port}: nobody receives there`);
    }
    expect(log).toEqual(["ERROR", "ERROR", "ERROR"]);
    expect([datagram.state, datagram.error, registration.active]).toEqual(["open", null, true]);
    expect(registration.signal.aborted).toBe(false);
    // Its peer comes up: all goes on.
    const peer = await rawDatagram(world(), datagram.remoteAddress!);
    peer.send("back", addressOf(datagram));
    await world().until(() => datagram.waiting === 1, "a datagram");
    expect(receiveAll(datagram)).toEqual(["back"]);
  });

  it("is kept for takeError() until then; the next one takes its place", async () => {
    const { datagram, log } = await refused(world());
    datagram.send(Buffer.from("x"));
    await world().until(() => log.length === 1, "ERROR");
    datagram.send(Buffer.alloc(65_508));
    await world().until(() => log.length === 2, "ERROR");
    expect(code(datagram.takeError())).toBe("EMSGSIZE");
    expect(datagram.takeError()).toBeNull();
  });

  it("that was taken before it was told is not told", async () => {
    const { datagram, log } = await refused(world());
    datagram.send(Buffer.alloc(70_000));
    expect(code(datagram.takeError())).toBe("EMSGSIZE");
    await world().passes(4);
    expect(log).toEqual([]);
  });

  it("EMSGSIZE: says the size and the limit", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    for (const size of [65_508, 1_000_000]) {
      expect(datagram.send(Buffer.alloc(size), peer.address)).toBe(true);
      const { message, ...rest } = datagram.takeError()!;
      expect([code(rest as Error), message]).toEqual([
        "EMSGSIZE",
        expect.stringContaining(`sending ${size} bytes to 127.0.0.1:${peer.address.port}`),
      ]);
      expect(message).toContain("a datagram holds 65507 at most");
    }
    expect([datagram.queued, reactor.stats().datagramsOut]).toEqual([0, 0]);
    expect(peer.received).toEqual([]);
  });

  it("without a peer nobody is told that nobody receives there", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const dead = await deadAddress(world());
    const log: number[] = [];
    reactor.register(datagram, READABLE, (_, ready) => {
      log.push(ready);
    });
    for (let i = 0; i < 3; i++) {
      datagram.send(Buffer.from("x"), dead);
      await world().passes(8);
    }
    expect([log, datagram.takeError()]).toEqual([[], null]);
  });

  it("does not hide what is unread: READABLE is reported on", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    peer.send("x", addressOf(datagram));
    await world().until(() => datagram.waiting === 1, "a datagram");
    datagram.send(Buffer.alloc(65_508), peer.address);
    const log: string[] = [];
    reactor.register(datagram, READABLE, (_, ready) => {
      log.push(formatMask(ready));
      if (log.length === 3) receiveAll(datagram);
    });
    await world().until(() => log.length === 3, "three reports");
    expect(log).toEqual(["READABLE|ERROR", "READABLE", "READABLE"]);
  });

  it("edge: each is a transition; paused: told all the same", async () => {
    const { datagram, log, registration } = await refused(world(), READABLE | EDGE);
    datagram.send(Buffer.alloc(65_508));
    await world().until(() => log.length === 1, "ERROR");
    registration.pause();
    datagram.send(Buffer.alloc(65_508));
    await world().until(() => log.length === 2, "ERROR");
    expect(log).toEqual(["ERROR", "ERROR"]);
  });

  it("poll and select answer it; poll has then told it", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    datagram.send(Buffer.alloc(65_508), { host: "127.0.0.1", port: 9 });
    const select = (): Promise<unknown> => reactor.select([], [], [datagram], { timeoutMs: 0 });
    expect(await world().run(select())).toEqual([[], [], [datagram]]);
    const registration = reactor.register(datagram, READABLE);
    expect(await world().run(reactor.poll())).toEqual([[registration, ERROR]]);
    expect(await world().run(reactor.poll({ timeoutMs: 0 }))).toEqual([]);
    expect(await world().run(select())).toEqual([[], [], []]);
    expect(code(datagram.takeError())).toBe("EMSGSIZE");
  });

  it("broadcast: is EACCES unless it was bound with it", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0, host: "0.0.0.0" }));
    datagram.send(Buffer.from("x"), { host: "255.255.255.255", port: 9 });
    let error: Error | null = null;
    await world().until(() => (error = datagram.takeError()) !== null, "an error");
    expect(code(error)).toBe("EACCES");
    expect(error!).toMatchObject({
      message: expect.stringContaining("255.255.255.255:9") as string,
    });
  });

  it("closed outside: ERROR and HANGUP, and it is closed; nobody throws", async () => {
    const [reactor, reports] = listening(world());
    const { source, close } = await adoptableDatagram(world());
    const log: string[] = [];
    const { descriptor } = reactor.register(source, READABLE, (datagram, ready) => {
      log.push(`${formatMask(ready)} ${code(datagram.error)!}`);
    });
    close();
    descriptor.send(Buffer.from("x"), { host: "127.0.0.1", port: 9 });
    await world().until(() => descriptor.state === "closed", "the end");
    expect(log.at(-1)).toBe(`${formatMask(ERROR | HANGUP)} ECONNABORTED`);
    expect([reports, reactor.has(descriptor)]).toEqual([[], false]);
  });
});

onEveryDatagramNetwork("an adopted datagram", (world) => {
  it("1: receives and sends like one of ours, under the same fd for both its names", async () => {
    const reactor = world().createReactor();
    const { source } = await adoptableDatagram(world());
    const peer = await rawDatagram(world());
    const seen: string[] = [];
    const registration = reactor.register(source, READABLE, (datagram) => {
      const { bytes, from } = datagram.receive()!;
      seen.push(bytes.toString());
      datagram.send(bytes, from);
    });
    const { descriptor } = registration;
    expect(reactor.get(source)).toBe(registration);
    expect(thrownBy(() => reactor.register(source, READABLE)).code).toBe(
      "IOMUX_ALREADY_REGISTERED",
    );
    expect(thrownBy(() => world().createReactor().adopt(source)).code).toBe("IOMUX_OTHER_REACTOR");
    peer.send("hello", addressOf(descriptor));
    await world().until(() => peer.received.length === 1, "the echo");
    expect(seen).toEqual(["hello"]);
    await world().until(() => descriptor.queued === 0, "it to leave");
  });

  it("27: a closed one is refused", async () => {
    const reactor = world().createReactor();
    const { source, close } = await adoptableDatagram(world());
    close();
    const error = thrownBy(() => reactor.adopt(source));
    expect([error.code, error.message.includes("it is closed")]).toEqual([
      "IOMUX_CANNOT_ADOPT",
      true,
    ]);
    expect(reactor.stats().open).toBe(0);
  });
});
