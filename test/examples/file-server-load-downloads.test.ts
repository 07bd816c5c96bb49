/**
 * 200 sessions download at once, and one of them reads 1 KiB a second: the others have equal shares,
 * and the slow one costs what its limits say.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

import { LARGE_BYTES, SMALL_BYTES } from "../../examples/files/buffer-pool.ts";
import { LIMITS } from "../../examples/ftp/server/flags.ts";
import {
  memoryOf,
  openSessions,
  peakMemoryOf,
  readSlowly,
  readyToRead,
  StatusAsker,
} from "./file-server-crowd.ts";
import {
  endFileServer,
  openFileServer,
  UNLIMITED,
  type Conversation,
} from "./file-server-process.ts";
import { sample } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const SESSIONS = 200;
/** More than the system hides, so that all wait for the server's large buffers. */
const FILE_BYTES = 6 * LARGE_BYTES;
/** Of the runtime: code, garbage, sockets. Each of 200 sessions may have 256 KiB of it. */
const RUNTIME_BYTES = SESSIONS * 256 * 1024;

/**
 * Max/min of throughput. A busy machine can hold up one of 200 readers, so that it is tried a few
 * times; but nothing makes an unfair server fair.
 */
async function leastSpread(sessions: readonly Conversation[]): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 3 && least > 2; round++) {
    const ready = await Promise.all(sessions.map((session) => readyToRead(session, "movie")));
    const began = performance.now();
    const all = await Promise.all(ready.map((begin) => begin()));
    expect(all.map(({ bytes }) => bytes)).toEqual(sessions.map(() => FILE_BYTES));
    const took = all.map(({ endedMs }) => endedMs - began);
    least = Math.min(least, Math.max(...took) / Math.min(...took));
  }
  return least;
}

test("200 downloads: max/min of throughput is at most 2, and memory is what the limits say", async () => {
  const socket = join(temporaryFolder(), "status");
  const server = await openFileServer([...UNLIMITED, "--status-socket", socket]);
  writeFileSync(join(server.root, "movie"), sample(FILE_BYTES));
  const asker = new StatusAsker(socket);
  const before = memoryOf(server);
  const [slow, ...others] = await openSessions(server, SESSIONS);
  const data = await readSlowly(server, slow!, "movie", 1024);
  expect(await leastSpread(others)).toBeLessThanOrEqual(2);

  const after = await asker.until(({ transfers }) => transfers === 1);
  expect(after.told[0]!.doing).toMatchObject({ verb: "RETR", expected: FILE_BYTES });
  // What it has is a large buffer or a small one; its commands and replies need no more.
  expect(after.buffers.taken).toBeLessThanOrEqual(1);
  expect(after.memory.taken).toBeGreaterThan(0);
  expect(after.memory.taken).toBeLessThanOrEqual(LARGE_BYTES);
  const buffers = LIMITS.poolBytes[0] + SESSIONS * SMALL_BYTES;
  expect(peakMemoryOf(server) - before).toBeLessThan(buffers + RUNTIME_BYTES);

  data.destroy();
  for (const session of [slow!, ...others]) session.close();
  await asker.until(({ sessions, buffers }) => sessions.taken === 0 && buffers.taken === 0);
  asker.close();
  await endFileServer(server);
});
