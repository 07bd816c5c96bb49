/** Members without a connection: they are refused, told, and sent away like the others. */
import type { SocketAddress } from "iomux";
import { afterEach, describe, expect, test } from "vitest";

import { MAX_GUESTS, MAX_WAITING_LINES } from "../../examples/chat/guests.ts";
import type { Admission, ToldAs } from "../../examples/chat/guests.ts";
import { lines, MemoryChat, SETTINGS } from "./chat-memory.ts";

let room: MemoryChat;

async function open(...options: Parameters<typeof MemoryChat.open>): Promise<void> {
  room = await MemoryChat.open(...options);
}

afterEach(() => room.end());

function at(host: string): SocketAddress {
  return { family: host.includes(":") ? "IPv6" : "IPv4", host, port: 4711 };
}

class Visitor {
  readonly backlog = 0;
  readonly address: SocketAddress | null;
  readonly admission: Admission;
  readonly told: string[] = [];
  readonly own: string[] = [];
  readonly past: string[] = [];
  dismissals = 0;

  constructor(name: string, address: SocketAddress | null = at("192.0.2.1")) {
    this.address = address;
    this.admission = room.chat.admit(this, name);
  }

  tell(text: string, { own, past }: ToldAs): void {
    if (this.dismissals > 0) throw new Error(`told behind the end: ${text}`);
    this.told.push(text);
    if (own) this.own.push(text);
    if (past) this.past.push(text);
  }

  dismissed(): void {
    this.dismissals++;
  }

  get seat() {
    if (this.admission.seat === null) throw new Error(this.admission.why);
    return this.admission.seat;
  }

  get refused(): string | null {
    return this.admission.seat === null ? this.admission.why : null;
  }

  say(line: string) {
    return this.seat.say(line);
  }
}

describe("a guest", () => {
  test("joins with its name, hears what was said before, and is heard by all", async () => {
    await open(4096, { historyLines: 10 });
    const ann = await room.join("Ann");
    await room.say(ann, "before");
    const bob = new Visitor("Bob");
    expect(bob.told).toEqual(["Hello Bob. Also here: Ann.", "[10:05] Ann says: before"]);
    expect(bob.past).toEqual(["[10:05] Ann says: before"]);
    expect(bob.say("hello")).toBe("heard");
    await room.say(ann, "yes");
    expect(lines(ann).slice(2)).toEqual(["Bob joined the chat", "Bob says: hello"]);
    expect(bob.told.slice(2)).toEqual(["Bob says: hello", "Ann says: yes"]);
    expect(bob.own).toEqual(["Bob says: hello"]);
    bob.say("[10:05] forged");
    bob.say("/history 1");
    expect(bob.past).toEqual([...["[10:05] Ann says: before", "[10:05] Bob says: [10:05] forged"]]);
  });

  test("sees its own words at their place, and nothing else of its own doing", async () => {
    await open(4096);
    const ann = await room.join("Ann");
    const bob = new Visitor("Bob");
    for (const line of ["/me waves", "/nick Rob", "/msg Ann psst", "hm"]) bob.say(line);
    await room.clock.settle();
    expect(bob.own).toEqual(["* Bob waves", "Rob says: hm"]);
    expect(bob.told.slice(1)).toEqual([
      ...["* Bob waves", "You are now called Rob.", "[private] to Ann: psst", "Rob says: hm"],
    ]);
    expect(lines(ann).slice(2)).toEqual([
      ...["Bob joined the chat", "* Bob waves", "Bob is now called Rob"],
      ...["[private] Bob: psst", "Rob says: hm"].map((line) => line.replace("] Bob", "] Rob")),
    ]);
    expect(bob.seat.name).toBe("Rob");
  });

  test.each([
    ["ann", "The name ann is taken."],
    ["", "A name cannot be empty."],
    ["a: b", "A name cannot have a colon or double quotes."],
    ["/quit", "A name begins with a letter, a digit or a symbol."],
    ["admin", "That name is reserved."],
    ["n".repeat(401), "That line was refused: it is longer than 400 bytes."],
  ])("called %j is refused, and was never there", async (name, why) => {
    await open(4096);
    await room.join("Ann");
    const visitor = new Visitor(name);
    expect(visitor.refused).toBe(why);
    expect(visitor.told).toEqual([]);
    expect(room.chat.counts).toMatchObject({ members: 1, nameless: 0 });
  });

  test("takes a place: who comes when the room is full finds none, with or without a connection", async () => {
    await open(4096, { maxMembers: 2 });
    const ann = new Visitor("Ann");
    await room.join("Bob");
    expect(new Visitor("Cem").refused).toBe("The chat is full: 2 are here. Please come later.");
    expect(lines(await room.join("Dan"))).toEqual([
      "The chat is full: 2 are here. Please come later.",
    ]);
    ann.seat.leave();
    expect(new Visitor("Cem").refused).toBeNull();
  });

  test("counts together with the connections of its address, and is told so", async () => {
    await open(4096, { maxPerAddress: 2 });
    await room.join("Ann");
    const here = at("127.0.0.1");
    const bob = new Visitor("Bob", here);
    expect(bob.refused).toBeNull();
    const why = "Too many are here from your address: at most 2.";
    expect(new Visitor("Cem", here).refused).toBe(why);
    expect(new Visitor("Cem", at("::ffff:127.0.0.1")).refused).toBe(why);
    expect(new Visitor("Dan", at("192.0.2.1")).refused).toBeNull();
    expect(new Visitor("Eve", null).refused).toBeNull();
    // IPv6: a network of 64 bits is one customer's.
    for (const name of ["E1", "F1"])
      expect(new Visitor(name, at(`2001:db8::${name.toLowerCase()}`)).refused).toBeNull();
    expect(new Visitor("H", at("2001:db8:0:0:1::")).refused).toBe(why);
    expect(new Visitor("H", at("2001:db8:0:1::")).refused).toBeNull();
    expect(room.logged[0]).toMatch(/was turned away: too many from its address/);
    bob.seat.leave();
    expect(new Visitor("Cem", here).refused).toBeNull();
  });

  test("comes later if too many come at once, or are there already", async () => {
    await open(4096, { joinsPerSecond: 2, maxMembers: 10_000 });
    const names = ["Ann", "Bob", "Cem"].map((name) => new Visitor(name));
    expect(names.map(({ refused }) => refused)).toEqual([
      ...[null, null, "Too many are coming at once. Please come again in a moment."],
    ]);
    expect(names[2]!.admission).toMatchObject({ soon: true });
    for (let count = 2; count < MAX_GUESTS; count++) {
      await room.clock.advance(1000);
      expect(new Visitor(`N${count}`, null).refused).toBeNull();
    }
    await room.clock.advance(1000);
    expect(new Visitor("late", null).refused).toBe("Too many are here by web page: at most 1000.");
  });

  test("that speaks too fast is warned and muted, and not even heard when it goes on and on", async () => {
    await open(4096, { linesPerSecond: 5, lineBurst: 10 });
    const bob = new Visitor("Bob");
    for (let count = 0; count < 12; count++) bob.say(`${count}`);
    expect(bob.told.slice(-2)).toEqual([
      expect.stringMatching(/^That line was dropped: at most 5 lines a second/),
      expect.stringMatching(/^You are muted for 30 s/),
    ]);
    expect(Array.from({ length: 300 }, () => bob.say("x")).at(-1)).toBe("too-fast");
    await room.clock.advance(1000);
    expect(bob.say("x")).toBe("heard");
    // A mute outlasts the visit, by the address too.
    bob.seat.leave();
    expect(new Visitor("Rob").told.at(-1)).toMatch(/^You are muted for \d+ s more/);
  });

  test("waits while others must read what was said, and only so many lines of it wait", async () => {
    await open(64);
    const ann = await room.join("Ann");
    const bob = new Visitor("Bob");
    const said = Array.from({ length: 60 }, (_, at) => bob.say(`${at} ${"x".repeat(200)}`));
    expect(said.filter((how) => how === "too-fast").length).toBeGreaterThan(0);
    const heard = said.filter((how) => how === "heard").length;
    const atOnce = bob.own.length;
    expect(heard - atOnce).toBe(MAX_WAITING_LINES);
    await room.admin("/explain Bob");
    for (let turns = 0; turns < 10; turns++) await room.clock.settle();
    expect(bob.own).toHaveLength(heard);
    expect(lines(ann).filter((line) => line.startsWith("Bob says"))).toEqual(bob.own);
    expect(bob.own.map((line) => parseInt(line.slice(10)))).toEqual(
      Array.from({ length: heard }, (_, at) => at),
    );
  });

  test("that says and hears nothing for too long has to go", async () => {
    await open(4096, { idleSeconds: 10 });
    const ann = new Visitor("Ann");
    const bob = new Visitor("Bob");
    await room.clock.advance(9000);
    ann.say("I am here");
    await room.clock.advance(9999);
    expect([ann.dismissals, bob.dismissals]).toEqual([0, 0]);
    await room.clock.advance(2);
    expect(ann.told.at(-1)).toBe("You were silent for too long. Goodbye.");
    // To hear that somebody left is to hear something, as for a connection.
    expect([ann.dismissals, bob.dismissals]).toEqual([1, 0]);
    await room.clock.advance(10_000);
    expect(bob.told.slice(-2)).toEqual([
      "Ann left the chat",
      "You were silent for too long. Goodbye.",
    ]);
    expect(bob.dismissals).toBe(1);
    expect(room.logged[0]).toMatch(/^Ann \(192\.0\.2\.1:4711 in the page\) was disconnected: /);
    expect(room.chat.counts.members).toBe(0);
  });

  test("is seen by the administrator, who may mute it and send it away", async () => {
    await open(4096);
    const ann = await room.join("Ann");
    const bob = new Visitor("Bob");
    await room.admin("/who");
    expect(room.logged.splice(0)[1]).toBe("Bob, 192.0.2.1:4711 in the page");
    await room.admin("/explain Bob");
    expect(room.logged.splice(0)[0]).toMatch(
      /^Bob, 192.0.2.1:4711 in the page: its lines are read/,
    );
    await room.admin("/mute Bob 60");
    bob.say("hello");
    await room.admin("/kick Bob");
    expect(bob.told.slice(1)).toEqual([
      "The administrator muted you for 60 s.",
      "You are muted for 60 s more: that line was dropped.",
      "The administrator removed you from the chat. Goodbye.",
    ]);
    expect(bob.dismissals).toBe(1);
    expect(bob.seat.name).toBeNull();
    bob.say("still here");
    bob.seat.leave();
    expect(lines(ann).slice(2)).toEqual([
      "Bob joined the chat",
      ...["Bob was removed by the administrator", "Bob left the chat"],
    ]);
  });

  test("leaves with /quit, or because whoever carries its lines says so, once", async () => {
    await open(4096);
    const ann = await room.join("Ann");
    const bob = new Visitor("Bob");
    const cem = new Visitor("Cem");
    bob.say("/quit");
    expect(bob.told.at(-1)).toBe("Goodbye.");
    cem.seat.leave();
    cem.seat.leave();
    await room.clock.settle();
    expect([bob.dismissals, cem.dismissals]).toEqual([1, 1]);
    expect(lines(ann).slice(-2)).toEqual(["Bob left the chat", "Cem left the chat"]);
    expect(cem.told.at(-1)).toBe("Bob left the chat");
  });

  test("is told the end of the chat, and nothing after it", async () => {
    await open(4096);
    const bob = new Visitor("Bob");
    await room.clock.run(room.chat.end(0));
    expect(bob.told.at(-1)).toBe("The chat is ending. Goodbye.");
    expect(bob.dismissals).toBe(1);
    expect(room.chat.counts.members).toBe(0);
    expect(new Visitor("Cem").refused).toBe("The chat is ending. Goodbye.");
  });
});

describe("one order for all", () => {
  test("a reader that is cut off in the middle of a line has left behind that line, for guests too", async () => {
    await open(256, { backlogPolicy: "close", backlogBytes: SETTINGS.backlogBytes });
    const stopped = await room.join("stopped");
    const bob = new Visitor("Bob");
    const ann = await room.join("Ann");
    stopped.pause();
    while (room.logged.length === 0) await room.say(ann, "x".repeat(300));
    const told = bob.told.slice(bob.told.indexOf("Ann joined the chat") + 1);
    expect(told.at(-1)).toBe("stopped left the chat");
    expect(told.slice(0, -1).every((line) => line.startsWith("Ann says"))).toBe(true);
  });
});
