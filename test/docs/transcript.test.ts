/** The README's chat is what the chat room says, word for word. */
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { blocksOf, root } from "./markdown.ts";
import { Program } from "./program.ts";

const blocks = blocksOf("README.md");

function linesOf(mark: string): string[] {
  const block = blocks.find((candidate) => candidate.mark === mark);
  if (block === undefined) throw new Error(`README.md has no block marked "${mark}"`);
  return block.text.trimEnd().split("\n");
}

/** A terminal that plays its part: types what begins with "> ", and must see all else. */
class Terminal {
  readonly #socket: net.Socket;
  readonly #script: readonly string[];
  readonly #seen: string[] = [];
  #rest = "";

  constructor(port: number, script: readonly string[]) {
    expect(script[0]).toBe("$ nc 127.0.0.1 9000");
    this.#script = script.slice(1);
    this.#socket = net.connect({ port, host: "127.0.0.1" });
    this.#socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop()!;
      this.#seen.push(...lines);
    });
  }

  async play(from: number, to: number): Promise<void> {
    for (const line of this.#script.slice(from, to)) {
      if (line === "^C") this.#socket.destroy();
      else if (line.startsWith("> ")) this.#socket.write(`${line.slice(2)}\n`);
      else expect(await this.#next()).toBe(line);
    }
  }

  async #next(): Promise<string> {
    while (this.#seen.length === 0) await once(this.#socket, "data");
    return this.#seen.shift()!;
  }

  end(): void {
    this.#socket.destroy();
  }
}

describe("the README's chat", () => {
  it("is what the chat room says", async () => {
    const program = new Program(join(root, "examples", "chat-room.ts"));
    const terminals: Terminal[] = [];
    try {
      const port = await program.port();
      const opening = blocks.find(({ text }) => text.startsWith("The chat room is open"))!.text;
      await program.printed("Ctrl+C\n");
      // The port stands once after a colon and once after a blank.
      expect(program.output.replaceAll(` ${port}\n`, " 9000\n")).toBe(opening);

      const first = new Terminal(port, linesOf("chat: first"));
      terminals.push(first);
      await first.play(0, 3); // alone in the room
      const second = new Terminal(port, linesOf("chat: second"));
      terminals.push(second);
      await Promise.all([first.play(3, Infinity), second.play(0, Infinity)]);

      program.interrupt();
      expect(await program.ended()).toBe(0);
      expect(program.errors).toBe("");
    } finally {
      for (const terminal of terminals) terminal.end();
      await program.stop();
    }
  });
});
