/** Raw pairs of plain Node sockets, without iomux: for the facts that `src/node` builds on. */
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach } from "vitest";

export type Family = "tcp" | "unix";

/** A folder of this run; it is removed at the end. */
export const folder = mkdtempSync(join(tmpdir(), "iomux-facts-"));
/** Steps that are taken after the running test. */
export const cleanUp: (() => void)[] = [];
let paths = 0;

process.on("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});

export function pass(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function until(condition: () => boolean): Promise<void> {
  const inVain = new Error("waited in vain");
  for (const deadline = Date.now() + 15_000; !condition();) {
    if (Date.now() > deadline) throw inVain;
    await pass();
  }
}

/** A connected pair: `near` is watched, `far` is the peer. Both half-open, `near` not read yet. */
export async function pair(
  family: Family,
  options: net.ServerOpts = {},
): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, ...options });
  const accepted = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
  const where =
    family === "tcp" ? { port: 0, host: "127.0.0.1" } : { path: join(folder, `${++paths}`) };
  await new Promise<void>((resolve) => server.listen(where, resolve));
  const bound = server.address()!;
  const far = net.connect({
    allowHalfOpen: true,
    ...(typeof bound === "string" ? { path: bound } : { port: bound.port, host: "127.0.0.1" }),
  });
  far.on("error", () => undefined);
  const near = await accepted;
  await until(() => !far.connecting);
  cleanUp.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** What a socket tells, in order: `data 5`, `end`, `error ECONNRESET`, `close`. */
export function watch(socket: net.Socket): string[] {
  const log: string[] = [];
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.length;
    if (log.at(-1)?.startsWith("data") === true) log.pop();
    log.push(`data ${bytes}`);
  });
  socket.on("end", () => log.push("end"));
  socket.on("error", (error: NodeJS.ErrnoException) => log.push(`error ${error.code}`));
  socket.on("close", () => log.push("close"));
  return log;
}

/** Asks as `src/node/socket-transport.ts` does whether an end is an orderly one. */
export function emptyWrite(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.write(Buffer.alloc(0), (error) => {
      resolve(error ? String((error as NodeJS.ErrnoException).code) : "ok");
    });
  });
}

export function noteErrors(socket: net.Socket): string[] {
  const errors: string[] = [];
  socket.on("error", (error: NodeJS.ErrnoException) => errors.push(String(error.code)));
  return errors;
}

/** The socket buffers of `socket` are full, and so is Node's. */
export async function stuff(socket: net.Socket): Promise<void> {
  const piece = Buffer.alloc(65_536);
  for (let quiet = 0; quiet < 20;) {
    quiet = socket.writableLength > 0 ? quiet + 1 : 0;
    if (socket.writableLength === 0) socket.write(piece);
    await pass();
  }
}
