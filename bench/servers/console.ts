/** The echo server of the README, with or without the console's feed, as a child of a benchmark. */
import { createReactor, READABLE, WRITABLE, type SocketAddress } from "iomux";

import { mountFeed } from "../../examples/console/feed-routes.ts";
import { HttpServer } from "../../examples/http/server/http-server.ts";
import { answer, serverAnswers } from "../child.ts";

const reactor = createReactor();
const listener = await reactor.listen({ port: 0, host: "127.0.0.1" });
let accepted = 0;

reactor.register(listener, READABLE, () => {
  for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
    accepted++;
    reactor.register(peer, READABLE, (channel, _ready, registration) => {
      const bytes = channel.read(channel.room);
      if (bytes !== null && bytes.length === 0) {
        channel.close();
        return;
      }
      if (bytes !== null) channel.write(bytes);
      registration.modify(channel.room > 0 ? READABLE : WRITABLE);
    });
  }
});

/** Answers the port of the feed. */
async function mount(): Promise<number> {
  const server = new HttpServer(reactor);
  const features = { chat: false, files: false };
  mountFeed(server, { reactor, program: "echo", features, accountOf: () => null });
  await server.listen({ port: 0, host: "127.0.0.1" });
  return portOf(server.addresses[0]);
}

function portOf(address: SocketAddress | null | undefined): number {
  return (address as SocketAddress & { port: number }).port;
}

answer({
  ...serverAnswers,
  connections: () => accepted,
  port: () => portOf(listener.localAddress),
  mount,
});
