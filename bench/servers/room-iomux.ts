/** The same room as `room-net.ts`, with `serve()`, `lines()` and `broadcast()`. */
import {
  broadcast,
  createReactor,
  lines,
  serve,
  type ServeOptions,
  type Server,
  type SocketAddress,
} from "iomux";

import { answer, serverAnswers } from "../child.ts";

const DOT = 0x2e;
const LF = Buffer.from("\n");

const reactor = createReactor();
let server: Server;

/** `limits`: those that are not the defaults. */
async function listen({ limits }: { limits?: Partial<ServeOptions<Buffer>> }): Promise<number> {
  const options = { framer: () => lines(), listen: { port: 0, host: "127.0.0.1" }, ...limits };
  server = await serve(reactor, options, {
    frame(connection, line) {
      const bytes = Buffer.concat([line, LF]);
      if (line[0] === DOT) connection.send(bytes);
      else broadcast(server.connections, bytes, { except: connection });
    },
  });
  return (server.addresses[0] as SocketAddress & { port: number }).port;
}

answer({ ...serverAnswers, listen, stats: () => server.stats() });
