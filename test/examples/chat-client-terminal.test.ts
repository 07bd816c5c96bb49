/** The client in a terminal: what a person sees, row by row. */
import { afterAll, describe, expect, test } from "vitest";

import { ChatServer, cleanUpClients, Terminal, type ServerPeer } from "./chat-client-process.ts";
import { cleanUp } from "./chat-process.ts";

afterAll(async () => {
  await cleanUpClients();
  cleanUp();
});

const LEFT = "\x1b[D";
const CTRL_C = "\x03";
const CTRL_D = "\x04";

interface Chat {
  readonly terminal: Terminal;
  readonly peer: ServerPeer;
  /** The rows that come before what the test is about. */
  readonly head: readonly string[];
}

/** Ann sits at a terminal and has joined. */
async function joined(columns = 40, rows = 20, ...flags: string[]): Promise<Chat> {
  const server = await ChatServer.open();
  const terminal = new Terminal(columns, rows, ...server.flags, "--name", "ann", ...flags);
  const peer = await server.member("ann");
  await terminal.screen.until((all) => all.at(-2) === "Hello ann." && all.at(-1) === ">");
  const head = terminal.screen.text.slice(0, -1);
  return { terminal, peer, head };
}

/** The shell's last words, after the client. */
const shell = (code: number): string[] => [`exit ${code}`, "cooked"];

describe("what is being typed", () => {
  test("stays below a message that comes, and is sent when it is finished", async () => {
    const { terminal, peer, head } = await joined();
    terminal.type("hel");
    await terminal.until("> hel");
    peer.say("bob says: hi");
    await terminal.screen.until([...head, "bob says: hi", "> hel"], [5, 4]);
    terminal.type("lo\r");
    await peer.until("hello");
    await terminal.screen.until([...head, "bob says: hi", "> hello", ">"], [2, 5]);
    terminal.type(CTRL_D);
    await terminal.screen.until([...head, "bob says: hi", "> hello", ...shell(0)]);
  });

  test("may be longer than the terminal is wide, in Chinese, with the cursor inside", async () => {
    const { terminal, peer, head } = await joined(20, 20);
    const top = head.length;
    terminal.type("一二三四五六七八九十一二三四五六七八九十");
    // Two columns of the first row are the prompt.
    const rows = ["> 一二三四五六七八九", "十一二三四五六七八九", "十"];
    await terminal.screen.until([...head, ...rows], [2, top + 2]);
    peer.say("bob says: a message that is longer than a row");
    const said = ["bob says: a message", "that is longer than", "a row"];
    await terminal.screen.until([...head, ...said, ...rows], [2, top + 5]);

    terminal.type(LEFT.repeat(12));
    await terminal.screen.until([...head, ...said, ...rows], [18, top + 3]);
    peer.say("bob says: more");
    said.push("bob says: more");
    await terminal.screen.until([...head, ...said, ...rows], [18, top + 4]);
    // An input method sends a word at a time.
    terminal.type("你好");
    const edited = ["> 一二三四五六七八你", "好九十一二三四五六七", "八九十"];
    await terminal.screen.until([...head, ...said, ...edited], [2, top + 5]);
    peer.say("bob says: yes");
    said.push("bob says: yes");
    await terminal.screen.until([...head, ...said, ...edited], [2, top + 6]);
    terminal.type("\r");
    await peer.until("一二三四五六七八你好九十一二三四五六七八九十");
    await terminal.screen.until([...head, ...said, ...edited, ">"]);
  });

  test("does not split a wide character at the edge", async () => {
    const { terminal, peer, head } = await joined(21, 20);
    terminal.type("一二三四五六七八九十");
    const rows = ["> 一二三四五六七八九", "十"];
    await terminal.screen.until([...head, ...rows], [2, head.length + 1]);
    peer.say("bob says: hi");
    await terminal.screen.until([...head, "bob says: hi", ...rows], [2, head.length + 2]);
  });

  test("that was pasted and fills several rows is drawn once", async () => {
    const { terminal, peer, head } = await joined(20, 20);
    terminal.type("x".repeat(65));
    const rows = [`> ${"x".repeat(18)}`, "x".repeat(20), "x".repeat(20), "x".repeat(7)];
    await terminal.screen.until([...head, ...rows], [7, head.length + 3]);
    peer.say("bob says: hi");
    await terminal.screen.until([...head, "bob says: hi", ...rows], [7, head.length + 4]);
  });

  test("is there again after a stop", async () => {
    const { terminal, head } = await joined(20, 20);
    terminal.type("x".repeat(25));
    const rows = [`> ${"x".repeat(18)}`, "x".repeat(7)];
    await terminal.screen.until([...head, ...rows], [7, head.length + 1]);
    // A shell begins a new row; here the old one is still there.
    terminal.signal("SIGSTOP");
    terminal.signal("SIGCONT");
    const again = [...head, rows[0]!, ...rows];
    await terminal.screen.until(again, [7, head.length + 2]);
    terminal.type("y");
    await terminal.screen.until([...again.slice(0, -1), `${rows[1]!}y`]);
  });

  test("stays at the bottom of a screen that is full", async () => {
    const { terminal, peer } = await joined(20, 5);
    terminal.type("a line of more than twenty characters");
    const typed = ["> a line of more tha", "n twenty characters"];
    await terminal.until(typed[1]!);
    for (let number = 1; number <= 9; number++) peer.say(`bob says: ${number}`);
    const said = ["bob says: 7", "bob says: 8", "bob says: 9"];
    await terminal.screen.until([...said, ...typed], [19, 4]);
  });
});

describe("the name", () => {
  test("is asked for at the prompt, and again if it is refused; talk is never taken for one", async () => {
    const server = await ChatServer.open();
    const terminal = new Terminal(60, 20, ...server.flags);
    const peer = await server.peer();
    peer.say("Name?");
    await terminal.screen.until((rows) => rows.at(-2) === "Name?" && rows.at(-1) === ">");
    terminal.type("ann\r");
    await peer.until("ann");
    // Typed before the answer came: it is talk.
    terminal.type("hello\r");
    await terminal.screen.until((rows) => rows.at(-2) === "> hello" && rows.at(-1) === ">");
    peer.say("The name ann is taken. Name?");
    const refused = "The name ann is taken. Name?";
    await terminal.screen.until((rows) => rows.at(-2) === refused && rows.at(-1) === ">");
    terminal.type("张三\r");
    await peer.until("张三");
    peer.say("Hello 张三.");
    await peer.until("hello");
    expect(peer.lines).toEqual(["ann", "张三", "hello"]);
  });

  test("that was given by a flag and is refused is asked for at the prompt", async () => {
    const server = await ChatServer.open();
    const terminal = new Terminal(60, 20, ...server.flags, "--name", "ann");
    const peer = await server.peer();
    peer.say("Name?");
    await peer.until("ann");
    peer.say("No. Name?");
    await terminal.screen.until((rows) => rows.at(-2) === "No. Name?" && rows.at(-1) === ">");
    terminal.type("bob\r");
    await peer.until("bob");
  });
});

describe("what the room says", () => {
  test("is harmless, and bounded", async () => {
    const { terminal, peer, head } = await joined(60, 20, "--line-bytes", "256");
    const before = terminal.raw.length;
    peer.send("bob says: \x1b[2J\x1b]0;title\x07\x9b31mred\x07\b\r\t!\n");
    peer.send(Buffer.from([0x62, 0xff, 0x9b, 0x33, 0x31, 0x6d, 0x0a]));
    peer.say("y".repeat(100_000));
    peer.say("bob says: after");
    const cut = [...Array<string>(4).fill("y".repeat(60)), `${"y".repeat(16)} [...]`];
    const bytes = "b\ufffd\ufffd31m";
    const rows = [...head, "bob says: red !", bytes, ...cut, "bob says: after", ">"];
    await terminal.screen.until(rows);
    const raw = terminal.raw.slice(before);
    expect(raw).not.toMatch(/title|\x07|\x9b|\x1b\[2J|\x08/); // eslint-disable-line no-control-regex
  });
});

describe("a connection that is lost", () => {
  test("is made again, with the name, and leaves the line that is being typed", async () => {
    const server = await ChatServer.open();
    const flags = ["--name", "ann", "--retry-first-ms", "100", "--retry-jitter", "0"];
    const terminal = new Terminal(80, 20, ...server.flags, ...flags);
    const first = await server.member("ann");
    terminal.type("hel");
    await terminal.until("> hel");
    first.channel.abort();
    const second = await server.member("ann");
    await terminal.screen.until((rows) => {
      const lost = "-- connection lost (ECONNRESET), trying again in 0.1 s (attempt 1 of 10)";
      return rows.includes(lost) && rows.at(-2) === "Hello ann." && rows.at(-1) === "> hel";
    });
    terminal.type("lo\r");
    await second.until("hello");
  });

  test("with a goodbye is not: the room has closed, exit status 4", async () => {
    const { terminal, peer, head } = await joined();
    terminal.type("hel");
    await terminal.until("> hel");
    peer.say("The chat is ending. Goodbye.");
    peer.channel.close();
    const last = ["The chat is ending. Goodbye.", "-- the server has closed the chat", "> hel"];
    await terminal.screen.until([...head, ...last, ...shell(4)]);
  });

  test("keeps what is typed meanwhile within the limit, and sends it afterwards", async () => {
    const server = await ChatServer.open();
    const flags = ["--name", "ann", "--retry-first-ms", "100", "--queue-bytes", "256"];
    const terminal = new Terminal(80, 20, ...server.flags, ...flags);
    const first = await server.member("ann");
    await terminal.screen.until((rows) => rows.at(-2) === "Hello ann." && rows.at(-1) === ">");
    first.channel.abort();
    const second = await server.peer();
    const stands = (row: string): boolean => row.startsWith("-- connected");
    await terminal.screen.until((rows) => rows.filter(stands).length === 2);
    // It has not asked for a name yet.
    const lines = ["one", "two", "three"].map((word) => word.padEnd(60, "."));
    for (const line of lines) {
      terminal.type(`${line}\r`);
      await terminal.screen.until((rows) => rows.at(-2) === `> ${line}` && rows.at(-1) === ">");
    }
    const four = "four".padEnd(80, ".");
    terminal.type(`${four}\r`);
    const full = "-- not sent: the server does not read; try again later";
    await terminal.screen.until(
      (rows) => rows.at(-3) === full && rows.at(-2) === `> ${four.slice(0, 78)}`,
    );
    second.say("Name?");
    await second.until("ann");
    second.say("Hello ann.");
    for (const line of lines) await second.until(line);
    // The line that was refused is still there, to be sent again.
    terminal.type("\r");
    await second.until(four);
  });
});

describe("the end", () => {
  test.each([
    ["Ctrl-C", CTRL_C],
    ["Ctrl-D", CTRL_D],
  ])("%s leaves the room and gives the terminal back", async (_, key) => {
    const { terminal, peer, head } = await joined();
    terminal.type(key);
    await peer.left;
    await terminal.screen.until([...head, ...shell(0)]);
  });

  test("/quit too; what was typed before it is sent", async () => {
    const { terminal, peer } = await joined();
    terminal.type("bye\r/quit\r");
    await peer.left;
    expect(peer.lines).toEqual(["ann", "bye"]);
    await terminal.until("cooked");
    expect(terminal.screen.text.slice(-4)).toEqual(["> bye", "> /quit", ...shell(0)]);
  });

  test("Ctrl-C while a line is being typed leaves it above what follows", async () => {
    const { terminal, head } = await joined();
    terminal.type("hel");
    await terminal.until("> hel");
    terminal.type(CTRL_C);
    await terminal.screen.until([...head, "> hel", ...shell(0)]);
  });

  test("a second Ctrl-C does not wait for a server that stands still", async () => {
    const { terminal, peer, head } = await joined(40, 20, "--end-ms", "3600000");
    peer.reads = false;
    terminal.type("hel");
    await terminal.until("> hel");
    terminal.type(CTRL_C);
    await terminal.screen.until([...head, "> hel"], [0, head.length + 1]);
    terminal.type(CTRL_C);
    await terminal.until("cooked");
    expect(terminal.screen.text).toEqual([...head, "> hel", "^Cexit 130", "cooked"]);
  });

  test("SIGTERM gives the terminal back", async () => {
    const { terminal, peer, head } = await joined();
    terminal.signal("SIGTERM");
    await peer.left;
    await terminal.screen.until([...head, ...shell(0)]);
  });

  test("when the terminal is gone, the client goes", async () => {
    const { terminal, peer } = await joined();
    const status = terminal.hangUp();
    await peer.left;
    expect(await status).toBe(0);
  });
});
