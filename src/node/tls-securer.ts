/** Handshakes over sockets, of either side, as a network offers them. */
import { isIP, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";

import type { SocketAddress } from "../address.ts";
import { IomuxError, IomuxTypeError } from "../errors.ts";
import type { Transport } from "../network.ts";
import type {
  ConnectTlsOptions,
  Handshake,
  HandshakeEnd,
  Securer,
  StartTlsOptions,
  TlsClientOptions,
} from "../tls.ts";
import { SocketTransport } from "./socket-transport.ts";
import { contextOf, type SocketEnd } from "./tls-context.ts";
import { handshakeError } from "./tls-error.ts";
import { checkClientOptions, contextOptions, makeContext } from "./tls-options.ts";
import { TlsTransport } from "./tls-transport.ts";

/** Throws for options that are no good. */
export function securerOf(options: StartTlsOptions | ConnectTlsOptions, host?: string): Securer {
  const begin = starterOf(options, host);
  return (transport, early, onEnd) => new SocketHandshake(transport, early, begin, onEnd);
}

type Starter = (raw: Socket, onEnd: SocketEnd) => void;

function starterOf(options: StartTlsOptions | ConnectTlsOptions, host?: string): Starter {
  const sides = Object.keys(options);
  if (sides.length !== 1 || !(sides[0] === "server" || sides[0] === "client")) {
    const message = "startTls takes { server: ... } or { client: ... }, and nothing else";
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if ("client" in options) return clientStarter(options.client, host);
  const context = contextOf(options.server);
  return (raw, onEnd) => {
    context.secure(raw, onEnd);
  };
}

function clientStarter(given: TlsClientOptions, host: string | undefined): Starter {
  checkClientOptions(given, host);
  const servername = given.servername ?? host!;
  const options: ConnectionOptions = {
    secureContext: makeContext(contextOptions(given), "tls"),
    host: servername,
    // Said in any case, because an environment variable has a word in Node's default.
    rejectUnauthorized: given.rejectUnauthorized ?? true,
    ...(isIP(servername) === 0 ? { servername } : {}),
    ...(given.session === undefined ? {} : { session: Buffer.from(given.session) }),
    ...(given.alpnProtocols === undefined ? {} : { ALPNProtocols: [...given.alpnProtocols] }),
  };
  return (raw, onEnd) => {
    const socket = connect({ ...options, socket: raw });
    const onError = (error: Error): void => {
      onEnd(error);
    };
    socket.on("error", onError);
    // Also if nobody else tells of it: nothing may wait for ever.
    socket.once("close", () => {
      onEnd(new IomuxError("ECONNRESET", "socket hang up"));
    });
    socket.once("secureConnect", () => {
      onEnd(socket);
      socket.off("error", onError);
    });
  };
}

class SocketHandshake implements Handshake {
  readonly #raw: Socket;
  readonly #local: SocketAddress | null;
  readonly #remote: SocketAddress | null;
  readonly #halfOpenBefore: boolean;
  #onEnd: HandshakeEnd | null;

  constructor(transport: Transport, early: readonly Buffer[], begin: Starter, onEnd: HandshakeEnd) {
    if (!(transport instanceof SocketTransport)) throw new Error("a transport of another network");
    this.#local = transport.localAddress;
    this.#remote = transport.remoteAddress;
    this.#halfOpenBefore = transport.halfOpenBefore;
    this.#onEnd = onEnd;
    transport.putBack(early);
    this.#raw = transport.handOver();
    this.#raw.allowHalfOpen = true;
    this.#raw.unref();
    begin(this.#raw, (end) => {
      this.#ended(end);
    });
  }

  #ended(end: TLSSocket | Error): void {
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    if (onEnd === null) {
      if (!(end instanceof Error)) this.reset();
    } else if (end instanceof Error) onEnd(handshakeError(end, this.#remote));
    else {
      const secure = new TlsTransport(end, this.#raw, this.#local, this.#remote);
      secure.halfOpenBefore = this.#halfOpenBefore;
      onEnd(secure);
    }
  }

  destroy(): void {
    this.#onEnd = null;
    this.#raw.destroy();
  }

  reset(): void {
    this.#onEnd = null;
    const raw = this.#raw;
    if (raw.destroyed) return;
    if (this.#local?.family === "unix") raw.destroy();
    else raw.resetAndDestroy();
  }
}
