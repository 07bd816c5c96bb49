/** The chat in the page: a member who is told over HTTP, and misses nothing. */
import { afterEach, describe, expect, it, test } from "vitest";

import { readSettings, type Settings } from "../../examples/chat/flags.ts";
import { ChatServer } from "../../examples/chat/server.ts";
import { mountChat } from "../../examples/console/chat-routes.ts";
import { CONSOLE_SERVER } from "../../examples/console/console.ts";
import {
  encodeLine,
  EVENT_BYTES,
  KeptLines,
  MAX_KEPT_BYTES,
  MAX_KEPT_LINES,
} from "../../examples/console/kept-lines.ts";
import { GRACE_MS } from "../../examples/console/page-member.ts";
import { MAX_ENDED } from "../../examples/console/page-members.ts";
import { HttpSite } from "../support/http-site.ts";
import { PageVisitor, post } from "../support/page-visitor.ts";
import { onEveryNetwork, onNetworks, type World } from "../support/world.ts";

const SETTINGS: Settings = {
  ...readSettings([])!,
  linesPerSecond: 0,
  maxPerAddress: 0,
  joinsPerSecond: 0,
};

interface Stage {
  readonly site: HttpSite;
  readonly chat: ChatServer;
  readonly logged: string[];
}

const rooms: (() => Promise<void>)[] = [];

/** Before the world ends, in which they are. */
async function endRooms(): Promise<void> {
  for (const end of rooms.splice(0)) await end();
}

async function open(world: World, settings: Partial<Settings> = {}): Promise<Stage> {
  const site = await HttpSite.open(world, () => undefined, CONSOLE_SERVER);
  const logged: string[] = [];
  const opening = ChatServer.open(site.reactor, {
    settings: { ...SETTINGS, listen: [world.address()] as never, ...settings },
    transcript: false,
    log: (line) => void logged.push(line),
    minuteOfDay: () => 605,
    onShutdown: () => undefined,
  });
  const chat = await world.run(opening);
  const page = mountChat(site.server, { chat, reactor: site.reactor, wallMs: () => 12_345 });
  rooms.push(async () => {
    chat.assertInvariants();
    await world.run(chat.end(0));
    page.close();
  });
  return { site, chat, logged };
}

onEveryNetwork("the chat in the page", (world) => {
  afterEach(endRooms);

  it("joins, hears and speaks, and sees its own words at their place", async () => {
    const { site } = await open(world(), { historyLines: 10 });
    const ann = await PageVisitor.join(site, "Ann");
    await ann.listen();
    const bob = await PageVisitor.join(site, " Bob ");
    expect(bob.name).toBe("Bob");
    await bob.listen();
    expect(await ann.say("hello")).toBe(204);
    await world().until(() => bob.texts().includes("Ann says: hello"), "Bob to hear it");
    expect(await bob.say("<img src=x onerror=alert(1)>")).toBe(204);
    await world().until(() => ann.texts().length === 4, "Ann to hear it");
    expect(ann.events()).toEqual(
      [
        ["1", "Hello Ann. Nobody else is here yet.", false],
        ["2", "Bob joined the chat", false],
        ["3", "Ann says: hello", true],
        ["4", "Bob says: <img src=x onerror=alert(1)>", false],
      ].map(([id, text, own]) => ({ event: "line", id, data: { text, own, wallMs: 12_345 } })),
    );
    const { fields } = ann.streams[0]!.answers[0]!;
    expect(fields.get("content-type")).toBe("text/event-stream");
    expect(fields.get("cache-control")).toBe("no-store");
    const cora = await PageVisitor.join(site, "Cora");
    await cora.listen();
    await world().until(() => cora.texts().length === 3, "what was said before");
    const text = "[10:05] Ann says: hello";
    const before = { text, own: false, wallMs: 12_345, past: true };
    expect(cora.events()[1]).toEqual({ event: "line", id: "2", data: before });
  });

  it("a stream that comes again gets what it has missed, in order and once", async () => {
    const { site } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const bob = await PageVisitor.join(site, "Bob");
    await ann.listen();
    await world().until(() => ann.texts().length === 2, "the first two");
    ann.streams[0]!.peer.destroy();
    for (const text of ["1", "2", "3"]) expect(await bob.say(text)).toBe(204);
    await ann.listen("2");
    await bob.say("4");
    await world().until(() => ann.texts().length === 4, "the rest");
    expect(ann.events().map(({ id }) => id)).toEqual(["3", "4", "5", "6"]);
    expect(ann.texts()).toEqual(["1", "2", "3", "4"].map((text) => `Bob says: ${text}`));
    // Without a number it begins at the beginning, as a page does that was loaded again.
    await ann.listen();
    await world().until(() => ann.texts().length === 6, "all of it");
    // A number that nobody gave is the last one: nothing is repeated.
    await ann.listen("999999");
    await bob.say("5");
    await world().until(() => ann.texts().length === 1, "the last one");
    expect(ann.texts()).toEqual(["Bob says: 5"]);
  });

  it("the later of two streams goes on, and the other one is told not to come again", async () => {
    const { site } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const first = await ann.listen();
    await ann.listen();
    await world().until(() => first.answers[0]!.isWhole, "the end of the first");
    expect(ann.events(0).at(-1)).toEqual({
      ...{ event: "over", id: null, data: { kind: "elsewhere", why: "" } },
    });
    await ann.say("x");
    await world().until(() => ann.texts(1).includes("Ann says: x"), "it to be heard");
  });

  it("is told of its end: by itself, by the administrator, and by the room's", async () => {
    const { site, chat } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const bob = await PageVisitor.join(site, "Bob");
    const cem = await PageVisitor.join(site, "Cem");
    for (const visitor of [ann, bob, cem]) await visitor.listen();
    await ann.say("/quit");
    chat.administrator({ kind: "line", text: "/kick Bob" });
    await world().run(chat.end(0));
    const whys = ["Goodbye.", "The administrator removed you from the chat. Goodbye."];
    for (const [at, why] of [...whys, "The chat is ending. Goodbye."].entries()) {
      const visitor = [ann, bob, cem][at]!;
      await world().until(() => visitor.streams[0]!.answers[0]!.isWhole, "the end");
      expect(visitor.texts().at(-1)).toBe(why);
      expect(visitor.events().at(-1)).toMatchObject({
        event: "over",
        data: { kind: "ended", why },
      });
    }
    // Who was away then is told when it comes again.
    await bob.listen(bob.events(0).at(-2)!.id!);
    await world().until(() => bob.events(1).length === 1, "the end once more");
    expect(bob.events(1)[0]).toMatchObject({ event: "over", data: { kind: "ended" } });
  });

  it("leaves, and nobody has its token any more", async () => {
    const { site, chat } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    await ann.listen();
    expect(await ann.leave()).toBe(204);
    await world().until(() => ann.streams[0]!.answers[0]!.isWhole, "the end");
    expect(chat.counts.members).toBe(0);
    expect([await ann.say("x"), await ann.leave()]).toEqual([404, 404]);
    expect((await ann.listen()).statuses).toEqual([404]);
  });

  it("who may not come in is told why", async () => {
    const { site } = await open(world(), { maxMembers: 1 });
    expect((await post(site, "/api/chat/join", { name: "admin" })).body.toString()).toContain(
      "That name is reserved.",
    );
    await PageVisitor.join(site, "Ann");
    const { status, body } = await post(site, "/api/chat/join", { name: "Bob" });
    expect(status).toBe(409);
    const why = "The chat is full: 1 are here. Please come later.";
    expect(JSON.parse(body.toString())).toEqual({ status, why });
  });

  it("what is no message is answered so, and changes nothing", async () => {
    const { site, chat } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const member = ann.token;
    const messages: [string, unknown][] = [
      ["join", "{"],
      ["join", "null"],
      ["join", "[]"],
      ["join", { name: 7 }],
      ["join", { name: "x".repeat(2000) }],
      ["say", { member }],
      ["say", { member, text: "two\nlines" }],
      ["say", { member, text: ["x"] }],
      ["say", { member, text: "x".repeat(30_000) }],
      ["say", { member: `${member}x`, text: "x" }],
      ["say", { member: member.toLowerCase(), text: "x" }],
      ["say", { member: "__proto__", text: "x" }],
      ["leave", { member: "" }],
    ];
    const answers: number[] = [];
    for (const [path, message] of messages) {
      answers.push((await post(site, `/api/chat/${path}`, message)).status);
    }
    expect(answers).toEqual([400, 400, 400, 400, 413, 400, 400, 400, 413, 404, 404, 404, 404]);
    const guest = await site.come();
    expect((await guest.ask("/api/chat/events")).status).toBe(404);
    expect((await guest.ask(`/api/chat/events?member=${member}`, "HEAD")).status).toBe(200);
    expect(chat.counts).toMatchObject({ members: 1, messages: 0 });
    expect(site.complaints).toEqual([]);
  });
});

onNetworks([["memory", "tcp"]], "time and room for it", (world) => {
  afterEach(endRooms);

  it(`who has no stream for ${GRACE_MS} ms has left`, async () => {
    const { site, chat } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const bob = await PageVisitor.join(site, "Bob");
    const stream = await bob.listen();
    await world().advance(GRACE_MS - 1000);
    expect(chat.counts.members).toBe(2);
    stream.peer.destroy();
    await world().advance(2000);
    expect([chat.counts.members, await ann.say("x")]).toEqual([1, 404]);
    // The time begins with the end of the last stream.
    await world().advance(GRACE_MS - 4000);
    await bob.listen("3");
    await world().advance(2 * GRACE_MS);
    expect(chat.counts.members).toBe(1);
    expect(await bob.say("still here")).toBe(204);
  });

  it("more lines than are kept are a gap, with their number", async () => {
    const { site } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const bob = await PageVisitor.join(site, "Bob");
    const stream = await ann.listen();
    await world().until(() => ann.texts().length === 2, "the first two");
    stream.peer.destroy();
    for (let count = 0; count < MAX_KEPT_LINES + 10; count++) await bob.say(`${count}`);
    await ann.listen("2");
    await world().until(() => ann.texts().length === MAX_KEPT_LINES, "what is kept");
    const [gap, first] = ann.events();
    expect(gap).toEqual({ event: "gap", id: "12", data: { lines: 10 } });
    expect(first).toMatchObject({ event: "line", id: "13", data: { text: "Bob says: 10" } });
  });

  it("a page that reads too slowly is cut off, and loses nothing that is kept", async () => {
    const { site, chat } = await open(world());
    const ann = await PageVisitor.join(site, "Ann");
    const bob = await PageVisitor.join(site, "Bob");
    const stream = await ann.listen();
    stream.peer.pause();
    let said = 0;
    const opened = site.server.stats().running;
    while (site.server.stats().running === opened && said < 1000) {
      await bob.say(`${said++} ${"x".repeat(3000)}`);
      expect(site.reactor.stats().bufferedBytes).toBeLessThan(4 * MAX_KEPT_BYTES);
    }
    expect(said).toBeLessThan(200);
    chat.administrator({ kind: "line", text: "/explain Ann" });
    stream.peer.destroy();
    await ann.listen();
    await world().until(
      () =>
        ann
          .texts()
          .at(-1)
          ?.startsWith(`Bob says: ${said - 1}`) === true,
      "all",
    );
    const { lines } = ann.events()[0]!.data as { lines: number };
    expect(lines + ann.texts().length).toBe(said + 2);
    expect(
      ann
        .events()
        .slice(1)
        .map(({ id }) => Number(id)),
    ).toEqual(Array.from({ length: ann.texts().length }, (_, at) => lines + at + 1));
  });

  it("too many at once, and too many lines, are 429", async () => {
    const { site } = await open(world(), { joinsPerSecond: 1, linesPerSecond: 1, lineBurst: 1 });
    const ann = await PageVisitor.join(site, "Ann");
    const { status, fields } = await post(site, "/api/chat/join", { name: "Bob" });
    expect([status, fields.get("retry-after")]).toEqual([429, "1"]);
    const statuses: number[] = [];
    for (let count = 0; count < 25; count++) statuses.push(await ann.say("x"));
    expect(statuses).toEqual([...Array<number>(20).fill(204), ...Array<number>(5).fill(429)]);
  });

  it(`of those who have left, ${MAX_ENDED} are remembered, and none for longer than its grace`, async () => {
    const { site } = await open(world());
    const visitors: PageVisitor[] = [];
    for (let count = 0; count < MAX_ENDED + 2; count++) {
      const visitor = await PageVisitor.join(site, `N${count}`);
      visitors.push(visitor);
      await visitor.say("/quit");
    }
    await PageVisitor.join(site, "last");
    expect((await visitors[0]!.listen()).statuses).toEqual([404]);
    expect((await visitors[1]!.listen()).statuses).toEqual([404]);
    expect((await visitors[2]!.listen()).statuses).toEqual([200]);
    await world().advance(GRACE_MS + 1000);
    expect((await visitors[3]!.listen()).statuses).toEqual([404]);
  });

  it("a secret is 32 random bytes, and another one each time", async () => {
    const { site } = await open(world());
    const one = await PageVisitor.join(site, "One");
    const two = await PageVisitor.join(site, "Two");
    expect(Buffer.from(one.token, "base64url")).toHaveLength(32);
    expect(one.token).not.toBe(two.token);
  });
});

describe("kept lines", () => {
  const line = (text: string) => encodeLine({ text, own: false, wallMs: 1 });
  const texts = (kept: KeptLines, id: number) =>
    kept.after(id).lines.map(({ data }) => (JSON.parse(data) as { text: string }).text);

  test("are numbered from 1, and answered from behind any of them", () => {
    const kept = new KeptLines();
    expect([kept.last, kept.after(0)]).toEqual([0, { missed: 0, lines: [] }]);
    for (const text of ["a", "b", "c"]) kept.add(line(text));
    expect([texts(kept, 0), texts(kept, 2), texts(kept, 3)]).toEqual([["a", "b", "c"], ["c"], []]);
    expect(kept.after(1).lines.map(({ id }) => id)).toEqual([2, 3]);
  });

  test("are bounded in number, and what is gone is counted", () => {
    const kept = new KeptLines({ maxLines: 2 });
    for (const text of ["a", "b", "c", "d"]) kept.add(line(text));
    expect(kept.after(0)).toMatchObject({ missed: 2, lines: [{ id: 3 }, { id: 4 }] });
    expect(kept.after(1).missed).toBe(1);
    expect(kept.after(2).missed).toBe(0);
  });

  test("are bounded in bytes as they are sent; but the last one is always kept", () => {
    const { bytes } = line("a");
    const kept = new KeptLines({ maxBytes: 3 * bytes });
    for (const text of ["a", "b", "c", "d"]) kept.add(line(text));
    expect([texts(kept, 0), kept.bytes]).toEqual([["b", "c", "d"], 3 * bytes]);
    kept.add(line("x".repeat(1000)));
    expect([kept.count, kept.last, kept.after(0).missed]).toEqual([1, 5, 4]);
    expect(kept.bytesAfter(0)).toBe(kept.bytes);
    expect(kept.bytesAfter(5)).toBe(0);
  });

  test("an event is not longer than it is taken for", () => {
    const { data, bytes } = line("張三");
    const event = `event: line\nid: ${Number.MAX_SAFE_INTEGER}\ndata: ${data}\n\n`;
    expect(Buffer.byteLength(event)).toBeLessThanOrEqual(bytes);
    expect(bytes - Buffer.byteLength(data)).toBe(EVENT_BYTES);
  });
});
