/**
 * npm's ftp-srv as its README starts it, its log but for errors left out.
 *
 * node ftp-srv.mjs PORT FOLDER
 */
import { createRequire } from "node:module";

const { FtpSrv } = createRequire(import.meta.url)("ftp-srv");
const [port, root] = process.argv.slice(2);

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
