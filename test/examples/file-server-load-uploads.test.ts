/** 100 uploads at once are all there, whole; and 500 idle sessions disturb nobody. */
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

import { openSessions, readyToRead, StatusAsker, upload } from "./file-server-crowd.ts";
import { endFileServer, openFileServer, UNLIMITED } from "./file-server-process.ts";
import { digest, digests, sample } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const UPLOAD = ["--anonymous-upload", "on"];

test("100 uploads at once: each is there whole, and nothing besides", async () => {
  const server = await openFileServer([...UNLIMITED, ...UPLOAD]);
  const sessions = await openSessions(server, 100);
  const files = sessions.map((_, i) => [`file ${i}`, sample(i * 37_123 + 1, i)] as const);
  const replies = await Promise.all(
    files.map(([name, bytes], i) => upload(sessions[i]!, name, bytes)),
  );
  expect(new Set(replies)).toEqual(new Set(["226 Done"]));
  expect(digests(server.root)).toEqual(
    Object.fromEntries(files.map(([name, bytes]) => [name, digest(bytes)]).toSorted()),
  );
  for (const session of sessions) session.close();
  await endFileServer(server);
});

test("50 uploads to one name at once: one of them is there, whole", async () => {
  const server = await openFileServer([...UNLIMITED, ...UPLOAD]);
  const sessions = await openSessions(server, 50);
  const contents = sessions.map((_, i) => sample(200_000, i));
  const replies = await Promise.all(
    sessions.map((session, i) => upload(session, "one", contents[i]!)),
  );
  // Who may only put new files is told that there is one, at the beginning or at the end.
  expect(replies.filter((reply) => reply.startsWith("226 "))).toHaveLength(1);
  expect(replies.filter((reply) => reply.startsWith("550 "))).toHaveLength(49);
  const winner = replies.findIndex((reply) => reply.startsWith("226 "));
  expect(digests(server.root)).toEqual({ one: digest(contents[winner]!) });
  for (const session of sessions) session.close();
  await endFileServer(server);
});

test("500 idle sessions hold no bytes, stay, and somebody else works as if alone", async () => {
  const socket = join(temporaryFolder(), "status");
  const server = await openFileServer([...UNLIMITED, ...UPLOAD, "--status-socket", socket]);
  const idle = await openSessions(server, 500);
  const asker = new StatusAsker(socket);
  const [client] = await openSessions(server, 1);
  const bytes = sample(3_000_000);
  for (let i = 0; i < 4; i++) {
    expect(await upload(client!, `file ${i}`, bytes)).toBe("226 Done");
    const read = await readyToRead(client!, `file ${i}`);
    expect(await read()).toMatchObject({ bytes: bytes.length });
  }
  const { sessions, memory, buffers } = await asker.ask();
  expect([sessions.taken, memory.taken, buffers.taken]).toEqual([501, 0, 0]);
  expect(new Set(await Promise.all(idle.map((session) => session.say("NOOP"))))).toEqual(
    new Set(["200 Nothing is done"]),
  );
  for (const session of [...idle, client!]) session.close();
  await asker.until(({ sessions }) => sessions.taken === 0);
  asker.close();
  await endFileServer(server);
});
