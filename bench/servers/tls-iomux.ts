/** The echo server of docs/tls.md, as a child of a benchmark. */
import { createReactor, READABLE, WRITABLE, type SocketAddress } from "iomux";

import { local } from "../../test/support/certificates.ts";
import { answer, serverAnswers } from "../child.ts";

const reactor = createReactor();
const listener = await reactor.listen({ port: 0, host: "127.0.0.1" }, { tls: local });

reactor.register(listener, READABLE, () => {
  for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
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

answer({
  ...serverAnswers,
  port: () => (listener.localAddress as SocketAddress & { port: number }).port,
});
