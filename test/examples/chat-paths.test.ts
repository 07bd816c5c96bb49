/** Unix paths that rooms share, leave behind, and cannot have; and addresses that are none. */
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  endRoom,
  openRoom,
  Person,
  runChatRoom,
  temporaryFolder,
  untilOpen,
  type Room,
  type Running,
} from "./chat-process.ts";

afterAll(cleanUp);

/** The one line of a room that cannot open, and has said nothing else. */
async function refusal(room: Running): Promise<string> {
  expect(await room.ended).toEqual({ code: 2, signal: null });
  expect([room.out.lines, room.out.rest, room.err.rest]).toEqual([[], "", ""]);
  expect(room.err.lines).toHaveLength(1);
  expect(room.err.lines[0]).toMatch(/^chat-room: /);
  return room.err.lines[0]!;
}

/** Which of them opened, and which did not. */
async function race(rooms: readonly Running[]): Promise<[winner: Room, losers: Running[]]> {
  const winner = await Promise.any(rooms.map(untilOpen));
  return [winner, rooms.filter(({ child }) => child !== winner.child)];
}

describe.concurrent("one path", () => {
  test.each(["that is new", "that a room killed with -9 has left"])(
    "%s, and three rooms at once: one has it, two refuse, and nothing is left",
    async (which) => {
      const path = join(temporaryFolder(), "room");
      if (which !== "that is new") {
        const dead = await openRoom("--path", path);
        dead.child.kill("SIGKILL");
        await dead.ended;
        expect(existsSync(path)).toBe(true);
      }
      const rooms = ["en", "zh", "en"].map((locale) =>
        runChatRoom("--path", path, "--locale", locale),
      );
      const [winner, losers] = await race(rooms);
      for (const loser of losers) {
        expect(await refusal(loser)).toMatch(/another server listens there; stop it first/);
      }
      const ann = await Person.join({ ...winner, address: { path } }, "ann");
      expect(await endRoom(winner)).toEqual({ code: 0, signal: null });
      await ann.log.over;
      expect(complaints(winner)).toEqual([]);
      expect(existsSync(path)).toBe(false);
    },
  );

  test("by two names: a link to it is the same room's", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "real"));
    symlinkSync(join(folder, "real"), join(folder, "link"));
    const room = await openRoom("--path", join(folder, "real", "room"));
    const second = runChatRoom("--path", join(folder, "link", "room"));
    expect(await refusal(second)).toContain("another server listens there");
    const ann = await Person.join(room, "ann");
    await ann.leave();
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
  });
});

describe.concurrent("one clear line and exit status 2:", () => {
  test.each([
    ["a folder", () => ["--path", temporaryFolder()], /not a socket; it was left alone/],
    [
      "a path that is too long",
      () => ["--path", `/tmp/${"x".repeat(200)}`],
      /^chat-room: path is 205 bytes, a Unix socket holds \d+: choose a shorter/,
    ],
    ["no folder", () => ["--path", "/no/such/folder/room"], /folder does not exist/],
    ["no such host", () => ["--host", "999.1.1.1", "--port", "0"], /no host of this name/],
    ["--port", () => ["--port", "65536"], /--port is "65536": give a whole number/],
    ["--locale", () => ["--locale", "fr"], /--locale is "fr": give one of en, zh/],
    ["an argument", () => ["9000"], /Unexpected argument '9000'/],
  ] as const)("%s", async (_, flags, why) => {
    expect(await refusal(runChatRoom(...flags()))).toMatch(why);
  });
});

test("a member on the port and one on the path hear each other, and no other room", async () => {
  const paths = [join(temporaryFolder(), "one"), join(temporaryFolder(), "two")] as const;
  const [room, other] = await Promise.all(
    paths.map((path) => openRoom("--port", "0", "--path", path)),
  );
  const tcp = await Person.join(room!, "tcp");
  const unix = await Person.join({ ...room!, address: { path: paths[0] } }, "unix");
  const stranger = await Person.join({ ...other!, address: { path: paths[1] } }, "unix");
  tcp.say("ping");
  await unix.until("tcp says: ping");
  unix.say("pong");
  await tcp.until("unix says: pong");
  for (const one of [room!, other!]) expect(await endRoom(one)).toEqual({ code: 0, signal: null });
  await stranger.log.over;
  expect(stranger.log.lines).toHaveLength(3);
});
