/**
 * What a server presents, and the handshakes with it.
 *
 * The handshakes are those of a `tls.Server` that listens nowhere: it is handed the connections, as
 * its documentation allows ("connection" may be emitted by users), and knows what a bare
 * `TLSSocket` does not: client certificates, names, and errors before the end of the handshake.
 */
import type { Socket } from "node:net";
import { createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";

import { IomuxError } from "../errors.ts";
import type { TlsContext, TlsIdentity, TlsServerOptions } from "../tls.ts";
import { nextImmediate } from "./system-clock.ts";
import { checkServerOptions, contextOptions, makeContext } from "./tls-options.ts";

/** Node's own limit, out of the way: ours are `tlsHandshakeMs` and `timeoutMs`. */
const NO_TIMEOUT = 0x7fffffff;

export type SocketEnd = (end: TLSSocket | Error) => void;

/**
 * What a server presents: its certificates and what it asks for, for `listen`, `serve` and
 * `startTls`. `update()` replaces it for all of them. Throws `IOMUX_BAD_CERTIFICATE` for what
 * OpenSSL cannot use.
 */
export function createTlsContext(options: TlsServerOptions): TlsContext {
  return new ServerContext(options);
}

/** The context that `given` is, or describes. */
export function contextOf(given: TlsServerOptions | TlsContext): ServerContext {
  if (given instanceof ServerContext) return given;
  return new ServerContext(given as TlsServerOptions);
}

export class ServerContext implements TlsContext {
  #server: Server;
  readonly #waiting = new Map<unknown, SocketEnd>();

  constructor(options: TlsServerOptions) {
    this.#server = this.#serverFor(options);
  }

  /** A new server, because most of its settings are fixed; handshakes under way keep theirs. */
  update(options: TlsServerOptions): void {
    this.#server = this.#serverFor(options);
  }

  #serverFor(options: TlsServerOptions): Server {
    checkServerOptions(options);
    const main = contextOptions(options);
    makeContext(main, "tls");
    const hosts = new Hosts(options);
    const server = createServer({
      ...main,
      requestCert: options.requestCert ?? false,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
      handshakeTimeout: NO_TIMEOUT,
      ...(options.alpnProtocols === undefined ? {} : { ALPNProtocols: [...options.alpnProtocols] }),
      ...(hosts.empty ? {} : { SNICallback: hosts.select }),
    });
    server.on("secureConnection", (socket) => {
      socket.allowHalfOpen = true;
      this.#ended(socket, socket);
    });
    server.on("tlsClientError", (error, socket) => {
      const { authorizationError } = socket as { authorizationError?: unknown };
      this.#ended(
        socket,
        typeof authorizationError === "string" ? notTrusted(authorizationError) : error,
      );
    });
    return server;
  }

  #ended(socket: TLSSocket, end: TLSSocket | Error): void {
    // The raw socket under it, by the name that `node:net` itself uses.
    const { _parent: raw } = socket as unknown as { _parent?: unknown };
    const onEnd = this.#waiting.get(raw);
    this.#waiting.delete(raw);
    if (onEnd === undefined) socket.destroy();
    else onEnd(end);
  }

  /** Begins a handshake as the server. */
  secure(raw: Socket, onEnd: SocketEnd): void {
    this.#waiting.set(raw, onEnd);
    // Also if nobody else tells of it: nothing may wait for ever. Who knows more tells it first.
    raw.once("close", () => {
      nextImmediate(() => {
        if (this.#waiting.delete(raw)) onEnd(new IomuxError("ECONNRESET", "socket hang up"));
      });
    });
    // There is no half of a handshake.
    raw.allowHalfOpen = false;
    this.#server.emit("connection", raw);
  }
}

/** The identities by name. */
class Hosts {
  readonly #contexts = new Map<string, SecureContext>();

  constructor(options: TlsServerOptions) {
    for (const [name, identity] of Object.entries<TlsIdentity>(options.hosts ?? {})) {
      const context = makeContext(contextOptions(options, identity), `tls.hosts["${name}"]`);
      this.#contexts.set(name.toLowerCase(), context);
    }
  }

  get empty(): boolean {
    return this.#contexts.size === 0;
  }

  /** Without an answer the main identity is presented. */
  readonly select = (
    servername: string,
    answer: (error: Error | null, context?: SecureContext) => void,
  ): void => {
    const name = servername.toLowerCase();
    const found = this.#contexts.get(name) ?? this.#contexts.get(name.replace(/^[^.]+/, "*"));
    answer(null, found);
  };
}

function notTrusted(code: string): IomuxError {
  return new IomuxError(code, `the client's certificate is not trusted`);
}
