/** The plain server that the goals compare with: no limit, no check, no backpressure. */
import { createServer, type AddressInfo } from "node:net";

import { answer, serverAnswers } from "../child.ts";

let connections = 0;
const server = createServer({ noDelay: true }, (socket) => {
  connections++;
  socket.on("close", () => connections--);
  socket.on("data", (bytes) => socket.write(bytes));
  socket.on("error", () => undefined);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

answer({
  ...serverAnswers,
  connections: () => connections,
  port: () => (server.address() as AddressInfo).port,
});
