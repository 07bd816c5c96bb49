/** The HTTP server of the examples, with an answer of 13 bytes, one of 4 MiB, and a form. */
import { createReactor } from "iomux";

import { HttpServer } from "../../examples/http/server/http-server.ts";
import { answer, serverAnswers } from "../child.ts";

const port = Number(process.argv[2]);
const large = Buffer.alloc(4 * 1024 * 1024);
// The large answer is one buffer for all of them: what waits of it is no memory.
const server = new HttpServer(createReactor({ maxBufferedBytes: 2 ** 40 }), {
  // All come from one address here, and stay.
  limits: { maxConnectionsPerAddress: 0, maxRequests: 0, maxBodyBytes: large.length },
});
server.get("/", (_, response) => {
  response.field("Content-Type", "text/plain").send("Hello, World!");
});
server.get("/large", (_, response) => {
  response.send(large);
});
server.post("/form", async ({ body }, response) => {
  await body.discard();
  response.send("read");
});
await server.listen({ host: "127.0.0.1", port });
answer(serverAnswers);
