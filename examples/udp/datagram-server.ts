/** The service on a UDP socket of the library: an iterative server, one datagram after the other. */
import { ERROR, READABLE, type Datagram, type DatagramAddress, type Reactor } from "iomux";

import type { Service } from "./service.ts";

/** Datagrams of one call: then it is the turn of others. */
const DATAGRAMS_PER_CALL = 64;

export interface DatagramServerOptions {
  readonly service: Service;
  readonly listen: DatagramAddress;
  /** Hears what the system says of answers that were sent. */
  readonly report: (error: Error) => void;
}

export class DatagramServer {
  /** Answers that the system did not take: they are lost, as any datagram may be. */
  unsent = 0;
  readonly #reactor: Reactor;
  readonly #datagram: Datagram;
  readonly #options: DatagramServerOptions;

  private constructor(reactor: Reactor, datagram: Datagram, options: DatagramServerOptions) {
    this.#reactor = reactor;
    this.#datagram = datagram;
    this.#options = options;
    reactor.register(datagram, READABLE, (_, ready) => this.#turn(ready));
  }

  /** Resolves once bound. Rejects with the system's error. */
  static async open(reactor: Reactor, options: DatagramServerOptions): Promise<DatagramServer> {
    const datagram = await reactor.bind(options.listen, { label: "udp-server" });
    return new DatagramServer(reactor, datagram, options);
  }

  get address(): DatagramAddress {
    return this.#datagram.localAddress as DatagramAddress;
  }

  #turn(ready: number): void {
    const error = (ready & ERROR) === 0 ? null : this.#datagram.takeError();
    if (error !== null) this.#options.report(error);
    for (let count = 0; count < DATAGRAMS_PER_CALL; count++) {
      const received = this.#datagram.receive();
      if (received === null) return;
      const { bytes, from } = received;
      const answer = this.#options.service.receive(bytes, from, this.#reactor.now());
      if (answer !== null && !this.#datagram.send(answer, from)) this.unsent++;
    }
  }

  close(): void {
    this.#datagram.close();
  }
}
