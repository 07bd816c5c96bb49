/** A coroutine for each client, all in one thread: where one waits, another goes on. */
import { endWithParent, tellParent } from "../child.ts";
import { createAnswerer } from "../work.ts";
import { serveAwaited } from "./awaited.ts";
import { talk } from "./talk.ts";

const answer = createAnswerer(process.argv[2]!);
const server = await serveAwaited();

endWithParent();
tellParent({ addresses: server.addresses });
await server.each((connection) => talk(connection, answer));
