/** The chat room spoken to with netcat: what the README shows, and what people do to their nc. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  connectionsAre,
  endRoom,
  openRoom,
  run,
  temporaryFolder,
  UNLIMITED,
  type Room,
} from "./chat-process.ts";
import type { Running } from "./chat-process.ts";

/** Not every netcat has -N and -U. */
function hasNetcat(): boolean {
  const { error, stderr } = spawnSync("nc", ["-h"], { encoding: "utf8" });
  return error === undefined && stderr.includes("OpenBSD");
}

const absent = process.env.IOMUX_REQUIRE_PEERS !== "1" && !hasNetcat();

afterAll(cleanUp);

describe.skipIf(absent).each(["TCP", "Unix path"])("real peer: nc over %s", (family) => {
  let room: Room;
  const entered: Running[] = [];

  beforeAll(async () => {
    const path = join(temporaryFolder(), "chat.sock");
    room = await openRoom(...UNLIMITED, ...(family === "TCP" ? [] : ["--path", path]));
  });

  // Else a name of one test may still be taken in the next.
  afterEach(async () => {
    for (const { child } of entered.splice(0)) child.kill("SIGKILL");
    await connectionsAre(room, 0);
  });

  afterAll(async () => {
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });

  /** Types `name` into a new nc, and waits until it is in the room. */
  async function enter(name: string): Promise<Running> {
    const nc = run("nc", room.ncArguments);
    entered.push(nc);
    await nc.out.until("What is your name?");
    type(nc, name);
    await nc.out.until(new RegExp(`^Hello ${name}\\.`));
    return nc;
  }

  function type(nc: Running, line: string): void {
    nc.child.stdin!.write(`${line}\n`);
  }

  test("two people chat, and neither sees its own echo", async () => {
    const zhang = await enter("张三");
    const bob = run("nc", room.ncArguments);
    for (const name of ["", "张三", "bob"]) type(bob, name);
    await bob.out.until("Hello bob. Also here: 张三.");
    await zhang.out.until("bob joined the chat");
    type(zhang, "hello");
    await bob.out.until("张三 says: hello");
    type(bob, "你好");
    await zhang.out.until("bob says: 你好");
    zhang.child.kill("SIGTERM");
    await bob.out.until("张三 left the chat");
    entered.push(bob);
    expect(zhang.out.lines).toEqual([
      "What is your name?",
      "Hello 张三. Nobody else is here yet.",
      "bob joined the chat",
      "bob says: 你好",
    ]);
    expect(bob.out.lines).toEqual([
      "What is your name?",
      "A name cannot be empty. What is your name?",
      "The name 张三 is taken. What is your name?",
      "Hello bob. Also here: 张三.",
      "张三 says: hello",
      "张三 left the chat",
    ]);
  });

  test("a killed client has left, once", async () => {
    const watcher = await enter("watcher");
    const victim = await enter("victim");
    await watcher.out.until("victim joined the chat");
    victim.child.kill("SIGKILL");
    await watcher.out.until("victim left the chat");
    const again = await enter("victim");
    await watcher.out.until("victim joined the chat");
    again.child.kill("SIGKILL");
    await watcher.out.until("victim left the chat");
    const news = watcher.out.lines.filter((line) => line.startsWith("victim"));
    expect(news).toEqual([
      "victim joined the chat",
      "victim left the chat",
      "victim joined the chat",
      "victim left the chat",
    ]);
  });

  test("printf … | nc -N says its lines, gets its answers and ends", async () => {
    const watcher = await enter("watcher");
    const nc = run("nc", ["-N", ...room.ncArguments]);
    nc.child.stdin!.end("printf\nhello\n");
    expect(await nc.ended).toEqual({ code: 0, signal: null });
    expect(nc.out.lines).toEqual(["What is your name?", "Hello printf. Also here: watcher."]);
    await watcher.out.until("printf joined the chat");
    await watcher.out.until("printf says: hello");
    await watcher.out.until("printf left the chat");
  });

  test("a stopped nc does not stop the others", async () => {
    const stopped = await enter("stopped");
    stopped.child.kill("SIGSTOP");
    const talker = await enter("talker");
    const watcher = await enter("watcher");
    for (let i = 0; i < 100; i++) type(talker, `${i}`);
    await watcher.out.until("talker says: 99");
    stopped.child.kill("SIGCONT");
    await stopped.out.until("talker says: 99");
  });
});

test.skipIf(absent)("real peer: nc is told when the room ends", async () => {
  const other = await openRoom();
  const nc = run("nc", other.ncArguments);
  await nc.out.until("What is your name?");
  expect(await endRoom(other)).toEqual({ code: 0, signal: null });
  await nc.out.until("The chat is ending. Goodbye.");
  nc.child.kill("SIGTERM");
});
