/**
 * Slow readers: each logs in over FTP, asks for a file, and takes 64 KiB of it at a time with a
 * pause after each. It speaks just enough of the protocol, and reads into one buffer for all.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";

import { answer } from "./child.ts";

const readBuffer = Buffer.alloc(64 * 1024);
/** Some 1 MiB a second for each. */
const PAUSE_MS = 64;

/** A control connection: one command, one reply. */
class Dialog {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string, undefined>;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const lines: Interface = createInterface(this.#socket);
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** The next reply's last line. Throws if it begins with none of `codes`. */
  async reply(...codes: string[]): Promise<string> {
    for (;;) {
      const next: IteratorResult<string, undefined> = await this.#lines.next();
      const line = next.value;
      if (line === undefined) throw new Error(`the server ended instead of ${codes.join(" or ")}`);
      if (!/^\d{3} /.test(line)) continue;
      if (codes.includes(line.slice(0, 3))) return line;
      throw new Error(`the server said ${line} instead of ${codes.join(" or ")}`);
    }
  }

  ask(command: string, ...codes: string[]): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    return this.reply(...codes);
  }
}

class SlowReader {
  received = 0;

  async open(port: number, path: string): Promise<void> {
    const dialog = new Dialog(port);
    await dialog.reply("220");
    const login = await dialog.ask("USER anonymous", "331", "230");
    if (login.startsWith("331")) await dialog.ask("PASS bench", "230");
    await dialog.ask("TYPE I", "200");
    const passive = await dialog.ask("EPSV", "229");
    const socket: Socket = connect({
      port: Number(/\|\|\|(\d+)\|/.exec(passive)![1]),
      host: "127.0.0.1",
      onread: {
        buffer: readBuffer,
        callback: (bytes: number): boolean => {
          this.received += bytes;
          setTimeout(() => socket.resume(), PAUSE_MS);
          return false;
        },
      },
    });
    await once(socket, "connect");
    await dialog.ask(`RETR ${path}`, "150", "125");
  }
}

const readers: SlowReader[] = [];

/** One after the other: logins at once are not what is measured. */
async function open(question: { port: number; path: string; count: number }): Promise<void> {
  const { port, path, count } = question;
  for (let i = 0; i < count; i++) {
    const reader = new SlowReader();
    await reader.open(port, path);
    readers.push(reader);
  }
}

/** Bytes that came to the one who had the least since the last time this was asked. */
function least(): number {
  const all = readers.map(({ received }) => received);
  for (const reader of readers) reader.received = 0;
  return Math.min(...all);
}

answer({ open, least });
