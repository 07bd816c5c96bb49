/**
 * Joining: from the server's question for a name to the first line that is not that question.
 *
 * The protocol is plain lines, in any language. So the client goes by their order: the first line
 * after connecting is the question; a line after the answer that ends with the same question says
 * that the name was refused, and why; any other line says that we have joined.
 *
 * ```text
 *   apart --connected--> expecting --a line--> asked --answer--> answered --a line--> joined
 *                                                ^                  |                   |
 *                                                +---- a line with the question again --+
 * ```
 */

export type JoiningPhase = "apart" | "expecting" | "asked" | "answered" | "joined";

export type Heard =
  | { readonly kind: "line" | "question" | "joined" }
  /** `why` is what stood before the question. */
  | { readonly kind: "refused"; readonly name: string; readonly why: string };

const LINE: Heard = { kind: "line" };

export class Joining {
  #phase: JoiningPhase = "apart";
  #question = "";
  /** Names that have not been refused on this connection, the best first. */
  #names: string[];
  /** The name that was sent last. */
  #sent = "";

  constructor(name: string | null) {
    this.#names = name === null ? [] : [name];
  }

  get phase(): JoiningPhase {
    return this.#phase;
  }

  /** Whether the question can be answered without asking anybody. */
  get hasName(): boolean {
    return this.#names.length > 0;
  }

  connected(): void {
    this.#phase = "expecting";
  }

  disconnected(): void {
    this.#phase = "apart";
  }

  hear(line: string): Heard {
    switch (this.#phase) {
      case "expecting":
        // An empty line asks nothing, and every line ends with it.
        if (line.trim() === "") return LINE;
        this.#question = line;
        this.#phase = "asked";
        return { kind: "question" };
      case "answered":
        if (line.endsWith(this.#question)) return this.#refused(line);
        this.#phase = "joined";
        this.#names = [this.#sent];
        return { kind: "joined" };
      case "joined":
        // Somebody's words have a name before them: a bare question is the server's.
        return line === this.#question ? this.#refused(line) : LINE;
      case "apart":
      case "asked":
        return LINE;
    }
  }

  /** The name to send now, or null: nobody asks, or nobody knows. */
  answer(): string | null {
    if (this.#phase !== "asked") return null;
    const name = this.#names[0];
    if (name === undefined) return null;
    this.#phase = "answered";
    this.#sent = name;
    return name;
  }

  /** Somebody who was asked gave this name. */
  give(name: string): void {
    this.#names = [name];
  }

  /**
   * The member has asked for another name. Whether it got it is said in words that we do not know:
   * the next time it is tried first, and the old one if it is refused.
   */
  renamed(name: string): void {
    this.#names = [name, ...this.#names.slice(-1)];
  }

  #refused(line: string): Heard {
    const name = this.#sent;
    this.#phase = "asked";
    this.#names = this.#names.filter((other) => other !== name);
    return { kind: "refused", name, why: line.slice(0, -this.#question.length).trim() };
  }
}
