/**
 * Messages as a descriptor: the values that came through a port, until they are read.
 *
 * A port can be stopped exactly, between one message and the next. So no more than `messageQueue`
 * wait here; the rest waits in the port, and what comes behind them, the end too, is not seen yet.
 */
import type { Transferable } from "node:worker_threads";

import { Closed } from "./closed.ts";
import type { DescriptorState, Message, Messages } from "./descriptor.ts";
import { asError, IomuxError, IomuxTypeError } from "./errors.ts";
import type { Host } from "./host.ts";
import { HostedDescriptor } from "./hosted-descriptor.ts";
import { HANGUP, READABLE, WRITABLE } from "./mask.ts";
import type { MessageSink, MessageTransport } from "./network.ts";
import type { Entry, ReadySource } from "./registration.ts";

export class MessageQueue extends HostedDescriptor implements Messages, ReadySource, MessageSink {
  readonly fd: number;
  state: DescriptorState = "open";
  error: Error | null = null;
  progress = 0;
  entry: Entry | null = null;
  wasRegistered = false;
  watchers: Set<() => void> | null = null;
  readonly transport: MessageTransport;
  #unread: Message[] = [];
  #paused = false;
  /** `unreadMs` have passed: HANGUP waits no longer. */
  #unreadExpired = false;
  #cancelDeadline: (() => void) | null = null;
  readonly #closed = new Closed();

  constructor(host: Host, transport: MessageTransport) {
    super(host);
    this.fd = host.allocate();
    this.transport = transport;
  }

  /** Starts the traffic. Apart from the constructor, because the reactor must know us first. */
  attach(): void {
    this.transport.attach(this);
  }

  get kind(): "messages" {
    return "messages";
  }

  get localAddress(): null {
    return null;
  }

  get unread(): number {
    return this.#unread.length;
  }

  get closed(): Promise<Error | null> {
    return this.#closed.promise(this.state === "closed", this.error);
  }

  condition(): number {
    const readable = this.#unread.length > 0 ? READABLE : 0;
    if (this.state === "open") return readable | WRITABLE;
    if (this.state !== "hung-up") return 0;
    return readable === 0 || this.#unreadExpired ? readable | HANGUP : readable;
  }

  read(): Message | null {
    const message = this.#unread.shift();
    if (message === undefined) return null;
    this.progress++;
    if (this.#paused && this.#unread.length * 2 <= this.host.limits.messageQueue) {
      this.#paused = false;
      this.transport.resume();
    }
    if (this.state === "hung-up") this.host.changed(this, this.condition() & HANGUP);
    return message;
  }

  post(value: unknown, transferList: readonly Transferable[] = []): boolean {
    if (this.state !== "open") return false;
    try {
      this.transport.post(value, transferList);
    } catch (error) {
      const message = `post to fd ${this.fd}: ${asError(error).message}`;
      throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd: this.fd });
    }
    this.progress++;
    return true;
  }

  // What the transport tells.

  onMessage(value: unknown): void {
    if (this.state !== "open") return;
    this.#unread.push({ value });
    this.host.changed(this, READABLE);
    if (this.#unread.length < this.host.limits.messageQueue) return;
    this.#paused = true;
    this.transport.pause();
  }

  onBadMessage(error: Error): void {
    const { fd, state } = this;
    this.host.report(this, "IOMUX_BAD_MESSAGE", (count) => {
      const what = count === 1 ? "a message" : `${count} messages`;
      const message =
        `fd ${fd}: ${what} could not be read and is lost (${error.message}): ` +
        `post only what this side can make`;
      return new IomuxError("IOMUX_BAD_MESSAGE", message, { fd, state, cause: error });
    });
  }

  onFinished(): void {
    if (this.state !== "open") return;
    this.state = "hung-up";
    this.#cancelDeadline = this.host.after(this.host.limits.unreadMs, () => {
      this.#unreadExpired = true;
      if (this.entry === null) this.finalize();
      else this.host.changed(this, this.condition());
    });
    this.host.changed(this, this.condition());
  }

  close(): void {
    this.#end(null);
  }

  abort(reason?: Error): void {
    this.#end(reason === undefined ? null : asError(reason, this.fd, "abort() was given"));
  }

  finalize(): void {
    this.#end(null);
  }

  #end(reason: Error | null): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.error = reason;
    this.#unread = [];
    this.#cancelDeadline?.();
    this.transport.close();
    this.#closed.fulfil(reason);
    // Last, because these run code of users: the listeners of `registration.signal`, subscribers.
    this.host.detach(this, reason);
    this.host.gone(this);
  }

  assertInvariants(): void {
    const { fd } = this;
    if (this.#unread.length > this.host.limits.messageQueue) {
      throw new Error(`fd ${fd}: ${this.#unread.length} messages wait`);
    }
    if (this.state === "closed" && this.#unread.length > 0) {
      throw new Error(`fd ${fd}: messages kept after close`);
    }
  }
}
