/** A server whose connections and frames are awaited. */
import { createReactor, serve, type AsyncServer } from "iomux";

import { framer } from "../protocol.ts";

export function serveAwaited(): Promise<AsyncServer> {
  // That work holds up everything else is what is to be seen here, and no news.
  const reactor = createReactor({ slowHandlerMs: Infinity });
  return serve(reactor, { listen: { port: 0 }, framer: () => framer });
}
