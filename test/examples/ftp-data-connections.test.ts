/**
 * H43: data connections that are arranged and not used, arranged twice, taken by somebody else, or
 * broken off. After each the listeners and descriptors are as many as before.
 */
import net from "node:net";

import { describe, expect, test } from "vitest";

import { MemoryNetwork, SimulatedClock } from "iomux/testing";

import { FtpSite, type FtpGuest } from "../support/ftp-site.ts";
import type { DataPlace } from "../support/ftp-talk.ts";
import { MemoryWorld } from "../support/memory-world.ts";
import type { NetWorld } from "../support/net-world.ts";
import { onNetworks, SIMULATED, type Peer, type World } from "../support/world.ts";

const NETWORKS = [["net", "tcp"], ["memory", "tcp"], ...SIMULATED] as const;
/** More than the network and the server hold for one direction: kernels hold megabytes. */
function tooMuch({ network }: World): Buffer {
  const sizes = { net: 12_000_000, memory: 1_000_000, simulated: 400_000 };
  return Buffer.alloc(sizes[network], "all of this is too much to be sent at once\n");
}

onNetworks(NETWORKS, "H43: after", (world) => {
  let site: FtpSite;
  let guest: FtpGuest;
  let before: number;
  let large: Buffer;

  async function open(): Promise<void> {
    site = await FtpSite.open(world(), { settings: { connectSeconds: 5 } });
    await site.put("/small", Buffer.from("small"));
    large = tooMuch(world());
    await site.put("/large", large);
    await site.put("/none", Buffer.alloc(0));
    guest = await site.loggedIn();
    before = site.open;
    expect(before).toBe(2);
  }

  /** The session goes on, and has nothing open but itself. */
  async function isAsBefore(): Promise<void> {
    await site.rests(before);
    const { bytes, code } = await guest.download("RETR small");
    expect([bytes.toString(), code]).toEqual(["small", 226]);
    await site.rests(before);
    expect(site.heard).toEqual([]);
  }

  /** A real port may be somebody else's by now: what is open tells it there. */
  async function isClosed(place: DataPlace): Promise<void> {
    if (world().network === "net") return;
    const late = site.dialPlace(place);
    await world().until(() => late.errorCode !== null, "the port to refuse");
  }

  async function closed(data: Peer): Promise<void> {
    await world().until(() => data.ended || data.closed, "the data connection to be closed");
    data.end();
  }

  test("PASV twice, there is one listener, and the first port is closed", async () => {
    await open();
    const first = await guest.place();
    const second = await guest.place("EPSV");
    await world().until(() => site.open === before + 1, "the first port to be closed");
    await isClosed(first);
    const data = site.dialPlace(second);
    expect(await guest.ask("RETR small")).toMatch(/^150/);
    await closed(data);
    expect(await guest.next()).toMatch(/^226/);
    expect(data.received.toString()).toBe("small");
    await isAsBefore();
  });

  test("PASV, a connection to it, and PASV again, what was connected is closed", async () => {
    await open();
    const first = await guest.passive();
    await guest.place();
    await closed(first);
    expect(site.open).toBe(before + 1);
    const data = await guest.passive();
    expect(await guest.ask("RETR none")).toMatch(/^150/);
    await closed(data);
    expect(await guest.next()).toMatch(/^226/);
    await isAsBefore();
  });

  test("PASV and two connections at once, one is used, and the other is sent away", async () => {
    await open();
    const place = await guest.place();
    const both = [site.dialPlace(place), site.dialPlace(place)];
    const over = ({ ended, closed, errorCode }: Peer): boolean =>
      ended || closed || errorCode !== null;
    await world().until(() => both.some(over), "one of them to be sent away");
    // The port is closed, and there is the other one in its place.
    await world().until(() => site.open === before + 1, "one descriptor more");
    expect(both.filter(over)).toHaveLength(1);
    expect(await guest.ask("RETR small")).toMatch(/^150/);
    await world().until(() => both.every(over), "both to be over");
    for (const data of both) if (!data.closed) data.end();
    expect(await guest.next()).toMatch(/^226/);
    expect(both.map(({ received }) => received.toString()).sort()).toEqual(["", "small"]);
    await isAsBefore();
  });

  test.each(["PORT", "EPRT"] as const)("PASV and then %s, the port is closed", async (how) => {
    await open();
    const place = await guest.place();
    const listener = await guest.active(how);
    await site.rests(before);
    await isClosed(place);
    expect(await guest.ask("RETR small")).toMatch(/^150/);
    await world().until(() => listener.waiting > 0, "the server to connect");
    listener.accept()!.close();
    expect(await guest.next()).toMatch(/^226/);
    listener.close();
    await isAsBefore();
  });

  test("PORT and then PASV, the server listens, and connects to nobody", async () => {
    await open();
    const listener = await guest.active();
    const { bytes, code } = await guest.download("RETR small");
    expect([bytes.toString(), code, listener.waiting]).toEqual(["small", 226, 0]);
    listener.close();
    await isAsBefore();
  });

  test("PORT where nobody listens, it is told with 425", async () => {
    await open();
    const listener = await guest.active();
    listener.close();
    await world().settle();
    expect(await guest.ask("RETR small")).toMatch(/^150/);
    expect(await guest.next()).toMatch(/^425/);
    expect(await guest.ask("RETR small")).toMatch(/^425/);
    await isAsBefore();
  });

  test("PASV without a connection, the port is closed in time, and a transfer needs another", async () => {
    await open();
    await guest.place();
    expect(site.open).toBe(before + 1);
    await world().advance(5000);
    await site.rests(before);
    expect(await guest.ask("RETR small")).toMatch(/^425/);
    await isAsBefore();
  });

  test("a command and no connection, it is told with 425", async () => {
    await open();
    await guest.place();
    expect(await guest.ask("STOR new")).toMatch(/^150/);
    await world().advance(5000);
    expect(await guest.next()).toMatch(/^425/);
    expect(await site.get("/new")).toBeNull();
    await isAsBefore();
  });

  test("ABOR while the connection is waited for", async () => {
    await open();
    await guest.place();
    expect(await guest.ask("STOR new")).toMatch(/^150/);
    guest.say("ABOR");
    expect([await guest.next(), await guest.next()]).toEqual([
      expect.stringMatching(/^426/),
      expect.stringMatching(/^226/),
    ]);
    expect(await site.get("/new")).toBeNull();
    await isAsBefore();
  });

  test("ABOR in a download", async () => {
    await open();
    const data = await guest.passive();
    expect(await guest.ask("RETR large")).toMatch(/^150/);
    await world().until(() => data.received.length > 0, "the first bytes");
    data.pause();
    guest.say("ABOR");
    expect([await guest.next(), await guest.next()]).toEqual([
      expect.stringMatching(/^426/),
      expect.stringMatching(/^226/),
    ]);
    data.destroy();
    await isAsBefore();
  });

  test("ABOR in an upload, nothing of it is there", async () => {
    await open();
    const data = await guest.passive();
    expect(await guest.ask("STOR new")).toMatch(/^150/);
    data.write("half of it");
    await world().until(() => site.reactor.stats().bytesIn > 0, "some bytes");
    guest.say("ABOR");
    expect([await guest.next(), await guest.next()]).toEqual([
      expect.stringMatching(/^426/),
      expect.stringMatching(/^226/),
    ]);
    data.destroy();
    expect(await site.get("/new")).toBeNull();
    await isAsBefore();
  });

  test.each(["end", "reset"] as const)(
    "the %s of the control connection in an upload, it is cut, and nothing of it is there",
    async (how) => {
      await open();
      const data = await guest.passive();
      expect(await guest.ask("STOR new")).toMatch(/^150/);
      data.write("half of it");
      await world().settle();
      guest.peer[how]();
      await world().until(() => data.closed || data.errorCode !== null, "the upload to be cut");
      guest.peer.destroy();
      expect(await site.get("/new")).toBeNull();
      await site.rests(before - 1);
    },
  );

  test.each(["end", "reset"] as const)(
    "the %s of the control connection in a download, it is cut",
    async (how) => {
      await open();
      const data = await guest.passive();
      expect(await guest.ask("RETR large")).toMatch(/^150/);
      await world().until(() => data.received.length > 0, "the first bytes");
      data.pause();
      guest.peer[how]();
      await site.rests(before - 1);
      data.resume();
      await world().until(() => data.errorCode !== null || data.ended, "the download to be cut");
      expect(data.received.length).toBeLessThan(large.length);
      data.destroy();
    },
  );

  test("QUIT in a transfer, all of it comes before the goodbye", async () => {
    await open();
    const data = await guest.passive();
    expect(await guest.ask("RETR large")).toMatch(/^150/);
    guest.say("QUIT");
    await closed(data);
    expect([await guest.next(), await guest.next()]).toEqual([
      expect.stringMatching(/^226/),
      expect.stringMatching(/^221/),
    ]);
    expect(data.received.equals(large)).toBe(true);
    await world().until(() => guest.gone, "the end");
    guest.peer.end();
    await site.rests(before - 1);
  });

  test("a reset of the data connection, either way, it is told with 426", async () => {
    await open();
    const up = await guest.passive();
    expect(await guest.ask("STOR new")).toMatch(/^150/);
    up.write("half of it");
    await world().settle();
    up.reset();
    expect(await guest.next()).toMatch(/^426/);
    expect(await site.get("/new")).toBeNull();
    const down = await guest.passive();
    expect(await guest.ask("RETR large")).toMatch(/^150/);
    await world().until(() => down.received.length > 0, "the first bytes");
    down.reset();
    expect(await guest.next()).toMatch(/^426/);
    await isAsBefore();
  });

  test("a file of no bytes, down and up", async () => {
    await open();
    const { bytes, code } = await guest.download("RETR none");
    expect([bytes.length, code]).toEqual([0, 226]);
    expect(await guest.upload("STOR empty", "")).toMatch(/^226/);
    expect(await site.get("/empty")).toEqual(Buffer.alloc(0));
    await isAsBefore();
  });

  test("a second transfer while one runs, it waits, and needs a connection of its own", async () => {
    await open();
    const data = await guest.passive();
    guest.say("RETR large", "RETR small", "PASV", "NOOP");
    await closed(data);
    expect(data.received.equals(large)).toBe(true);
    const replies = [150, 226, 425, 227, 200];
    await world().until(() => guest.waiting.length === replies.length, "all replies");
    expect(guest.waiting).toEqual(replies);
    expect(site.open).toBe(before + 1);
    for (const _ of replies) await guest.next();
    await guest.place();
    await world().advance(5000);
    await isAsBefore();
  });

  test("a connection that stands, no command, and QUIT", async () => {
    await open();
    const data = await guest.passive();
    expect(await guest.ask("QUIT")).toMatch(/^221/);
    await closed(data);
    guest.peer.end();
    await site.rests(before - 1);
  });
});

describe("H43: a data connection from another address", () => {
  const THEFT = "they learn nothing, and the client's own is taken";

  async function steal(site: FtpSite, thief: (port: number) => Peer): Promise<void> {
    const { world } = site;
    await site.put("/secret", Buffer.from("secret"));
    const guest = await site.loggedIn();
    const before = site.open;
    const place = await guest.place();
    const first = site.keep(thief(place.port));
    await world.until(() => first.closed || first.errorCode !== null, "the thief to be cut");
    const second = site.keep(thief(place.port));
    expect(await guest.ask("RETR secret")).toMatch(/^150/);
    await world.until(() => second.closed || second.errorCode !== null, "the thief to be cut");
    const data = site.dialPlace(place);
    await world.until(() => data.ended, "the client's own");
    data.end();
    expect(await guest.next()).toMatch(/^226/);
    const received = [first, second, data].map((peer) => peer.received.toString());
    expect(received).toEqual(["", "", "secret"]);
    await site.rests(before);
  }

  onNetworks([["net", "tcp"]], THEFT, (world) => {
    test("127.0.0.2 comes first", async () => {
      const site = await FtpSite.open(world());
      await steal(site, (port) => {
        const from = { host: "127.0.0.1", port, localAddress: "127.0.0.2", allowHalfOpen: true };
        return (world() as NetWorld).peerOf(net.connect(from));
      });
    });
  });

  test(`${THEFT} [memory]`, async () => {
    const hosts = new Map<string, MemoryNetwork>();
    const clock = new SimulatedClock();
    const near = new MemoryNetwork(clock, { hosts });
    const far = new MemoryNetwork(clock, { hosts, address: "127.0.0.2" });
    const world = new MemoryWorld("tcp", clock, near);
    const site = await FtpSite.open(world);
    await steal(site, (port) => world.peerOf(far.dial({ host: "127.0.0.1", port })));
  });
});
