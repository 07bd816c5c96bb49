/** The echo server of the README (its types checked more strictly), as a child of a benchmark. */
import { createReactor, READABLE, WRITABLE, type SocketAddress } from "iomux";

import { answer, serverAnswers } from "../child.ts";

const reactor = createReactor();
const listener = await reactor.listen({ port: 0, host: "127.0.0.1" });

reactor.register(listener, READABLE, () => {
  for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
    reactor.register(peer, READABLE, (channel, _ready, registration) => {
      const bytes = channel.read(channel.room); // never more than write() would take now
      if (bytes !== null && bytes.length === 0) {
        channel.close();
        return;
      }
      if (bytes !== null) channel.write(bytes);
      registration.modify(channel.room > 0 ? READABLE : WRITABLE);
    });
  }
});

answer({
  ...serverAnswers,
  connections: () => reactor.registrations.size - 1,
  port: () => (listener.localAddress as SocketAddress & { port: number }).port,
});
