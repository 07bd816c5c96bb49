/** An echo server that can be looked at while it works: `docs/console.md` tells of the page. */
import { createReactor, serve } from "iomux";
import { inspect } from "iomux/inspect";

const reactor = createReactor();
await serve(
  reactor,
  { listen: { port: 9000 }, label: "echo" },
  { frame: (connection, bytes) => void connection.send(bytes) },
);

const { url } = await inspect(reactor, { port: 8080 });
console.log(`Look at ${url}`);
