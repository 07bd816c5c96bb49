/** How the chat room starts, refuses to start, and ends. */
import { createServer } from "node:net";
import { existsSync, writeFileSync } from "node:fs";
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
  UNLIMITED,
} from "./chat-process.ts";

afterAll(cleanUp);

/** Starts a room that cannot, and answers the one line that it says. */
async function refusal(...flags: string[]): Promise<string> {
  const room = runChatRoom(...flags);
  expect(await room.ended).toEqual({ code: 2, signal: null });
  expect(room.out.lines).toEqual([]);
  expect(room.err.lines).toHaveLength(1);
  expect(room.err.rest).toBe("");
  return room.err.lines[0]!;
}

test("a wrong flag ends in one clear line and exit status 2", async () => {
  const why = "chat-room: Unknown option '--colour' (--help lists the flags)";
  expect(await refusal("--colour")).toBe(why);
});

test("--help explains every flag and exits with 0", async () => {
  const room = runChatRoom("--help");
  expect(await room.ended).toEqual({ code: 0, signal: null });
  const text = room.out.lines.join("\n");
  for (const flag of ["port", "host", "path", "locale", "backlog-policy", "help"]) {
    expect(text).toContain(`--${flag} `);
  }
  expect(complaints(room)).toEqual([]);
});

describe("an address that cannot be had ends in one clear line and exit status 2:", () => {
  test("a port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const said = await refusal("--port", `${port}`);
    expect(said).toMatch(new RegExp(`^chat-room: .*127\\.0\\.0\\.1:${port}.* in use.*EADDRINUSE`));
    server.close();
  });

  test("a port, though the Unix path beside it could be had: that is not taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const path = join(temporaryFolder(), "chat.sock");
    expect(await refusal("--port", `${port}`, "--path", path)).toContain("EADDRINUSE");
    expect(existsSync(path)).toBe(false);
    server.close();
  });

  test("an address that is not this machine's", async () => {
    // Of TEST-NET-3 (RFC 5737), which no machine has.
    expect(await refusal("--host", "203.0.113.1", "--port", "0")).toContain("EADDRNOTAVAIL");
  });

  test("a live Unix path, which goes on; one left by a room killed with -9 is taken over", async () => {
    const path = join(temporaryFolder(), "a chat's.sock");
    const first = await openRoom("--path", path);
    expect(first.ncArguments.join(" ")).toBe(`-U '${path.replace("'", "'\\''")}'`);
    expect(await refusal("--path", path)).toMatch(/another server listens there.*EADDRINUSE/);
    const ann = await Person.join({ ...first, address: { path } }, "ann");

    first.child.kill("SIGKILL");
    await first.ended;
    await ann.log.over;
    expect(existsSync(path)).toBe(true);

    const second = await openRoom("--path", path);
    const bob = await Person.join({ ...second, address: { path } }, "bob");
    expect(await endRoom(second)).toEqual({ code: 0, signal: null });
    await bob.log.over;
    expect(existsSync(path)).toBe(false);
  });

  test("a file that is no socket, which is left alone", async () => {
    const path = join(temporaryFolder(), "notes.txt");
    writeFileSync(path, "mine");
    expect(await refusal("--path", path)).toContain("not a socket");
    expect(existsSync(path)).toBe(true);
  });
});

describe("SIGINT and SIGTERM", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s tells everybody and exits with 0",
    async (signal) => {
      const room = await openRoom();
      const ann = await Person.join(room, "ann");
      const nameless = new Person(room);
      await nameless.until("What is your name?");
      expect(await endRoom(room, signal)).toEqual({ code: 0, signal: null });
      for (const person of [ann, nameless]) {
        await person.log.over;
        expect(person.log.lines.at(-1)).toBe("The chat is ending. Goodbye.");
        expect(person.log.rest).toBe("");
      }
      expect(complaints(room)).toEqual([]);
    },
  );

  test("while /shutdown counts, a signal ends the chat now", async () => {
    const room = await openRoom();
    const ann = await Person.join(room, "ann");
    room.child.stdin!.write("/shutdown 3600\n");
    await ann.until("The chat ends in 3600 s.");
    expect(await endRoom(room, "SIGTERM")).toEqual({ code: 0, signal: null });
    await ann.log.over;
    expect(ann.log.lines.at(-1)).toBe("The chat is ending. Goodbye.");
  });

  test("who reads slowly gets everything before the end", async () => {
    const room = await openRoom(...UNLIMITED, "--drain-seconds", "20");
    const slow = await Person.join(room, "slow");
    const talker = await Person.join(room, "talker");
    slow.socket.pause();
    // Less than the backlog: it is owed all of this.
    const line = "x".repeat(4000);
    for (let i = 0; i < 40; i++) talker.say(`${line}${i}`);
    talker.say("/who");
    await talker.until(/^Here are 2/);
    const ended = endRoom(room, "SIGTERM");
    await room.out.until(/^The chat is ending/);
    slow.socket.resume();
    expect(await ended).toEqual({ code: 0, signal: null });
    await slow.log.over;
    const said = slow.log.lines.filter((text) => text.startsWith("talker says"));
    expect(said).toEqual(Array.from({ length: 40 }, (_, i) => `talker says: ${line}${i}`));
    expect(slow.log.lines.at(-1)).toBe("The chat is ending. Goodbye.");
  });

  test("who does not take its last bytes cannot hold up the end", async () => {
    const room = await openRoom();
    const deaf = await Person.join(room, "deaf");
    deaf.socket.pause();
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
  });
});
