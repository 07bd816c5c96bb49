/** The file client in a terminal: what a person types, and what is on the screen then. */
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  addressOf,
  clientPlace,
  closeTerminals,
  openFileClient,
  type ClientPlace,
} from "./file-client-process.ts";
import {
  ANN,
  openFileServer,
  openUsersServer,
  UNLIMITED,
  type FileServer,
} from "./file-server-process.ts";
import type { ProgramTerminal } from "./program-terminal.ts";
import { cleanUp } from "./programs.ts";

const [UP, TAB, ENTER] = ["\x1b[A", "\t", "\r"];
const [CTRL_A, CTRL_C, CTRL_D] = ["\x01", "\x03", "\x04"];

/** Bytes a second of the slow server; a bar is drawn ten times in it. */
const RATE = 200_000;
const BIG = Buffer.alloc(20 * RATE, "The quick brown fox jumps over the lazy dog.\n");

let server: FileServer;
let slow: FileServer;

beforeAll(async () => {
  server = await openUsersServer();
  const rate = ["--session-bytes-per-second", String(RATE)];
  slow = await openFileServer([...rate, "--anonymous-upload", "on", ...UNLIMITED]);
  for (const { root } of [server, slow]) {
    writeFileSync(join(root, "hello.txt"), "hello\n");
    writeFileSync(join(root, "two words.txt"), "two\n");
    writeFileSync(join(root, "big.bin"), BIG);
    mkdirSync(join(root, "pub"));
    writeFileSync(join(root, "pub/inside.txt"), "inside\n");
  }
});

afterAll(() => {
  closeTerminals();
  cleanUp();
});

interface Sitting {
  readonly terminal: ProgramTerminal;
  readonly place: ClientPlace;
}

/** Somebody is connected, and nothing else is on the screen. */
async function sitting(at = server, columns = 80): Promise<Sitting> {
  const place = clientPlace();
  const terminal = openFileClient(place, [addressOf(at)], columns);
  await terminal.screen.until([`-- connected to ${at.host}:${at.port}`, "ftp>"]);
  return { terminal, place };
}

/** The shell's last words, after the client. */
const ended = (code: number): string[] => [`exit ${code}`, "cooked"];

describe("a session", () => {
  test("lists, gets, puts, and says goodbye", async () => {
    const { terminal, place } = await sitting();
    terminal.type(`list pub${ENTER}`);
    await terminal.until("ftp>");
    terminal.type(`get pub/inside.txt${ENTER}`);
    await terminal.screen.until((rows) => /^-- got inside.txt: 7 B in /.test(rows.at(-2) ?? ""));
    expect(readFileSync(join(place.folder, "inside.txt"), "utf8")).toBe("inside\n");
    terminal.type(`put inside.txt${ENTER}`);
    await terminal.screen.until((rows) => /^-- put inside.txt: 7 B in /.test(rows.at(-2) ?? ""));
    expect(readFileSync(join(server.root, "inside.txt"), "utf8")).toBe("inside\n");
    terminal.type(`quit${ENTER}`);
    await terminal.shows("ftp> quit", ...ended(0));
    expect(terminal.screen.text[2]).toMatch(/^7 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}inside.txt$/);
  });

  test("ends at Ctrl-D", async () => {
    const { terminal } = await sitting();
    terminal.type(CTRL_D);
    await terminal.shows("ftp>", ...ended(0));
  });

  test("is not shaken by what makes no sense", async () => {
    const { terminal } = await sitting();
    for (const line of ["gte", 'get "a', "!ls | sh"]) {
      terminal.type(line + ENTER);
      await terminal.screen.until((rows) => {
        const [typed, answer, prompt] = rows.slice(-3);
        return typed === `ftp> ${line}` && answer!.startsWith("-- ") && prompt === "ftp>";
      });
    }
    terminal.type(`pwd${ENTER}`);
    await terminal.shows("ftp> pwd", "/", "ftp>");
  });

  test("that nobody sees any more ends by SIGHUP", async () => {
    const { terminal } = await sitting();
    expect(await terminal.hangUp()).toBe(129);
  });
});

describe("the line that is being typed", () => {
  test("is completed by Tab, with names from the server", async () => {
    const { terminal } = await sitting();
    terminal.type(`get t${TAB}`);
    await terminal.until("ftp> get two\\ words.txt");
    terminal.type(`p${TAB}${CTRL_A}m${ENTER}`);
    await terminal.screen.until(
      (rows) => rows.at(-2)?.startsWith("-- 1 of 2 files failed") ?? false,
    );
  });

  test("is completed by Tab with names from here, and Tab twice shows which there are", async () => {
    const { terminal, place } = await sitting();
    for (const name of ["photo 1.jpg", "photo 2.jpg"]) writeFileSync(join(place.folder, name), "");
    terminal.type(`put ph${TAB}`);
    await terminal.until("ftp> put photo\\");
    terminal.type(TAB + TAB);
    const both = "photo\\ 1.jpg  photo\\ 2.jpg";
    await terminal.screen.until((rows) => rows.some((row) => row.trim() === both));
  });

  test("comes back by the arrow keys, unless there is a password in it", async () => {
    const { terminal } = await sitting();
    for (const line of ["pwd", "open ftp://ann:secret@127.0.0.1/"]) {
      terminal.type(line + ENTER);
      await terminal.screen.until(
        (rows) => rows.at(-1) === "ftp>" && rows.includes(`ftp> ${line}`),
      );
    }
    terminal.type(UP);
    await terminal.until("ftp> pwd");
    terminal.type(UP);
    await terminal.until("ftp> pwd");
  });

  test("is dropped by Ctrl-C, which leaves if it comes twice", async () => {
    const { terminal } = await sitting();
    terminal.type("rm hello");
    await terminal.until("ftp> rm hello");
    terminal.type(CTRL_C);
    const dropped = ["ftp> rm hello^C", "-- Ctrl-C again leaves", "ftp>"];
    await terminal.shows(...dropped);
    terminal.type(`pwd${ENTER}`);
    await terminal.shows(...dropped.slice(0, 2), "ftp> pwd", "/", "ftp>");
    terminal.type(CTRL_C);
    await terminal.shows("ftp> ^C", "-- Ctrl-C again leaves", "ftp>");
    terminal.type(CTRL_C);
    await terminal.shows("ftp> ^C", ...ended(130));
  });

  test("is there again after a stop", async () => {
    const { terminal } = await sitting();
    terminal.type("pw");
    await terminal.until("ftp> pw");
    terminal.signal("SIGSTOP");
    terminal.signal("SIGCONT");
    terminal.type(`d${ENTER}`);
    await terminal.shows("ftp> pwd", "/", "ftp>");
  });

  test("may be typed ahead", async () => {
    const { terminal } = await sitting();
    terminal.type(`cd pub${ENTER}pwd${ENTER}list nowhere*${ENTER}pw`);
    await terminal.shows(
      "ftp> cd pub",
      "ftp> pwd",
      "/pub",
      "ftp> list nowhere*",
      "-- nothing there",
      "ftp> pw",
    );
  });
});

describe("a transfer", () => {
  test("shows a bar in the room that there is, also after that has changed", async () => {
    const { terminal } = await sitting(slow, 80);
    const bar = /^big\.bin +\d+% .* \d+ (s|KiB\/s) left {2}\[#* +\]$|^big\.bin .*left {2}\[#* *\]$/;
    terminal.type(`get big.bin${ENTER}`);
    await terminal.until(bar);
    expect(terminal.screen.text.at(-1)!.length).toBeLessThan(80);
    await terminal.resize(50);
    await terminal.screen.until((rows) => /^big\.bin +\d+% .*left$/.test(rows.at(-1) ?? ""));
    expect(terminal.screen.text.at(-1)!.length).toBeLessThan(50);
  });

  test("of a Chinese name does not break the row", async () => {
    const name = `${"漢字".repeat(20)}.bin`;
    writeFileSync(join(slow.root, name), BIG);
    const { terminal } = await sitting(slow, 60);
    terminal.type(`mget 漢*${ENTER}`);
    await terminal.until(/^漢[漢字]*~.*bin +\d+% .*\]$/);
    expect(terminal.screen.cursor[0]).toBeLessThan(60);
  });

  test("is stopped by Ctrl-C, with all that was typed ahead; then another command works", async () => {
    const { terminal, place } = await sitting(slow);
    terminal.type(`get big.bin${ENTER}pwd${ENTER}`);
    await terminal.until(/ [1-9]\d*% /);
    terminal.type(CTRL_C);
    await terminal.screen.until(
      (rows) => rows.at(-1) === "ftp>" && rows.some((row) => row.includes("interrupted")),
    );
    // What was typed before Ctrl-C is not meant any more.
    terminal.type(`cd pub${ENTER}pwd${ENTER}`);
    await terminal.shows("ftp> cd pub", "ftp> pwd", "/pub", "ftp>");
    expect(readdirSync(place.folder).filter((name) => name === "big.bin")).toEqual([]);
    terminal.type(`get ../big.bin${ENTER}`);
    await terminal.until(/ [1-9]\d*% /);
    terminal.type(CTRL_C + CTRL_C);
    await terminal.screen.until((rows) => rows.slice(-2).join() === ended(130).join());
  });

  test("is left by Ctrl-C twice, with the terminal as it was", async () => {
    const { terminal } = await sitting(slow);
    terminal.type(`get big.bin${ENTER}`);
    await terminal.until(/ [1-9]\d*% /);
    terminal.type(CTRL_C + CTRL_C);
    await terminal.screen.until((rows) => rows.slice(-2).join() === ended(130).join());
  });
});

describe("a password", () => {
  test("is asked for, shown nowhere, and not in the history", async () => {
    const terminal = openFileClient(clientPlace(), [addressOf(server, "", ANN.name)]);
    const question = `Password of "ann" at ${server.host}:`;
    await terminal.until(question);
    terminal.type(`wrong\x7f\x15${ANN.password}${ENTER}`);
    await terminal.screen.until([
      ...[question, `-- connected to ann@${server.host}:${server.port}`, "ftp>"],
    ]);
    terminal.type(`pwd${ENTER}`);
    await terminal.until("ftp>");
    terminal.type(UP + UP + UP);
    await terminal.until("ftp> pwd");
    expect(terminal.raw).not.toContain(ANN.password.slice(0, 2));
  });

  test("is asked for by open too; Ctrl-C gives none", async () => {
    const { terminal } = await sitting();
    const question = `Password of "ann" at ${server.host}:`;
    terminal.type(`open ${addressOf(server, "", ANN.name)}${ENTER}`);
    await terminal.until(question);
    terminal.type(`${ANN.password}${CTRL_C}`);
    await terminal.shows(question, "-- no password was given", "ftp>");
    terminal.type(`open ${addressOf(server, "", ANN.name)}${ENTER}`);
    await terminal.until(question);
    terminal.type(ANN.password + ENTER);
    await terminal.shows(question, `-- connected to ann@${server.host}:${server.port}`, "ftp>");
  });

  test("that is wrong ends it, with an exit status of its own", async () => {
    const terminal = openFileClient(clientPlace(), [addressOf(server, "", ANN.name)]);
    await terminal.until(/^Password/);
    terminal.type(`wrong${ENTER}`);
    await terminal.screen.until((rows) => rows.slice(-2).join() === ended(5).join());
  });
});

describe("a server that is gone", () => {
  async function restart(dead: FileServer): Promise<void> {
    await openFileServer(["--port", String(dead.port), ...UNLIMITED], dead.root);
  }

  async function cut(dead: FileServer): Promise<void> {
    const exit = once(dead.child, "exit");
    dead.child.kill("SIGKILL");
    await exit;
  }

  test("is told of at the prompt, and found again by the next command", async () => {
    const mortal = await openFileServer(UNLIMITED);
    mkdirSync(join(mortal.root, "pub"));
    const { terminal } = await sitting(mortal);
    terminal.type(`cd pub${ENTER}pw`);
    await terminal.until("ftp> pw");
    await cut(mortal);
    await terminal.screen.until((rows) => /^-- .* was lost /.test(rows.at(-2) ?? ""));
    expect(terminal.screen.text.at(-1)).toBe("ftp> pw");
    await restart(mortal);
    terminal.type(`d${ENTER}`);
    await terminal.shows(
      "ftp> pwd",
      `-- connected to ${mortal.host}:${mortal.port} again`,
      "/pub",
      "ftp>",
    );
  });

  test("in the middle of a get costs what is missing: get again goes on", async () => {
    const rate = ["--session-bytes-per-second", String(RATE)];
    const mortal = await openFileServer([...rate, ...UNLIMITED]);
    writeFileSync(join(mortal.root, "big.bin"), BIG);
    const { terminal, place } = await sitting(mortal);
    terminal.type(`get big.bin${ENTER}`);
    await terminal.until(/ [1-9]\d*% /);
    await cut(mortal);
    await terminal.until("ftp>");
    await restart(mortal);
    terminal.type(UP + ENTER);
    await terminal.screen.until((rows) =>
      /^-- got big.bin: .* from \d.* on$/.test(rows.at(-2) ?? ""),
    );
    expect(readFileSync(join(place.folder, "big.bin")).equals(BIG)).toBe(true);
  });
});
