/** One client after the other: the next one is accepted when this one has left. */
import { endWithParent, tellParent } from "../child.ts";
import { createAnswerer } from "../work.ts";
import { serveAwaited } from "./awaited.ts";
import { talk } from "./talk.ts";

const answer = createAnswerer(process.argv[2]!);
const server = await serveAwaited();

endWithParent();
tellParent({ addresses: server.addresses });
for await (const connection of server) await talk(connection, answer);
