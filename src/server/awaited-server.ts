/** A server whose connections are asked for: a thin layer over a `ConnectionServer`. */
import type { SocketAddress } from "../address.ts";
import { checkNames, checkOptions, requireFunction } from "../arguments.ts";
import type { Channel, Listener } from "../descriptor.ts";
import { IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { Reactor } from "../reactor.ts";
import type { CloseOptions } from "../reactor/shutdown.ts";
import { onAbort, type WaitOptions } from "../reactor/wait.ts";
import type { AsyncConnection, AsyncServer, EachOptions } from "./async-connection.ts";
import { ConnectionServer } from "./connection-server.ts";
import { AwaitedConnection, type Served } from "./awaited-connection.ts";
import type { ServeOptions, ServerLimits } from "./options.ts";
import { abortedAlready, checkWaiting, Pending, rejected, timedOut } from "./pending.ts";
import type { ServerCloseResult, ServerStats } from "./server.ts";

const EACH_NAMES: ReadonlySet<string> = new Set(["maxRunning", "signal"]);
const NOBODY = Promise.resolve(null);

type Accepted<F> = AsyncConnection<F> | null;
type Coroutine<F> = (connection: AsyncConnection<F>) => void | Promise<void>;

export class AwaitedServer<F> implements AsyncServer<F> {
  readonly connections = new Set<AwaitedConnection<F>>();
  readonly #server: ConnectionServer<unknown, AwaitedConnection<F>>;
  readonly #reactor: Reactor;
  /** Who waits in `accept()`, in order. */
  readonly #waiting = new Set<Pending<Accepted<F>>>();
  /** What broke the last listener. */
  #error: Error | null = null;

  constructor(reactor: Reactor, options: ServeOptions<F>) {
    this.#reactor = reactor;
    this.#server = new ConnectionServer<unknown, AwaitedConnection<F>>(
      reactor,
      options,
      {
        open: (served) => {
          served.data = new AwaitedConnection(served as Served<F>, this.#server);
          this.connections.add(served.data);
        },
        frame: ({ data }, frame) => {
          data.frame(frame);
        },
        refused: ({ data }, refusal) => {
          data.frame(refusal);
        },
        drain: ({ data }) => {
          data.drained();
        },
        secure: ({ data }) => {
          data.secured();
        },
        end: ({ data }) => {
          data.endSeen();
        },
        ending: ({ data }) => {
          data.ending();
        },
        close: ({ data }, reason) => {
          this.connections.delete(data);
          data.over(reason);
        },
      },
      () => {
        this.#serve();
      },
    );
  }

  get limits(): Readonly<ServerLimits> {
    return this.#server.limits;
  }

  get addresses(): readonly SocketAddress[] {
    return this.#server.addresses;
  }

  attach(listener: Listener): void {
    this.#server.attach(listener);
    void listener.closed.then((error) => {
      if (this.#server.listening) return;
      this.#error ??= error;
      this.#nobodyComes();
    });
  }

  accept(options: WaitOptions = {}): Promise<Accepted<F>> {
    checkWaiting(options);
    const aborted = abortedAlready("accept", options);
    if (aborted !== null) return rejected(aborted);
    // Who came first waits first.
    const next = this.#waiting.size === 0 ? this.#server.acceptNext() : null;
    if (next !== null) return Promise.resolve(next.data);
    if (!this.#server.listening) return this.#error === null ? NOBODY : rejected(this.#error);
    if (options.timeoutMs === 0) return rejected(timedOut("accept", 0));
    const pending = new Pending<Accepted<F>>(
      "accept",
      options,
      (delayMs, callback) => {
        const timer = this.#reactor.setTimer(delayMs, callback).unref();
        return () => timer.cancel();
      },
      () => this.#waiting.delete(pending),
    );
    this.#waiting.add(pending);
    this.#server.setAccepting(true);
    return pending.promise;
  }

  /** Peers wait at a listener. */
  #serve(): void {
    for (const pending of this.#waiting) {
      const next = this.#server.acceptNext();
      if (next === null) return;
      this.#waiting.delete(pending);
      pending.resolve(next.data);
    }
    // They wait until somebody asks for them.
    this.#server.setAccepting(false);
  }

  #nobodyComes(): void {
    for (const pending of this.#waiting) {
      if (this.#error === null) pending.resolve(null);
      else pending.reject(this.#error);
    }
    this.#waiting.clear();
  }

  each(coroutine: Coroutine<F>, options: EachOptions = {}): Promise<void> {
    requireFunction(coroutine, "the coroutine of each");
    checkOptions(options);
    checkNames(options, EACH_NAMES);
    const { maxRunning = Infinity, signal } = options;
    checkMaxRunning(maxRunning);
    const close = (): void => void this.close();
    const calledOff = signal === undefined ? null : onAbort(signal, close);
    return this.#each(coroutine, maxRunning).finally(() => calledOff?.());
  }

  async #each(coroutine: Coroutine<F>, maxRunning: number): Promise<void> {
    let running = 0;
    let returned: (() => void) | null = null;
    const oneReturns = (): Promise<void> => new Promise((resolve) => (returned = resolve));
    const run = async (connection: AwaitedConnection<F>): Promise<void> => {
      running++;
      await connection.run(coroutine);
      running--;
      returned?.();
    };
    try {
      for (;;) {
        while (running >= maxRunning) await oneReturns();
        const connection = await this.accept();
        if (connection === null) break;
        void run(connection as AwaitedConnection<F>);
      }
    } finally {
      await this.close();
      while (running > 0) await oneReturns();
    }
  }

  take(channel: Channel): AsyncConnection<F> {
    return this.#server.take(channel).data;
  }

  stats(): ServerStats {
    return this.#server.stats();
  }

  close(options?: CloseOptions): Promise<ServerCloseResult> {
    const closed = this.#server.close(options);
    this.#nobodyComes();
    return closed;
  }

  [Symbol.asyncIterator](): AsyncIterator<AsyncConnection<F>, undefined> {
    return {
      next: async () => {
        try {
          const value = await this.accept();
          return value === null ? { done: true, value: undefined } : { done: false, value };
        } catch (error) {
          await this.close();
          throw error;
        }
      },
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  assertInvariants(): void {
    this.#server.assertInvariants();
  }
}

function checkMaxRunning(value: unknown): void {
  if (typeof value !== "number") {
    const message = `option maxRunning must be a number, not ${typeof value}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) return;
  const message = `option maxRunning is ${value}: give a whole number of at least 1`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}
