import { describe, expect, test } from "vitest";

import { CHANGED_MS, stage } from "./http-files-stage.ts";

const FILES = {
  "/a.js": "plain",
  "/a.js.br": "BR",
  "/a.js.gz": "GZ",
  "/b.js": "plain",
  "/b.js.gz": "GZ",
  "/c.js": "plain",
  "/index.html": "page",
  "/index.html.gz": "GZPAGE",
};

const TABLE: readonly (readonly [
  rule: string,
  target: string,
  accept: string | null,
  body: string,
  coding?: string,
])[] = [
  ["12.5.3 no field: the file as it is", "/a.js", null, "plain"],
  ["12.5.3 an empty field: the file as it is", "/a.js", "", "plain"],
  ["12.5.3 gzip", "/a.js", "gzip", "GZ", "gzip"],
  ["12.5.3 codings have no case", "/a.js", "GZip", "GZ", "gzip"],
  ["12.5.3 of two that are liked alike the smaller", "/a.js", "gzip, deflate, br", "BR", "br"],
  ["12.5.3 the one that is liked more", "/a.js", "br;q=0.5, gzip;q=0.8", "GZ", "gzip"],
  ["12.5.3 identity that is liked more", "/a.js", "br;q=0.5, identity", "plain"],
  ["12.5.3 any", "/a.js", "*", "BR", "br"],
  ["12.5.3 any but one", "/a.js", "*, br;q=0", "GZ", "gzip"],
  ["12.5.3 refused", "/a.js", "br;q=0, gzip;q=0", "plain"],
  ["12.5.3 only those that are there", "/b.js", "br, gzip", "GZ", "gzip"],
  ["12.5.3 none is there", "/c.js", "br, gzip", "plain"],
  ["12.5.3 unknown ones", "/a.js", "zstd, compress", "plain"],
  ["12.5.3 not identity, and one is there", "/b.js", "identity;q=0, gzip", "GZ", "gzip"],
  ["12.5.3 of an index", "/", "gzip", "GZPAGE", "gzip"],
  ["what cannot be read", "/a.js", ";;;q=, ,=", "plain"],
];

const accepting = (accept: string | null): Record<string, string> =>
  accept === null ? {} : { "Accept-Encoding": accept };

describe("RFC 9110: compressed copies of files", () => {
  const named = TABLE.map((row) => [row[0], row] as const);
  test.each(named)("%s", async (_, [, target, accept, body, coding]) => {
    const on = await stage(FILES, { precompressed: true });
    for (const method of ["GET", "HEAD"]) {
      const answer = await on.ask(method, target, { fields: accepting(accept) });
      expect(answer.status).toBe(200);
      expect(answer.fields["content-encoding"]).toBe(coding);
      expect(answer.fields["content-length"]).toBe(`${body.length}`);
      expect(answer.fields["content-type"]).toMatch(/^text\//);
      // Section 12.5.5: whatever the field was.
      expect(answer.fields.vary).toBe("Accept-Encoding");
      expect(answer.body).toBe(method === "GET" ? body : "");
    }
  });

  test("12.5.3 and 15.5.7: neither identity nor anything that is there", async () => {
    const on = await stage(FILES, { precompressed: true });
    for (const accept of ["identity;q=0", "*;q=0", "identity;q=0, zstd"]) {
      const { status, fields } = await on.get("/a.js", accepting(accept));
      expect([accept, status, fields.vary]).toEqual([accept, 406, "Accept-Encoding"]);
    }
    expect((await on.get("/c.js", accepting("gzip, identity;q=0"))).status).toBe(406);
  });

  test("8.8.3.3: each has a tag of its own, which conditions and ranges are held against", async () => {
    const on = await stage(FILES, { precompressed: true });
    const tags = ["br", "gzip", "identity"].map(async (accept) => {
      return (await on.get("/a.js", accepting(accept))).fields.etag;
    });
    const [br, gzip, identity] = await Promise.all(tags);
    expect(new Set([br, gzip, identity, undefined]).size).toBe(4);
    const ask = async (accept: string, tag: string) =>
      (await on.get("/a.js", { ...accepting(accept), "If-None-Match": tag })).status;
    expect(await ask("br", br!)).toBe(304);
    expect(await ask("gzip", br!)).toBe(200);
    const part = await on.get("/a.js", {
      ...accepting("gzip"),
      Range: "bytes=1-",
      "If-Range": gzip!,
    });
    expect(part).toMatchObject({ status: 206, body: "Z" });
    expect(part.fields).toMatchObject({
      "content-encoding": "gzip",
      "content-range": "bytes 1-1/2",
    });
  });

  test("15.4.5: a 304 says what the answer depends on", async () => {
    const on = await stage(FILES, { precompressed: true });
    const { fields } = await on.get("/a.js", { ...accepting("br"), "If-None-Match": "*" });
    expect(Object.keys(fields).sort()).toEqual(["etag", "vary"]);
  });

  test("a copy that is older than its file was made of another one, and is left out", async () => {
    const on = await stage(FILES, { precompressed: true });
    await on.store.setModified("/a.js", CHANGED_MS + 1);
    expect((await on.get("/a.js", accepting("br"))).body).toBe("plain");
    await on.store.setModified("/a.js.gz", CHANGED_MS + 1);
    expect((await on.get("/a.js", accepting("br, gzip"))).body).toBe("GZ");
  });

  test("a copy that is asked for by its own name is a file like others", async () => {
    const on = await stage(FILES, { precompressed: true });
    for (let again = 0; again < 2; again++) {
      await on.get("/a.js", accepting("gzip"));
      const { fields, body } = await on.get("/a.js.gz");
      expect([fields["content-type"], fields["content-encoding"]]).toEqual([
        "application/gzip",
        undefined,
      ]);
      expect(body).toBe("GZ");
    }
  });

  test("a folder of that name is no copy", async () => {
    const on = await stage({ "/a.js": "plain", "/a.js.gz/x": "" }, { precompressed: true });
    expect((await on.get("/a.js", accepting("gzip"))).body).toBe("plain");
  });

  test("without the flag they are not looked for", async () => {
    const { body, fields } = await (await stage(FILES)).get("/a.js", accepting("gzip"));
    expect([body, fields.vary]).toEqual(["plain", undefined]);
  });
});
