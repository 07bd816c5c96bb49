/** What the room says, in each language. */
import { describe, expect, test } from "vitest";

import { LOCALES, type Texts } from "../../examples/chat/texts.ts";
import { Audience } from "./chat-audience.ts";

const { en, zh } = LOCALES;

describe.each([
  ["en", en, ["张三 joined the chat", "张三 says: hello", "admin: hi", "张三 left the chat"]],
  ["zh", zh, ["张三 进入聊天室", "张三 说：hello", "管理员：hi", "张三 退出了聊天室"]],
])("in %s", (_, texts, wanted) => {
  test("somebody joins, speaks and leaves, and so does the administrator", () => {
    const chat = new Audience({ texts });
    chat.join("b", "bob");
    chat.news("b");
    chat.join("z", "张三");
    chat.hear("z", "hello");
    chat.admin("hi");
    chat.leave("z");
    expect(chat.news("b")).toEqual(wanted);
  });

  test("every text is one line that a terminal only shows", () => {
    for (const text of everything(texts)) {
      expect(text).not.toBe("");
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|undefined|NaN|\[object/u);
    }
  });
});

test("no text is left in the other language", () => {
  const placeholders =
    /NAME|TEXT|SECONDS|UTF-8|Ann Lee|[XY]|Ctrl\+[CD]|ulimit -n|--[\w-]+|\/\w+|\[N\]/g;
  for (const text of everything(zh)) {
    const words = text.replaceAll(placeholders, "");
    expect(words, text).not.toMatch(/[a-z]{2}/i);
  }
  for (const text of everything(en)) expect(text).not.toMatch(/\p{Script=Han}/u);
});

test("both languages have the same commands", () => {
  for (const table of ["memberCommands", "adminCommands"] as const) {
    const written = (texts: Texts) =>
      Object.entries(texts[table]).map(([key, [how]]) => [key, how]);
    expect(written(zh)).toEqual(written(en));
    for (const [command, how] of written(en)) expect(how).toMatch(new RegExp(`^/${command}\\b`));
  }
});

/** Every text, with X and Y for names, and numbers. */
function everything(texts: Texts): string[] {
  const arguments_: Partial<Record<keyof Texts, unknown[][]>> = {
    nameRefused: ["empty", "too-long", "unprintable", "beginning", "mark", "reserved", "mixed"].map(
      (problem) => [problem, 32],
    ),
    welcome: [
      ["X", [], 0],
      ["X", ["Y", "Y"], 2],
      ["X", ["Y"], 5],
    ],
    who: [
      [["X", "Y"], 2],
      [["X"], 5],
    ],
    ending: [[0], [5]],
    connections: [[{ connections: 1, backlog: 2, droppedFrames: 3 }]],
    goneSoFar: [[["X", "Y"]]],
    turnedAwaySoFar: [[["X", "Y"]]],
    loop: [
      [
        {
          ...{ turns: 1, dispatches: 2, bytesIn: 3, bytesOut: 4, bufferedBytes: 5 },
          ...{ slowHandlers: 6, handlerErrors: 7, refused: 8 },
        },
      ],
    ],
    explained: ["open", "waiting", "over"].flatMap((input) => [
      ["X", "Y", input, 0],
      ["X", "Y", input, 5],
    ]),
    person: [
      ["X", "Y", 0],
      ["X", "Y", 5],
    ],
    misused: [[["X", "Y"]]],
    disconnected: [
      ["X", "Y", "Y"],
      [null, "Y", "Y"],
    ],
    counts: [
      [
        {
          ...{ members: 1, nameless: 2, joins: 3, messages: 4, mutes: 5 },
          ...{ historyLines: 6, historyBytes: 7 },
        },
      ],
    ],
  };
  return Object.entries(texts).flatMap(([key, text]: [string, unknown]) => {
    if (typeof text === "string") return [text];
    if (typeof text === "object") {
      return Object.values(text as Record<string, string | string[]>).flat();
    }
    const render = text as (...values: unknown[]) => string;
    const lists = arguments_[key as keyof Texts] ?? [["X", "Y"]];
    return lists.map((list) => render(...list));
  });
}
