/** The thread of one client: frames come from the main thread, answers go there. */
import { parentPort, workerData } from "node:worker_threads";

import { createAnswerer } from "../work.ts";

const answer = createAnswerer(workerData as string);
const port = parentPort!;

port.on("message", (frame: Uint8Array) => {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  void Promise.resolve(answer(bytes)).then((answered) => {
    port.postMessage(Uint8Array.from(answered));
  });
});
port.postMessage("ready");
