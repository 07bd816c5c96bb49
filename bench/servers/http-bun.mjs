/** Bun.serve with an answer of 13 bytes: bun http-bun.mjs PORT */
/* global Bun */
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch: () => new Response("Hello, World!", { headers: { "Content-Type": "text/plain" } }),
});
