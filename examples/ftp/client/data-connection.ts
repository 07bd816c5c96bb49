/**
 * One data connection, in one direction, one piece at a time: the next one is asked for when the
 * last one is on the disk, or has left. So neither a fast server nor a slow disk fills memory.
 */
import { connect, ConnectionClosedError, lines } from "iomux";
import type { Address, AsyncConnection, Reactor, TlsClientOptions } from "iomux";

import type { Moved } from "./dialogue.ts";
import { ClientFailure } from "./failure.ts";
import { isDistrust } from "./failure-causes.ts";

/** Bytes that are moved at once. */
export const PIECE_BYTES = 64 * 1024;

/** Bytes of a line of a listing. */
export const MAX_ENTRY_BYTES = 16 * 1024;

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
  readonly #connection: AsyncConnection;
  readonly #stallMs: number;
  #secured: Promise<unknown> = Promise.resolve();
  #aborted = false;

  private constructor(connection: AsyncConnection, stallMs: number) {
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
      // There is room again when all of the last piece has left.
      highWaterMark: 1,
      lowWaterMark: 0,
    });
    return new DataConnection(connection, stallMs);
  }

  /** Servers shake hands once they have been told what to do: this waits for nothing. */
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
      // All of it is the system's now; whether it arrives is the server's to say.
      this.#connection.end();
      return "whole";
    });
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
      if (!this.#aborted && (error.reason === "idle" || error.reason === "write-stalled")) {
        throw this.#stalled();
      }
      const cause = this.#connection.error;
      if (error.reason === "tls" && cause !== null && isDistrust(cause)) throw cause;
      return "broken";
    }
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
