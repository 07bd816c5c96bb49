/**
 * A terminal that shows what a program writes: as much of ECMA-48 as readline uses. What it does
 * not know it refuses, so that no test passes because something was overlooked.
 */

/** East Asian wide characters, as far as the tests go. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;

/** Before the test's own time is up, so that it says what stood there. */
const GIVE_UP_MS = 50_000;

type Move = (x: number, y: number, count: number) => [number, number];
const MOVES: Readonly<Partial<Record<string, Move>>> = {
  A: (x, y, count) => [x, y - count],
  B: (x, y, count) => [x, y + count],
  C: (x, y, count) => [x + count, y],
  D: (x, y, count) => [x - count, y],
  G: (_x, y, count) => [count - 1, y],
};

interface Waiter {
  readonly wanted: () => boolean;
  readonly resolve: () => void;
}

export class TerminalScreen {
  readonly columns: number;
  readonly rows: number;
  #lines: string[][];
  #x = 0;
  #y = 0;
  /** The last column was written: the next character goes to the next row. */
  #wraps = false;
  #pending = "";
  #waiter: Waiter | null = null;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#lines = Array.from({ length: rows }, () => []);
  }

  /** Column and row, from 0. */
  get cursor(): readonly [number, number] {
    return [this.#x, this.#y];
  }

  /** What stands on it, without the blanks at the ends of rows and without the empty rows below. */
  get text(): string[] {
    const rows = this.#lines.map((cells) =>
      Array.from(cells, (cell: string | undefined) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
    while (rows.length > 0 && rows.at(-1) === "") rows.pop();
    return rows;
  }

  /**
   * Resolves when the rows are as wanted, by their whole text or by a test of it; and the cursor
   * too, if it is given.
   */
  until(
    wanted: readonly string[] | ((rows: readonly string[]) => boolean),
    cursor?: readonly [number, number],
  ): Promise<void> {
    const test = (): boolean => {
      if (cursor !== undefined && cursor.join() !== this.cursor.join()) return false;
      const rows = this.text;
      return typeof wanted === "function" ? wanted(rows) : rows.join("\n") === wanted.join("\n");
    };
    return new Promise((resolve, reject) => {
      const failed = new Error("the screen did not become what was wanted");
      const giveUp = setTimeout(() => {
        failed.message += `, but:\n${this.text.join("\n")}\nwith the cursor at ${this.cursor.join()}`;
        reject(failed);
      }, GIVE_UP_MS);
      const done = (): void => {
        clearTimeout(giveUp);
        resolve();
      };
      this.#waiter = { wanted: test, resolve: done };
      this.#answer();
    });
  }

  write(text: string): void {
    let rest = this.#pending + text;
    while (rest !== "") {
      const sequence = /^\x1b\[([0-9;?]*)([A-Za-z])/.exec(rest); // eslint-disable-line no-control-regex
      if (sequence !== null) {
        this.#obey(sequence[2]!, sequence[1]!);
        rest = rest.slice(sequence[0].length);
        continue;
      }
      if (rest.startsWith("\x1b") && rest.length < 8) break;
      const character = String.fromCodePoint(rest.codePointAt(0)!);
      this.#put(character);
      rest = rest.slice(character.length);
    }
    this.#pending = rest;
    this.#answer();
  }

  #put(character: string): void {
    if (character === "\r") this.#moveTo(0, this.#y);
    else if (character === "\n") this.#newLine();
    else if (character < " " || character === "\x7f") {
      throw new Error(`a control: ${JSON.stringify(character)}`);
    } else {
      const width = WIDE.test(character) ? 2 : 1;
      if (this.#wraps || this.#x + width > this.columns) {
        this.#newLine();
        this.#x = 0;
      }
      const row = this.#lines[this.#y]!;
      while (row.length < this.#x) row.push(" ");
      row[this.#x] = character;
      if (width === 2) row[this.#x + 1] = "";
      this.#x += width;
      this.#wraps = this.#x >= this.columns;
      if (this.#wraps) this.#x = this.columns - 1;
    }
  }

  #newLine(): void {
    this.#wraps = false;
    if (this.#y < this.rows - 1) {
      this.#y++;
      return;
    }
    this.#lines.shift();
    this.#lines.push([]);
  }

  #moveTo(x: number, y: number): void {
    this.#wraps = false;
    this.#x = Math.max(0, Math.min(this.columns - 1, x));
    this.#y = Math.max(0, Math.min(this.rows - 1, y));
  }

  #obey(command: string, given: string): void {
    const count = Number(given === "" ? "1" : given);
    const move = MOVES[command];
    if (move !== undefined) {
      this.#moveTo(...move(this.#x, this.#y, count));
      return;
    }
    if (command === "H" && given === "") {
      this.#moveTo(0, 0);
      return;
    }
    if (command !== "J" && command !== "K") throw new Error(`unknown: ESC [ ${given} ${command}`);
    if (given !== "" && given !== "0") throw new Error(`unknown: ESC [ ${given} ${command}`);
    const row = this.#lines[this.#y]!;
    row.length = Math.min(row.length, this.#x);
    if (command === "K") return;
    for (let y = this.#y + 1; y < this.rows; y++) this.#lines[y] = [];
  }

  #answer(): void {
    if (this.#waiter?.wanted() !== true) return;
    const { resolve } = this.#waiter;
    this.#waiter = null;
    resolve();
  }
}
