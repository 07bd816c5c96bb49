/**
 * The server that a person works with, over as many connections as it takes: who comes back to a
 * connection that was lost finds it made again, in the same folder.
 */
import { ClientFailure } from "./failure.ts";
import type { FtpClient } from "./ftp-client.ts";

export interface Dialler {
  /**
   * Connects and logs in. `address` as it was typed; null: the one before, with what was given
   * for it.
   */
  dial(address: string | null, signal: AbortSignal): Promise<Dialled>;
}

export interface Dialled {
  readonly client: FtpClient;
  /** For people; safe for a terminal. */
  readonly where: string;
}

export interface LinkOptions {
  readonly dialler: Dialler;
  /** A connection stands; `again`: it was lost before. */
  readonly onOpen: (where: string, again: boolean) => void;
  /** A connection was lost. */
  readonly onLost: (failure: ClientFailure) => void;
}

export class Link {
  readonly #options: LinkOptions;
  #client: FtpClient | null = null;
  /** Whether there was a server that is to be found again. */
  #known = false;
  /** Where the session stands; null: where it began. */
  #folder: string | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The session, if it stands. */
  get standing(): FtpClient | null {
    return this.#client;
  }

  /** Leaves the server that there was for another one. */
  async open(address: string, signal: AbortSignal): Promise<void> {
    await this.quit();
    this.#known = false;
    await this.#dial(address, signal);
  }

  /** The session; a new one if it was lost. */
  async client(signal: AbortSignal): Promise<FtpClient> {
    if (signal.aborted) throw new ClientFailure("interrupted", "interrupted");
    if (this.#client !== null) return this.#client;
    if (!this.#known) {
      throw new ClientFailure("misuse", "not connected: `open ADDRESS` connects");
    }
    const folder = this.#folder;
    const client = await this.#dial(null, signal);
    if (folder !== null) await this.#comeBack(folder, signal);
    return client;
  }

  /** What is meant for a folder must not be done in another one. */
  async #comeBack(folder: string, signal: AbortSignal): Promise<void> {
    try {
      await this.ask(signal, (client) => client.enter(folder));
    } catch (error) {
      this.abort();
      throw error;
    } finally {
      this.#folder = folder;
    }
  }

  /** Calls what cannot be stopped by itself: it is stopped with its connection. */
  async ask<T>(signal: AbortSignal, call: (client: FtpClient) => Promise<T>): Promise<T> {
    const client = await this.client(signal);
    const stop = (): void => {
      this.#client = null;
      client.abort();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await call(client);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async enter(folder: string, signal: AbortSignal): Promise<void> {
    this.#folder = await this.ask(signal, async (client) => {
      await client.enter(folder);
      return client.folder();
    });
  }

  /** Ends the session in order, if there is one. */
  async quit(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#folder = null;
    await client?.quit();
  }

  /** Ends the session now. */
  abort(): void {
    const client = this.#client;
    this.#client = null;
    client?.abort();
  }

  async #dial(address: string | null, signal: AbortSignal): Promise<FtpClient> {
    const { dialler, onOpen, onLost } = this.#options;
    const { client, where } = await dialler.dial(address, signal);
    onOpen(where, this.#known);
    this.#client = client;
    this.#known = true;
    this.#folder = null;
    void client.closed.then((failure) => {
      if (this.#client !== client) return;
      this.#client = null;
      if (failure !== null) onLost(failure);
    });
    return client;
  }
}
