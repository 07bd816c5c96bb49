/** The chat room as a process, entered with sockets that do what no well-behaved client does. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  endRoom,
  openRoom,
  Person,
  residentBytes,
  temporaryFolder,
  UNLIMITED,
  type Room,
} from "./chat-process.ts";

const BACKLOG = 80_000;

afterAll(cleanUp);

describe.each(["TCP", "Unix path"])("over %s", (family) => {
  let room: Room;
  /** Somebody who is there in every test. */
  let ann: Person;

  beforeAll(async () => {
    const path = join(temporaryFolder(), "chat.sock");
    const where = family === "TCP" ? [] : ["--path", path];
    room = await openRoom(...UNLIMITED, ...where, "--backlog-bytes", `${BACKLOG}`);
    ann = await Person.join(room, "ann");
  });

  afterAll(async () => {
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });

  test("a name split over two packets is one name", async () => {
    const person = new Person(room);
    const [first, second] = [
      Buffer.from("张三\n").subarray(0, 4),
      Buffer.from("张三\n").subarray(4),
    ];
    person.send(first);
    await person.until("What is your name?");
    // Another member's line makes a round trip: the first packet has been read by then.
    const other = await Person.join(room, "other");
    await other.leave();
    person.send(second);
    await person.until(/^Hello 张三\. /);
    await ann.until("张三 joined the chat");
    await person.leave();
    await ann.until("张三 left the chat");
  });

  test("a half-closed client is heard, answered and then gone", async () => {
    const person = new Person(room);
    person.socket.end("half\nhello\nlast words");
    await person.log.over;
    expect(person.log.lines).toEqual([
      "What is your name?",
      expect.stringMatching(/^Hello half\./),
    ]);
    await ann.until("half joined the chat");
    await ann.until("half says: hello");
    await ann.until("half says: last words");
    await ann.until("half left the chat");
  });

  test("who breaks off has left once, and the name is free (H44)", async () => {
    const bob = await Person.join(room, "bob");
    await ann.until("bob joined the chat");
    const from = ann.log.lines.length;
    if (family === "TCP") bob.socket.resetAndDestroy();
    else bob.socket.destroy();
    const next = new Person(room);
    next.log.onLine = (line) => {
      if (!line.startsWith("Hello")) next.say("bob");
    };
    await next.until(/^Hello bob\./);
    next.log.onLine = null;
    await next.leave();
    for (const news of ["left", "joined", "left"]) await ann.until(`bob ${news} the chat`);
    const ofBob = ann.log.lines.slice(from).filter((line) => line.startsWith("bob "));
    expect(ofBob).toEqual(["bob left the chat", "bob joined the chat", "bob left the chat"]);
  });

  test("who goes without a name is not announced", async () => {
    const from = ann.log.lines.length;
    const quiet = new Person(room);
    await quiet.until("What is your name?");
    await quiet.leave();
    const marker = await Person.join(room, "marker");
    await marker.leave();
    await ann.until("marker left the chat");
    expect(ann.log.lines.slice(from)).toEqual(["marker joined the chat", "marker left the chat"]);
  });

  test("a line of 1 MiB and invalid UTF-8 are refused, and the member stays", async () => {
    const eve = await Person.join(room, "eve");
    eve.send(`${"x".repeat(1024 * 1024)}\nafter\n`);
    eve.send(Buffer.from([0x61, 0xe9, 0x0a]));
    eve.send("\x1b[2Jclean\x07\n");
    await eve.until("That line was refused: it is not UTF-8.");
    const first = await ann.until(/^eve says/);
    const second = await ann.until(/^eve says/);
    expect([first, second]).toEqual(["eve says: after", "eve says: clean"]);
    expect(eve.log.lines.filter((line) => line.includes("longer than 4096 bytes"))).toHaveLength(1);
    await eve.leave();
  });

  test("a line without an end holds no memory", async () => {
    const person = await Person.join(room, "endless");
    const piece = "x".repeat(1024 * 1024);
    const before = residentBytes(room.child.pid!);
    for (let sent = 0; sent < 64; sent++) {
      await new Promise((resolve) => person.socket.write(piece, resolve));
    }
    person.send("\n");
    await person.until(/^That line was refused/);
    person.say("done");
    await ann.until("endless says: done");
    expect(residentBytes(room.child.pid!) - before).toBeLessThan(48 * 1024 * 1024);
    await person.leave();
  });

  test("who stops reading is disconnected at its limit, and the others go on", async () => {
    const names = ["stopped 1", "stopped 2", "stopped 3"];
    const stopped = await Promise.all(names.map((name) => Person.join(room, name)));
    for (const { socket } of stopped) socket.pause();
    const talker = await Person.join(room, "talker");
    const line = "x".repeat(4000);
    const most = 64 * 1024 * 1024;
    const gone = (): string[] => ann.log.lines.filter((text) => /^stopped \d left/.test(text));
    let sent = 0;
    // In step with ann, who reads: only those who do not can fall behind.
    for (let round = 0; sent < most && gone().length < names.length; round++) {
      talker.send(`${line}\n${line}\nround ${round}\n`);
      sent += 2 * line.length;
      await ann.until(`talker says: round ${round}`);
    }
    expect(sent).toBeLessThan(most);
    await talker.leave();
    await ann.until("talker left the chat");
    expect(gone().sort()).toEqual(names.map((name) => `${name} left the chat`));
    for (const [i, { socket, log }] of stopped.entries()) {
      const report = `${names[i]!} (`;
      expect(
        room.out.lines.filter((text) => text.startsWith(report) && text.includes("does not read")),
      ).toHaveLength(1);
      // What it gets to read after all are whole lines, up to where the connection was cut.
      socket.resume();
      await log.over;
      const said = log.lines.filter((text) => text.startsWith("talker says: x"));
      expect(said.every((text) => text === `talker says: ${line}`)).toBe(true);
    }
  });

  test("many who speak at once do not make slow readers of those who read", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `${i}${"张".repeat(31)}`);
    const speakers = await Promise.all(names.map((name) => Person.join(room, name)));
    const from = ann.log.lines.length;
    const burst = Array.from({ length: 150 }, (_, i) => `${i}\n`).join("");
    for (const speaker of speakers) speaker.send(burst);
    for (const speaker of speakers) speaker.socket.end();
    await Promise.all(speakers.map((speaker) => speaker.log.over));
    const marker = await Person.join(room, "marker");
    await ann.until("marker joined the chat");
    await marker.leave();
    const said = ann.log.lines.slice(from).filter((line) => line.includes(" says: "));
    for (const name of names) {
      const own = said.filter((line) => line.startsWith(name));
      expect(own).toEqual(Array.from({ length: 150 }, (_, i) => `${name} says: ${i}`));
    }
    expect(room.out.lines.filter((line) => line.includes("张"))).toEqual([]);
  });

  test("every member sees the same order, and never its own echo", async () => {
    const people = await Promise.all(
      ["p0", "p1", "p2", "p3"].map((name) => Person.join(room, name)),
    );
    const heard = (person: Person): string[] =>
      person.log.lines.filter((line) => /^p\d says: \d/.test(line));
    for (let i = 0; i < 100; i++) for (const person of people) person.say(`${i}`);
    const done = people.map((person) => {
      return new Promise<void>((resolve) => {
        const check = (): void => {
          if (heard(person).length === 300) resolve();
        };
        person.log.onLine = check;
        check();
      });
    });
    await Promise.all(done);
    for (const person of people) await person.leave();
    await ann.until(/^p\d left/);
    const all = heard(ann);
    expect(all).toHaveLength(400);
    for (const [i, person] of people.entries()) {
      expect(heard(person)).toEqual(all.filter((line) => !line.startsWith(`p${i} `)));
    }
  });

  test("200 join and leave at once: each is told once, in this order", async () => {
    const from = ann.log.lines.length;
    const people = Array.from({ length: 200 }, (_, i) => {
      const person = new Person(room);
      person.socket.end(`n${i}\n`);
      return person;
    });
    await Promise.all(people.map((person) => person.log.over));
    for (const [i, { log }] of people.entries()) {
      expect(log.lines[0]).toBe("What is your name?");
      expect(log.lines[1]).toMatch(new RegExp(`^Hello n${i}\\.`));
    }
    const marker = await Person.join(room, "marker");
    await ann.until("marker joined the chat");
    await marker.leave();
    const news = ann.log.lines.slice(from).filter((line) => /^n\d/.test(line));
    expect(news).toHaveLength(400);
    for (let i = 0; i < 200; i++) {
      const own = news.filter((line) => line.startsWith(`n${i} `));
      expect(own).toEqual([`n${i} joined the chat`, `n${i} left the chat`]);
    }
  });
});
