/**
 * A room on plain `net`, as one writes it: each line goes to all but the one who said it. No limit,
 * no check, no backpressure. A line that begins with a dot is answered, and goes to nobody.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";

import { answer, serverAnswers } from "../child.ts";

const LF = 0x0a;
const DOT = 0x2e;

const sockets = new Set<Socket>();

function say(me: Socket, line: Buffer): void {
  if (line[0] === DOT) {
    me.write(line);
    return;
  }
  for (const socket of sockets) if (socket !== me) socket.write(line);
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      say(socket, bytes.subarray(start, end + 1));
      start = end + 1;
    }
    rest = bytes.subarray(start);
  });
});

answer({
  ...serverAnswers,
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  },
});
