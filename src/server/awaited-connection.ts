/**
 * A connection whose frames are waited for: a thin layer over a `ServedConnection`.
 *
 * Its reader is held unless a read waits, so nothing is cut that nobody has asked for, and nothing
 * is read from the channel either. A read lets it go on, and the frame that comes holds it again.
 */
import type { SocketAddress } from "../address.ts";
import { checkOptions } from "../arguments.ts";
import type { BufferedChannel } from "../channel.ts";
import type { WaitOptions } from "../reactor/wait.ts";
import type { TlsInfo } from "../tls.ts";
import type {
  AsyncConnection,
  AsyncSendOptions,
  AsyncTlsOptions,
  ReadLineOptions,
} from "./async-connection.ts";
import { AwaitedOutput, type OutputRules } from "./awaited-output.ts";
import type { CloseReason } from "./close-reason.ts";
import type { AnyConnection, ConnectionState, InputFilter } from "./connection.ts";
import { ConnectionClosedError, noFramer, readTwice, refused } from "./connection-errors.ts";
import { isFramer, RefusedFrame, type Framer } from "./framer.ts";
import { abortedAlready, checkWaiting, Pending, rejected, timedOut } from "./pending.ts";
import { exactly, some, TextLines } from "./read-framers.ts";
import type { ServedConnection } from "./served-connection.ts";

/** What comes out of the reader: frames, or what single reads have asked for. */
export type Served<F> = ServedConnection<unknown, AwaitedConnection<F>>;

const SEND_NAMES: ReadonlySet<string> = new Set(["timeoutMs", "signal", "source"]);
const LINE_NAMES: ReadonlySet<string> = new Set(["timeoutMs", "signal", "maxBytes"]);

const TLS_VERB = "start TLS on";

const END = Promise.resolve(null);
/** Nothing has come from inside the call that asked. */
const NOTHING = Symbol("nothing");

export class AwaitedConnection<F> implements AsyncConnection<F> {
  readonly served: Served<F>;
  readonly #output: AwaitedOutput;
  /** The framer of `read()`. */
  #framer: Framer<unknown>;
  #lines: TextLines | null = null;
  #reading: Pending<unknown> | null = null;
  #securing: Pending<TlsInfo> | null = null;
  /** What came from inside the call that asked for it. */
  #came: unknown = NOTHING;
  /** Whether null was answered, or will be. */
  #ended = false;
  #closed: Promise<CloseReason> | null = null;
  #onClosed: ((reason: CloseReason) => void) | null = null;

  constructor(served: Served<F>, rules: OutputRules) {
    this.served = served;
    this.#output = new AwaitedOutput(served as never, rules);
    this.#framer = served.reader.framer;
    served.reader.hold();
  }

  get fd(): number {
    return this.served.fd;
  }

  get channel(): BufferedChannel {
    return this.served.channel;
  }

  get localAddress(): SocketAddress | null {
    return this.served.localAddress;
  }

  get remoteAddress(): SocketAddress | null {
    return this.served.remoteAddress;
  }

  get state(): ConnectionState {
    return this.served.state;
  }

  get reason(): CloseReason | null {
    return this.served.reason;
  }

  get error(): Error | null {
    return this.served.error;
  }

  get backlog(): number {
    return this.served.backlog;
  }

  get droppedFrames(): number {
    return this.served.droppedFrames;
  }

  get signal(): AbortSignal {
    return this.served.signal;
  }

  get closed(): Promise<CloseReason> {
    const { state, reason } = this.served;
    this.#closed ??=
      state === "closed"
        ? Promise.resolve(reason!)
        : new Promise((resolve) => (this.#onClosed = resolve));
    return this.#closed;
  }

  read(options: WaitOptions = {}): Promise<F | null> {
    checkWaiting(options);
    return this.#pull(this.#framer, options) as Promise<F | null>;
  }

  readLine(options: ReadLineOptions = {}): Promise<string | null> {
    checkWaiting(options, LINE_NAMES);
    const { maxBytes } = options;
    if (this.#lines?.maxBytes !== maxBytes || this.#lines === null) {
      this.#lines = new TextLines(maxBytes);
    }
    return this.#pull(this.#lines, options) as Promise<string | null>;
  }

  readExactly(count: number, options: WaitOptions = {}): Promise<Buffer | null> {
    checkWaiting(options);
    return this.#pull(exactly(count), options) as Promise<Buffer | null>;
  }

  readSome(maxBytes: number, options: WaitOptions = {}): Promise<Buffer | null> {
    checkWaiting(options);
    return this.#pull(some(maxBytes), options) as Promise<Buffer | null>;
  }

  /** The next frame of `framer`: from inside this call if it is here. */
  #pull(framer: Framer<unknown>, options: WaitOptions): Promise<unknown> {
    const { served } = this;
    if (this.#reading !== null) throw readTwice(this.fd);
    const aborted = abortedAlready(this.#what, options);
    if (aborted !== null) return rejected(aborted);
    if (!this.#ended && served.state === "open") {
      served.reader.switch(framer);
      served.reader.release();
      served.handled();
    }
    if (this.#came !== NOTHING) {
      const came = this.#came;
      this.#came = NOTHING;
      if (came instanceof RefusedFrame) return rejected(refused(came, this.fd));
      return Promise.resolve(came);
    }
    if (this.#ended) return END;
    if (served.state !== "open") return rejected(this.#over());
    if (options.timeoutMs === 0) {
      served.reader.hold();
      return rejected(timedOut(this.#what, 0));
    }
    return this.#wait(options);
  }

  #wait(options: WaitOptions): Promise<unknown> {
    const { reader } = this.served;
    this.#reading = this.#pending(this.#what, options, () => {
      this.#reading = null;
      reader.hold();
    });
    return this.#reading.promise;
  }

  #pending<T>(what: string, options: WaitOptions, onGivenUp: () => void): Pending<T> {
    const { host } = this.channel;
    return new Pending(what, options, (ms, callback) => host.after(ms, callback), onGivenUp);
  }

  get #what(): string {
    return `read of fd ${this.fd}`;
  }

  get #tlsWhat(): string {
    return `startTls of fd ${this.fd}`;
  }

  #over(doing = "read from"): ConnectionClosedError {
    return new ConnectionClosedError(this.served, doing);
  }

  send(bytes: Uint8Array, options: AsyncSendOptions = {}): Promise<boolean> {
    checkWaiting(options, SEND_NAMES);
    const { source } = options;
    return this.#output.send(
      bytes,
      source === undefined ? options : { ...options, source: underlying(source) },
    );
  }

  establish(): void {
    this.served.establish();
  }

  filter(filter: InputFilter): void {
    this.served.filter(filter);
  }

  upgrade(framer: Framer<F>): void {
    if (!isFramer(framer)) throw noFramer(framer, `upgrade of fd ${this.fd} was given`, this.fd);
    const { reader } = this.served;
    const waits = this.#reading !== null && reader.framer === this.#framer;
    this.#framer = framer;
    if (waits) reader.switch(framer);
  }

  startTls(options: AsyncTlsOptions<F>): Promise<TlsInfo> {
    checkOptions(options);
    const { timeoutMs, signal, ...tls } = options;
    const waiting = { timeoutMs, signal };
    checkWaiting(waiting);
    const { served } = this;
    if (this.#reading !== null) throw readTwice(this.fd);
    const aborted = abortedAlready(this.#tlsWhat, waiting);
    if (aborted !== null) return rejected(aborted);
    served.startTls(tls);
    if (served.state !== "open") return rejected(this.#over(TLS_VERB));
    this.#framer = served.reader.framer;
    this.#lines = null;
    if (timeoutMs === 0) return rejected(timedOut(this.#tlsWhat, 0));
    this.#securing = this.#pending(this.#tlsWhat, waiting, () => {
      this.#securing = null;
    });
    return this.#securing.promise;
  }

  end(): void {
    this.served.end();
  }

  abort(error?: Error): void {
    this.served.abort(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<F, undefined> {
    return {
      next: async () => {
        const value = await this.read();
        return value === null ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  /** Runs a coroutine of users for it, to the end. Never rejects. */
  async run(coroutine: (connection: AsyncConnection<F>) => void | Promise<void>): Promise<void> {
    try {
      await coroutine(this);
      this.end();
    } catch (thrown) {
      if (!this.#comesOfClosing(thrown)) this.served.failed(thrown);
    }
  }

  #comesOfClosing(thrown: unknown): boolean {
    if (thrown instanceof ConnectionClosedError) return thrown.fd === this.fd;
    return this.state !== "open" && thrown instanceof Error && thrown.name === "AbortError";
  }

  // What its server tells.

  frame(frame: unknown): void {
    this.served.reader.hold();
    const reading = this.#reading;
    if (reading === null) {
      this.#came = frame;
      return;
    }
    this.#reading = null;
    if (frame instanceof RefusedFrame) reading.reject(refused(frame, this.fd));
    else reading.resolve(frame);
  }

  drained(): void {
    this.#output.drained();
  }

  /** The peer has ended its side, and every frame was read. */
  endSeen(): void {
    this.served.reader.hold();
    this.#ended = true;
    this.#reading?.resolve(null);
    this.#reading = null;
  }

  secured(): void {
    this.#securing?.resolve(this.channel.tls!);
    this.#securing = null;
  }

  /** No frame will come any more, and no output is taken. */
  ending(): void {
    this.#reading?.reject(this.#over());
    this.#reading = null;
    this.#securing?.reject(this.#over(TLS_VERB));
    this.#securing = null;
    this.#output.ended();
  }

  over(reason: CloseReason): void {
    this.#onClosed?.(reason);
  }
}

/** The connection of the machinery under `connection`. */
export function underlying(connection: AnyConnection): AnyConnection {
  return connection instanceof AwaitedConnection ? connection.served : connection;
}
