/** Sends readings, and waits until the receiver has taken them. */
import { connect, ConnectionClosedError, type AsyncConnection, type Reactor } from "iomux";

import { END, FRAMES, packReading, unpackReceipt, type Reading } from "./reading.ts";

export class Sender {
  readonly #reactor: Reactor;
  readonly #connection: AsyncConnection;
  readonly #path: string;
  readonly #waitMs: number;
  /** Waited for from the start: who is asked for nothing is not seen to leave. */
  readonly #answer: Promise<Buffer | null>;
  #sent = 0;
  #trouble = "has gone";

  private constructor(
    reactor: Reactor,
    connection: AsyncConnection,
    { path, waitMs }: SenderOptions,
  ) {
    this.#reactor = reactor;
    this.#connection = connection;
    this.#path = path;
    this.#waitMs = waitMs;
    this.#answer = connection.read();
    const gone = (): void => connection.abort();
    this.#answer.then((answer) => answer ?? gone(), gone);
  }

  /** Rejects if nobody listens there. */
  static async open(reactor: Reactor, options: SenderOptions): Promise<Sender> {
    const { path, waitMs: timeoutMs } = options;
    const connection = await connect(reactor, { path }, { framer: () => FRAMES, timeoutMs });
    return new Sender(reactor, connection, options);
  }

  /** Waits for something else, as long as the receiver is there. */
  async meanwhile<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await wait(this.#connection.signal);
    } catch (error) {
      throw this.#connection.signal.aborted ? this.#lost() : error;
    }
  }

  /** Resolves when there is room for more. */
  async send(reading: Reading): Promise<void> {
    await this.#within(() => this.#connection.send(packReading(reading)));
    this.#sent++;
  }

  /** Says that this was all. Resolves with how many there were, once all of them were taken. */
  async finish(): Promise<number> {
    const answer = await this.#within(async () => {
      await this.#connection.send(END);
      return this.#answer;
    });
    if (answer === null) throw this.#lost();
    const taken = unpackReceipt(answer);
    if (taken !== this.#sent) throw new Error(`${taken} of ${this.#sent} readings were taken`);
    this.#connection.end();
    return taken;
  }

  /** What the receiver must do in time. */
  async #within<T>(act: () => Promise<T>): Promise<T> {
    const timer = this.#reactor.setTimer(this.#waitMs, () => {
      this.#trouble = `has not answered for ${this.#waitMs / 1000} s`;
      this.#connection.abort();
    });
    try {
      return await act();
    } catch (error) {
      throw error instanceof ConnectionClosedError ? this.#lost() : error;
    } finally {
      timer.cancel();
    }
  }

  #lost(): Error {
    const unsure = `nobody knows how many of ${this.#sent} it has taken`;
    return new Error(`the receiver at ${this.#path} ${this.#trouble}: ${unsure}`);
  }
}

export interface SenderOptions {
  readonly path: string;
  /** Time in which the receiver must let a connection, a record or the end pass. */
  readonly waitMs: number;
}
