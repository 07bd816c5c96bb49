/** Lines of standard input, bounded, one after the other: none is read before it is asked for. */
import { FrameInput, lines, nextFrame, READABLE, RefusedFrame } from "iomux";
import type { Channel, Framer, Reactor, Registration } from "iomux";

export class TypedLines {
  readonly #input = new FrameInput();
  readonly #framer: Framer<Buffer>;
  readonly #registration: Registration<Channel>;
  #answer: ((line: string | RefusedFrame | null) => void) | null = null;
  #ended = false;

  /** `maxBytes`: of a line. */
  constructor(reactor: Reactor, maxBytes: number) {
    this.#framer = lines({ maxBytes, overLong: "refuse" });
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

  /** There are no more, for whoever waits too. */
  close(): void {
    this.#ended = true;
    this.#input.take(this.#input.length);
    const stdin = this.#registration.descriptor;
    if (stdin.state !== "closed") stdin.close();
    this.#look();
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
