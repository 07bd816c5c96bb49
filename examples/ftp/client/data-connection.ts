/**
 * One data connection, in one direction, one piece at a time: the next one is asked for when the
 * last one is on the disk, or has left. So neither a fast server nor a slow disk fills memory.
 */
import { connect, ConnectionClosedError, lines } from "iomux";
import type { Address, AsyncConnection, CloseReason, Reactor, TlsClientOptions } from "iomux";

import { ClientFailure } from "./failure.ts";
import { isDistrust } from "./failure-causes.ts";
import type { Moved } from "./wishes.ts";

/** Bytes that are moved at once. */
const PIECE_BYTES = 64 * 1024;

/** Bytes of a line of a listing. */
export const MAX_ENTRY_BYTES = 16 * 1024;

/** Between two looks whether the last piece has left. */
const DRAIN_LOOK_MS = 20;

export interface DataSettings {
  readonly connectMs: number;
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/** Where the pieces of a file go. */
export interface PieceSink {
  write(bytes: Buffer): Promise<void>;
}

/** Where they come from. */
export interface PieceSource {
  /** The buffer is the taker's. Null: that was all. */
  next(maxBytes: number): Promise<Buffer | null>;
}

export type DataTls = TlsClientOptions & { readonly servername: string };

export class DataConnection {
  readonly #reactor: Reactor;
  readonly #connection: AsyncConnection;
  readonly #stallMs: number;
  #secured: Promise<unknown> = Promise.resolve();
  #aborted = false;

  private constructor(reactor: Reactor, connection: AsyncConnection, stallMs: number) {
    this.#reactor = reactor;
    this.#connection = connection;
    this.#stallMs = stallMs;
  }

  /** Rejects with what the system says. */
  static async open(
    reactor: Reactor,
    address: Address,
    { connectMs, stallMs, signal }: DataSettings,
  ): Promise<DataConnection> {
    const connection = await connect(reactor, address, {
      timeoutMs: connectMs,
      signal,
      idleMs: stallMs,
      writeProgressMs: stallMs,
      // Full with a whole piece, and there is room again when all of it has left.
      highWaterMark: PIECE_BYTES,
      lowWaterMark: 0,
    });
    return new DataConnection(reactor, connection, stallMs);
  }

  /** Everything that moves waits for it. */
  secure(client: DataTls): void {
    this.#secured = this.#connection.startTls({ client });
    this.#secured.catch(() => undefined);
  }

  /** All that comes. Rejects with what the sink rejects with, and if nothing moves any more. */
  receive(sink: PieceSink): Promise<Moved> {
    return this.#move(async () => {
      for (;;) {
        const bytes = await this.#connection.readSome(PIECE_BYTES);
        if (bytes === null) break;
        await sink.write(bytes);
      }
      return this.#ended();
    });
  }

  /** All that comes, as lines; one over `MAX_ENTRY_BYTES` is left out. */
  readLines(taken: string[], maxLines: number): Promise<Moved> {
    this.#connection.upgrade(lines({ maxBytes: MAX_ENTRY_BYTES }));
    return this.#move(async () => {
      for (;;) {
        const line = await this.#nextLine();
        if (line === null) break;
        if (line !== undefined && taken.push(line) > maxLines) throw tooLong(maxLines);
      }
      return this.#ended();
    });
  }

  /** Undefined: it was too long. */
  async #nextLine(): Promise<string | null | undefined> {
    try {
      return (await this.#connection.read())?.toString() ?? null;
    } catch (error) {
      if ((error as { code?: unknown }).code === "IOMUX_FRAME_TOO_LONG") return undefined;
      throw error;
    }
  }

  #ended(): Moved {
    const whole = this.#connection.channel.endConfirmed;
    this.#connection.end();
    return whole ? "whole" : "unconfirmed";
  }

  /** All that there is. */
  send(source: PieceSource): Promise<Moved> {
    return this.#move(async () => {
      for (;;) {
        const bytes = await source.next(PIECE_BYTES);
        if (bytes === null) break;
        await this.#connection.send(bytes);
      }
      await this.#drained();
      const { state, reason } = this.#connection;
      if (state !== "open") return this.#broken(reason);
      // All of it is the system's now; whether it arrives is the server's to say.
      this.#connection.end();
      return "whole";
    });
  }

  /** A connection that is closed has less patience with a slow network than one that is open. */
  async #drained(): Promise<void> {
    while (this.#connection.state === "open" && this.#connection.backlog > 0) {
      await new Promise<void>((resolve) => {
        this.#reactor.setTimer(DRAIN_LOOK_MS, resolve);
      });
    }
  }

  /** The server is to know that this was not all. */
  abort(): void {
    this.#aborted = true;
    this.#connection.abort();
  }

  async #move(work: () => Promise<Moved>): Promise<Moved> {
    try {
      await this.#secured;
      return await work();
    } catch (error) {
      if (!(error instanceof ConnectionClosedError)) throw error;
      return this.#broken(error.reason);
    }
  }

  #broken(reason: CloseReason | null): Moved {
    if (this.#aborted) return "broken";
    if (reason === "idle" || reason === "write-stalled") throw this.#stalled();
    const { error } = this.#connection;
    if (reason === "tls" && error !== null && isDistrust(error)) throw error;
    return "broken";
  }

  #stalled(): ClientFailure {
    const text = `nothing moved for ${this.#stallMs / 1000} s, and the transfer was broken off`;
    return new ClientFailure("timed-out", `${text}: try again, or raise --stall-seconds`);
  }
}

function tooLong(maxLines: number): ClientFailure {
  const text = `the folder has more than ${maxLines} entries: raise --listing-entries`;
  return new ClientFailure("declined", text);
}
