/** The chat room spoken to with telnet, which ends its lines with CR LF. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  cleanUp,
  complaints,
  endRoom,
  openRoom,
  Person,
  run,
  UNLIMITED,
  type Room,
  type Running,
} from "./chat-process.ts";

const required = process.env.IOMUX_REQUIRE_PEERS === "1";

/** Telnet without a host waits for commands; with its input at the end, it ends. */
function hasTelnet(): boolean {
  return spawnSync("telnet", { input: "", timeout: 5000 }).error === undefined;
}

afterAll(cleanUp);

describe.skipIf(!required && !hasTelnet())("real peer: telnet", () => {
  let room: Room;

  beforeAll(async () => {
    room = await openRoom(...UNLIMITED);
  });

  afterAll(async () => {
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });

  /** Types `name` into a new telnet, and waits until it is in the room. */
  async function enter(name: string): Promise<Running> {
    const telnet = run("telnet", room.ncArguments);
    await telnet.out.until("What is your name?");
    type(telnet, name);
    await telnet.out.until(new RegExp(`^Hello ${name}\\.`));
    return telnet;
  }

  function type(telnet: Running, line: string): void {
    telnet.child.stdin!.write(`${line}\n`);
  }

  test("it enters, says a line, hears another, and has left when it is gone", async () => {
    const watcher = await Person.join(room, "watcher");
    const telnet = await enter("Telma");
    await watcher.until("Telma joined the chat");
    type(telnet, "hello");
    expect(await watcher.until(/^Telma says: /)).toBe("Telma says: hello");
    watcher.say("你好");
    await telnet.out.until("watcher says: 你好");
    telnet.child.kill("SIGKILL");
    await watcher.until("Telma left the chat");
    const news = watcher.log.lines.filter((line) => line.startsWith("Telma"));
    expect(news).toEqual(["Telma joined the chat", "Telma says: hello", "Telma left the chat"]);
    await watcher.leave();
  });

  test("two of them chat, and neither sees its own echo", async () => {
    const ann = await enter("Ann");
    const ben = await enter("Ben");
    await ann.out.until("Ben joined the chat");
    type(ann, "one");
    await ben.out.until("Ann says: one");
    type(ben, "two");
    await ann.out.until("Ben says: two");
    for (const { out } of [ann, ben]) {
      expect(out.lines.filter((line) => line.includes(" says: "))).toHaveLength(1);
    }
    for (const { child } of [ann, ben]) child.kill("SIGTERM");
  });
});
