/**
 * node:http with sirv as its README starts it. `dev`: files are looked at for each request; else
 * once, at the start, and a change is not seen.
 *
 * node http-sirv.mjs PORT FOLDER dev|prod
 */
import { createServer } from "node:http";

import sirv from "sirv";

const [port, root, mode] = process.argv.slice(2);
createServer(sirv(root, { dev: mode === "dev", etag: true })).listen(Number(port), "127.0.0.1");
