/** Somebody who watches the console's feed: reads all that comes, and counts it. */
import { connect } from "node:net";

import { answer } from "./child.ts";

let bytes = 0;

function watch({ port }: { port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      resolve();
    });
    socket.write("GET /api/feed HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  });
}

answer({ watch, bytes: () => bytes });
