/**
 * A transport over a `MessagePort`. Node receives from a port while somebody listens to its "message",
 * and stops, exactly between two messages, when nobody does.
 */
import type { MessagePort, Transferable } from "node:worker_threads";

import type { MessageSink, MessageTransport } from "../network.ts";
import { asError } from "../errors.ts";

export class PortTransport implements MessageTransport {
  readonly name = "port";
  readonly #port: MessagePort;
  #sink: MessageSink | null = null;
  readonly #onMessage = (value: unknown): void => {
    this.#sink?.onMessage(value);
  };
  readonly #onMessageError = (error: unknown): void => {
    this.#sink?.onBadMessage(asError(error));
  };
  readonly #onClose = (): void => {
    const sink = this.#sink;
    this.#detach();
    sink?.onFinished();
  };

  constructor(port: MessagePort) {
    this.#port = port;
  }

  attach(sink: MessageSink): void {
    this.#sink = sink;
    this.#port.on("close", this.#onClose);
    this.#port.on("messageerror", this.#onMessageError);
    this.resume();
  }

  post(value: unknown, transferList: readonly Transferable[]): void {
    this.#port.postMessage(value, transferList);
  }

  pause(): void {
    this.#port.off("message", this.#onMessage);
  }

  /** The reactor's clock keeps the process alive; a port that is listened to would do so too. */
  resume(): void {
    this.#port.on("message", this.#onMessage);
    this.#port.unref();
  }

  close(): void {
    this.#detach();
    this.#port.close();
  }

  #detach(): void {
    this.#sink = null;
    this.#port.off("message", this.#onMessage);
    this.#port.off("messageerror", this.#onMessageError);
    this.#port.off("close", this.#onClose);
  }
}
