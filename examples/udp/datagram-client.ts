/** The client on a UDP socket of the library, which speaks with its server and hears nobody else. */
import { ERROR, READABLE } from "iomux";
import type { Datagram, DatagramAddress, Reactor, Timer } from "iomux";

import { Asker, type AskingOptions, type Operation, type Outcome, type Step } from "./asking.ts";

export interface DatagramClientOptions extends AskingOptions {
  readonly server: DatagramAddress;
}

export class DatagramClient {
  readonly #reactor: Reactor;
  readonly #datagram: Datagram;
  readonly #asker: Asker;
  #waiting: Timer | null = null;
  #resolve: ((outcome: Outcome) => void) | null = null;

  private constructor(reactor: Reactor, datagram: Datagram, options: AskingOptions) {
    this.#reactor = reactor;
    this.#datagram = datagram;
    this.#asker = new Asker(options);
    reactor.register(datagram, READABLE, (_, ready) => this.#turn(ready));
  }

  /** The server's host may be a name. Rejects with the system's error. */
  static async open(reactor: Reactor, options: DatagramClientOptions): Promise<DatagramClient> {
    const datagram = await reactor.bind({ port: 0 }, { peer: options.server, label: "udp-client" });
    return new DatagramClient(reactor, datagram, options);
  }

  /** One at a time. Whatever goes wrong is an outcome. */
  ask(operation: Operation): Promise<Outcome> {
    return new Promise((resolve) => {
      const step = this.#asker.ask(operation, this.#reactor.now());
      this.#resolve = resolve;
      this.#do(step);
    });
  }

  #turn(ready: number): void {
    const error = (ready & ERROR) === 0 ? null : this.#datagram.takeError();
    // Nobody receives there now; but who is being started again soon will.
    if (error !== null) this.#asker.fail((error as NodeJS.ErrnoException).code ?? error.message);
    for (let got = this.#datagram.receive(); got !== null; got = this.#datagram.receive()) {
      const step = this.#asker.receive(got.bytes, this.#reactor.now());
      if (step !== null) this.#do(step);
    }
  }

  #do(step: Step): void {
    this.#waiting?.cancel();
    this.#waiting = null;
    if ("outcome" in step) {
      this.#resolve?.(step.outcome);
      this.#resolve = null;
      return;
    }
    // If it is not taken, it is lost, as any datagram may be.
    this.#datagram.send(step.send);
    this.#waiting = this.#reactor.setTimer(step.waitMs, () => {
      this.#do(this.#asker.due(this.#reactor.now()));
    });
  }

  close(): void {
    this.#waiting?.cancel();
    this.#datagram.close();
  }
}
