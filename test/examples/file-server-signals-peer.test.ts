/** The file server is told to end while curl gets and puts files. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { absent, beginCurl, curl } from "./file-server-clients.ts";
import { ANN, complaints, Conversation, endFileServer } from "./file-server-process.ts";
import { openUsersServer, urlOf, type FileServer } from "./file-server-process.ts";
import { digest, digestOf, sample } from "./file-server-samples.ts";
import { cleanUp, type Unread } from "./programs.ts";

afterAll(cleanUp);

/** Bytes: more than the system hides between two programs. */
const LARGE = 32 * 1024 * 1024;

/** A get that has begun, and does not go on until it is read. */
async function beginGet(server: FileServer): Promise<Unread> {
  writeFileSync(join(server.root, "large"), sample(LARGE));
  const get = beginCurl(urlOf(server, "large", ANN));
  await get.err.until(/^< 150 /);
  return get;
}

/** A put that has begun, of what is written to its input. */
async function beginPut(server: FileServer): Promise<Unread> {
  const put = beginCurl("-T", "-", urlOf(server, "put", ANN));
  put.child.stdin.write("begun, ");
  await put.err.until(/^< 150 /);
  return put;
}

async function tellToEnd(server: FileServer): Promise<void> {
  server.child.kill("SIGTERM");
  await server.out.until(/^No new sessions/);
}

async function endedInOrder(server: FileServer): Promise<void> {
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(complaints(server)).toEqual([]);
}

describe.skipIf(absent("curl"))("real peer: curl, and SIGTERM", () => {
  test("transfers that run may finish; nobody else is let in, and who is idle is sent away", async () => {
    const server = await openUsersServer();
    const idle = await Conversation.open(server, ANN);
    const [get, put] = [await beginGet(server), await beginPut(server)];
    await tellToEnd(server);
    expect(await idle.reply()).toBe("421 The server is shutting down: goodbye");
    await idle.over;
    const newcomer = await curl("-v", urlOf(server, "", ANN));
    expect(newcomer.err).toContain("< 421 The server is shutting down: goodbye");
    expect(newcomer.code).not.toBe(0);
    put.child.stdin.end("and finished");
    expect(await put.finish()).toMatchObject({ code: 0 });
    const whole = digest(Buffer.from("begun, and finished"));
    expect(digestOf(join(server.root, "put"))).toBe(whole);
    const got = await get.finish();
    expect(got.code).toBe(0);
    expect(digest(got.out)).toBe(digest(sample(LARGE)));
    expect(get.err.lines).toContain("< 226 Done\r");
    await endedInOrder(server);
    expect(await curl(urlOf(server, "", ANN))).toMatchObject({ code: 7 });
  });

  test("at the deadline transfers are broken off with 426, and nothing is published", async () => {
    const server = await openUsersServer("--drain-seconds", "1");
    writeFileSync(join(server.root, "put"), "old");
    const [get, put] = [await beginGet(server), await beginPut(server)];
    const session = await Conversation.open(server, ANN);
    const data = await session.connectData();
    expect(await session.say("STOR by hand")).toMatch(/^150 /);
    data.write("begun");
    await tellToEnd(server);
    expect(await session.reply()).toBe("426 The transfer is broken off");
    expect(await session.reply()).toBe("421 The server is shutting down: goodbye");
    await endedInOrder(server);
    put.child.stdin.end();
    for (const transfer of [get, put]) {
      expect((await transfer.finish()).code).not.toBe(0);
      expect(transfer.err.lines).not.toContain("< 226 Done\r");
    }
    expect(digestOf(join(server.root, "put"))).toBe(digest(Buffer.from("old")));
    expect(readdirSync(server.root).sort()).toEqual(["large", "put"]);
  });

  test("a second one ends it at once; what was put is cleaned up at the next start", async () => {
    const server = await openUsersServer();
    await beginPut(server);
    await tellToEnd(server);
    server.child.kill("SIGTERM");
    expect(await server.ended).toEqual({ code: 143, signal: null });
    expect(existsSync(join(server.root, "put"))).toBe(false);
  });

  test("without sessions it ends in order", async () => {
    const server = await openUsersServer();
    await endFileServer(server);
  });
});
