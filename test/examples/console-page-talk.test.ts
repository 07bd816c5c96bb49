/** The parts of the page's chat and files that need no browser. */
import { describe, expect, test } from "vitest";

import {
  MAX_SHOWN_LINES,
  pastLine,
  ShownLines,
} from "../../examples/console/page/chat/shown-lines.ts";
import { nextRow } from "../../examples/console/page/files/next-row.ts";
import {
  encoded,
  filePath,
  folderOf,
  folderPath,
} from "../../examples/console/page/files/paths.ts";
import { shownName } from "../../examples/console/page/format/names.ts";

describe("the lines on the screen", () => {
  const line = (text: string) => ({ text, own: false, wallMs: 0 });
  const texts = (shown: ShownLines) =>
    shown.lines.map((one) => (one.kind === "line" ? one.text : one.lines));

  test("are shown once, whatever comes again", () => {
    const shown = new ShownLines();
    for (const id of [1, 2, 1, 2, 3]) shown.addLine(id, line(`${id}`));
    expect(texts(shown)).toEqual(["1", "2", "3"]);
  });

  test("have a gap where some are missing, without those that came before", () => {
    const shown = new ShownLines();
    shown.addLine(1, line("1"));
    shown.addGap(5, { lines: 4 });
    shown.addLine(6, line("6"));
    shown.addGap(5, { lines: 5 });
    shown.addGap(8, { lines: 8 });
    expect(texts(shown)).toEqual(["1", 4, "6", 2]);
  });

  test(`are ${MAX_SHOWN_LINES} at most, the last ones`, () => {
    const shown = new ShownLines();
    for (let id = 1; id <= MAX_SHOWN_LINES + 5; id++) shown.addLine(id, line(`${id}`));
    expect(shown.lines).toHaveLength(MAX_SHOWN_LINES);
    expect(texts(shown)[0]).toBe("6");
    shown.clear();
    shown.addLine(1, line("again"));
    expect(texts(shown)).toEqual(["again"]);
  });
});

describe("a line of the history", () => {
  test("has its own time, and is what was said then", () => {
    expect(pastLine("[14:05] Ann says: [14:06] hi")).toEqual({
      time: "14:05",
      said: "Ann says: [14:06] hi",
    });
    expect(pastLine("Ann says: hi")).toEqual({ time: "", said: "Ann says: hi" });
  });
});

describe("the row to go to when one is removed", () => {
  test.each([
    ["the next one", ["a", "b", "c"], "b", ["a", "c"], "c"],
    ["the one before, from the last", ["a", "b", "c"], "c", ["a", "b"], "b"],
    ["the first behind it that is there still", ["a", "b", "c", "d"], "b", ["a", "d"], "d"],
    ["the last before it, if none behind it is", ["a", "b", "c", "d"], "c", ["a", "x"], "a"],
    ["the first, if all others are new", ["a"], "a", ["x", "y"], "x"],
    ["none, if nothing is left", ["a"], "a", [], null],
  ])("is %s", (_, before, removed, after, next) => {
    expect(nextRow(before, removed, after)).toBe(next);
  });
});

describe("names and paths", () => {
  test("what cannot be seen in a name is written out, and nothing else", () => {
    expect(shownName("a\u202egpj.exe")).toBe("a‹U+202E›gpj.exe");
    expect(shownName("\u200bx\ufeff\u2066")).toBe("‹U+200B›x‹U+FEFF›‹U+2066›");
    expect(shownName("ü 張 <b> 👍 \"'")).toBe("ü 張 <b> 👍 \"'");
  });

  test("a name is one part of a path, whatever is in it", () => {
    const names = ["a b", "#?&%", "%2F", "ü"];
    expect(folderOf(encoded(names))).toEqual(names);
    expect(folderPath("/api/files", [])).toBe("/api/files/");
    expect(folderPath("/api/files", ["a/b"])).toBe("/api/files/a%2Fb/");
    expect(filePath(["x"], "..%2F#")).toBe("/files/x/..%252F%23");
    expect(folderOf("a//b/")).toEqual(["a", "b"]);
    expect(folderOf("%ff")).toEqual([]);
  });
});
