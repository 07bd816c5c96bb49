/** The file server spoken to with tnftp, as people type it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { absent, client } from "./file-server-clients.ts";
import { ANN, endFileServer, openUsersServer, urlOf } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { digest, digestOf, digests, NAMES, sample, SIZES } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

describe.skipIf(absent("tnftp")).each([
  { mode: "passive", flag: "-p", says: /^229 Entering Extended Passive Mode/gm },
  { mode: "active", flag: "-A", says: /^200 The server will connect there/gm },
])("real peer: tnftp, $mode", ({ flag, says }) => {
  let server: FileServer;
  const folder = temporaryFolder();
  const netrc = join(folder, ".netrc");

  beforeAll(async () => {
    server = await openUsersServer();
    const { name, password } = ANN;
    const account = `machine ${server.host} login ${name} password "${password}"\n`;
    writeFileSync(netrc, account, { mode: 0o600 });
  });

  afterAll(() => endFileServer(server));

  /** Answers what it showed. */
  async function type(...lines: string[]): Promise<string> {
    const args = ["-N", netrc, "-v", flag, server.host, String(server.port)];
    const { code, out, err } = await client("tnftp", args, {
      cwd: folder,
      input: [...lines, "bye", ""].join("\n"),
    });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    return out.toString();
  }

  test("puts, lists and gets files of all sizes", async () => {
    for (const size of SIZES) writeFileSync(join(folder, `${size}`), sample(size));
    const puts = SIZES.map((size) => `put ${size} there-${size}`);
    const gets = SIZES.map((size) => `get there-${size} back-${size}`);
    const shown = await type(...puts, "ls", ...gets);
    for (const size of SIZES) {
      expect(digestOf(join(server.root, `there-${size}`))).toBe(digest(sample(size)));
      expect(digestOf(join(folder, `back-${size}`))).toBe(digest(sample(size)));
      expect(shown).toMatch(new RegExp(` ${size} \\w{3} .* there-${size}$`, "m"));
    }
    expect(shown.match(says)).toHaveLength(2 * SIZES.length + 1);
    expect(shown.match(/^226 /gm)).toHaveLength(2 * SIZES.length + 1);
  });

  test("puts and gets files of all names", async () => {
    // In its quotes there is no way to write one.
    const names = NAMES.filter((name) => !name.includes('"'));
    const [there, back] = [join(server.root, "named"), temporaryFolder()];
    mkdirSync(there);
    const quoted = names.map((name) => `"${name}"`);
    for (const name of names) writeFileSync(join(folder, name), sample(100, name));
    const puts = quoted.map((name) => `put ${name} ${name}`);
    const gets = quoted.map((name) => `get ${name} ${name}`);
    await type("cd named", ...puts, `lcd ${back}`, ...gets);
    expect(Object.keys(digests(there)).sort()).toEqual(names.sort());
    expect(digests(back)).toEqual(digests(there));
    for (const name of names) {
      expect(digestOf(join(there, name))).toBe(digest(sample(100, name)));
    }
  });

  test("goes on with what was broken off, appends, renames and removes", async () => {
    const whole = sample(200_000);
    writeFileSync(join(server.root, "whole"), whole);
    writeFileSync(join(folder, "whole"), whole.subarray(0, 70_001));
    writeFileSync(join(folder, "tail"), sample(10));
    const changes = ["mkdir box", "append tail box/tail", "append tail box/tail"];
    const away = ["rename box/tail moved", "rmdir box", "delete whole"];
    const shown = await type("reget whole", "size whole", "modtime whole", ...changes, ...away);
    expect(digestOf(join(folder, "whole"))).toBe(digest(whole));
    expect(shown).toMatch(/^whole\s+200000$/m);
    const { whole: gone, box, moved } = digests(server.root);
    expect([gone, box]).toEqual([undefined, undefined]);
    expect(moved).toBe(digest(Buffer.concat([sample(10), sample(10)])));
  });

  test("converts line ends of text both ways", async () => {
    writeFileSync(join(folder, "text"), "one\ntwo\n");
    const shown = await type("ascii", "put text there.txt", "get there.txt back.txt");
    expect(digestOf(join(server.root, "there.txt"))).toBe(digest(Buffer.from("one\ntwo\n")));
    expect(digestOf(join(folder, "back.txt"))).toBe(digest(Buffer.from("one\ntwo\n")));
    expect(shown.match(/^150 Opening ASCII mode/gm)).toHaveLength(2);
  });
});

test.skipIf(absent("tnftp"))("real peer: tnftp -o gets a URL", async () => {
  const server = await openUsersServer();
  const folder = temporaryFolder();
  writeFileSync(join(server.root, "two words"), sample(70_000));
  const got = await client("tnftp", ["-o", "got", urlOf(server, "two words")], { cwd: folder });
  expect(got.code).toBe(0);
  expect(digestOf(join(folder, "got"))).toBe(digest(sample(70_000)));
  await endFileServer(server);
});
