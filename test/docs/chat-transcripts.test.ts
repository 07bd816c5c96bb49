/** The chats of docs/chat-room.md are what the room, its client, telnet and nc show. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { absent, Stage } from "./chat-stage.ts";
import { blocksOf, root } from "./markdown.ts";

const FILE = "docs/chat-room.md";

const LONG = { timeout: 150_000 };

describe.skipIf(absent("nc", "telnet", "script"))("real peers: nc, telnet and script", () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage(FILE);
  });

  afterEach(() => stage.end());

  it("a chat over TCP, with telnet, the client and the administrator", LONG, async () => {
    const room = await stage.openRoom("room");
    const telnet = stage.open("telnet");
    await telnet.play(9); // alone in the room
    const client = stage.open("client");
    await Promise.all([room.play(), telnet.play(), client.play()]);
    await Promise.all([room.over(), telnet.over(), client.over()]);
  });

  it("a chat in Chinese, over a Unix path, with nc and the client", LONG, async () => {
    const room = await stage.openRoom("zh room");
    const nc = stage.open("zh nc");
    await nc.play(6); // alone in the room
    const client = stage.open("zh client");
    await Promise.all([room.play(), nc.play(), client.play()]);
    await Promise.all([room.over(), nc.over(), client.over()]);
  });

  it("a room that is killed", LONG, async () => {
    const room = await stage.openSilentRoom();
    const client = stage.open("lost");
    await client.play(4);
    await room.kill();
    await client.play();
    await client.over();
  });

  it.each(["pipe", "pipe refused"])("the client in a %s", LONG, async (name) => {
    await stage.openSilentRoom();
    const client = stage.open(name);
    await client.play();
    await client.over();
  });
});

describe("the command for a service", () => {
  it("runs a room without standard input, which SIGTERM ends", LONG, async () => {
    const folder = mkdtempSync(join(tmpdir(), "chat-"));
    const path = join(folder, "chat.sock");
    const log = join(folder, "room.log");
    const written = blocksOf(FILE).find(({ mark }) => mark === "chat: service")!.text;
    const command = written
      .replace("node ", `exec '${process.execPath}' `)
      .replace("chat.sock", path)
      .replace("room.log", log);
    const room = spawn("sh", ["-c", command], { cwd: root, stdio: "ignore" });
    const ended = once(room, "exit");
    try {
      await says(folder, "room.log", "Ctrl+C");
      const member = connect({ path }).setEncoding("utf8");
      const [question] = (await once(member, "data")) as [string];
      expect(question).toBe("What is your name?\n");
      room.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
      expect(readFileSync(log, "utf8")).toContain("The chat is ending");
      member.destroy();
    } finally {
      room.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Waits until a file of `folder` has this text. */
async function says(folder: string, name: string, text: string): Promise<void> {
  const watcher = watch(folder);
  try {
    for (;;) {
      await once(watcher, "change");
      const path = join(folder, name);
      if (existsSync(path) && readFileSync(path, "utf8").includes(text)) return;
    }
  } finally {
    watcher.close();
  }
}
