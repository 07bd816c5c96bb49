/** The file client in a terminal, against servers that others wrote and ours, over a network that fails. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import {
  clientPlace,
  closeTerminals,
  openFileClient,
  type ClientPlace,
} from "./file-client-process.ts";
import { openSite, peersAbsent, type ServerName, type Site } from "./file-client-servers.ts";
import { FtpProxy } from "./ftp-proxy.ts";
import type { ProgramTerminal } from "./program-terminal.ts";
import { cleanUp } from "./programs.ts";

afterAll(() => {
  closeTerminals();
  cleanUp();
});

const [UP, TAB, ENTER, CTRL_C] = ["\x1b[A", "\t", "\r", "\x03"];

const BIG = Buffer.alloc(20_000_000, "The quick brown fox jumps over the lazy dog.\n");

interface Sitting {
  readonly site: Site;
  readonly proxy: FtpProxy;
  readonly place: ClientPlace;
  readonly terminal: ProgramTerminal;
}

/** Somebody is connected, over a network that does what the test tells it. */
async function sitting(name: ServerName): Promise<Sitting> {
  const site = await openSite(name);
  writeFileSync(join(site.root, "big.bin"), BIG);
  writeFileSync(join(site.root, "two words.txt"), "two\n");
  writeFileSync(join(site.root, "two\x1b[2J\x1b]0;t\x07evils"), "evil\n");
  const proxy = await FtpProxy.open(site.port);
  const place = clientPlace({ IOMUX_FTP_PASSWORD: site.password });
  const address = `ftp://${site.user}@127.0.0.1:${proxy.port}/`;
  const terminal = openFileClient(place, [address]);
  await terminal.screen.until([`-- connected to ${site.user}@127.0.0.1:${proxy.port}`, "ftp>"]);
  return { site, proxy, place, terminal };
}

async function end({ site, proxy }: Sitting): Promise<void> {
  proxy.close();
  await site.end();
}

describe.skipIf(peersAbsent()).each<ServerName>(["vsftpd", "pyftpdlib", "ours"])("%s", (name) => {
  test("names are completed by Tab; none of them steers the terminal", async () => {
    const there = await sitting(name);
    const { terminal, place } = there;
    terminal.type(`get tw${TAB}`);
    await terminal.until("ftp> get two\\ words.txt");
    terminal.type(ENTER);
    await terminal.screen.until((rows) => /^-- got two words.txt: 4 B /.test(rows.at(-2) ?? ""));
    expect(readFileSync(join(place.folder, "two words.txt"), "utf8")).toBe("two\n");
    terminal.type(`put tw${TAB} up/${TAB}`);
    await terminal.until(/^ftp> put two\\ words\.txt {1,2}up\/$/);
    terminal.type(`${ENTER}list${ENTER}mget two*${ENTER}`);
    await terminal.screen.until(
      (rows) => rows.at(-1) === "ftp>" && rows.some((row) => row.startsWith("ftp> mget")),
    );
    // The screen here refuses what is no part of readline's.
    expect(terminal.raw).not.toMatch(/\x1b\[2J|\x1b\]|\x07/); // eslint-disable-line no-control-regex
    expect(readdirSync(place.folder)).toEqual(["two words.txt"]);
    await end(there);
  });

  test("Ctrl-C stops a transfer; then another command works", async () => {
    const there = await sitting(name);
    const { terminal, proxy } = there;
    const held = proxy.willBe("held", 5_000_000);
    terminal.type(`get big.bin${ENTER}`);
    await held;
    await terminal.until(/^big\.bin/);
    terminal.type(CTRL_C);
    await terminal.screen.until(
      (rows) => rows.at(-1) === "ftp>" && rows.some((row) => row.includes("interrupted")),
    );
    proxy.mend();
    terminal.type(`list two*s.txt${ENTER}`);
    await terminal.screen.until((rows) => rows.at(-2)?.endsWith("  two words.txt") ?? false);
    await end(there);
  });

  test("a network that is cut costs what is missing: get again goes on", async () => {
    const there = await sitting(name);
    const { terminal, proxy, place } = there;
    const cut = proxy.willBe("cut", 5_000_000);
    terminal.type(`get big.bin${ENTER}`);
    await cut;
    await terminal.until("ftp>");
    proxy.mend();
    terminal.type(UP + ENTER);
    await terminal.screen.until((rows) =>
      /^-- got big.bin: .* from \d.* on$/.test(rows.at(-2) ?? ""),
    );
    expect(readFileSync(join(place.folder, "big.bin")).equals(BIG)).toBe(true);
    await end(there);
  });
});
