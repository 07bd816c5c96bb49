/** What a room bears: crowds that come and go at once, and members that read nothing. */
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  connectionsAre,
  descriptorsAre,
  endRoom,
  openDescriptors,
  openRoom,
  peakBytes,
  Person,
  temporaryFolder,
  UNLIMITED,
  WELCOME,
  type Room,
} from "./chat-process.ts";

afterAll(cleanUp);

/**
 * Somebody of whom there are many: it gives its name at once, keeps the first line that is no
 * question, and only takes the rest. The answer is empty if it is gone before one came.
 */
class Visitor {
  readonly socket: Socket;
  readonly answer: Promise<string>;
  readonly gone: Promise<void>;

  constructor(address: Room["address"], name: string) {
    this.socket = connect(address);
    this.socket.on("error", () => {});
    this.socket.write(`${name}\n`);
    this.gone = new Promise((resolve) => this.socket.on("close", () => resolve()));
    this.answer = new Promise((resolve) => {
      this.socket.on("close", () => {
        resolve("");
      });
      let text = "";
      const listen = (bytes: Buffer): void => {
        text += bytes.toString();
        const answer = text.split("\n").slice(0, -1);
        const line = answer.find((one) => !/^(What is your name|请问您叫什么名字)/.test(one));
        if (line === undefined) return;
        this.socket.off("data", listen).resume();
        resolve(line);
      };
      this.socket.on("data", listen);
    });
  }
}

/** A room that has been spoken to, and the descriptors that it has then. */
async function settled(...flags: string[]) {
  const path = join(temporaryFolder(), "room");
  const room = await openRoom("--port", "0", "--path", path, ...flags);
  const unix = { path };
  const ann = await Person.join({ ...room, address: unix }, "ann");
  await connectionsAre(room, 1);
  return { room, unix, ann, descriptors: openDescriptors(room.child.pid!) };
}

// A million lines are delivered here: on a busy machine that takes its time.
describe("1,000 who come at once", { timeout: 300_000 }, () => {
  test("from one address: so many as are allowed get in; the others are told why, or reset", async () => {
    const { room, ann, descriptors } = await settled("--locale", "zh", "--joins-per-second", "0");
    const visitors = Array.from({ length: 1000 }, (_, i) => new Visitor(room.address, `n${i}`));
    const answers = await Promise.all(visitors.map(({ answer }) => answer));
    expect(answers.filter((line) => WELCOME.test(line))).toHaveLength(100);
    const told = answers.filter((line) => line === "来自您所在地址的连接过多：最多 100 个。");
    const reset = answers.filter((line) => line === "");
    expect(told.length + reset.length).toBe(900);
    // As many as get a farewell at a time (MAX_FAREWELLS).
    expect(told.length).toBeGreaterThanOrEqual(128);
    for (const { socket } of visitors) socket.end();
    await Promise.all(visitors.map(({ gone }) => gone));
    await connectionsAre(room, 1);
    await descriptorsAre(room, descriptors);
    ann.say("/who");
    await ann.until("在线 1 人：ann。");
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    // The operator is told too, but not 900 times, and once how often.
    const noted = room.out.lines.filter((line) => line.includes("被谢绝：来自该地址的连接过多"));
    expect(noted.length).toBeGreaterThan(10);
    expect(noted.length).toBeLessThan(200);
    const count = "至今谢绝：900 × 来自该地址的连接过多（--max-per-address）。";
    expect(room.out.lines).toContain(count);
    expect(complaints(room)).toEqual([]);
  });

  test("by the port and the path all get in; half leave, half break off; and it is as before", async () => {
    const { room, unix, ann, descriptors } = await settled(...UNLIMITED, "--max-members", "1001");
    const visitors = Array.from(
      { length: 1000 },
      (_, i) => new Visitor(i % 2 === 0 ? room.address : unix, `n${i}`),
    );
    const answers = await Promise.all(visitors.map(({ answer }) => answer));
    expect(answers.filter((line) => !line.startsWith("Hello "))).toEqual([]);
    const late = new Visitor(unix, "late");
    expect(await late.answer).toBe("The chat is full: 1001 are here. Please come later.");
    await late.gone;
    for (const [i, { socket }] of visitors.entries()) {
      if (i % 4 < 2) socket.end();
      else if (i % 4 === 2) socket.resetAndDestroy();
      else socket.destroy();
    }
    await Promise.all(visitors.map(({ gone }) => gone));
    await connectionsAre(room, 1);
    await descriptorsAre(room, descriptors);
    ann.say("/who");
    await ann.until("Here are 1: ann.");
    for (const news of ["joined the chat", "left the chat"]) {
      expect(ann.log.lines.filter((line) => line.endsWith(news))).toHaveLength(1000);
    }
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });
});

describe("ten who stop reading while others talk", () => {
  const STOPPED = 10;
  const BACKLOG = 1024 * 1024;
  /** Of the process itself: what is read, what is garbage, what the allocator keeps. */
  const OWN = 32 * 1024 * 1024;
  const LINE = "x".repeat(4000);
  const LINES = 50;

  /** `talker` says this many bytes, in step with `ann`, who reads. */
  async function talk(talker: Person, ann: Person, bytes: number): Promise<void> {
    for (let said = 0; said < bytes; said += LINES * LINE.length) {
      talker.send(`${`${LINE}\n`.repeat(LINES)}${said}\n`);
      await ann.until(`talker says: ${said}`);
    }
  }

  test.each(["close", "drop-newest", "drop-oldest"] as const)(
    "cost what the flags say, and nobody else, by the policy %s",
    async (policy) => {
      const room = await openRoom(
        ...["--path", join(temporaryFolder(), "room"), ...UNLIMITED],
        ...["--backlog-bytes", `${BACKLOG}`, "--backlog-policy", policy],
      );
      const pid = room.child.pid!;
      const ann = await Person.join(room, "ann");
      const talker = await Person.join(room, "talker");
      await talk(talker, ann, 16 * 1024 * 1024);
      const before = peakBytes(pid);
      const stopped = Array.from({ length: STOPPED }, (_, i) => new Visitor(room.address, `s${i}`));
      await Promise.all(stopped.map(({ answer }) => answer));
      for (const { socket } of stopped) socket.pause();
      await talk(talker, ann, 64 * 1024 * 1024);
      expect(peakBytes(pid) - before).toBeLessThan(STOPPED * BACKLOG + OWN);
      talker.say("/who");
      await talker.until(policy === "close" ? "Here are 2: ann, talker." : /^Here are 12: /);
      for (const { socket } of stopped) socket.resume().end();
      await Promise.all(stopped.map(({ gone }) => gone));
      const why = room.out.lines.filter((line) => line.includes("does not read what is said"));
      expect(why).toHaveLength(policy === "close" ? STOPPED : 0);
      expect(await endRoom(room)).toEqual({ code: 0, signal: null });
      expect(complaints(room)).toEqual([]);
    },
  );
});
