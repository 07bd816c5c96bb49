/** node:http with an answer of 13 bytes: node http-node.mjs PORT */
import { createServer } from "node:http";

const server = createServer((_, response) => {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 13 });
  response.end("Hello, World!");
});
server.listen(Number(process.argv[2]), "127.0.0.1");
