/** SIGINT and SIGTERM in every phase of a room: as it starts, empty, full, and while it is ending. */
import { existsSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  endRoom,
  openRoom,
  Person,
  ROOM_COMMAND,
  runChatRoom,
  runRedirected,
  temporaryFolder,
  UNLIMITED,
  untilOpen,
  type Room,
} from "./chat-process.ts";

afterAll(cleanUp);

const BOTH = ["SIGINT", "SIGTERM"] as const;
const IN_ORDER = { code: 0, signal: null };

/** Resolves as soon as there is a file of this name. */
function appears(path: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(path), () => {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    });
  });
}

describe.concurrent("while it starts", () => {
  test.each(BOTH)("%s ends it, and it has said and left nothing", async (signal) => {
    const path = join(temporaryFolder(), "room");
    const room = runChatRoom("--path", path);
    room.child.kill(signal);
    expect(await room.ended).toEqual({ code: null, signal });
    expect([room.out.lines, room.err.lines]).toEqual([[], []]);
    expect(existsSync(path)).toBe(false);
  });

  test("from the moment that there is a socket file, a signal ends it in order", async () => {
    const starts = BOTH.map(async (signal) => {
      const path = join(temporaryFolder(), "room");
      const appeared = appears(path);
      const room = runChatRoom("--port", "0", "--path", path);
      await appeared;
      expect(await endRoom(room, signal)).toEqual(IN_ORDER);
      expect(room.out.lines.at(-1)).toMatch(/^The chat is ending/);
      expect(complaints(room)).toEqual([]);
      expect(existsSync(path)).toBe(false);
    });
    await Promise.all(starts);
  });
});

describe.concurrent("while nobody is there", () => {
  test("SIGINT ends it, though it has ages to drain", async () => {
    const room = await openRoom("--locale", "zh", "--drain-seconds", "3600");
    expect(await endRoom(room, "SIGINT")).toEqual(IN_ORDER);
    expect(room.out.lines.at(-1)).toBe("聊天室正在关闭：成员有 3600 秒接收最后的内容。");
    expect(complaints(room)).toEqual([]);
  });

  test("and nobody at its terminal either, it goes on until SIGTERM", async () => {
    const room = await untilOpen(runRedirected("</dev/null", [...ROOM_COMMAND, "--port", "0"]));
    const ann = await Person.join(room, "ann");
    await ann.leave();
    expect(await endRoom(room, "SIGTERM")).toEqual(IN_ORDER);
    expect(complaints(room)).toEqual([]);
  });
});

describe.concurrent("while it waits for a member that takes nothing any more", () => {
  /** More than the system holds for a Unix-domain socket. */
  const OWED = 2_000_000;

  async function withDeafMember(drainSeconds: number): Promise<Room> {
    const room = await openRoom(
      ...["--path", join(temporaryFolder(), "room"), ...UNLIMITED],
      ...["--backlog-bytes", `${2 * OWED}`, "--drain-seconds", `${drainSeconds}`],
    );
    const deaf = await Person.join(room, "deaf");
    deaf.socket.pause();
    const talker = await Person.join(room, "talker");
    talker.send(`${"x".repeat(4000)}\n`.repeat(OWED / 4000));
    talker.say("/who");
    await talker.until(/^Here are 2/);
    return room;
  }

  function type(room: Room, line: string): void {
    room.child.stdin!.write(`${line}\n`);
  }

  const ENDING = "The chat is ending: ";

  test.each(BOTH)("after %s it ends in order at the deadline, and says so", async (signal) => {
    const room = await withDeafMember(1);
    room.child.kill(signal);
    await room.out.until(new RegExp(`^${ENDING}`));
    type(room, "/shutdown");
    type(room, "hello?");
    expect(await room.ended).toEqual(IN_ORDER);
    expect(room.out.lines.filter((line) => line.startsWith(ENDING))).toHaveLength(1);
    const [last, ...more] = room.out.lines.filter((line) => line.includes("did not take"));
    expect(last).toMatch(/^unix:.* did not take its last \d{6,7} bytes\.$/);
    expect(more).toEqual([]);
    expect(complaints(room)).toEqual([]);
  });

  test.each([
    ["SIGINT", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGTERM", 143],
  ] as const)("%s and then %s end it at once with %i", async (first, second, code) => {
    const room = await withDeafMember(3600);
    room.child.kill(first);
    await room.out.until(new RegExp(`^${ENDING}`));
    // The terminal that goes is no reason to hurry.
    room.child.kill("SIGHUP");
    expect(await endRoom(room, second)).toEqual({ code, signal: null });
  });

  test("for /shutdown, the first signal ends it at once", async () => {
    const room = await withDeafMember(3600);
    type(room, "/shutdown");
    await room.out.until(new RegExp(`^${ENDING}`));
    expect(await endRoom(room, "SIGINT")).toEqual({ code: 130, signal: null });
  });
});
