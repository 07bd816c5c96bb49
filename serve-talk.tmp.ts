import { createReactor } from "iomux";
import { readFileSync, mkdtempSync, writeFileSync, mkdirSync } from "node:fs";
import { ChatServer } from "./examples/chat/server.ts";
import { readSettings } from "./examples/chat/flags.ts";
import { mountChat } from "./examples/console/chat-routes.ts";
import { mountFiles } from "./examples/console/file-routes.ts";
import { BufferPool } from "./examples/files/buffer-pool.ts";
import { openDiskStore } from "./examples/files/disk-store.ts";
import { HttpServer } from "./examples/http/server/http-server.ts";

const [httpPort, chatPort, folder, rights = "read,create,write,delete"] = process.argv.slice(2);
const reactor = createReactor();
const chat = await ChatServer.open(reactor, {
  settings: readSettings(["--port", chatPort!, "--lines-per-second", "0"])!,
  transcript: false,
  log: (line) => console.log("room:", line),
  minuteOfDay: () => new Date().getHours() * 60 + new Date().getMinutes(),
  onShutdown: () => undefined,
});
const server = new HttpServer(reactor);
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
for (const [target, name, type] of [["/", "index.html", "text/html; charset=utf-8"], ["/app.js", "app.js", "text/javascript"], ["/app.css", "app.css", "text/css"]] as const) {
  server.get(target, (_, response) => {
    response.field("Content-Type", type).field("Content-Security-Policy", CSP).send(readFileSync(`dist/page/${name}`));
  });
}
server.get("/api/session", (_, response) => response.json({ account: null }));
server.get("/api/feed", (_, response) => {
  const stream = response.events();
  stream.send({ event: "hello", data: JSON.stringify({ program: "try", wallMs: Date.now(), startedMs: Date.now(), nowMs: 0, features: { chat: true, files: true }, account: null, limits: {} }) });
  stream.send({ event: "table", data: JSON.stringify({ nowMs: 0, descriptors: [] }) });
});
mountChat(server, { chat, reactor });
const store = await openDiskStore(folder!);
mountFiles(server, {
  store,
  pool: new BufferPool({ maxBytes: 2 ** 24, now: () => reactor.now(), setTimer: (ms, f) => reactor.setTimer(ms, f).unref() }),
  now: () => reactor.now(),
  accountOf: () => ({ name: "x", home: "/", rights: new Set(rights.split(",")) as never, isAnonymous: true }),
});
await server.listen({ port: Number(httpPort), host: "127.0.0.1" });
console.log("open", server.addresses[0], chat.addresses[0]);
process.on("SIGTERM", () => process.exit(0));
