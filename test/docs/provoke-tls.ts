/** How the errors of TLS are met: on real sockets, because there is no TLS in memory. */
import net from "node:net";

import { createReactor, createTlsContext, type ReactorOptions } from "iomux";

import { local } from "../support/certificates.ts";
import { thrown, type CodedError } from "./thrown.ts";

/** The first report of a listener with TLS, after `peers` came; the last of them speaks HTTP. */
async function handshakeReport(options: ReactorOptions, peers: number): Promise<CodedError> {
  const reports: (Error & CodedError)[] = [];
  const reactor = createReactor({
    ...options,
    onError: (error) => reports.push(error as Error & CodedError),
  });
  const listener = await reactor.listen({ port: 0 }, { tls: local });
  const { port } = listener.localAddress as { port: number };
  const raw = Array.from({ length: peers }, () => net.connect(port, "127.0.0.1"));
  for (const peer of raw) peer.on("error", () => undefined);
  raw.at(-1)!.write("GET / HTTP/1.1\r\n\r\n");
  while (reports.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const peer of raw) peer.destroy();
  await reactor.close();
  const { code, message } = reports[0]!;
  return { code, message };
}

export const TLS_MESSAGES = {
  async IOMUX_CANNOT_START_TLS() {
    const reactor = createReactor();
    const channel = reactor.connect({ port: 9 }, { tls: {} });
    const error = thrown(() => {
      reactor.startTls(channel, { client: { servername: "localhost" } });
    });
    await reactor.close();
    return error;
  },

  async IOMUX_UNREAD_PLAINTEXT() {
    const reactor = createReactor();
    const listener = await reactor.listen({ port: 0 });
    const peer = net.connect((listener.localAddress as { port: number }).port, "127.0.0.1");
    peer.on("error", () => undefined);
    peer.write("RSET\r\n\n");
    await reactor.select([listener]);
    const channel = listener.accept()!;
    await reactor.select([channel]);
    const error = thrown(() => {
      reactor.startTls(channel, { client: { servername: "localhost" } });
    });
    peer.destroy();
    await reactor.close();
    return error;
  },

  IOMUX_BAD_CERTIFICATE() {
    return Promise.resolve(thrown(() => createTlsContext({ cert: "no PEM", key: "no PEM" })));
  },

  async IOMUX_HANDSHAKE_FAILED() {
    const { code, message } = await handshakeReport({}, 1);
    return { code, message: message.replace(/:\d+ /, ":52814 ") };
  },

  IOMUX_TOO_MANY_HANDSHAKES() {
    return handshakeReport({ maxHandshakes: 1 }, 2);
  },
};
