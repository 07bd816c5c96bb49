/** What Node's own server reads of the same bytes: whole requests, and whether it refuses one. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";

export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** As Latin-1. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

export interface Reading {
  readonly requests: ReadRequest[];
  readonly refused: boolean;
}

/** A socket in memory: what is pushed comes in, and what is written is kept. */
class MemorySocket extends Duplex {
  written = "";

  override _read(): void {
    // Everything is pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.toString("latin1");
    done();
  }

  setTimeout(): this {
    return this;
  }
}

function pairsOf(raw: readonly string[]): [name: string, value: string][] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1]!]] : []));
}

/** Reads `bytes`, and then the end of the stream. */
export async function readByNode(bytes: Buffer): Promise<Reading> {
  /** In the order in which they came; null until they are whole. */
  const begun: (ReadRequest | null)[] = [];
  let refused = false;
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const place = begun.push(null) - 1;
    const body: Buffer[] = [];
    request.on("data", (chunk: Buffer) => body.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      begun[place] = told(request, Buffer.concat(body).toString("latin1"));
      response.end();
    });
  };
  const server = createServer({ insecureHTTPParser: false, maxHeaderSize: 16_384 }, take);
  server.on("checkContinue", take);
  // The socket stays, so that what came before is still heard of.
  server.on("clientError", () => (refused = true));
  server.on("connect", (request) => begun.push(told(request, "")));
  const socket = new MemorySocket();
  server.emit("connection", socket);
  socket.push(bytes);
  socket.push(null);
  await Promise.race([once(socket, "close"), settled()]);
  socket.destroy();
  const requests = begun.filter((request) => request !== null);
  // What it answers itself is refused too; what came behind it does not count.
  const statuses = socket.written.match(/^HTTP\/1\.1 \d+/gm) ?? [];
  const own = statuses.findIndex((status) => !status.endsWith(" 200"));
  if (own === -1) return { requests, refused };
  return { requests: requests.slice(0, own), refused: true };
}

/** Everything is in memory: what has not happened by now never will. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

function told(request: IncomingMessage, body: string): ReadRequest {
  return {
    method: request.method!,
    target: request.url!,
    fields: pairsOf(request.rawHeaders),
    body,
    trailers: pairsOf(request.rawTrailers),
  };
}
