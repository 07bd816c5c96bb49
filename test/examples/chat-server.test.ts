/** The chat on the in-memory network: its order, its slow readers, and its end. */
import type { MemorySocket } from "iomux/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { lines, MemoryChat, SETTINGS } from "./chat-memory.ts";

let room: MemoryChat;

async function open(...options: Parameters<typeof MemoryChat.open>): Promise<void> {
  room = await MemoryChat.open(...options);
}

afterEach(() => room.end());

describe("a member that does not read", () => {
  const CAPACITY = 256;
  let before: MemorySocket;
  let stopped: MemorySocket;
  let after: MemorySocket;
  let speaker: MemorySocket;

  async function openWith(backlogPolicy: typeof SETTINGS.backlogPolicy): Promise<void> {
    await open(CAPACITY, { backlogPolicy });
    before = await room.join("before");
    stopped = await room.join("stopped");
    after = await room.join("after");
    speaker = await room.join("speaker");
    stopped.pause();
  }

  /** Speaks in lines of 100 bytes until `done`. */
  async function speak(done: (said: number) => boolean): Promise<number> {
    let said = 0;
    for (; !done(said); said++) {
      if (said > 1000) throw new Error("waited in vain");
      await room.say(speaker, `${"x".repeat(96)}${String(said).padStart(3, "0")}`);
    }
    return said;
  }

  /** Whose lines they are, by their numbers. */
  function numbers(socket: MemorySocket): number[] {
    const said = lines(socket).filter((line) => line.startsWith("speaker says: x"));
    return said.map((line) => Number(line.slice(-3)));
  }

  function left(socket: MemorySocket): string[] {
    return lines(socket).filter((line) => line.endsWith("left the chat"));
  }

  describe("by the policy close", () => {
    beforeEach(() => openWith("close"));

    test("is disconnected when the next line has no place, and nobody else is", async () => {
      const said = await speak(() => room.logged.length > 0);
      expect(said * 110).toBeLessThan(SETTINGS.backlogBytes + 3 * CAPACITY);
      expect(said * 115).toBeGreaterThan(SETTINGS.backlogBytes);
      expect(room.logged[0]).toMatch(
        /^stopped \(127.*\) was disconnected: does not read what is said \(--backlog-bytes\)\.$/,
      );
      stopped.resume();
      await room.clock.settle();
      expect(stopped.closed).toBe(true);
      expect(left(after)).toEqual(["stopped left the chat"]);
    });

    test("is told of as gone in the same place to all, though it goes in mid-broadcast (H44)", async () => {
      const said = await speak(() => room.logged.length > 0);
      const ofBefore = lines(before).slice(lines(before).indexOf("after joined the chat") + 2);
      const ofAfter = lines(after).slice(lines(after).indexOf("speaker joined the chat") + 1);
      expect(ofBefore).toEqual(ofAfter);
      expect(ofBefore).toHaveLength(said + 1);
      expect(ofBefore.at(-1)).toBe("stopped left the chat");
    });

    test("has left once it ends its side, and gets what waits if it reads after all", async () => {
      await speak((said) => said === 20);
      const from = lines(after).length;
      stopped.end();
      await room.clock.settle();
      expect(lines(after).slice(from)).toEqual(["stopped left the chat"]);
      stopped.resume();
      await room.clock.settle();
      expect(stopped.ended).toBe(true);
      expect(stopped.error).toBeNull();
      expect(lines(stopped).slice(4)).toEqual(lines(after).slice(3, from));
      expect(room.logged).toEqual([]);
    });

    test("cannot hold up the end of the chat", async () => {
      await speak((said) => said === 20);
      const ending = room.chat.end(2000);
      await room.clock.settle();
      expect(lines(after).at(-1)).toBe("The chat is ending. Goodbye.");
      await room.clock.advance(2000);
      await room.clock.run(ending);
      expect(room.logged).toEqual([
        expect.stringMatching(/^127.* did not take its last \d{4} bytes\.$/),
      ]);
    });
  });

  test.each([
    ["drop-newest", (missed: number[]) => missed.at(-1) === 299 && missed[0]! > 100],
    ["drop-oldest", (missed: number[]) => missed.at(-1)! < 200 && missed[0]! < 60],
  ] as const)("by the policy %s misses whole lines, and is told", async (policy, isMissed) => {
    await openWith(policy);
    await speak((said) => said === 300);
    stopped.resume();
    await room.clock.settle();
    await room.say(speaker, "again");
    const heard = numbers(stopped);
    const missed = numbers(after).filter((number) => !heard.includes(number));
    expect(isMissed(missed), missed.join()).toBe(true);
    // What it was told are whole lines, in their order.
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
    const told = lines(stopped).filter((line) => line.startsWith("You read too slowly"));
    expect(told).toEqual([`You read too slowly: ${missed.length} lines were left out here.`]);
    expect(lines(stopped).at(-1)).toBe("speaker says: again");
    expect(room.logged).toEqual([]);
    expect(left(after)).toEqual([]);
  });

  test("that misses lines again is told of those only", async () => {
    await openWith("drop-newest");
    for (let time = 0; time < 2; time++) {
      stopped.pause();
      await speak((said) => said === 300);
      stopped.resume();
      await room.clock.settle();
    }
    const told = lines(stopped).filter((line) => line.startsWith("You read too slowly"));
    const counts = told.map((line) => Number(/\d+/.exec(line)![0]));
    expect(counts).toHaveLength(2);
    await room.admin("/stats");
    expect(room.logged[1]).toContain(` ${counts[0]! + counts[1]!} lines were left out for them.`);
    await room.admin("/explain stopped");
    expect(room.logged.at(-1)).toContain("all that was said to it is on its way");
    stopped.pause();
    await speak((said) => said === 300);
    await room.admin("/explain stopped");
    expect(room.logged.at(-1)).toMatch(
      /it reads slowly: \d{5} bytes wait for it \(--backlog-bytes\)/,
    );
  });

  test.each(["kick", "end"])("seed 217: is told what it missed before goodbye: %s", async (how) => {
    await openWith("drop-oldest");
    await speak((said) => said === 300);
    const ending = how === "end" ? room.chat.end(1000) : room.admin("/kick stopped");
    stopped.resume();
    await room.clock.run(ending);
    await room.clock.settle();
    expect(lines(stopped).slice(-2)).toEqual([
      expect.stringMatching(/^You read too slowly: \d+ lines were left out here\.$/),
      expect.stringMatching(/ Goodbye\.$/),
    ]);
  });

  test("by the policy pause-source holds up the speaker, and misses nothing", async () => {
    await openWith("pause-source");
    for (let said = 0; said < 300; said++) {
      speaker.write(`${"x".repeat(96)}${String(said).padStart(3, "0")}\n`);
    }
    await room.clock.settle();
    expect(numbers(after).length).toBeLessThan(250);
    expect(lines(before).at(-1)).not.toContain("299");
    await room.say(before, "I may speak");
    expect(lines(after).at(-1)).toBe("before says: I may speak");
    stopped.resume();
    await room.clock.settle();
    const all = Array.from({ length: 300 }, (_, i) => i);
    for (const socket of [stopped, before, after]) expect(numbers(socket)).toEqual(all);
    expect(room.logged).toEqual([]);
  });
});

describe("in one turn", () => {
  beforeEach(() => open(1024 * 1024));

  test("many may speak, and nobody who reads is taken for a slow reader", async () => {
    const listening = await room.join("listening");
    const names = Array.from({ length: 40 }, (_, i) => `${i} ${"张".repeat(28)}`);
    const speakers: MemorySocket[] = [];
    for (const name of names) speakers.push(await room.join(name));
    const from = lines(listening).length;
    for (const speaker of speakers) for (let i = 0; i < 30; i++) speaker.write(`${i}\n`);
    await room.clock.settle();
    expect(room.logged).toEqual([]);
    const heard = lines(listening).slice(from);
    expect(heard).toHaveLength(40 * 30);
    for (const name of names) {
      const own = heard.filter((line) => line.startsWith(name));
      expect(own).toEqual(Array.from({ length: 30 }, (_, i) => `${name} says: ${i}`));
    }
  });

  test("a leave and a join with the same name are told in this order (H44)", async () => {
    const watcher = await room.join("watcher");
    const bob = await room.join("bob");
    const next = room.dial();
    await room.clock.settle();
    const from = lines(watcher).length;
    bob.end();
    next.write("bob\n");
    await room.clock.settle();
    if (!lines(next).at(-1)!.startsWith("Hello")) {
      expect(lines(next).at(-1)).toBe("The name bob is taken. What is your name?");
      await room.say(next, "bob");
    }
    expect(lines(watcher).slice(from)).toEqual(["bob left the chat", "bob joined the chat"]);
  });

  test("who is reset while others speak has left, and is no slow reader", async () => {
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    const eve = await room.join("eve");
    const from = lines(ann).length;
    bob.write("my last words\n");
    bob.reset();
    eve.write("hello\n");
    await room.clock.settle();
    expect(lines(ann).slice(from).sort()).toEqual([
      "bob left the chat",
      "bob says: my last words",
      "eve says: hello",
    ]);
    expect(room.logged).toEqual([]);
  });

  test("a newcomer during a broadcast sees all that comes after its welcome (H44)", async () => {
    const ann = await room.join("ann");
    const eve = await room.join("eve");
    const bob = room.dial();
    await room.clock.settle();
    for (let i = 0; i < 5; i++) ann.write(`${i}\n`);
    bob.write("bob\n");
    for (let i = 5; i < 10; i++) ann.write(`${i}\n`);
    await room.clock.settle();
    const ofEve = lines(eve);
    const afterJoin = ofEve.slice(ofEve.indexOf("bob joined the chat") + 1);
    expect(lines(bob).slice(2)).toEqual(afterJoin);
    expect(ofEve.filter((line) => line.startsWith("ann says"))).toHaveLength(10);
  });

  test("lines are whole, however they were cut, and CR LF may be cut (H44)", async () => {
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    for (const piece of ["he", "llo\r", "\nwor", "ld\r\n\r", "\nend\n"]) {
      bob.write(piece);
      await room.clock.settle();
    }
    expect(lines(ann).slice(3)).toEqual(["bob says: hello", "bob says: world", "bob says: end"]);
  });

  test("telnet's negotiation is no part of a line, also when it is cut", async () => {
    const ann = await room.join("ann");
    const bob = room.dial();
    const bytes = Buffer.concat([
      Buffer.from([255, 253, 3, 255, 251, 24]),
      Buffer.from("bob\r\n"),
      Buffer.from([255, 250, 24, 0, 10, 255, 240]),
      Buffer.from("hi\r\n"),
    ]);
    for (const byte of bytes) {
      bob.write(Buffer.of(byte));
      await room.clock.settle();
    }
    expect(lines(ann).slice(2)).toEqual(["bob joined the chat", "bob says: hi"]);
  });

  test("what a terminal would obey never passes: its title, C1 controls, a turned direction", async () => {
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    await room.say(bob, "\x1b]0;owned\x07a", "\u009b31mb\u009c", "c\u202ed\u2066", "/me \x1b[2Je");
    await room.say(bob, '/msg "ann" \x1b]0;owned\x07f', "/nick bo\x1b[31mb\u202e");
    expect(lines(ann).slice(3)).toEqual([
      ...["bob says: a", "bob says: b", "bob says: cd", "* bob e", "[private] bob: f"],
    ]);
    expect(lines(bob).at(-1)).toBe("You are now called bob.");
  });
});
