/** The chat's limits and times, its listeners and its administrator, on the in-memory network. */
import { afterEach, describe, expect, test } from "vitest";

import { lines, MemoryChat } from "./chat-memory.ts";

let room: MemoryChat;

async function open(settings: Parameters<typeof MemoryChat.open>[1] = {}): Promise<void> {
  room = await MemoryChat.open(1024 * 1024, settings);
}

afterEach(() => room.end());

describe("a limit", () => {
  test("of people: who comes too late is told, and disconnected", async () => {
    await open({ maxMembers: 2 });
    await room.join("ann");
    const bob = await room.join("bob");
    const eve = await room.join("eve");
    expect(lines(eve)).toEqual(["The chat is full: 2 are here. Please come later."]);
    eve.end();
    await room.clock.settle();
    expect(eve.ended).toBe(true);
    bob.end();
    await room.clock.settle();
    expect(lines(await room.join("eve")).at(-1)).toMatch(/^Hello eve/);
  });

  test("of connections: beyond those who are told, others are told at the door", async () => {
    await open({ maxMembers: 1 });
    await room.join("ann");
    const late = Array.from({ length: 120 }, () => room.dial());
    await room.clock.settle();
    for (const socket of late) {
      expect(lines(socket)).toEqual(["The chat is full: 1 are here. Please come later."]);
    }
  });

  test("of connections from one address", async () => {
    await open({ maxPerAddress: 2 });
    await room.join("ann");
    await room.join("bob");
    const eve = await room.join("eve");
    expect(lines(eve)).toEqual(["Too many are here from your address: at most 2."]);
    await room.admin("/stats");
    expect(room.logged).toContainEqual(
      expect.stringMatching(
        /^127.* was turned away: too many from its address \(--max-per-address\)\.$/,
      ),
    );
    expect(room.logged).toContain(
      "Turned away so far: 1 × too many from its address (--max-per-address).",
    );
  });

  test("of connections in a second, whoever makes them", async () => {
    await open({ joinsPerSecond: 2 });
    const come = async () => lines(await room.join(`n${names++}`)).at(-1);
    let names = 0;
    expect(await come()).toMatch(/^Hello n0/);
    expect(await come()).toMatch(/^Hello n1/);
    expect(await come()).toBe("Too many are coming at once. Please come again in a moment.");
    await room.clock.advance(500);
    expect(await come()).toMatch(/^Hello n3/);
  });

  test("of lines a second: a mute is not over for who goes and comes again", async () => {
    await open({ linesPerSecond: 1, lineBurst: 1, muteSeconds: 10 });
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    await room.say(bob, "1", "2", "3");
    bob.end();
    await room.clock.settle();
    const rob = await room.join("rob");
    expect(lines(rob).at(-1)).toMatch(/^You are muted for 10 s more/);
    await room.say(rob, "hi");
    expect(lines(ann).at(-1)).toBe("rob joined the chat");
  });

  test("of a line's bytes", async () => {
    await open({ maxLineBytes: 5 });
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    await room.say(bob, "12345", "123456", "ok");
    expect(lines(ann).slice(3)).toEqual(["bob says: 12345", "bob says: ok"]);
    expect(lines(bob).at(-1)).toBe("That line was refused: it is longer than 5 bytes.");
  });

  test("of a name's length", async () => {
    await open({ maxNameLength: 3 });
    const bob = await room.join("Bobby");
    expect(lines(bob).at(-1)).toBe("A name has at most 3 characters. What is your name?");
  });

  test("of lines a second: a warning, then a mute, and others are not held up", async () => {
    await open({ linesPerSecond: 1, lineBurst: 3, muteSeconds: 10 });
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    await room.say(bob, ...Array.from({ length: 20 }, (_, i) => `${i}`));
    await room.say(ann, "hi");
    expect(lines(bob).slice(2)).toEqual([
      "That line was dropped: at most 1 lines a second. If you go on, you are muted for 10 s.",
      "You are muted for 10 s: at most 1 lines a second.",
      "ann says: hi",
    ]);
    expect(lines(ann).slice(3)).toEqual([0, 1, 2].map((i) => `bob says: ${i}`));
    expect(room.logged).toEqual(["bob is muted for 10 s."]);
    await room.clock.advance(10_000);
    await room.say(bob, "sorry");
    expect(lines(ann).at(-1)).toBe("bob says: sorry");
  });

  test("of lines a second: a flood is not even read as fast as it comes", async () => {
    await open({ linesPerSecond: 1, lineBurst: 1 });
    const bob = await room.join("bob");
    bob.write("\n".repeat(10_000));
    await room.clock.settle();
    await room.admin("/explain bob");
    expect(room.logged.at(-1)).toMatch(/^bob, 127.*: its next lines must wait: they come too fast/);
  });

  test("of the time to give a name", async () => {
    await open({ joinSeconds: 5 });
    const ann = await room.join("ann");
    const mute = room.dial();
    await room.clock.settle();
    await room.clock.advance(6000);
    expect(mute.ended).toBe(true);
    expect(lines(mute).at(-1)).toBe("You gave no name in time. Goodbye.");
    expect(ann.ended).toBe(false);
    expect(room.logged).toEqual([
      expect.stringMatching(
        /^Somebody \(127.*\) was disconnected: gave no name in time \(--join-seconds\)\.$/,
      ),
    ]);
    expect(lines(ann)).toHaveLength(2);
  });

  test("of silence", async () => {
    await open({ idleSeconds: 5 });
    const ann = await room.join("ann");
    await room.clock.advance(4000);
    await room.say(ann, "hello?");
    await room.clock.advance(4000);
    expect(ann.ended).toBe(false);
    await room.clock.advance(2000);
    expect(ann.ended).toBe(true);
    expect(lines(ann).at(-1)).toBe("You were silent for too long. Goodbye.");
    expect(room.logged).toEqual([
      expect.stringMatching(
        /^ann .* nothing came from it or went to it for too long \(--idle-seconds\)\.$/,
      ),
    ]);
  });

  test("of the journal: a storm is counted, not written (H40)", async () => {
    await open({ joinSeconds: 5 });
    for (let i = 0; i < 300; i++) room.dial();
    await room.clock.settle();
    await room.clock.advance(6000);
    expect(room.logged).toHaveLength(20);
    room.dial();
    await room.clock.settle();
    await room.clock.advance(6000);
    expect(room.logged.slice(20)).toEqual([
      "(280 more lines were left out.)",
      expect.stringContaining("gave no name in time"),
    ]);
  });
});

test("TCP and a Unix path are one room", async () => {
  await open({ listen: [{ host: "127.0.0.1", port: 0 }, { path: "/chat" }] });
  expect(room.chat.addresses.map(({ family }) => family)).toEqual(["IPv4", "unix"]);
  const ann = await room.join("ann", 0);
  const bob = await room.join("bob", 1);
  await room.say(ann, "hi");
  await room.say(bob, "ho");
  expect(lines(bob).slice(2)).toEqual(["ann says: hi"]);
  expect(lines(ann).slice(2)).toEqual(["bob joined the chat", "bob says: ho"]);
});

describe("the administrator", () => {
  test("speaks to all, and is answered", async () => {
    await open();
    const ann = await room.join("ann");
    await room.admin("hello");
    expect(lines(ann).at(-1)).toBe("admin: hello");
    await room.admin("/who");
    expect(room.logged).toEqual([expect.stringMatching(/^ann, 127/)]);
    room.chat.administrator({ kind: "refused", reason: "not-utf8" });
    room.chat.administrator({ kind: "refused", reason: "too-long", maxBytes: 4096 });
    expect(room.logged.slice(1)).toEqual([
      "That line was refused: it is not UTF-8.",
      "That line was refused: it is longer than 4096 bytes.",
    ]);
  });

  test.each([
    [
      "en",
      /^1 here, 0 without a name yet/,
      /^Connections: 1 now; 0 bytes wait/,
      "Gone so far: 1 × left, 1 × were told goodbye.",
      /^The program: \d+ turns of its loop, \d+ calls; 18 bytes came, \d+ left, /,
      /^ann, 127.*: its lines are read as they come; all that was said to it is on its way\.$/,
    ],
    [
      "zh",
      /^在线 1 人/,
      /^连接：现有 1 个；有 0 字节/,
      "至今离开：1 × 自行离开，1 × 道别后离开。",
      /^程序：循环 \d+ 轮，调用 \d+ 次；收到 18 字节，发出 \d+ 字节，/,
      /^ann，127.*：其发言随到随读；发给此人的内容都已发出。$/,
    ],
  ] as const)(
    "is told in plain words (%s) what was counted, and how it stands with a member",
    async (locale, ofRoom, connections, gone, program, member) => {
      await open({ locale });
      await room.join("ann");
      const bob = await room.join("bob");
      await room.say(bob, "/quit");
      bob.end();
      const eve = await room.join("eve");
      eve.end();
      await room.clock.settle();
      await room.admin("/stats");
      expect(room.logged).toEqual([
        expect.stringMatching(ofRoom),
        expect.stringMatching(connections),
        gone,
        expect.stringMatching(program),
      ]);
      await room.admin("/explain ann");
      expect(room.logged[4]).toMatch(member);
    },
  );

  test("removes a member, which gets its last line and is disconnected", async () => {
    await open();
    const ann = await room.join("ann");
    const bob = await room.join("bob");
    await room.admin("/kick bob");
    expect(lines(bob).at(-1)).toBe("The administrator removed you from the chat. Goodbye.");
    expect(bob.ended).toBe(true);
    await room.say(bob, "I am still here");
    expect(lines(ann).slice(-2)).toEqual([
      "bob was removed by the administrator",
      "bob left the chat",
    ]);
  });

  test("ends the room in so many seconds, and the last word counts", async () => {
    await open();
    const ann = await room.join("ann");
    await room.admin("/shutdown 60");
    expect(lines(ann).at(-1)).toBe("The chat ends in 60 s.");
    await room.clock.advance(59_000);
    await room.admin("/shutdown 5");
    await room.clock.advance(4999);
    expect(room.shutdowns).toBe(0);
    await room.clock.advance(1);
    await room.clock.advance(60_000);
    expect(room.shutdowns).toBe(1);
  });
});

test("/quit is answered, and the connection ends", async () => {
  await open();
  const ann = await room.join("ann");
  const bob = await room.join("bob");
  await room.say(bob, "/quit");
  expect(lines(bob).at(-1)).toBe("Goodbye.");
  expect(bob.ended).toBe(true);
  expect(lines(ann).at(-1)).toBe("bob left the chat");
});
