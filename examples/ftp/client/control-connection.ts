/**
 * The control connection: commands out, replies in, whoever waits for them. It is heard at all
 * times, so that its loss is known at once, and not when the next command is said.
 */
import { lines, serve } from "iomux";
import type { CloseReason, Connection, Reactor, SocketAddress, TlsClientOptions } from "iomux";

import { printable, type Reply } from "../replies.ts";
import { ClientFailure } from "./failure.ts";
import { connectFailure, lossFailure, tlsFailure } from "./failure-causes.ts";
import { ReplyReader } from "./reply-reader.ts";

/** Bytes of a line of a reply; of a longer one the rest is left out. */
export const MAX_REPLY_LINE_BYTES = 8192;
/** Replies that nobody has asked for yet: from more of them no sense can be made. */
export const MAX_WAITING_REPLIES = 16;

export interface ControlSettings {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  /** In which an answer must come. */
  readonly stallMs: number;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (failure: ClientFailure) => void;
}

export class ControlConnection {
  /** Why it is over; null: we have ended it. */
  readonly closed: Promise<ClientFailure | null>;
  readonly #reactor: Reactor;
  readonly #settings: ControlSettings;
  #connection!: Connection;
  #reader = new ReplyReader();
  #replies: Reply[] = [];
  #hearing: Waiting<Reply> | null = null;
  #securing: Waiting<null> | null = null;
  #onReply: ((reply: Reply) => void) | null = null;
  /** What was said last, and told of the end. */
  #goodbye: string | null = null;
  #failure: ClientFailure | null = null;
  #over = false;
  #resolveClosed!: (failure: ClientFailure | null) => void;

  private constructor(reactor: Reactor, settings: ControlSettings) {
    this.#reactor = reactor;
    this.#settings = settings;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Begins to connect: what comes of it is heard with the greeting. */
  static async open(reactor: Reactor, settings: ControlSettings): Promise<ControlConnection> {
    const control = new ControlConnection(reactor, settings);
    const { host, port, connectMs, stallMs } = settings;
    const server = await serve(
      reactor,
      {
        framer: () => lines({ maxBytes: MAX_REPLY_LINE_BYTES, overLong: "cut" }),
        writeProgressMs: stallMs,
      },
      {
        frame: (_, line) => {
          control.#hear(line);
        },
        secure: () => {
          control.#securing?.resolve(null);
        },
        close: (connection, reason) => {
          control.#closed(reason, connection.error);
        },
      },
    );
    const channel = reactor.connect({ host, port }, { timeoutMs: connectMs, keepAlive: true });
    control.#connection = server.take(channel);
    return control;
  }

  /** The machine that the data connections go to. */
  get remoteAddress(): SocketAddress | null {
    return this.#connection.remoteAddress;
  }

  /** Of TLS, for the data connections: some servers want them to go on with it. */
  get tlsSession(): Buffer | null {
    return this.#connection.channel.tls?.session ?? null;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Hears of replies that nobody has asked for yet; they stay for who asks. */
  watch(listener: ((reply: Reply) => void) | null): void {
    this.#onReply = listener;
    if (listener !== null) this.#replies.forEach(listener);
  }

  /** What came before it cannot be its answer. */
  say(line: string): void {
    this.#replies = [];
    this.#connection.send(Buffer.from(`${line}\r\n`));
  }

  /** The next reply. Rejects if the connection is lost, or nothing comes. */
  async hear(): Promise<Reply> {
    const reply = this.#replies.shift();
    if (reply !== undefined) return reply;
    const { host, stallMs } = this.#settings;
    const timer = this.#reactor.setTimer(stallMs, () => {
      const text = `${host} does not answer: nothing came for ${stallMs / 1000} s`;
      this.abort(new ClientFailure("timed-out", `${text}; try again, or raise --stall-seconds`));
    });
    try {
      return await this.#wait<Reply>((waiting) => {
        this.#hearing = waiting;
      });
    } finally {
      timer.cancel();
    }
  }

  /** TLS from here on. Nothing that came in plain may count afterwards. */
  async secure(client: TlsClientOptions & { readonly servername: string }): Promise<void> {
    const { host } = this.#settings;
    if (this.#replies.length > 0 || this.#reader.inReply) {
      throw this.#plaintext(host);
    }
    const secured = this.#wait<null>((waiting) => {
      this.#securing = waiting;
    });
    secured.catch(() => undefined);
    try {
      this.#connection.startTls({ client });
    } catch (error) {
      const unread = (error as { code?: unknown }).code === "IOMUX_UNREAD_PLAINTEXT";
      throw unread ? this.#plaintext(host) : tlsFailure(error as Error, host);
    }
    await secured;
    this.#securing = null;
  }

  #plaintext(host: string): ClientFailure {
    const text = `${host} has said more than it should before TLS: somebody may be in the middle`;
    const failure = new ClientFailure("not-trusted", text);
    this.abort(failure);
    return failure;
  }

  /** Who waits for a reply hears this instead. The connection stands. */
  interrupt(failure: ClientFailure): void {
    this.#hearing?.reject(failure);
    this.#hearing = null;
  }

  /** In order. */
  end(): void {
    this.#connection.end();
  }

  /** Now. `failure`: what who waits is told, and `closed`. */
  abort(failure: ClientFailure | null = null): void {
    this.#failure ??= failure;
    this.#connection.abort();
    this.#closed("abort", null);
  }

  #wait<T>(begin: (waiting: Waiting<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#over) reject(this.#end);
      else begin({ resolve, reject });
    });
  }

  #hear(line: Buffer): void {
    const heard = this.#reader.hear(line);
    if (heard === null || this.#over) return;
    const { host, port } = this.#settings;
    if ("broken" in heard) {
      const said = printable(heard.broken).slice(0, 60);
      const text = `${host}:${port} does not speak FTP: it says "${said}"; see whether the port is right`;
      this.abort(new ClientFailure("nonsense", text));
      return;
    }
    if (heard.code === 421) this.#goodbye = heard.lines.join(" / ");
    this.#onReply?.(heard);
    const hearing = this.#hearing;
    this.#hearing = null;
    if (hearing !== null) hearing.resolve(heard);
    else if (this.#replies.push(heard) > MAX_WAITING_REPLIES) {
      this.abort(new ClientFailure("nonsense", `${host} says more than it is asked`));
    }
  }

  #closed(reason: CloseReason, error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    if (reason !== "local" && reason !== "abort") this.#failure ??= this.#cause(reason, error);
    this.#hearing?.reject(this.#end);
    this.#securing?.reject(this.#end);
    this.#hearing = this.#securing = null;
    this.#resolveClosed(this.#failure);
  }

  /** Why there is nothing to be heard any more. */
  get #end(): ClientFailure {
    return this.#failure ?? new ClientFailure("interrupted", "the session was ended");
  }

  #cause(reason: CloseReason, error: Error | null): ClientFailure {
    const { host, port, connectMs } = this.#settings;
    if (reason === "tls") return tlsFailure(error!, host);
    if (this.#connection.remoteAddress === null || this.#connection.channel.bytesIn === 0) {
      if (error !== null) return connectFailure(error, { host, port, connectMs });
    }
    return lossFailure(host, this.#goodbye, error);
  }
}
