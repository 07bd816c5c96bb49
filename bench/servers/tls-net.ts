/** The plain TLS server that iomux is compared with: no limit, no check, no backpressure. */
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";

import { local } from "../../test/support/certificates.ts";
import { answer, serverAnswers } from "../child.ts";

const server = createServer({ ...local, noDelay: true }, (socket) => {
  socket.on("data", (bytes: Buffer) => socket.write(bytes));
  socket.on("error", () => undefined);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

answer({ ...serverAnswers, port: () => (server.address() as AddressInfo).port });
