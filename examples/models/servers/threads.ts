/**
 * A thread for each client. Node cannot give a socket to a thread, so the main thread does all the
 * I/O, and the thread of a client gets its frames and answers them.
 */
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { endWithParent, tellParent } from "../child.ts";
import type { Answerer } from "../work.ts";
import { serveAwaited } from "./awaited.ts";
import { Starts } from "./starts.ts";
import { talk } from "./talk.ts";

const [, , folder, mostThreads] = process.argv;
const starts = new Starts();

async function startThread(): Promise<Worker> {
  const file = join(import.meta.dirname, "connection-thread.mjs");
  const thread = new Worker(file, { workerData: folder });
  thread.on("error", (error) => {
    console.error(error);
  });
  await once(thread, "message");
  return thread;
}

/** Asks it one thing at a time: the next frame is read when this one is answered. */
function askThread(thread: Worker): Answerer {
  return async (frame) => {
    // A copy, so that it is the thread's own and moves there without being copied again.
    const bytes = Uint8Array.from(frame);
    thread.postMessage(bytes, [bytes.buffer]);
    const [answer] = (await once(thread, "message")) as [Uint8Array];
    return Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  };
}

const server = await serveAwaited();

endWithParent();
tellParent({ addresses: server.addresses });
await server.each(
  async (connection) => {
    const thread = await starts.run(startThread);
    try {
      await talk(connection, askThread(thread));
    } finally {
      await thread.terminate();
    }
  },
  { maxRunning: Number(mostThreads) },
);
