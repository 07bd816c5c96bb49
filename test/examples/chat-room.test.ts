/** The room: joining, talking, leaving. Members are plain strings here. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { maxAddedBytes, Room } from "../../examples/chat/room.ts";
import { LOCALES } from "../../examples/chat/texts.ts";
import { Audience, OPTIONS } from "./chat-audience.ts";

let chat: Audience;

beforeEach(() => {
  chat = new Audience();
});

describe("joining", () => {
  test("asks for a name, and tells the others", () => {
    chat.enter("a");
    expect(chat.news("a")).toEqual(["What is your name?"]);
    expect(chat.others).toEqual([]);
    chat.hear("a", "张三");
    expect(chat.others[0]).toEqual({ kind: "established", member: "a" });
    expect(chat.news("a")).toEqual(["Hello 张三. Nobody else is here yet."]);
    chat.join("b", "bob");
    expect(chat.news("b")).toEqual(["What is your name?", "Hello bob. Also here: 张三."]);
    expect(chat.news("a")).toEqual(["bob joined the chat"]);
    expect(chat.room.nameOf("a")).toBe("张三");
  });

  test.each([
    ["", "A name cannot be empty."],
    [" \u3000 ", "A name cannot be empty."],
    ["n".repeat(33), "A name has at most 32 characters."],
    ["a\u202eb", "A name cannot have invisible characters."],
    ["a: b", "A name cannot have a colon or double quotes."],
    ["/who", "A name begins with a letter, a digit or a symbol."],
    ["Admin", "That name is reserved."],
  ])("refuses %j with the reason, and asks again", (name, reason) => {
    chat.enter("a");
    expect(chat.answer("a", name)).toEqual([`${reason} What is your name?`]);
    expect(chat.room.nameOf("a")).toBeNull();
    expect(chat.answer("a", "ann")).toEqual(["Hello ann. Nobody else is here yet."]);
  });

  test("refuses a name that is taken, also in another spelling, and asks again", () => {
    chat.join("a", "Bób");
    chat.enter("b");
    for (const same of ["Bób", " bÓB ", "Bo\u0301b", "Ｂób"]) {
      const [refusal] = chat.answer("b", same);
      expect(refusal, same).toMatch(/^The name .* is taken\. What is your name\?$/);
    }
    chat.hear("b", "Bob");
    expect(chat.room.nameOf("b")).toBe("Bob");
  });

  test("ends after too many names that were refused", () => {
    chat = new Audience({ maxNameTries: 3 });
    chat.join("a", "ann");
    chat.enter("b");
    for (const name of ["ann", "Ann"]) expect(chat.answer("b", name)[0]).toMatch(/name\?$/);
    chat.forget();
    expect(chat.answer("b", "ANN")).toEqual([
      "The name ANN is taken. Those were too many tries. Goodbye.",
    ]);
    expect(chat.disconnected).toEqual(["b"]);
    chat.hear("b", "bob");
    chat.leave("b");
    expect(chat.hearers).toEqual([]);
    expect(chat.room.counts).toMatchObject({ members: 1, nameless: 0 });
  });

  test("may be given up with /quit, and /help answers before it", () => {
    chat.enter("a");
    expect(chat.answer("a", "/help").at(-1)).toBe("What is your name?");
    expect(chat.answer("a", "/help")[0]).toMatch(/^\/who /);
    expect(chat.answer("a", "/quit")).toEqual(["Goodbye."]);
    expect(chat.disconnected).toEqual(["a"]);
  });

  test("tells who has no name yet nothing of the others", () => {
    chat.enter("a");
    chat.join("b", "bob");
    chat.hear("b", "hello");
    chat.admin("hello");
    chat.leave("b");
    expect(chat.news("a")).toEqual(["What is your name?"]);
  });

  test("twice is a mistake of the caller", () => {
    chat.join("a", "ann");
    expect(() => chat.room.enter("a")).toThrow("already");
  });

  test("names the first ten who are here and counts the rest", () => {
    for (let i = 0; i < 13; i++) chat.join(`m${i}`, `name ${i}`);
    const welcome = chat.news("m12").at(-1)!;
    expect(welcome).toContain("name 0, name 1");
    expect(welcome).toContain("name 9 and 2 more.");
  });

  test("ends at once if the room is full, whether the others have names or not", () => {
    chat = new Audience({ maxMembers: 2 });
    chat.join("a", "ann");
    chat.enter("b");
    chat.forget();
    chat.enter("c");
    expect(chat.news("c")).toEqual(["The chat is full: 2 are here. Please come later."]);
    expect(chat.disconnected).toEqual(["c"]);
    chat.hear("c", "carl");
    chat.leave("c");
    expect(chat.hearers).toEqual([]);
    chat.leave("b");
    chat.enter("c");
    expect(chat.news("c")).toEqual(["What is your name?"]);
  });

  test("asks again for a name if the line with it was refused", () => {
    chat.enter("d");
    chat.news("d");
    chat.carry(chat.room.hear("d", { kind: "refused", reason: "not-utf8" }, chat.now));
    expect(chat.news("d")).toEqual(["That line was refused: it is not UTF-8. What is your name?"]);
  });
});

describe("talking", () => {
  beforeEach(() => {
    chat.join("a", "ann");
    chat.join("b", "bob");
    chat.join("c", "张三");
    chat.forget();
  });

  test("tells all others, never the speaker", () => {
    chat.hear("c", "hello");
    expect(chat.news("a")).toEqual(["张三 says: hello"]);
    expect(chat.news("b")).toEqual(["张三 says: hello"]);
    expect(chat.news("c")).toEqual([]);
    expect(chat.transcript).toEqual(["张三 says: hello"]);
  });

  test("ignores empty lines", () => {
    for (const empty of ["", "   ", "\t"]) chat.hear("a", empty);
    expect(chat.hearers).toEqual([]);
  });

  test("tells only the speaker that its line was refused", () => {
    const refusals = [
      { kind: "refused", reason: "too-long", maxBytes: 4096 },
      { kind: "refused", reason: "not-utf8" },
    ] as const;
    for (const refusal of refusals) chat.carry(chat.room.hear("a", refusal, chat.now));
    expect(chat.news("a")).toEqual([
      "That line was refused: it is longer than 4096 bytes.",
      "That line was refused: it is not UTF-8.",
    ]);
    expect(chat.hearers).toEqual([]);
  });

  test.each(["en", "zh"] as const)(
    "makes of a line one that is longer by a bound (%s)",
    (locale) => {
      const texts = LOCALES[locale];
      const longest = "\u{20000}".repeat(32);
      const most = maxAddedBytes(32);
      const lines = [
        texts.says(longest, ""),
        texts.whispered(longest, ""),
        texts.whisperSent(longest, ""),
        texts.renamed(longest, longest),
        texts.welcome(longest, Array<string>(10).fill(longest), 1e9),
        texts.who(Array<string>(50).fill(longest), 1e9),
        ...Object.values(texts.memberCommands).map(texts.misused),
      ];
      for (const line of lines) expect(Buffer.byteLength(`[00:00] ${line}\n`)).toBeLessThan(most);
    },
  );
});

describe("leaving", () => {
  beforeEach(() => {
    chat.join("a", "ann");
    chat.join("b", "bob");
    chat.forget();
  });

  test("is told to the others once", () => {
    chat.leave("b");
    chat.leave("b");
    expect(chat.news("a")).toEqual(["bob left the chat"]);
    expect(chat.news("b")).toEqual([]);
    expect(chat.transcript).toEqual(["bob left the chat"]);
  });

  test("by /quit is told to the others once, and has a good-bye", () => {
    expect(chat.answer("b", "/quit")).toEqual(["Goodbye."]);
    expect(chat.disconnected).toEqual(["b"]);
    chat.leave("b");
    expect(chat.news("a")).toEqual(["bob left the chat"]);
  });

  test("is told only of who had joined", () => {
    chat.enter("c");
    chat.hear("c", "ann");
    chat.leave("c");
    chat.leave("never came");
    expect(chat.news("a")).toEqual([]);
  });

  test("makes what still comes from the member nothing", () => {
    chat.leave("b");
    chat.forget();
    chat.hear("b", "hello");
    expect(chat.hearers).toEqual([]);
  });

  test("frees the name in the same moment (H44)", () => {
    chat.carry([...chat.room.leave("b", chat.now), ...chat.room.enter("c")]);
    chat.hear("c", "bob");
    expect(chat.news("a")).toEqual(["bob left the chat", "bob joined the chat"]);
    expect(chat.room.nameOf("c")).toBe("bob");
  });

  test("does not free the name of another", () => {
    chat.enter("c");
    chat.hear("c", "bob");
    chat.leave("c");
    chat.join("d", "bob");
    expect(chat.room.nameOf("d")).toBeNull();
  });
});

describe("the end of the chat", () => {
  test("is told to all, also to who has no name, and once", () => {
    chat.join("a", "ann");
    chat.enter("b");
    chat.forget();
    chat.carry(chat.room.end());
    chat.carry(chat.room.end());
    for (const member of ["a", "b"]) {
      expect(chat.news(member)).toEqual(["The chat is ending. Goodbye."]);
    }
  });

  test("is the last that anybody hears", () => {
    chat.join("a", "ann");
    chat.join("b", "bob");
    chat.enter("c");
    chat.carry(chat.room.end());
    chat.forget();
    chat.hear("a", "hello");
    chat.hear("c", "carl");
    chat.leave("b");
    chat.admin("hello");
    expect(chat.hearers).toEqual([]);
    expect(chat.others).toEqual([]);
    chat.enter("d");
    expect(chat.news("d")).toEqual(["The chat is ending. Goodbye."]);
    expect(chat.disconnected).toEqual(["d"]);
  });
});

test("whatever happens, a member's acts are told to all others and never to itself", () => {
  const step = fc.record({
    member: fc.integer({ min: 0, max: 5 }),
    act: fc.constantFrom("enter", "name", "say", "leave"),
  });
  const now = { ms: 0, minuteOfDay: 0 };
  const acts = {
    enter: (room: Room<number>, member: number) => room.enter(member),
    name: (room: Room<number>, member: number) =>
      room.hear(member, { kind: "line", text: `m${member}` }, now),
    say: (room: Room<number>, member: number) =>
      room.hear(member, { kind: "line", text: "hi" }, now),
    leave: (room: Room<number>, member: number) => room.leave(member, now),
  };
  /** What the others are told, by what the member is and does. */
  const expected = {
    away: { enter: null, name: null, say: null, leave: null },
    nameless: { enter: null, name: "joined the chat", say: null, leave: null },
    joined: { enter: null, name: "says: m", say: "says: hi", leave: "left the chat" },
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const room = new Room<number>({ ...OPTIONS, where: String, address: () => null });
      const states = new Map<number, "nameless" | "joined">();
      for (const { member, act } of steps) {
        const state = states.get(member) ?? "away";
        // "say" would be a name; entering twice is a mistake.
        if ((act === "say" && state === "nameless") || (act === "enter" && state !== "away"))
          continue;
        const others = [...states].filter(([who, is]) => who !== member && is === "joined");
        const told = acts[act](room, member)
          .filter((action) => action.kind === "tell")
          .filter(({ text }) => text.startsWith(`m${member} `))
          .map(({ text, to, from }) => ({ text, to: to.filter((one) => one !== from) }));
        const news = expected[state][act];
        if (news === null) expect(told).toEqual([]);
        else {
          expect(told).toHaveLength(1);
          expect(told[0]!.text).toContain(news);
          expect([...told[0]!.to].sort()).toEqual(others.map(([who]) => who).sort());
        }
        if (act === "leave") states.delete(member);
        else if (act === "enter") states.set(member, "nameless");
        else if (act === "name" && state === "nameless") states.set(member, "joined");
      }
    }),
  );
});
