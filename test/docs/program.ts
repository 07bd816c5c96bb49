/** A program of the documents as a process, and the peers that speak to it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Readable } from "node:stream";

import { withoutSlowHandlers } from "../support/slow-handlers.ts";
import { root } from "./markdown.ts";

const ports = fileURLToPath(new URL("./ports.mjs", import.meta.url));

export class Program {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  readonly #listening: Promise<number>;
  #port = 0;
  #stdout = "";
  #stderr = "";

  /** `path`: as it was built. `peerPort`: where a client of the documents finds its server. */
  constructor(path: string, peerPort = 0) {
    this.#child = spawn(process.execPath, ["--import", ports, path], {
      cwd: root,
      env: { ...process.env, DOCS_PEER_PORT: String(peerPort) },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    this.#exit = once(this.#child, "close");
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    const told = this.#child.stdio[3] as Readable;
    this.#listening = new Promise((resolve) => {
      told.once("data", (line: Buffer) => {
        this.#port = Number(line.toString());
        resolve(this.#port);
      });
    });
  }

  /** Everything it printed, with the port of the documents. */
  get output(): string {
    const said = withoutSlowHandlers(this.#stdout);
    return this.#port === 0 ? said : said.replaceAll(`:${this.#port}`, ":9000");
  }

  /** What it printed on stderr. */
  get errors(): string {
    return withoutSlowHandlers(this.#stderr);
  }

  /** The port at which it listens, once it does. */
  port(): Promise<number> {
    return Promise.race([this.#listening, this.#died()]);
  }

  async #died(): Promise<never> {
    const [code] = await this.#exit;
    throw new Error(`the program ended with ${String(code)}:\n${this.#stderr}`);
  }

  /** Waits until it has printed `text`. */
  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      await Promise.race([once(this.#child.stdout!, "data"), this.#died()]);
    }
  }

  /** Its exit code, once it has ended by itself. */
  async ended(): Promise<unknown> {
    const [code] = await this.#exit;
    return code;
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }
}

/** A client: sends `text`, ends its side, and answers all that came until the other side ended. */
export async function talk(port: number, text: string | Uint8Array): Promise<Buffer> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end(text);
  await once(socket, "end");
  return Buffer.concat(chunks);
}

/** What is sent at a time: no part of any mark, so that a mark is met in the middle of a piece. */
const PIECE_BYTES = 40_009;

/** Milliseconds without progress after which a peer is taken to have stopped reading. */
const QUIET_MS = 100;

/**
 * As `talk`, but it does not read before the other side has stopped reading too, or has taken
 * everything: who does not stop at what it can write loses bytes here. It sends piece by piece, and
 * slowly, so that pieces arrive as such. If it reads too soon, it only shows less.
 */
export async function talkLate(port: number, bytes: Uint8Array): Promise<Buffer> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  let sent = 0;
  for (let quiet = 0; quiet < QUIET_MS && sent < bytes.length; quiet++) {
    await setTimeout(1);
    if (socket.writableLength > 0) continue;
    quiet = 0;
    socket.write(bytes.subarray(sent, (sent = Math.min(sent + PIECE_BYTES, bytes.length))));
  }
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end(bytes.subarray(sent));
  await once(socket, "end");
  return Buffer.concat(chunks);
}

/** A server for clients of the documents: echoes, and ends when its peer ends. */
export async function echoServer(): Promise<{ port: number; close: () => void }> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
}

/** A port of this machine at which nobody listens. */
export async function freePort(): Promise<number> {
  const { port, close } = await echoServer();
  close();
  return port;
}
