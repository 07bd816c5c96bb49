/** The page of the HTTP server: limits of files are those of the sources. */
import { expect, test } from "vitest";

import * as login from "../../examples/http/files/basic-login.ts";
import { COARSE_CLOCK_MS, FINE_CLOCK_MS } from "../../examples/http/files/entity-tag.ts";
import { MAX_PAGE_ENTRIES } from "../../examples/http/files/folder-page.ts";
import { KEPT_BYTES, WHOLE_BYTES } from "../../examples/http/files/kept-files.ts";
import { MAX_RANGES } from "../../examples/http/files/ranges.ts";
import { MAX_UPLOAD_BYTES } from "../../examples/http/files/uploads.ts";
import { LIMITS } from "../../examples/http/server/flags.ts";
import { tableBelow } from "./markdown.ts";

const VALUES: Readonly<Record<string, readonly [value: number, file: string]>> = {
  WHOLE_BYTES: [WHOLE_BYTES, "kept-files.ts"],
  KEPT_BYTES: [KEPT_BYTES, "kept-files.ts"],
  MAX_RANGES: [MAX_RANGES, "ranges.ts"],
  MAX_PAGE_ENTRIES: [MAX_PAGE_ENTRIES, "folder-page.ts"],
  MAX_UPLOAD_BYTES: [MAX_UPLOAD_BYTES, "uploads.ts"],
  FINE_CLOCK_MS: [FINE_CLOCK_MS, "entity-tag.ts"],
  COARSE_CLOCK_MS: [COARSE_CLOCK_MS, "entity-tag.ts"],
  REMEMBERED_MS: [login.REMEMBERED_MS, "basic-login.ts"],
  MAX_REMEMBERED: [login.MAX_REMEMBERED, "basic-login.ts"],
  WRONG_PASSWORDS: [login.WRONG_PASSWORDS, "basic-login.ts"],
  WRONG_PASSWORD_SECONDS: [login.WRONG_PASSWORD_SECONDS, "basic-login.ts"],
  MAX_COUNTED_ADDRESSES: [login.MAX_COUNTED_ADDRESSES, "basic-login.ts"],
};

test("the limits of files are those of the sources", () => {
  const told = tableBelow("docs/http-server.md", "Limits of files").map(([, value, name, link]) => [
    name,
    value,
    /files\/([\w-]+\.ts)\)/.exec(link!)![1],
  ]);
  const expected = Object.entries(VALUES).map(([name, [value, file]]) => {
    return [`\`${name}\``, value.toLocaleString("en"), file];
  });
  expect(told).toEqual(expected);
});

test("the flag for uploads has the limit of uploads", () => {
  expect(LIMITS.uploadBytes[0]).toBe(MAX_UPLOAD_BYTES);
});
