/** The room: who is told what, in which order. Members are plain strings here. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { checkName, MAX_NAME_LENGTH } from "../../examples/chat/name.ts";
import { MAX_TEXT_BYTES, Room, type Delivery } from "../../examples/chat/room.ts";
import { ENGLISH } from "../../examples/chat/texts.ts";

let room: Room<string>;
/** What each member was told so far. */
let told: Map<string, string[]>;

beforeEach(() => {
  room = new Room(ENGLISH);
  told = new Map();
});

function carry(deliveries: readonly Delivery<string>[]): void {
  for (const { to, text } of deliveries) {
    for (const member of to) told.set(member, [...(told.get(member) ?? []), text]);
  }
}

/** What `member` was told since it was last asked. */
function news(member: string): string[] {
  const texts = told.get(member) ?? [];
  told.set(member, []);
  return texts;
}

function hear(member: string, text: string): void {
  carry(room.hear(member, { kind: "line", text }));
}

function join(member: string, name: string): void {
  carry(room.enter(member));
  hear(member, name);
}

describe("joining", () => {
  test("asks for a name, and tells the others", () => {
    carry(room.enter("a"));
    expect(news("a")).toEqual(["What is your name?"]);
    hear("a", "张三");
    expect(news("a")).toEqual(["Hello 张三. Nobody else is here yet."]);
    join("b", "bob");
    expect(news("b")).toEqual(["What is your name?", "Hello bob. Also here: 张三."]);
    expect(news("a")).toEqual(["bob joined the chat"]);
    expect(room.nameOf("a")).toBe("张三");
  });

  test("refuses an empty name and asks again", () => {
    carry(room.enter("a"));
    news("a");
    hear("a", "  \u3000 ");
    expect(news("a")).toEqual(["A name cannot be empty. What is your name?"]);
    hear("a", "ann");
    expect(news("a")).toEqual(["Hello ann. Nobody else is here yet."]);
  });

  test("refuses a name that is taken, also in another spelling, and asks again", () => {
    join("a", "Bób");
    carry(room.enter("b"));
    for (const same of ["Bób", " bÓB ", "Bo\u0301b", "Ｂób"]) {
      news("b");
      hear("b", same);
      expect(news("b")[0], same).toMatch(/^The name .* is taken\. What is your name\?$/);
    }
    hear("b", "Bob");
    expect(room.nameOf("b")).toBe("Bob");
  });

  test("tells who has no name yet nothing of the others", () => {
    carry(room.enter("a"));
    join("b", "bob");
    hear("b", "hello");
    carry(room.leave("b"));
    expect(news("a")).toEqual(["What is your name?"]);
  });

  test("twice is a mistake of the caller", () => {
    join("a", "ann");
    expect(() => room.enter("a")).toThrow("already");
  });

  test("names the first ten who are here and counts the rest", () => {
    for (let i = 0; i < 13; i++) join(`m${i}`, `name ${i}`);
    const welcome = news("m12").at(-1)!;
    expect(welcome).toContain("name 0, name 1");
    expect(welcome).toContain("name 9 and 2 more.");
  });
});

describe("a name", () => {
  test.each([
    ["张三", "张三"],
    ["  Ann\u00a0\u3000 Lee\t", "Ann Lee"],
    ["Zoe\u0308", "Zoë"],
    ["مريم", "مريم"],
    ["O'Neil-2", "O'Neil-2"],
    ["🦊", "🦊"],
    ["n".repeat(MAX_NAME_LENGTH), "n".repeat(MAX_NAME_LENGTH)],
    ["🦊".repeat(MAX_NAME_LENGTH), "🦊".repeat(MAX_NAME_LENGTH)],
  ])("may be %j", (text, name) => {
    expect(checkName(text)).toEqual({ name, problem: null });
  });

  test.each([
    ["", "empty"],
    [" \t ", "empty"],
    ["n".repeat(MAX_NAME_LENGTH + 1), "too-long"],
    ["🦊".repeat(5000), "too-long"],
    ["a\u200bb", "unprintable"],
    ["a\u202eb", "unprintable"],
    ["a\u2066b", "unprintable"],
    ["a\u200d", "unprintable"],
    ["a\x1b[31m", "unprintable"],
    ["\u3164", "unprintable"],
    ["\u2800", "unprintable"],
    ["\u0301a", "unprintable"],
    ["\ue000", "unprintable"],
    ["bob says: hi", "colon"],
    ["bob：", "colon"],
  ])("may not be %j: %s", (text, problem) => {
    expect(checkName(text)).toEqual({ name: null, problem });
  });
});

describe("talking", () => {
  beforeEach(() => {
    join("a", "ann");
    join("b", "bob");
    join("c", "张三");
    told.clear();
  });

  test("tells all others, never the speaker", () => {
    hear("c", "hello");
    expect(news("a")).toEqual(["张三 says: hello"]);
    expect(news("b")).toEqual(["张三 says: hello"]);
    expect(news("c")).toEqual([]);
  });

  test("ignores empty lines", () => {
    for (const empty of ["", "   ", "\t"]) hear("a", empty);
    expect([...told.keys()]).toEqual([]);
  });

  test("tells only the speaker that its line was refused", () => {
    carry(room.hear("a", { kind: "refused", reason: "too-long", maxBytes: 4096 }));
    carry(room.hear("a", { kind: "refused", reason: "not-utf8" }));
    expect(news("a")).toEqual([
      "That line was refused: it is longer than 4096 bytes.",
      "That line was refused: it is not UTF-8.",
    ]);
    expect([...told.keys()]).toEqual(["a"]);
  });

  test("asks again for a name if the line with it was refused", () => {
    carry(room.enter("d"));
    news("d");
    carry(room.hear("d", { kind: "refused", reason: "not-utf8" }));
    expect(news("d")).toEqual(["That line was refused: it is not UTF-8. What is your name?"]);
  });

  test("makes of a line one that is longer by at most what a backlog must have", () => {
    const longest = "\u{20000}".repeat(MAX_NAME_LENGTH);
    expect(Buffer.byteLength(`${ENGLISH.says(longest, "")}\n`)).toBeLessThan(MAX_TEXT_BYTES);
    const welcome = ENGLISH.welcome(longest, Array<string>(10).fill(longest), 1e9);
    expect(Buffer.byteLength(`${welcome}\n`)).toBeLessThan(MAX_TEXT_BYTES);
  });
});

describe("leaving", () => {
  beforeEach(() => {
    join("a", "ann");
    join("b", "bob");
    told.clear();
  });

  test("is told to the others once", () => {
    carry(room.leave("b"));
    carry(room.leave("b"));
    expect(news("a")).toEqual(["bob left the chat"]);
    expect(news("b")).toEqual([]);
  });

  test("is told only of who had joined", () => {
    carry(room.enter("c"));
    hear("c", "ann");
    carry(room.leave("c"));
    carry(room.leave("never came"));
    expect(news("a")).toEqual([]);
  });

  test("makes what still comes from the member nothing", () => {
    carry(room.leave("b"));
    told.clear();
    hear("b", "hello");
    expect([...told.keys()]).toEqual([]);
  });

  test("frees the name in the same moment (H44)", () => {
    carry([...room.leave("b"), ...room.enter("c")]);
    hear("c", "bob");
    expect(news("a")).toEqual(["bob left the chat", "bob joined the chat"]);
    expect(room.nameOf("c")).toBe("bob");
  });

  test("does not free the name of another", () => {
    carry(room.enter("c"));
    hear("c", "bob");
    carry(room.leave("c"));
    join("d", "bob");
    expect(room.nameOf("d")).toBeNull();
  });

  test("comes to all at the end of the chat, also to who has no name", () => {
    carry(room.enter("c"));
    news("c");
    carry(room.end());
    for (const member of ["a", "b", "c"]) expect(news(member)).toEqual([ENGLISH.ending]);
  });
});

test("whatever happens, a member's acts are told to all others and never to itself", () => {
  const step = fc.record({
    member: fc.integer({ min: 0, max: 5 }),
    act: fc.constantFrom("enter", "name", "say", "leave"),
  });
  const acts = {
    enter: (anew: Room<number>, member: number) => anew.enter(member),
    name: (anew: Room<number>, member: number) =>
      anew.hear(member, { kind: "line", text: `m${member}` }),
    say: (anew: Room<number>, member: number) => anew.hear(member, { kind: "line", text: "hi" }),
    leave: (anew: Room<number>, member: number) => anew.leave(member),
  };
  /** What the others are told, by what the member is and does. */
  const expected = {
    away: { enter: null, name: null, say: null, leave: null },
    nameless: { enter: null, name: "joined the chat", say: null, leave: null },
    joined: { enter: null, name: "says: m", say: "says: hi", leave: "left the chat" },
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const anew = new Room<number>(ENGLISH);
      const states = new Map<number, "nameless" | "joined">();
      for (const { member, act } of steps) {
        const state = states.get(member) ?? "away";
        // "say" would be a name; entering twice is a mistake.
        if ((act === "say" && state === "nameless") || (act === "enter" && state !== "away"))
          continue;
        const others = [...states].filter(([who, is]) => who !== member && is === "joined");
        const told = acts[act](anew, member).filter(({ text }) => text.startsWith(`m${member} `));
        const news = expected[state][act];
        if (news === null || others.length === 0) expect(told).toEqual([]);
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
