import { describe, expect, test } from "vitest";

import { WHOLE_BYTES } from "../../examples/http/files/kept-files.ts";
import { MAX_RANGES, wantedOf } from "../../examples/http/files/ranges.ts";
import { stage } from "./http-files-stage.ts";

const TEN = "0123456789";

/** Of ten bytes: the parts, or what is sent instead. */
const TABLE: readonly (readonly [rule: string, range: string, parts: string])[] = [
  ["14.1.2 the first byte", "bytes=0-0", "0-0"],
  ["14.1.2 some", "bytes=2-5", "2-5"],
  ["14.1.2 the last byte", "bytes=9-9", "9-9"],
  ["14.1.2 to the end", "bytes=4-", "4-9"],
  ["14.1.2 beyond the end is cut", "bytes=4-99", "4-9"],
  ["14.1.2 a suffix", "bytes=-3", "7-9"],
  ["14.1.2 a suffix of all", "bytes=-10", "0-9"],
  ["14.1.2 a longer suffix is all", "bytes=-11", "0-9"],
  ["14.1.2 numbers beyond every size", `bytes=3-${"9".repeat(400)}`, "3-9"],
  ["14.1.2 a suffix beyond every size", `bytes=-${"9".repeat(400)}`, "0-9"],
  ["14.1 units have no case", "Bytes=0-1", "0-1"],
  ["14.1.1 white space in a list", "bytes= 0-1 ,\t3-4", "0-1 3-4"],

  ["15.5.17 behind the end", "bytes=10-", "unsatisfiable"],
  ["15.5.17 a suffix of nothing", "bytes=-0", "unsatisfiable"],
  ["15.5.17 none of a list can be met", "bytes=10-,99-100", "unsatisfiable"],
  ["14.1.2 some of a list can be met", "bytes=10-,2-3", "2-3"],

  ["14.2 two parts", "bytes=0-1,8-9", "0-1 8-9"],
  ["15.3.7.2 in the order that was asked for", "bytes=8-9,0-1", "8-9 0-1"],
  ["14.2 and 17.15 overlapping ones are one", "bytes=0-5,3-7", "0-7"],
  ["14.2 adjacent ones are one", "bytes=0-4,5-9", "0-9"],
  ["17.15 the same many times", `bytes=${Array(MAX_RANGES).fill("0-").join(",")}`, "0-9"],
  [
    "17.15 too many",
    `bytes=${Array(MAX_RANGES + 1)
      .fill("0-")
      .join(",")}`,
    "whole",
  ],
  ["17.15 too many small ones", `bytes=${Array(5000).fill("0-0").join(",")}`, "whole"],

  ["14.2 another unit is ignored", "lines=0-1", "whole"],
  ["14.2 no unit", "0-1", "whole"],
  ["14.1.1 nothing", "bytes=", "whole"],
  ["14.1.1 a hyphen alone", "bytes=-", "whole"],
  ["14.1.1 no hyphen", "bytes=1", "whole"],
  ["14.1.1 what is no number", "bytes=a-b", "whole"],
  ["14.1.1 a sign", "bytes=+1-2", "whole"],
  ["14.1.1 a fraction", "bytes=1.5-2", "whole"],
  ["14.1.1 hexadecimal", "bytes=0x1-0x2", "whole"],
  ["14.1.1 white space in a number", "bytes=1 -2", "whole"],
  ["14.1.1 digits of elsewhere", "bytes=\u0661-", "whole"],
  ["14.1.1 one of a list cannot be read", "bytes=0-1,x", "whole"],
  ["5.3 two fields", "bytes=0-1, bytes=3-4", "whole"],
];

describe("RFC 9110, section 14: ranges", () => {
  test.each(TABLE)("%s", (_, range, parts) => {
    const wanted = wantedOf(range, TEN.length);
    const said =
      typeof wanted === "string" ? wanted : wanted.map((one) => `${one.start}-${one.end}`);
    expect([said].flat().join(" ")).toBe(parts);
  });

  test("14.1.2 of a file without bytes", () => {
    expect(wantedOf("bytes=0-", 0)).toBe("unsatisfiable");
    expect(wantedOf("bytes=-5", 0)).toBe("whole");
    expect(wantedOf("bytes=0-,-5", 0)).toBe("whole");
  });

  test.each(["0-", ",", "-0", " ", "99999999999999999999-"])("17.15 a long list of %j", (part) => {
    expect(wantedOf(`bytes=${part.repeat(50_000)}x`, 10)).toBe("whole");
  });
});

// What is kept in memory, and what is read piece by piece: the answers are the same.
const LARGE = TEN.repeat(WHOLE_BYTES / 10 + 1);

describe.each([
  ["small", TEN],
  ["large", LARGE],
])("answers with parts of a %s file", (_, text) => {
  const size = text.length;
  const ask = async (range: string) =>
    (await stage({ "/a.txt": text })).get("/a.txt", { Range: range });

  test("RFC 9110, section 15.3.7.1: one part", async () => {
    const { status, fields, body } = await ask("bytes=2-5");
    expect([status, body]).toEqual([206, "2345"]);
    expect(fields).toMatchObject({
      "content-range": `bytes 2-5/${size}`,
      "content-length": "4",
      "content-type": "text/plain; charset=utf-8",
    });
    expect(fields.etag).toBeDefined();
  });

  test("RFC 9110, section 15.3.7.1: overlapping parts are one, and no multipart", async () => {
    const { fields, body } = await ask(`bytes=0-3,2-5`);
    expect([fields["content-range"], body]).toEqual([`bytes 0-5/${size}`, "012345"]);
  });

  test("RFC 9110, sections 14.6 and 15.3.7.2: several parts", async () => {
    const { status, fields, body } = await ask(`bytes=-2,1-3,5-5`);
    const [, boundary] = /^multipart\/byteranges; boundary=(\w+)$/.exec(fields["content-type"]!)!;
    const end = text.slice(-2);
    const part = (range: string, bytes: string) =>
      `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Range: bytes ${range}/${size}\r\n\r\n${bytes}\r\n`;
    expect(body).toBe(
      `${part(`${size - 2}-${size - 1}`, end)}${part("1-3", "123")}${part("5-5", "5")}--${boundary}--\r\n`,
    );
    expect([status, fields["content-length"]]).toEqual([206, `${body.length}`]);
    expect(fields["content-range"]).toBeUndefined();
  });

  test("RFC 9110, section 15.5.17: nothing of it is there", async () => {
    const { status, fields } = await ask(`bytes=${size}-`);
    expect([status, fields["content-range"]]).toEqual([416, `bytes */${size}`]);
  });

  test("a boundary is no one's to guess", async () => {
    const types = await Promise.all([1, 2].map(() => ask("bytes=0-0,2-2")));
    expect(new Set(types.map(({ fields }) => fields["content-type"])).size).toBe(2);
  });

  test("RFC 9110, section 14.3: it says that it has ranges", async () => {
    const { fields, body } = await ask("lines=1");
    expect(fields["accept-ranges"]).toBe("bytes");
    expect(body).toBe(text);
  });
});
