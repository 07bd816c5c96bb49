import { describe, expect, test } from "vitest";

import type { Entry } from "../../examples/files/file-store.ts";
import { Fields } from "../../examples/http/fields.ts";
import {
  COARSE_CLOCK_MS,
  FINE_CLOCK_MS,
  isSameState,
  isSettled,
  readTags,
  validatorsOf,
} from "../../examples/http/files/entity-tag.ts";
import { mayBeInParts } from "../../examples/http/files/preconditions.ts";
import { put } from "./files-stores.ts";
import { CHANGED, CHANGED_MS, EARLIER, LATER, stage, Stage } from "./http-files-stage.ts";

/** `TAG` stands for the tag of the file. */
const TABLE: readonly (readonly [
  rule: string,
  fields: Readonly<Record<string, string>>,
  status: number,
])[] = [
  ["no conditions", {}, 200],

  ["13.1.1 If-Match: the tag", { "If-Match": "TAG" }, 200],
  ["13.1.1 If-Match: one of a list", { "If-Match": '"a", "b,c", TAG' }, 200],
  ["13.1.1 If-Match: any", { "If-Match": "*" }, 200],
  ["13.1.1 If-Match: none of a list", { "If-Match": '"a", "b"' }, 412],
  ["13.1.1 If-Match: compared strongly", { "If-Match": "W/TAG" }, 412],
  ["13.1.1 If-Match: what is no list names nothing", { "If-Match": "TAG x" }, 412],

  ["13.1.2 If-None-Match: the tag", { "If-None-Match": "TAG" }, 304],
  ["13.1.2 If-None-Match: compared weakly", { "If-None-Match": "W/TAG" }, 304],
  ["13.1.2 If-None-Match: one of a list", { "If-None-Match": 'W/"a" ,, W/TAG' }, 304],
  ["13.1.2 If-None-Match: any", { "If-None-Match": "*" }, 304],
  ["13.1.2 If-None-Match: none of a list", { "If-None-Match": '"a"' }, 200],
  ["13.1.2 If-None-Match: what is no list names nothing", { "If-None-Match": "TAG;" }, 200],

  ["13.1.3 If-Modified-Since: the date", { "If-Modified-Since": CHANGED }, 304],
  ["13.1.3 If-Modified-Since: later", { "If-Modified-Since": LATER }, 304],
  ["13.1.3 If-Modified-Since: earlier", { "If-Modified-Since": EARLIER }, 200],
  ["5.6.7 the form of RFC 850", { "If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT" }, 304],
  ["5.6.7 the form of asctime", { "If-Modified-Since": "Sun Nov  6 08:49:37 1994" }, 304],
  ["13.1.3 If-Modified-Since: no date is ignored", { "If-Modified-Since": "today" }, 200],

  ["13.1.4 If-Unmodified-Since: the date", { "If-Unmodified-Since": CHANGED }, 200],
  ["13.1.4 If-Unmodified-Since: later", { "If-Unmodified-Since": LATER }, 200],
  ["13.1.4 If-Unmodified-Since: earlier", { "If-Unmodified-Since": EARLIER }, 412],
  ["13.1.4 If-Unmodified-Since: no date is ignored", { "If-Unmodified-Since": "0" }, 200],

  [
    "13.2.2 step 1 before 2: a date is ignored beside If-Match",
    { "If-Match": "TAG", "If-Unmodified-Since": EARLIER },
    200,
  ],
  ["13.2.2 step 1 before 3", { "If-Match": '"a"', "If-None-Match": "TAG" }, 412],
  ["13.2.2 step 1, then 3", { "If-Match": "TAG", "If-None-Match": "TAG" }, 304],
  ["13.2.2 step 2 before 3", { "If-Unmodified-Since": EARLIER, "If-None-Match": "TAG" }, 412],
  [
    "13.2.2 step 3 before 4: a date is ignored beside If-None-Match",
    { "If-None-Match": '"a"', "If-Modified-Since": LATER },
    200,
  ],
  ["13.2.2 step 2, then 4", { "If-Unmodified-Since": LATER, "If-Modified-Since": LATER }, 304],
  ["13.2.2 step 3 before 5", { "If-None-Match": "TAG", Range: "bytes=0-1" }, 304],
  ["13.2.2 step 1, then 5", { "If-Match": "TAG", Range: "bytes=0-1" }, 206],

  ["13.1.5 If-Range: the tag", { "If-Range": "TAG", Range: "bytes=0-1" }, 206],
  ["13.1.5 If-Range: another tag", { "If-Range": '"a"', Range: "bytes=0-1" }, 200],
  ["13.1.5 If-Range: compared strongly", { "If-Range": "W/TAG", Range: "bytes=0-1" }, 200],
  ["13.1.5 If-Range: the date", { "If-Range": CHANGED, Range: "bytes=0-1" }, 206],
  ["13.1.5 If-Range: not the very date", { "If-Range": LATER, Range: "bytes=0-1" }, 200],
  ["13.1.5 If-Range: what cannot be read", { "If-Range": "x", Range: "bytes=0-1" }, 200],
  ["13.1.5 If-Range: ignored without Range", { "If-Range": '"a"' }, 200],
  [
    "13.1.5 If-Range: of a range that cannot be met",
    { "If-Range": '"a"', Range: "bytes=99-" },
    200,
  ],
];

const TIMES = { modifiedMs: 0, changedMs: 0 };
const FILE = { name: "a", kind: "file" as const, size: 1, ...TIMES, unique: "1" };

async function answerTo(method: string, fields: Readonly<Record<string, string>>) {
  const on = await stage({ "/a.txt": "hello" });
  const tag = (await on.get("/a.txt")).fields.etag!;
  const written = Object.entries(fields).map(([name, value]) => [name, value.replace("TAG", tag)]);
  return on.ask(method, "/a.txt", {
    fields: Object.fromEntries(written) as Record<string, string>,
  });
}

describe("RFC 9110, conditions of GET", () => {
  test.each(TABLE)("%s: %o gives %i", async (_, fields, status) => {
    const { status: answered, body, fields: told } = await answerTo("GET", fields);
    expect(answered).toBe(status);
    if (status === 200) expect(body).toBe("hello");
    if (status === 206) expect(body).toBe("he");
    if (status === 304) {
      expect(body).toBe("");
      expect(told.etag).toBeDefined();
      expect(told["content-type"]).toBeUndefined();
    }
  });
});

describe("RFC 9110, section 9.3.2: the head of HEAD is that of GET", () => {
  // Section 14.2: ranges are for GET alone.
  const same = TABLE.filter(([, fields]) => fields.Range === undefined);
  test.each(same)("%s: %o", async (_, fields) => {
    const [got, head] = [await answerTo("GET", fields), await answerTo("HEAD", fields)];
    expect(head).toEqual({ ...got, body: "" });
  });

  test("section 14.2: it has no ranges", async () => {
    const { status, fields } = await answerTo("HEAD", { Range: "bytes=0-1" });
    expect([status, fields["content-length"]]).toEqual([200, "5"]);
  });
});

test("RFC 9110, section 13.2.1: conditions are ignored where the answer is no success anyway", async () => {
  const on = await stage({});
  expect((await on.get("/none", { "If-Match": '"a"' })).status).toBe(404);
  expect((await on.get("/none", { "If-None-Match": "*" })).status).toBe(404);
});

describe("RFC 9110, section 8.8.3: lists of tags", () => {
  test.each([
    ["*", "*"],
    [" * ", "*"],
    ['"a"', ['"a"']],
    ['""', ['""']],
    ['W/"a","b,c" , "d"', ['W/"a"', '"b,c"', '"d"']],
    [', "a",,', ['"a"']],
    ['"a" "b"', null],
    ["a", null],
    ['w/"a"', null],
    ['"a', null],
    ['"a"b"', null],
    ["", null],
    [",", null],
    ['*, "a"', null],
  ])("%s", (list, tags) => {
    expect(readTags(list)).toEqual(tags);
  });

  test("a long one that fails at its end is read in linear time", () => {
    expect(readTags(`${'"a" , '.repeat(20_000)}x`)).toBeNull();
    expect(readTags(" ".repeat(100_000) + "x")).toBeNull();
  });
});

describe("RFC 9110, section 8.8: validators are honest", () => {
  test("a file that was changed just now has none, and is sent whole", async () => {
    const on = new Stage();
    await put(on.store, "/a.txt", "one");
    on.wallMs += FINE_CLOCK_MS;
    const fresh = await on.get("/a.txt", { "If-Modified-Since": LATER, Range: "bytes=0-1" });
    expect(fresh).toMatchObject({ status: 206, body: "on" });
    expect(fresh.fields.etag).toBeUndefined();
    expect(fresh.fields["last-modified"]).toBeUndefined();
    expect((await on.get("/a.txt", { "If-Modified-Since": LATER })).status).toBe(200);
    const partly = { "If-Range": CHANGED, Range: "bytes=0-1" };
    expect((await on.get("/a.txt", partly)).status).toBe(200);
    on.wallMs += 1;
    const settled = await on.get("/a.txt");
    expect(settled.fields).toMatchObject({
      etag: expect.stringMatching(/^"/) as string,
      "last-modified": CHANGED,
    });
  });

  test("so two contents of one moment are never taken for the same", async () => {
    const on = new Stage();
    await put(on.store, "/a.txt", "one");
    const first = await on.get("/a.txt");
    await put(on.store, "/a.txt", "two");
    const second = await on.get("/a.txt");
    expect([first.body, second.body]).toEqual(["one", "two"]);
    expect(first.fields.etag).toBeUndefined();
  });

  test("8.8.2.2 and 13.1.5: the date is no help before its second is over", () => {
    const fields = Fields.of([["If-Range", CHANGED]]);
    const at = (nowMs: number, tag: string | null = '"a"') =>
      mayBeInParts(fields, { tag, modifiedMs: CHANGED_MS, isDated: true }, nowMs);
    expect([at(CHANGED_MS + 499), at(CHANGED_MS + 500)]).toEqual([false, true]);
    expect(at(CHANGED_MS + 500, null)).toBe(false);
  });

  test("13.1.5: and it is one afterwards, also for a file that is kept since then", async () => {
    const on = new Stage();
    await put(on.store, "/a.txt", "hello");
    await on.store.setModified("/a.txt", CHANGED_MS);
    on.wallMs = CHANGED_MS + FINE_CLOCK_MS + 1;
    const partly = { "If-Range": CHANGED, Range: "bytes=0-1" };
    expect((await on.get("/a.txt")).fields.etag).toBeDefined();
    expect((await on.get("/a.txt", partly)).status).toBe(200);
    on.wallMs += 1000;
    expect((await on.get("/a.txt", partly)).status).toBe(206);
  });

  test("one whose time was put back has no tag until any change shows, but a date", () => {
    const at = (lookedAtMs: number, times: Partial<Entry>) =>
      validatorsOf({ ...FILE, ...times }, lookedAtMs);
    const putBack = { modifiedMs: 1001, changedMs: 9001 };
    expect(at(9001 + FINE_CLOCK_MS, putBack)).toMatchObject({ tag: null, isDated: true });
    expect(at(9002 + FINE_CLOCK_MS, putBack)).toMatchObject({
      tag: expect.any(String) as string,
      isDated: true,
    });
    expect(at(9002, { modifiedMs: 10_001, changedMs: 1 })).toMatchObject({
      tag: null,
      isDated: false,
    });
  });

  test("8.8.3.3: a coding has a tag of its own, also of the same file", () => {
    const tags = ["", "br", "gzip"].map((coding) => validatorsOf(FILE, 5000, coding).tag);
    expect(new Set(tags).size).toBe(3);
  });

  test("a file is in the same state only if nothing that can be seen has changed", () => {
    expect(isSameState(FILE, { ...FILE })).toBe(true);
    for (const change of [{ size: 2 }, { modifiedMs: 1 }, { changedMs: 1 }, { unique: "2" }]) {
      expect(isSameState(FILE, { ...FILE, ...change })).toBe(false);
    }
  });

  test("a disk whose times have no milliseconds is given longer, one in the future for ever", () => {
    expect(isSettled(1000, 1000 + COARSE_CLOCK_MS)).toBe(false);
    expect(isSettled(1000, 1001 + COARSE_CLOCK_MS)).toBe(true);
    expect(isSettled(1001, 1001 + FINE_CLOCK_MS)).toBe(false);
    expect(isSettled(1001, 1002 + FINE_CLOCK_MS)).toBe(true);
    expect(isSettled(9999, 5000)).toBe(false);
  });

  test("another time, another size, another file: another tag", async () => {
    const on = await stage({ "/a": "one", "/b": "one" });
    const tags = new Set<string | undefined>();
    const see = async (target: string) => tags.add((await on.get(target)).fields.etag);
    await see("/a");
    await see("/a");
    expect(tags.size).toBe(1);
    await see("/b");
    await on.store.setModified("/a", CHANGED_MS + 1);
    on.wallMs += 60_000;
    await see("/a");
    await put(on.store, "/a", "longer");
    await on.store.setModified("/a", CHANGED_MS + 1);
    on.wallMs += 60_000;
    await see("/a");
    expect(tags.size).toBe(4);
  });
});
