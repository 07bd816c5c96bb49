/** A server on the reactor with handlers: nobody waits, each frame is answered when it comes. */
import { createReactor, serve, type Server } from "iomux";

import { framer } from "../protocol.ts";
import type { Answerer } from "../work.ts";

export function serveWithHandlers(answer: Answerer): Promise<Server> {
  return serve(
    // That work holds up everything else is what is to be seen here, and no news.
    createReactor({ slowHandlerMs: Infinity }),
    { listen: { port: 0 }, framer: () => framer, outputPolicy: "pause-source" },
    {
      frame(connection, frame) {
        const answered = answer(frame);
        if (!Buffer.isBuffer(answered)) {
          return answered.then((bytes) => {
            connection.send(bytes);
          });
        }
        connection.send(answered);
        return undefined;
      },
    },
  );
}
