/** A crowd of slow clients of an HTTP server: each keeps a connection, and gives or takes little. */
import { connect, type Socket } from "node:net";

import { answer } from "./child.ts";

/** Milliseconds after which each has moved once. */
const STEP_MS = 1000;
const SHARES = 20;

export type Slowness = "heads" | "bodies" | "readers";

const FIRST: Readonly<Record<Slowness, string>> = {
  heads: "GET / HTTP/1.1\r\nHost: here\r\nX-Slow: ",
  bodies: "POST /form HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n\r\n",
  readers: "GET /large HTTP/1.1\r\nHost: here\r\n\r\n",
};

class Slow {
  readonly #port: number;
  readonly #kind: Slowness;
  #socket!: Socket;
  #closed = false;

  constructor(port: number, kind: Slowness) {
    this.#port = port;
    this.#kind = kind;
  }

  /**
   * Who is cut off comes again. A reader has begun when it is answered: what the server has to do
   * for so many new ones at once is not what it has to do for slow ones.
   */
  begin(): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#port, host: "127.0.0.1" }, () => {
        socket.write(FIRST[this.#kind]);
        if (this.#kind !== "readers") resolve();
      });
      if (this.#kind === "readers") socket.once("readable", resolve);
      this.#socket = socket;
      if (this.#kind === "readers") socket.pause();
      else socket.resume();
      socket.on("error", () => undefined);
      socket.on("close", () => {
        if (!this.#closed) void this.begin().then(resolve);
      });
    });
  }

  step(): void {
    if (this.#kind === "readers") this.#socket.read(16 * 1024);
    else this.#socket.write("x");
  }

  end(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}

let crowd: Slow[] = [];
let timer: NodeJS.Timeout | undefined;

answer({
  async begin({ port, kind, count }: { port: number; kind: Slowness; count: number }) {
    crowd = Array.from({ length: count }, () => new Slow(port, kind));
    for (let at = 0; at < count; at += 100) {
      await Promise.all(crowd.slice(at, at + 100).map((slow) => slow.begin()));
    }
    let share = 0;
    timer = setInterval(() => {
      for (let at = share; at < crowd.length; at += SHARES) crowd[at]!.step();
      share = (share + 1) % SHARES;
    }, STEP_MS / SHARES);
  },

  end() {
    clearInterval(timer);
    for (const slow of crowd) slow.end();
    crowd = [];
  },
});
