/**
 * Carries out what the operations of the dialogue wish for: one at a time, over the control
 * connection and a data connection for each transfer.
 *
 * An operation that is given up in the middle (Ctrl-C, a full disk) leaves the session usable: its
 * data connection is reset, and ABOR and PWD tell where the server stands.
 */
import type { Reactor } from "iomux";

import { ControlConnection } from "./control-connection.ts";
import { DataConnection, type DataTls } from "./data-connection.ts";
import { Dialogue } from "./dialogue.ts";
import { ClientFailure } from "./failure.ts";
import {
  breakFailure,
  connectFailure,
  interrupted,
  refusalFailure,
  tlsFailure,
} from "./failure-causes.ts";
import type { FtpClientSettings, OperationOptions } from "./ftp-client.ts";
import {
  RefusedError,
  TransferError,
  type Given,
  type Moved,
  type Operation,
  type Wish,
} from "./wishes.ts";

/** Milliseconds that a server has to break off a transfer: then the session is ended. */
export const ABANDON_MS = 10_000;

/** What moves over a data connection. */
export interface Mover {
  move(data: DataConnection): Promise<Moved>;
  beginAnew(): Promise<void>;
}

export interface RunOptions extends OperationOptions {
  readonly mover?: Mover;
  /** What the operation is about is known to be there. */
  readonly exists?: boolean;
}

/** The right to run operations: others wait meanwhile. */
export interface Turn {
  run<T>(operation: Operation<T>, options?: RunOptions): Promise<T>;
  /** Milliseconds since some beginning. */
  now(): number;
}

/** An operation under way. */
class Run {
  readonly #control: ControlConnection;
  readonly #stop = new AbortController();
  readonly mover: Mover | undefined;
  data: DataConnection | null = null;
  /** Whether TLS is spoken over it. */
  secure = false;
  /** Why the last data connection did not come to stand. */
  unreachable: ClientFailure | null = null;
  /** Whether the server has anything to answer. */
  begun = false;
  failure: ClientFailure | null = null;

  constructor(control: ControlConnection, mover: Mover | undefined) {
    this.#control = control;
    this.mover = mover;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  giveUp(failure: ClientFailure): void {
    this.failure ??= failure;
    this.#stop.abort();
    this.data?.abort();
    this.#control.interrupt(failure);
  }
}

export class Session {
  readonly dialogue = new Dialogue();
  readonly closed: Promise<ClientFailure | null>;
  readonly #reactor: Reactor;
  readonly #settings: FtpClientSettings;
  readonly #control: ControlConnection;
  #running: Run | null = null;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(reactor: Reactor, settings: FtpClientSettings, control: ControlConnection) {
    this.#reactor = reactor;
    this.#settings = settings;
    this.#control = control;
    this.closed = control.closed;
    void this.closed.then((failure) => {
      this.#running?.giveUp(failure ?? interrupted("the session"));
    });
  }

  /** With somebody logged in. */
  static async open(
    reactor: Reactor,
    settings: FtpClientSettings,
    options: OperationOptions,
  ): Promise<Session> {
    const control = await ControlConnection.open(reactor, settings);
    const session = new Session(reactor, settings, control);
    const { user, password, tls } = settings;
    const login = session.dialogue.logIn({ user, password, tls: tls !== null });
    // Nobody abandons a login: what is left of it is closed.
    const { signal } = options;
    const stop = (): void => control.abort();
    signal?.addEventListener("abort", stop);
    try {
      return await session.alone(async (turn) => {
        await turn.run(login, options);
        return session;
      });
    } catch (error) {
      control.abort();
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  do<T>(operation: () => Operation<T>, options?: OperationOptions): Promise<T> {
    return this.alone((turn) => turn.run(operation(), options));
  }

  /** Runs `work` when what was asked for before is done. */
  alone<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const turn: Turn = {
      run: (operation, options = {}) => this.#run(operation, options),
      now: () => this.#reactor.now(),
    };
    const result = this.#last.then(() => work(turn));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async quit(): Promise<void> {
    // Who leaves does not mind that the server was gone before.
    await this.do(() => this.dialogue.quit()).catch(() => undefined);
    this.#control.end();
    await this.closed;
  }

  abort(): void {
    this.#running?.giveUp(interrupted("the session"));
    this.#control.abort();
  }

  async #run<T>(operation: Operation<T>, options: RunOptions): Promise<T> {
    const { signal, mover, exists = false } = options;
    const run = new Run(this.#control, mover);
    const stop = (): void => {
      run.giveUp(interrupted("what was under way"));
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop);
    this.#running = run;
    try {
      let step = run.failure === null ? operation.next() : null;
      while (step?.done === false) {
        const given = await this.#grant(step.value, run);
        step = run.failure === null ? operation.next(given) : null;
      }
      if (step === null) throw run.failure!;
      return step.value as T;
    } catch (error) {
      run.data?.abort();
      const failure = this.#failureOf(error, run, exists);
      if (run.begun && !isAnswer(error)) await this.#abandon(failure);
      throw failure;
    } finally {
      this.#running = null;
      signal?.removeEventListener("abort", stop);
    }
  }

  #grant(wish: Wish, run: Run): Promise<Given[Wish["kind"]]> {
    switch (wish.kind) {
      case "say":
        run.begun = true;
        this.#control.say(wish.line);
        return this.#control.hear();
      case "hear":
        return this.#control.hear();
      case "secure":
        return this.#control.secure(this.#tls()).then(() => null);
      case "connect":
        return this.#connect(wish.port, wish.secure, run);
      case "read-lines":
        return this.#readLines(run);
      case "move":
        return this.#move(run, (data) => run.mover!.move(data));
      case "begin-anew":
        return run.mover!.beginAnew().then(() => null);
    }
  }

  /** Data goes to the machine of the control connection, whatever else the server says. */
  async #connect(port: number, secure: boolean, run: Run): Promise<boolean> {
    const remote = this.#control.remoteAddress;
    const host = remote !== null && "host" in remote ? remote.host : this.#settings.host;
    const { connectMs, stallMs } = this.#settings;
    run.data?.abort();
    try {
      const { signal } = run;
      run.data = await DataConnection.open(
        this.#reactor,
        { host, port },
        { connectMs, stallMs, signal },
      );
    } catch (error) {
      run.unreachable = connectFailure(error as Error, { host, port, connectMs });
      return false;
    }
    run.secure = secure;
    return true;
  }

  async #readLines(run: Run): Promise<Given["read-lines"]> {
    const lines: string[] = [];
    const moved = await this.#move(run, (data) =>
      data.readLines(lines, this.#settings.maxListingEntries),
    );
    return { lines, moved };
  }

  async #move(run: Run, move: (data: DataConnection) => Promise<Moved>): Promise<Moved> {
    const data = run.data!;
    // Now, and not before: some servers reset who shakes hands before there is anything to move.
    if (run.secure) data.secure(this.#tls(this.#control.tlsSession));
    // Who says no in the middle may not read any more, nor say anything there.
    this.#control.watch(({ code }) => {
      if (code >= 400) data.abort();
    });
    try {
      const moved = await move(data);
      run.data = null;
      return moved;
    } finally {
      this.#control.watch(null);
    }
  }

  #tls(session: Buffer | null = null): DataTls {
    const { host, tls } = this.#settings;
    return {
      servername: host,
      rejectUnauthorized: tls!.check,
      ...(tls!.authorities === null ? {} : { ca: tls!.authorities }),
      ...(session === null ? {} : { session }),
    };
  }

  #failureOf(error: unknown, run: Run, exists: boolean): ClientFailure {
    if (run.failure !== null) return run.failure;
    if (error instanceof ClientFailure) return error;
    if (error instanceof RefusedError) return refusalFailure(error, exists);
    if (error instanceof TransferError) return run.unreachable ?? breakFailure(error.message);
    if (error instanceof RangeError) return new ClientFailure("misuse", error.message);
    return tlsFailure(error as Error, this.#settings.host);
  }

  /** Where the server stands after something has ended in the middle, or the end of the session. */
  async #abandon(failure: ClientFailure): Promise<void> {
    const control = this.#control;
    if (control.over) return;
    if (failure.kind === "timed-out") {
      control.abort(failure);
      return;
    }
    const lost = new ClientFailure("lost", "the server did not break off what was under way");
    const timer = this.#reactor.setTimer(ABANDON_MS, () => {
      control.abort(lost);
    });
    const run = new Run(control, undefined);
    const operation = this.dialogue.abandon();
    try {
      let step = operation.next();
      while (step.done !== true) step = operation.next(await this.#grant(step.value, run));
    } catch {
      control.abort(lost);
    } finally {
      timer.cancel();
    }
  }
}

/** Whether the server has had its last word: then it waits for the next command. */
function isAnswer(error: unknown): boolean {
  return error instanceof RefusedError || error instanceof TransferError;
}
