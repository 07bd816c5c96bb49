/** The process of one client: it gets the connection, serves it, and ends. */
import { once } from "node:events";
import type { Socket } from "node:net";

import { endWithParent, tellParent } from "../child.ts";
import { FrameReader } from "../protocol.ts";
import { createAnswerer } from "../work.ts";

const answer = createAnswerer(process.argv[2]!);

async function serveClient(socket: Socket): Promise<void> {
  const reader = new FrameReader();
  // Who has ended his side is still owed answers.
  socket.allowHalfOpen = true;
  // Without the option the loop would destroy it at its end, with answers that have not left.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    for (const frame of reader.push(chunk as Buffer)) {
      if (!socket.write(await answer(frame))) await once(socket, "drain");
    }
  }
  if (!socket.closed) await once(socket.end(), "close");
}

process.once("message", (_: "serve", socket: Socket | undefined) => {
  // Undefined: the client was gone before the connection was sent.
  if (socket === undefined) return process.exit();
  serveClient(socket)
    // The client is gone, or has sent what is no frame: that is its own business.
    .catch(() => undefined)
    .finally(() => process.exit());
});
endWithParent();
tellParent({});
