/** What the page says: nothing of it is missing in one language. */
import { expect, it } from "vitest";

import { ENGLISH } from "../../examples/console/page/texts/en.ts";
import { CHINESE } from "../../examples/console/page/texts/zh.ts";

/** Every text by its path; of those with figures in them, what they say of some. */
function textsOf(table: object, at = ""): [path: string, text: string][] {
  return Object.entries(table).flatMap(([name, value]: [string, unknown]) => {
    const path = `${at}/${name}`;
    if (typeof value === "string") return [[path, value]];
    if (typeof value !== "function") return textsOf(value as object, path);
    return [[path, (value as (...given: unknown[]) => string)(7, 7, 7)]];
  });
}

/** What is the same in both: names of things and of keys. */
const SHARED = [
  "/descriptors/noQueue",
  "/descriptors/columns/fd",
  "/descriptors/details/closeHint",
];

it("has the same texts in both languages, and all of them are in Chinese", () => {
  const [english, chinese] = [textsOf(ENGLISH), textsOf(CHINESE)];
  expect(chinese.map(([path]) => path)).toEqual(english.map(([path]) => path));
  expect(english.length).toBeGreaterThan(150);
  const foreign = chinese.filter(([, text]) => !/\p{Script=Han}/u.test(text));
  expect(foreign.map(([path]) => path).sort()).toEqual([...SHARED, "/loop/fd"].sort());
  expect(english.filter(([, text]) => /\p{Script=Han}/u.test(text))).toEqual([]);
});
