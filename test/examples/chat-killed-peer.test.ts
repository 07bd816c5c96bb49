/** Real clients that flood, and that are killed with -9 in the middle of it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { LOCALES } from "../../examples/chat/texts.ts";
import { runClient } from "./chat-client-process.ts";
import {
  cleanUp,
  complaints,
  descriptorsAre,
  endRoom,
  openDescriptors,
  openRoom,
  Person,
  run,
  temporaryFolder,
  UNLIMITED,
  type Room,
  type Running,
} from "./chat-process.ts";

/** Not every netcat has -N and -U. */
function hasNetcat(): boolean {
  const { error, stderr } = spawnSync("nc", ["-h"], { encoding: "utf8" });
  return error === undefined && stderr.includes("OpenBSD");
}

const absent = process.env.IOMUX_REQUIRE_PEERS !== "1" && !hasNetcat();

afterAll(cleanUp);

function admin(room: Room, line: string): void {
  room.child.stdin!.write(`${line}\n`);
}

async function join20(room: Room, path: string): Promise<Running[]> {
  const clients = Array.from({ length: 20 }, (_, i) => {
    const nc = run("nc", i % 2 === 0 ? room.ncArguments : ["-U", path]);
    nc.child.stdin!.write(`n${i}\n`);
    return nc;
  });
  await Promise.all(clients.map((nc) => nc.out.until(/^Hello /)));
  return clients;
}

describe.skipIf(absent)("real peers: nc and the own client", () => {
  test("killed with -9 while they talk, all have left once, and nothing of them stays", async () => {
    const path = join(temporaryFolder(), "room");
    const room = await openRoom("--port", "0", "--path", path, ...UNLIMITED);
    const ann = await Person.join({ ...room, address: { path } }, "ann");
    const before = openDescriptors(room.child.pid!);
    const client = runClient("--path", path, "--name", "own");
    await client.out.until(/^Hello /);
    const killed = [client, ...(await join20(room, path))];
    for (const { child } of killed) child.stdin!.write("talk\n".repeat(1000));
    await ann.until(/ says: talk/);
    for (const { child } of killed) child.kill("SIGKILL");
    const names = ["own", ...Array.from({ length: 20 }, (_, i) => `n${i}`)];
    for (let left = 0; left < names.length; left++) await ann.until(/ left the chat$/);
    ann.say("/who");
    await ann.until("Here are 1: ann.");
    const news = ann.log.lines.filter((line) => line.endsWith(" left the chat"));
    expect(news.sort()).toEqual(names.map((name) => `${name} left the chat`).sort());
    await descriptorsAre(room, before);
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });

  test("10,000 lines at once: a warning and a mute; the others talk on, and so does it later", async () => {
    const room = await openRoom("--locale", "zh", "--mute-seconds", "3600");
    const ann = await Person.join(room, "ann");
    const bob = await Person.join(room, "bob");
    const eve = run("nc", room.ncArguments);
    eve.child.stdin!.write(`eve\n${"flood\n".repeat(10_000)}`);
    await eve.out.until("这一行没有发出：每秒最多 5 行。继续这样将被禁言 3600 秒。");
    await eve.out.until("您被禁言 3600 秒：每秒最多 5 行。");
    await room.out.until("eve 被禁言 3600 秒。");
    for (let i = 0; i < 5; i++) {
      bob.say(`${i}`);
      await ann.until(`bob 说：${i}`);
    }
    admin(room, "/mute eve 0");
    await eve.out.until("您可以发言了。");
    const heard = ann.log.lines.filter((line) => line === "eve 说：flood").length;
    expect(heard).toBeGreaterThanOrEqual(10);
    expect(heard).toBeLessThan(50);
    admin(room, "/kick eve");
    await ann.until("eve 退出了聊天室");
    await eve.out.until(LOCALES.zh.removedYou);
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });
});
