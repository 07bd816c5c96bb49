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

class PeerGone extends Error {
  constructor() {
    super("the peer has ended too early: begin the tour again");
  }
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
    await this.until(() => channel.bytesIn > bytesIn, channel);
  }

  /** Resolves once the peer has ended its side in order. Rejects if it is lost. */
  async ended(channel: Channel): Promise<void> {
    await this.until(() => hasLeft(channel));
    if (channel.state !== "open") throw new PeerGone();
  }

  /** Resolves once the peer is lost. Rejects if it has ended in order. */
  async lost(channel: Channel): Promise<void> {
    await this.until(() => hasLeft(channel));
    if (channel.state !== "failed") throw new PeerGone();
  }

  /**
   * Looks again and again, and asks the reactor nothing: so nothing is reported meanwhile. Rejects
   * if the peer of `channel` leaves before.
   */
  async until(condition: () => boolean, channel?: Channel): Promise<void> {
    while (!condition()) {
      if (channel !== undefined && hasLeft(channel)) throw new PeerGone();
      await new Promise<void>((resolve) => {
        this.reactor.setTimer(LOOK_MS, resolve);
      });
    }
  }
}

/** `endConfirmed` is so at once, whatever is unread, and whatever a registration may report. */
function hasLeft({ state, endConfirmed }: Channel): boolean {
  return endConfirmed || state !== "open";
}
