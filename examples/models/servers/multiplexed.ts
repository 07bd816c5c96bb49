/** All clients in one thread: the reactor says who is ready, and a handler answers. */
import { endWithParent, tellParent } from "../child.ts";
import { createAnswerer } from "../work.ts";
import { serveWithHandlers } from "./handlers.ts";

const server = await serveWithHandlers(createAnswerer(process.argv[2]!));

endWithParent();
tellParent({ addresses: server.addresses });
