/** Lines of standard input, bounded, one after the other: none is read before it is asked for. */
import { FrameInput, lines, nextFrame, READABLE, RefusedFrame } from "iomux";
import type { Channel, Reactor, Registration } from "iomux";

/** Room for a command, the longest key and the longest value. */
const MAX_LINE_BYTES = 2048;

export class TypedLines {
  readonly #input = new FrameInput();
  readonly #framer = lines({ maxBytes: MAX_LINE_BYTES, overLong: "refuse" });
  readonly #registration: Registration<Channel>;
  #answer: ((line: string | RefusedFrame | null) => void) | null = null;
  #ended = false;

  constructor(reactor: Reactor) {
    const stdin = reactor.adopt(process.stdin);
    this.#registration = reactor.register(stdin, READABLE, () => {
      const bytes = stdin.read();
      if (bytes === null) return;
      this.#ended = bytes.length === 0;
      this.#input.push(bytes);
      if (this.#ended) stdin.close();
      this.#look();
    });
    this.#registration.pause();
  }

  /** Null: there are no more. What is no line is refused. */
  next(): Promise<string | RefusedFrame | null> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#look();
    });
  }

  #look(): void {
    const answer = this.#answer;
    if (answer === null) return;
    const frame = nextFrame(this.#framer, this.#input, this.#ended);
    if (frame === null && !this.#ended) {
      this.#registration.resume();
      return;
    }
    this.#answer = null;
    if (!this.#ended) this.#registration.pause();
    answer(frame === null || frame instanceof RefusedFrame ? frame : frame.toString());
  }
}
