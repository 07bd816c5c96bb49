/** A client of the load: it asks, checks what it is answered, and asks again. */
import { connect, type Socket } from "node:net";

import { decodeAnswer, encodeRequest, FrameReader } from "../protocol.ts";
import { questionOf, type Load, type Question } from "../samples.ts";

/** Milliseconds until a connection that failed is tried again. */
const RETRY_MS = 50;

export interface ClientEvents {
  /** `question` was asked `ms` ago, and now it is answered: rightly or not. */
  answered(ms: number, question: Question, right: boolean): void;
  /** A connection broke. */
  failed(): void;
}

export interface ClientSettings {
  readonly port: number;
  readonly load: Load;
  /** Requests on a connection. */
  readonly requests: number;
  /** Whether it then stays and is silent, or leaves and comes again. */
  readonly stays: boolean;
}

export class Client {
  readonly #number: number;
  readonly #settings: ClientSettings;
  readonly #events: ClientEvents;
  #socket: Socket | null = null;
  #asked = 0;
  #left = 0;
  #question: Question | null = null;
  #askedAt = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(number: number, settings: ClientSettings, events: ClientEvents) {
    this.#number = number;
    this.#settings = settings;
    this.#events = events;
  }

  /** Connects, and asks at once: the wait for a connection is a part of the first answer's time. */
  visit(): void {
    const reader = new FrameReader();
    const socket = connect({ port: this.#settings.port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    this.#left = this.#settings.requests;
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#hear(frame);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#events.failed();
      this.#retry = setTimeout(() => {
        this.visit();
      }, RETRY_MS);
    });
    this.#ask();
  }

  /** What it waits for, and for how many milliseconds; then it is gone. */
  leave(): { readonly question: Question; readonly ms: number } | null {
    const question = this.#question;
    const socket = this.#socket;
    clearTimeout(this.#retry);
    this.#socket = null;
    socket?.resetAndDestroy();
    return question === null ? null : { question, ms: performance.now() - this.#askedAt };
  }

  #ask(): void {
    this.#question = questionOf(this.#settings.load, this.#number, this.#asked++);
    this.#left--;
    this.#askedAt = performance.now();
    this.#socket!.write(encodeRequest(this.#question));
  }

  #hear(frame: Buffer): void {
    const question = this.#question;
    const answer = decodeAnswer(frame);
    const expected = question !== null && answer?.ok === true;
    const right = expected && answer.payload.equals(question.expected);
    this.#question = null;
    if (question === null) this.#events.failed();
    else this.#events.answered(performance.now() - this.#askedAt, question, right);
    if (this.#left > 0) this.#ask();
    else if (!this.#settings.stays) this.#comeAgain();
  }

  /** Leaves in order, and comes again. */
  #comeAgain(): void {
    const socket = this.#socket!;
    this.#socket = null;
    socket.end();
    this.visit();
  }
}
