/** The tour's own peer: a plain socket of Node, which knows nothing of the reactor. */
import { connect, type Socket } from "node:net";

import type { Listener } from "iomux";

import type { Peer } from "./stage.ts";

export class NetPeer implements Peer {
  readonly #socket: Socket;

  constructor({ localAddress: address }: Listener) {
    if (address === null || address.family === "unix") throw new Error("a TCP port is needed");
    this.#socket = connect({ port: address.port, host: address.host, allowHalfOpen: true });
    this.#socket.on("error", () => undefined);
    // It has nothing to say to a peer that has ended.
    this.#socket.on("end", () => this.#socket.end());
    this.#socket.resume();
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  stopReading(): Promise<void> {
    this.#socket.pause();
    return Promise.resolve();
  }

  readOn(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  die(): void {
    this.#socket.resetAndDestroy();
  }
}
