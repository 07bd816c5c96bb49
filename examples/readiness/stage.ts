/** Where the tour takes place: a listener, and somebody who connects to it. */
import { READABLE, type Address, type Channel, type Listener, type Reactor } from "iomux";

/** The other end of a connection. What it is told to do arrives later, or when somebody does it. */
export interface Peer {
  send(text: string): void;
  /** Resolves once it reads no more. */
  stopReading(): Promise<void>;
  readOn(): void;
  /** Ends its side, and goes on reading. */
  end(): void;
  /** Is gone at once, though there is something that it has not read. */
  die(): void;
}

export interface StageOptions {
  readonly listen: Address;
  /** Connects, or has somebody connect. */
  readonly dial: (listener: Listener) => Peer;
  readonly print: (line: string) => void;
}

/** Between two looks at whether something has happened. */
const LOOK_MS = 5;

export class Stage {
  readonly reactor: Reactor;
  readonly print: (line: string) => void;
  readonly #listener: Listener;
  readonly #dial: (listener: Listener) => Peer;

  private constructor(reactor: Reactor, listener: Listener, { dial, print }: StageOptions) {
    this.reactor = reactor;
    this.#listener = listener;
    this.#dial = dial;
    this.print = print;
  }

  static async open(reactor: Reactor, options: StageOptions): Promise<Stage> {
    return new Stage(reactor, await reactor.listen(options.listen), options);
  }

  /** Another connection: our end of it, and who is at the other one. */
  async connect(): Promise<{ channel: Channel; peer: Peer }> {
    const peer = this.#dial(this.#listener);
    await this.until(() => this.#listener.waiting > 0);
    return { channel: this.#listener.accept()!, peer };
  }

  /** The listener is registered, for `poll()`. */
  watchListener(): void {
    this.reactor.register(this.#listener, READABLE);
  }

  /** Nobody can connect any more. */
  end(): void {
    this.#listener.close();
  }

  /** Resolves once more has come than is unread now. */
  async more(channel: Channel): Promise<void> {
    const { bytesIn } = channel;
    await this.until(() => channel.bytesIn > bytesIn);
  }

  /** Looks again and again, and asks the reactor nothing: so nothing is reported meanwhile. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.reactor.setTimer(LOOK_MS, resolve);
      });
    }
  }
}
