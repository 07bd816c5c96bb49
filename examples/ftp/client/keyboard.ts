/**
 * The keys of a terminal, one at a time, for who wants to read them. What is typed while nobody
 * does is kept; Ctrl-C and Ctrl-Z are told at once. In raw mode the terminal does nothing by itself.
 */
import { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { ReadStream } from "node:tty";

/** Characters that are kept for who reads next. */
export const MAX_HELD_KEYS = 65_536;

const CTRL_C = "\x03";
const CTRL_Z = "\x1a";

export interface KeyListener {
  /** Any other key, whether it is read now or later. */
  typed(): void;
  interrupt(): void;
  suspend(): void;
  /** A key was dropped: too many are kept. */
  full(): void;
}

export interface KeyReader {
  key(character: string): void;
  /** There are no more. */
  end(): void;
}

export class Keyboard {
  readonly #stdin: ReadStream;
  readonly #decoder = new StringDecoder("utf8");
  readonly #onData: (bytes: Buffer) => void;
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#give();
  };
  #held: string[] = [];
  #reader: KeyReader | null = null;
  #ended = false;

  constructor(stdin: ReadStream, listener: KeyListener) {
    this.#stdin = stdin;
    this.#onData = (bytes) => {
      for (const character of this.#decoder.write(bytes)) this.#take(character, listener);
    };
  }

  start(): void {
    this.#stdin.setRawMode(true);
    this.#stdin.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onEnd);
  }

  stop(): void {
    this.#reader = null;
    this.#stdin.off("data", this.#onData).off("end", this.#onEnd);
    this.#stdin.setRawMode(false).pause().unref();
  }

  /** The terminal is somebody else's for a while. */
  lend(): void {
    this.#stdin.setRawMode(false);
  }

  /** Whoever had it has set it as they like it. */
  takeBack(): void {
    this.#stdin.setRawMode(false).setRawMode(true);
  }

  /** Who gets the keys, those first that are kept. Null: nobody. */
  read(reader: KeyReader | null): void {
    this.#reader = reader;
    this.#give();
  }

  #take(character: string, listener: KeyListener): void {
    if (character === CTRL_C) {
      // As a terminal does it: what was typed before it is not meant any more.
      this.#held = [];
      listener.interrupt();
    } else if (character === CTRL_Z) listener.suspend();
    else if (this.#held.length >= MAX_HELD_KEYS) listener.full();
    else {
      listener.typed();
      this.#held.push(character);
      this.#give();
    }
  }

  #give(): void {
    while (this.#reader !== null && this.#held.length > 0) this.#reader.key(this.#held.shift()!);
    if (this.#ended) this.#reader?.end();
  }
}

/** Keys as readline wants its input; while it has paused that, they are kept by the keyboard. */
export class KeyStream extends Readable {
  readonly #keyboard: Keyboard;
  readonly #reader: KeyReader = {
    key: (character) => this.emit("data", Buffer.from(character)),
    end: () => this.emit("end"),
  };

  constructor(keyboard: Keyboard) {
    super();
    this.#keyboard = keyboard;
  }

  override _read(): void {
    // What there is, comes.
  }

  override pause(): this {
    this.#keyboard.read(null);
    return super.pause();
  }

  /** Later: readline still has to insert what the Tab key has completed. */
  override resume(): this {
    queueMicrotask(() => {
      if (!this.isPaused()) this.#keyboard.read(this.#reader);
    });
    return super.resume();
  }
}
