/** fastify as its README starts it, its log left out: node http-fastify.mjs PORT */
import fastify from "fastify";

const server = fastify();
server.get("/", (_, reply) => {
  reply.header("Content-Type", "text/plain").send("Hello, World!");
});
await server.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
