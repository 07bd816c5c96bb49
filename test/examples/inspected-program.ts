/** A program that is inspected: an echo server which ends when somebody says so. */
import { createReactor, lines, serve } from "iomux";
import { inspect } from "iomux/inspect";

const reactor = createReactor();
const server = await serve(
  reactor,
  { framer: () => lines(), listen: { port: 0 }, label: "echo" },
  {
    frame: () => {
      void server.close({ drainMs: 0 });
    },
  },
);
const { url } = await inspect(reactor, { port: 0 });
const [address] = server.addresses;
console.log(JSON.stringify({ url, port: (address as { port: number }).port }));
