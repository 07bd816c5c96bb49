/** A listening transport over `net.Server`. Accepting cannot be paused: Node has no such call. */
import type { Server, Socket } from "node:net";

import type { SocketAddress } from "../address.ts";
import type { ListenSink, ListenTransport } from "../network.ts";
import { closedOutside } from "./connection-error.ts";
import { serverAddress } from "./socket-address.ts";
import { SocketTransport } from "./socket-transport.ts";
import { nextImmediate } from "./system-clock.ts";

export class ServerTransport implements ListenTransport {
  readonly localAddress: SocketAddress | null;
  readonly #server: Server;
  readonly #cleanUp: () => void;
  #sink: ListenSink | null = null;

  /** `cleanUp` runs once the server is closed. */
  constructor(server: Server, localAddress?: SocketAddress, cleanUp: () => void = () => undefined) {
    this.#server = server;
    this.#cleanUp = cleanUp;
    this.localAddress = localAddress ?? serverAddress(server);
  }

  attach(sink: ListenSink): void {
    this.#sink = sink;
    const unix = this.localAddress?.family === "unix";
    const shared = sharedAddress(this.localAddress);
    this.#server.on("connection", (socket: Socket) => {
      sink.onConnection(new SocketTransport(socket, unix, "", shared));
    });
    this.#server.on("error", (error) => {
      this.#sink?.onAcceptFailed(error);
    });
    this.#server.on("close", () => {
      this.#sink?.onClosed(closedOutside("server", "listener"));
    });
    this.#server.unref();
  }

  pause(): void {
    throw new Error("net.Server cannot pause accepting");
  }

  resume(): void {
    throw new Error("net.Server cannot pause accepting");
  }

  close(done: () => void): void {
    this.#sink = null;
    // The callback waits for every connection; the address is free when the call returns.
    this.#server.close();
    this.#cleanUp();
    nextImmediate(done);
  }
}

/** The near address of every connection, unless the server was bound to more than one. */
function sharedAddress(bound: SocketAddress | null): SocketAddress | null {
  if (bound === null || bound.family === "unix") return null;
  return bound.host === "::" || bound.host === "0.0.0.0" ? null : bound;
}
