/**
 * What attackers of file servers do: each is refused with the right reply, costs no more than the
 * limits say, and somebody else works on meanwhile.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createTlsContext, type SocketAddress } from "iomux";

import { RIGHTS } from "../../examples/accounts/rights.ts";
import { readSettings, type ServerSettings } from "../../examples/ftp/server/flags.ts";
import { FileServer } from "../../examples/ftp/server/server.ts";
import { local } from "../support/certificates.ts";
import { FtpGuest, FtpSite, type SiteOptions } from "../support/ftp-site.ts";
import { extendedPortCommand, portCommand, type DataPlace } from "../support/ftp-talk.ts";
import { onNetworks, type World } from "../support/world.ts";
import { diskStore, temporaryFolder } from "./files-stores.ts";

let site: FtpSite;
let ann: FtpGuest;

async function open(world: World, options: SiteOptions = {}): Promise<void> {
  site = await FtpSite.open(world, options);
  await site.store.makeFolder("/docs");
  await site.put("/docs/a.txt", Buffer.from("a"));
  ann = await site.loggedIn();
}

/** Somebody who does nothing wrong is served as if nobody else were there. */
async function annIsServed(): Promise<void> {
  const { bytes, code } = await ann.download("RETR docs/a.txt");
  expect([bytes.toString(), code]).toEqual(["a", 226]);
  expect(await ann.upload("STOR ann's", "hers")).toMatch(/^226/);
  expect((await site.get("/ann's"))?.toString()).toBe("hers");
}

onNetworks([["memory", "tcp"]], "an attack", (world) => {
  afterEach(async () => {
    await annIsServed();
    expect(site.heard.filter((error) => !isOfALimit(error))).toEqual([]);
  });

  describe("by paths", () => {
    let eve: FtpGuest;
    beforeEach(async () => {
      await open(world());
      eve = await site.loggedIn();
    });

    test.each([
      "../../etc/passwd",
      "/../etc/passwd",
      "docs/../../../../etc/passwd",
      "/docs/a.txt/../../../../etc/passwd",
      "/etc/passwd",
      "..\\..\\etc\\passwd",
      "docs/%2e%2e/%2e%2e/etc/passwd",
      "~root/.ssh/id_rsa",
      "/proc/self/environ",
    ])("%s is not there", async (path) => {
      const route = await eve.passive();
      for (const verb of ["RETR", "SIZE", "MLST", "CWD", "RNFR", "DELE", "RMD"]) {
        expect(await eve.ask(`${verb} ${path}`), verb).toMatch(/^550 There is no such file/);
      }
      route.destroy();
    });

    test("`..` stops at the root", async () => {
      expect(await eve.ask("CWD ../../..")).toMatch(/^250 "\/"/);
      expect(await eve.ask("CDUP")).toMatch(/^250 "\/"/);
      expect(await eve.ask("MKD ../../up")).toMatch(/^257 "\/up"/);
    });

    test.each([
      ["NUL", "docs/a.txt\0.png"],
      ["CR", "docs/a\r.txt"],
      ["ESC", "docs/\u001b[2J"],
      ["DEL", "docs/\u007f"],
    ])("%s in a name is refused, in each command", async (_, path) => {
      for (const verb of ["RETR", "STOR", "DELE", "MKD", "RNFR", "CWD", "SIZE", "STAT", "LIST"]) {
        expect(await eve.ask(`${verb} ${path}`), verb).toMatch(/^501 /);
      }
    });

    test("C1 controls, and bytes that are no UTF-8, are refused", async () => {
      expect(await eve.ask("MKD a\u0085b")).toMatch(/^553 /);
      eve.peer.write(Buffer.from([...Buffer.from("MKD a"), 0xc0, 0xae, 0x0d, 0x0a]));
      expect(await eve.next()).toMatch(/^501 /);
    });

    test("names over 255 bytes and paths over 4095 are refused", async () => {
      expect(await eve.ask(`MKD ${"n".repeat(255)}`)).toMatch(/^257 /);
      expect(await eve.ask(`MKD ${"n".repeat(256)}`)).toMatch(/^553 A name has at most 255/);
      expect(await eve.ask(`MKD ${"ü".repeat(128)}`)).toMatch(/^553 A name has at most 255/);
      const deep = "/d".repeat(2048);
      expect(await eve.ask(`MKD ${deep}`)).toMatch(/^553 A path has at most 4095/);
      expect(await eve.ask(`CWD ${"../".repeat(2000)}docs`)).toMatch(/^250 /);
    });
  });

  describe("by the server's own connections (bounce)", () => {
    test.each([
      ["another machine", { host: "10.1.2.3", port: 4000 }],
      ["all of them", { host: "255.255.255.255", port: 4000 }],
      ["the unnamed one", { host: "0.0.0.0", port: 4000 }],
      ["another address of this machine", { host: "127.0.0.2", port: 4000 }],
      ["mail", { host: "127.0.0.1", port: 25 }],
      ["the last port of a service", { host: "127.0.0.1", port: 1023 }],
      ["no port", { host: "127.0.0.1", port: 0 }],
    ])("%s is refused", async (_, place) => {
      await open(world());
      const eve = await site.loggedIn();
      expect(await eve.ask(portCommand(place))).toMatch(/^504 /);
      expect(await eve.ask(extendedPortCommand(place))).toMatch(/^504 /);
      expect(await eve.ask("RETR docs/a.txt")).toMatch(/^425 /);
      expect(site.open).toBe(3);
    });

    test("what is no address is refused, and IPv6 from IPv4", async () => {
      await open(world());
      const eve = await site.loggedIn();
      for (const wrong of ["PORT 127,0,0,1,4", "PORT 127,0,0,256,9,9", "PORT 1e3,0,0,1,9,9"]) {
        expect(await eve.ask(wrong)).toMatch(/^501 /);
      }
      expect(await eve.ask("EPRT |2|::1|4000|")).toMatch(/^522 .*\(1\)/);
      expect(await eve.ask("EPRT |1|127.0.0.1|70000|")).toMatch(/^501 /);
    });
  });

  describe("by size and number", () => {
    test("a command of 1 MiB is refused once, and is not kept", async () => {
      await open(world());
      const eve = await site.loggedIn();
      for (let sent = 0; sent < 16; sent++) {
        eve.peer.write(Buffer.alloc(64 * 1024, "A"));
        await world().settle();
        expect(site.reactor.stats().bufferedBytes).toBeLessThan(200 * 1024);
      }
      eve.say("");
      expect(await eve.next()).toMatch(/^500 The line is too long/);
      expect(await eve.ask("NOOP")).toMatch(/^200 /);
      expect(eve.waiting).toEqual([]);
    });

    test("100,000 commands at once are answered one after the other, and held nowhere", async () => {
      await open(world());
      const eve = await site.loggedIn();
      eve.peer.write("NOOP\r\n".repeat(100_000));
      let most = 0;
      // To look at all replies takes longer than to make one.
      for (let pass = 1; pass % 100 !== 0 || eve.waiting.length < 100_000; pass++) {
        most = Math.max(most, site.reactor.stats().bufferedBytes);
        await world().passes(1);
      }
      expect(most).toBeLessThan(1024 * 1024);
      expect(new Set(eve.waiting)).toEqual(new Set([200]));
    });

    test("100,000 commands whose answers nobody reads: the server stops reading, then cuts", async () => {
      await open(world(), { settings: { stallSeconds: 30 } });
      const eve = await site.loggedIn();
      eve.peer.pause();
      eve.peer.write("STAT\r\n".repeat(100_000));
      await world().settle();
      expect(site.reactor.stats().bufferedBytes).toBeLessThan(2 * 1024 * 1024);
      await annIsServed();
      await world().advance(31_000);
      await world().advance(31_000);
      expect(site.files.sessions).toBe(1);
    });

    test("a folder that is told again and again to who does not read", async () => {
      await open(world(), { settings: { stallSeconds: 30 } });
      for (let i = 0; i < 1000; i++)
        await site.put(`/docs/${i}${"x".repeat(200)}`, Buffer.alloc(0));
      const eve = await site.loggedIn();
      eve.peer.pause();
      eve.peer.write("STAT docs\r\n".repeat(200));
      await world().settle();
      expect(site.reactor.stats().bufferedBytes).toBeLessThan(4 * 1024 * 1024);
      await annIsServed();
      await world().advance(62_000);
      expect(site.files.sessions).toBe(1);
    });

    test("logins that never finish are ended in time, whatever they say meanwhile", async () => {
      await open(world(), { settings: { loginSeconds: 10 } });
      const silent = await site.greeted();
      const chatty = await site.greeted();
      const unsure = await site.greeted();
      for (let second = 0; second < 10; second++) {
        chatty.say("NOOP");
        unsure.say("USER eve");
        await world().advance(1000);
      }
      await world().settle();
      for (const eve of [silent, chatty, unsure]) {
        expect(eve.replies.at(-1)).toMatchObject({ code: 421 });
        expect(eve.gone).toBe(true);
        eve.peer.end();
      }
      await world().settle();
      expect(site.files.sessions).toBe(1);
    });

    test("500 sessions that only connect: as many as one address may have, and no more", async () => {
      await open(world(), { settings: { perAddress: 100, loginSeconds: 10 } });
      const eves = Array.from({ length: 500 }, () => site.come());
      await world().settle();
      const codes = eves.map((eve) => eve.waiting[0]);
      expect(codes.filter((code) => code === 220)).toHaveLength(99);
      // The library says goodbye to so many at a time; the others are cut without a word.
      expect(codes.filter((code) => code === 421).length).toBeGreaterThan(100);
      const others = eves.filter((eve) => eve.waiting[0] !== 220);
      expect(others).toHaveLength(401);
      expect(others.every((eve) => eve.gone)).toBe(true);
      await annIsServed();
      // They are told, and then let go, though they do not end their side.
      await world().advance(22_000);
      expect(site.files.sessions).toBe(1);
      for (const eve of eves) eve.peer.destroy();
      await site.rests(2);
    });

    test("200 PASV without a connection: there is one port at a time", async () => {
      await open(world());
      const eve = await site.loggedIn();
      for (let i = 0; i < 200; i++) {
        await eve.place(i % 2 === 0 ? "PASV" : "EPSV");
        expect(site.open).toBe(4);
      }
      eve.say(...Array.from({ length: 10 }, () => "PASV"));
      await world().until(() => eve.waiting.length === 10, "all replies");
      expect(site.open).toBe(4);
    });

    test("a speaker of HTTP gets nothing done", async () => {
      await open(world());
      const eve = await site.greeted();
      eve.say("POST / HTTP/1.1", "Host: files", "", "USER ann", "PASS right", "DELE docs/a.txt");
      await world().until(() => eve.gone, "the end");
      expect(eve.replies.at(-1)).toMatchObject({ code: 500 });
      eve.peer.end();
    });
  });
});

onNetworks([["net", "tcp"]], "the name of an upload that runs", (world) => {
  const UNSEEN = ".iomux-upload-";
  let files: FileServer;
  let root: string;

  /** The store in memory has no such names: a server of files on the disk, beside the other. */
  beforeEach(async () => {
    site = await FtpSite.open(world());
    root = temporaryFolder();
    files = await FileServer.open(site.reactor, {
      settings: {
        ...(readSettings([]) as ServerSettings),
        listen: { host: "127.0.0.1", port: 0 },
      },
      store: await diskStore(root),
      tls: null,
      tlsPolicy: "none",
      login: (name) =>
        Promise.resolve({ name, home: "/", rights: new Set(RIGHTS), isAnonymous: false }),
      random: Math.random,
      wallMs: Date.now,
      onTransfer: () => undefined,
      report: (error) => void site.heard.push(error),
    });
  });

  afterEach(async () => {
    const ends: string[] = [];
    void files.close(0).then(() => ends.push("closed"));
    // Its clock is the world's, and the sockets are the system's.
    while (ends.length === 0) await world().advance(1000);
    expect(site.heard).toEqual([]);
  });

  async function somebody(): Promise<FtpGuest> {
    const [address] = files.addresses as [SocketAddress & DataPlace];
    const guest = new FtpGuest(site, site.dialPlace(address));
    for (const line of ["USER ann", "PASS right", "TYPE I"]) {
      await guest.next();
      guest.say(line);
    }
    expect(await guest.next()).toMatch(/^200 /);
    return guest;
  }

  /** Ann's upload of `docs/new`, and the name that it has on the disk until it is whole. */
  async function running(): Promise<{ end: () => Promise<void>; name: string; eve: FtpGuest }> {
    const [ann, eve] = [await somebody(), await somebody()];
    expect(await ann.ask("MKD docs")).toMatch(/^257 /);
    expect(await ann.upload("STOR docs/a", "a")).toMatch(/^226 /);
    const data = await ann.passive();
    expect(await ann.ask("STOR docs/new")).toMatch(/^150 /);
    data.write("half of it");
    const unseen = (): string[] =>
      readdirSync(join(root, "docs")).filter((name) => name.startsWith(UNSEEN));
    const isWritten = (): boolean =>
      unseen().some((name) => readFileSync(join(root, "docs", name), "utf8") === "half of it");
    await world().until(isWritten, "half of it on the disk");
    const [name] = unseen() as [string];
    const end = async (): Promise<void> => {
      expect(readFileSync(join(root, "docs", name), "utf8")).toBe("half of it");
      data.end(", and the rest");
      expect(await ann.next()).toMatch(/^226 /);
      expect(readdirSync(join(root, "docs")).sort()).toEqual(["a", "new"]);
      expect(readFileSync(join(root, "docs/new"), "utf8")).toBe("half of it, and the rest");
    };
    return { end, name, eve };
  }

  test.each([
    ["as it is", (name: string) => `docs/${name}`],
    ["from the root, by a way round", (name: string) => `/docs/../docs/./${name}`],
    ["in capitals", (name: string) => `docs/${name.toUpperCase()}`],
  ])("is refused by each command, written %s", async (_, written) => {
    const { end, name, eve } = await running();
    const path = written(name);
    const route = await eve.passive();
    const verbs = ["RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD", "STAT", "MLST"];
    verbs.push("SIZE", "MDTM", "MFMT 20200101000000", "CWD", "MKD", "RMD", "DELE", "RNFR");
    for (const verb of verbs) {
      expect(await eve.ask(`${verb} ${path}`), verb).toMatch(/^553 That name is not allowed/);
    }
    expect(await eve.ask("RNFR docs/a")).toMatch(/^350 /);
    expect(await eve.ask(`RNTO ${path}`)).toMatch(/^553 That name is not allowed/);
    route.destroy();
    await end();
  });

  test.each(["LIST", "NLST", "MLSD"])("is in no answer of %s", async (verb) => {
    const { end, eve } = await running();
    const { bytes, code } = await eve.download(`${verb} docs`);
    expect(code).toBe(226);
    expect(bytes.toString()).not.toContain(UNSEEN);
    expect(bytes.toString()).toMatch(/\ba\r\n$/);
    await end();
  });

  test("is in no answer of STAT, nor to a pattern", async () => {
    const { end, eve } = await running();
    eve.say("STAT docs");
    const { lines } = await eve.nextReply();
    expect(lines.join("\n")).toMatch(/ a\n/);
    expect(lines.join("\n")).not.toContain(UNSEEN);
    for (const pattern of ["docs/.*", "docs/.i*", "docs/?iomux*"]) {
      expect((await eve.download(`NLST ${pattern}`)).bytes.toString(), pattern).toBe("");
      eve.say(`STAT ${pattern}`);
      expect((await eve.nextReply()).lines.slice(1), pattern).toEqual(["End"]);
    }
    await end();
  });
});

/** That somebody was turned away, or was too much for a limit. */
function isOfALimit(error: unknown): boolean {
  return (error as { code?: unknown }).code === "IOMUX_TURNED_AWAY";
}

onNetworks([["net", "tcp"]], "commands behind AUTH TLS", (world) => {
  const tls = createTlsContext(local);

  test("in one piece with it: the session ends, and none of them is obeyed", async () => {
    await open(world(), { tls });
    const eve = await site.greeted();
    eve.say("AUTH TLS", "USER ann", "PASS right", "DELE docs/a.txt");
    await world().until(() => eve.gone, "the end");
    expect(eve.waiting).not.toContain(331);
    await annIsServed();
  });

  test("part of a line: no TLS begins, and nothing is read under it", async () => {
    await open(world(), { tls });
    const eve = await site.greeted();
    eve.peer.write("AUTH TLS\r\nDELE docs/a.t");
    await world().until(() => eve.gone, "the end");
    await annIsServed();
  });

  test("after the go-ahead, in place of a handshake: the session ends", async () => {
    await open(world(), { tls });
    const eve = await site.greeted();
    expect(await eve.ask("AUTH TLS")).toMatch(/^234 /);
    eve.say("USER ann", "PASS right", "DELE docs/a.txt");
    await world().until(() => eve.gone, "the end");
    expect(eve.waiting).toEqual([]);
    await annIsServed();
  });
});
