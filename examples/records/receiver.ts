/** Takes records of many senders. What is wrong costs its own connection. */
import {
  ConnectionClosedError,
  serve,
  type AsyncConnection,
  type AsyncServer,
  type Reactor,
} from "iomux";

import { FRAMES, packReceipt, unpackReading, type Reading } from "./reading.ts";

export interface ReceiverOptions {
  readonly path: string;
  readonly mode: number;
  readonly maxSenders: number;
  readonly idleSeconds: number;
  /** The next record of this sender is read once it resolves. */
  readonly show: (reading: Reading) => Promise<void>;
  readonly complain: (why: string) => void;
}

export class Receiver {
  readonly #server: AsyncServer;
  readonly #options: ReceiverOptions;
  #senders = 0;

  private constructor(server: AsyncServer, options: ReceiverOptions) {
    this.#server = server;
    this.#options = options;
    server
      .each((connection) => this.#serve(connection))
      .catch((error: unknown) => {
        options.complain((error as Error).message);
      });
  }

  static async open(reactor: Reactor, options: ReceiverOptions): Promise<Receiver> {
    const { path, mode, maxSenders, idleSeconds } = options;
    // The file has its mode from the first moment: nobody comes in before it is changed.
    const usual = process.umask(0o777 & ~mode);
    try {
      const server = await serve(reactor, {
        listen: { path },
        framer: () => FRAMES,
        maxConnections: maxSenders,
        idleMs: idleSeconds * 1000,
      });
      return new Receiver(server, options);
    } finally {
      process.umask(usual);
    }
  }

  /** Nobody is let in any more; who is in the middle of a record may end it. */
  async close(): Promise<void> {
    await this.#server.close();
  }

  async #serve(connection: AsyncConnection): Promise<void> {
    const sender = ++this.#senders;
    let taken = 0;
    try {
      for await (const record of connection) {
        if (record.length === 0) {
          await connection.send(packReceipt(taken));
          taken = 0;
          continue;
        }
        await this.#options.show(unpackReading(record));
        taken++;
      }
      if (taken > 0) throw new Error("it has ended without saying that this was all");
    } catch (error) {
      connection.abort();
      this.#complain(sender, taken, error as Error);
    }
  }

  #complain(sender: number, taken: number, error: Error): void {
    // That it ends is nothing that a sender has done wrong.
    if (error instanceof ConnectionClosedError && error.reason === "shutdown") return;
    const after = `after ${taken} ${taken === 1 ? "record" : "records"}`;
    this.#options.complain(`sender ${sender} is cut off ${after}: ${whyOf(error)}`);
  }
}

/** What the library says; what it advises behind that is for who writes programs. */
function whyOf({ cause, message }: Error): string {
  return cause instanceof Error ? cause.message.split(": ", 1)[0]! : message;
}
