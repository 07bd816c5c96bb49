/**
 * npm's ftp-srv as its README starts it, its log but for errors left out.
 *
 * node ftp-srv.mjs INSTALLED PORT FOLDER
 */
import { createRequire } from "node:module";
import { join } from "node:path";

const [installed, port, root] = process.argv.slice(2);
const { FtpSrv } = createRequire(join(installed, "x.js"))("ftp-srv");

const server = new FtpSrv({
  url: `ftp://127.0.0.1:${port}`,
  pasv_url: "127.0.0.1",
  anonymous: true,
});
server.log.level("error");
server.on("login", (_login, resolve) => {
  resolve({ root });
});
await server.listen();
