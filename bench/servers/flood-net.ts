/** One direction, on plain `net`, with its own backpressure (`drain`); see `flood-iomux.ts`. */
import { createServer, type AddressInfo, type Socket } from "node:net";

import { answer, serverAnswers } from "../child.ts";

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, "x");
const PIECES = MIB / PIECE.length;

function sink(socket: Socket): void {
  let unanswered = 0;
  socket.on("data", (bytes) => {
    unanswered += bytes.length;
    for (; unanswered >= MIB; unanswered -= MIB) socket.write(PIECE.subarray(0, 1));
  });
  socket.on("error", () => undefined);
}

function source(socket: Socket): void {
  let pieces = 0;
  const send = (): void => {
    while (pieces > 0 && !socket.writableNeedDrain) {
      pieces--;
      socket.write(PIECE);
    }
  };
  socket.on("data", (bytes) => {
    pieces += bytes.length * PIECES;
    send();
  });
  socket.on("drain", send);
  socket.on("error", () => undefined);
}

const options = { noDelay: true };
const ports = { in: createServer(options, sink), out: createServer(options, source) };
for (const server of Object.values(ports)) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}

answer({
  ...serverAnswers,
  port: ({ direction }: { direction: "in" | "out" }) =>
    (ports[direction].address() as AddressInfo).port,
});
