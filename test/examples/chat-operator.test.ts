/** The room as a process: its administrator's terminal, its listeners, its languages, and crowds. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  endRoom,
  openRoom,
  Person,
  ROOM_COMMAND,
  run,
  runInTerminal,
  runRedirected,
  tellingItsEnd,
  temporaryFolder,
  type Room,
} from "./chat-process.ts";
import { LineLog } from "./line-log.ts";

afterAll(cleanUp);

function type(room: Room, line: string): void {
  room.child.stdin!.write(`${line}\n`);
}

describe("the administrator", () => {
  test("speaks and commands from the server's terminal, and is answered there", async () => {
    const room = await openRoom();
    const ann = await Person.join(room, "ann");
    const bob = await Person.join(room, "bob");
    room.child.stdin!.write(Buffer.from("hello 张"));
    type(room, "三");
    await ann.until("admin: hello 张三");
    type(room, "/who");
    await room.out.until(/^bob, 127\.0\.0\.1:\d+$/);
    type(room, "/mute bob 60");
    await bob.until("The administrator muted you for 60 s.");
    type(room, "/stats");
    await room.out.until(/^The program: \d+ turns of its loop/);
    type(room, "/explain ann");
    await room.out.until(/^ann, 127\.0\.0\.1:\d+: its lines are read as they come; /);
    type(room, "/kick bob");
    await bob.log.over;
    expect(bob.log.lines.at(-1)).toBe("The administrator removed you from the chat. Goodbye.");
    await ann.until("bob left the chat");
    type(room, "/shutdown");
    expect(await room.ended).toEqual({ code: 0, signal: null });
    expect(room.out.lines.filter((line) => line.startsWith("The chat is ending"))).toEqual([
      "The chat is ending: members have 2 s to take their last lines.",
    ]);
    await ann.log.over;
    expect(ann.log.lines.at(-1)).toBe("The chat is ending. Goodbye.");
    expect(complaints(room)).toEqual([]);
  });

  test("sees what is said, if it wants to", async () => {
    const room = await openRoom("--transcript", "on");
    const ann = await Person.join(room, "ann");
    ann.say("hello");
    await room.out.until("ann joined the chat");
    await room.out.until("ann says: hello");
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
  });

  test("may close its terminal: the room goes on", async () => {
    const room = await openRoom();
    const ann = await Person.join(room, "ann");
    room.child.stdin!.end("bye\n");
    await ann.until("admin: bye");
    room.child.kill("SIGHUP");
    room.child.stdout!.destroy();
    room.child.stderr!.destroy();
    const bob = await Person.join(room, "bob");
    bob.say("still here?");
    await ann.until("bob says: still here?");
    expect(await endRoom(room, "SIGTERM")).toEqual({ code: 0, signal: null });
  });

  test("may not be there at all: the room goes on", async () => {
    const room = runRedirected("<&-", [...ROOM_COMMAND, "--port", "0"]);
    const address = await room.out.until(/^Enter it with:/);
    const [host, port] = address.replace(/^.*nc /, "").split(" ") as [string, string];
    const ann = new Person({ ...room, address: { host, port: Number(port) }, ncArguments: [] });
    ann.say("ann");
    await ann.until(/^Hello ann/);
    room.child.kill("SIGTERM");
    expect(await room.ended).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });
});

const required = process.env.IOMUX_REQUIRE_PEERS === "1";
const absent = !required && spawnSync("script", ["--version"]).error !== undefined;

test.skipIf(absent)("real peer: script; its terminal is closed, and the room goes on", async () => {
  const path = join(temporaryFolder(), "chat.sock");
  // The inner shell tells the room's number, so that it can be ended when its terminal is gone.
  const command = [...ROOM_COMMAND, "--path", path].map((word) => `'${word}'`).join(" ");
  const shell = tellingItsEnd(`sh -c 'echo "pid $$"; exec "$@"' sh ${command}`);
  const terminal = run("script", ["-qfc", shell, "/dev/null"], { more: ["pipe"] });
  const status = new LineLog(terminal.child.stdio[3] as Readable);
  const pid = Number((await terminal.out.until(/^pid \d+/)).slice(4));
  try {
    await terminal.out.until(/^End it with/);
    const ann = await Person.join({ ...terminal, address: { path }, ncArguments: [] }, "ann");
    await terminal.out.until(/^ann joined the chat/);
    terminal.child.stdin!.write("hello\n");
    await ann.until("admin: hello");
    terminal.child.kill("SIGKILL");
    await terminal.out.over;
    const bob = await Person.join({ ...terminal, address: { path }, ncArguments: [] }, "bob");
    bob.say("still here?");
    await ann.until("bob says: still here?");
    process.kill(pid, "SIGTERM");
    await ann.log.over;
    expect(ann.log.lines.at(-1)).toBe("The chat is ending. Goodbye.");
    expect(await status.until(/^\d+$/)).toBe("0");
  } finally {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, as it should.
    }
  }
});

test.skipIf(absent).each([
  ["en", /^\^?D?.*Ctrl\+D: nothing more can be typed here, and the chat goes on\./],
  ["zh", /^\^?D?.*Ctrl\+D：此处不再接收输入，聊天室继续开放。/],
] as const)(
  "real peer: script; Ctrl+D at the terminal is answered (%s)",
  async (locale, answer) => {
    const path = join(temporaryFolder(), "chat.sock");
    const room = runInTerminal([...ROOM_COMMAND, "--path", path, "--locale", locale]);
    await room.out.until(/Ctrl\+C/);
    room.child.stdin!.write("\x04");
    await room.out.until(answer);
    const ann = await Person.join({ ...room, address: { path }, ncArguments: [] }, "ann");
    room.child.stdin!.write("\x03");
    await ann.until(locale === "en" ? "The chat is ending. Goodbye." : "聊天室即将关闭，再见。");
    expect(await room.ended).toEqual({ code: 0, signal: null });
  },
);

test("TCP and a Unix path at once are one room, in Chinese", async () => {
  const path = join(temporaryFolder(), "chat.sock");
  const room = await openRoom("--port", "0", "--path", path, "--locale", "zh");
  const zhang = new Person(room);
  zhang.say("张三");
  await zhang.until(/^张三，您好/);
  const bob = new Person({ ...room, address: { path } });
  bob.say("bob");
  await bob.until("bob，您好！在这里的还有：张三。");
  await zhang.until("bob 进入聊天室");
  zhang.say("hello");
  await bob.until("张三 说：hello");
  type(room, "hi");
  await bob.until("管理员：hi");
  await zhang.leave();
  await bob.until("张三 退出了聊天室");
  expect(await endRoom(room)).toEqual({ code: 0, signal: null });
  await bob.log.over;
  expect(bob.log.lines.at(-1)).toBe("聊天室即将关闭，再见。");
  expect(complaints(room)).toEqual([]);
});

describe("a crowd", () => {
  test("who floods is warned and muted; the others hear each other at once", async () => {
    const room = await openRoom("--mute-seconds", "3600");
    const ann = await Person.join(room, "ann");
    const bob = await Person.join(room, "bob");
    const eve = await Person.join(room, "eve");
    eve.send("flood\n".repeat(200_000));
    await eve.until(/^That line was dropped/);
    await eve.until(/^You are muted for 3600 s/);
    for (let i = 0; i < 5; i++) {
      bob.say(`${i}`);
      await ann.until(`bob says: ${i}`);
    }
    const flood = ann.log.lines.filter((line) => line === "eve says: flood");
    expect(flood.length).toBeGreaterThanOrEqual(10);
    expect(flood.length).toBeLessThan(50);
    type(room, "/kick eve");
    await eve.log.over;
    await ann.until("eve left the chat");
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
  });

  test("more connections from one address than are allowed are told so", async () => {
    const room = await openRoom("--max-per-address", "1");
    await Person.join(room, "ann");
    const second = new Person(room);
    await second.log.over;
    expect(second.log.lines).toEqual(["Too many are here from your address: at most 1."]);
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
  });
});
