/** The reactor takes the I/O; what keeps a core busy goes to a pool of threads, one for each core. */
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { Piscina } from "piscina";

import { endWithParent, tellParent } from "../child.ts";
import { createAnswerer } from "../work.ts";
import { serveWithHandlers } from "./handlers.ts";

/** More requests than that are refused, not kept. */
const MAX_WAITING = 10_000;

const cores = availableParallelism();
const pool = new Piscina<number, number>({
  filename: join(import.meta.dirname, "pool-thread.mjs"),
  ...{ minThreads: cores, maxThreads: cores, maxQueue: MAX_WAITING },
});
const answer = createAnswerer(process.argv[2]!, (below) => pool.run(below));
const server = await serveWithHandlers(answer);

endWithParent(() => pool.destroy());
tellParent({ addresses: server.addresses });
