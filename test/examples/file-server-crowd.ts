/** Many clients of a file server at once, and what the server tells of itself meanwhile. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { readFileSync } from "node:fs";

import type { ServerStatus } from "../../examples/ftp/server/status.ts";
import { Conversation, type FileServer } from "./file-server-process.ts";
import { LineLog } from "./line-log.ts";

/** Anybody. */
const ANYBODY = { name: "anonymous", password: "me@here", home: "/", rights: [] };

/** Sessions of `ANYBODY` that transfer bytes as they are. */
export function openSessions(server: FileServer, count: number): Promise<Conversation[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const session = await Conversation.open(server, ANYBODY);
      await session.say("TYPE I");
      return session;
    }),
  );
}

export interface Download {
  readonly bytes: number;
  /** When the last of them came (`performance.now()`). */
  readonly endedMs: number;
}

/**
 * Makes ready to read all of `path`; what it answers begins with it. That resolves once all has come
 * in order and the server has said 226.
 */
export async function readyToRead(
  session: Conversation,
  path: string,
): Promise<() => Promise<Download>> {
  const data = await session.connectData();
  return async () => {
    let bytes = 0;
    data.on("data", (more: Buffer) => {
      bytes += more.length;
    });
    const ended = once(data, "end");
    const first = await session.say(`RETR ${path}`);
    if (!first.startsWith("150 ")) throw new Error(first);
    const last = session.reply();
    await ended;
    const endedMs = performance.now();
    data.end();
    const reply = await last;
    if (!reply.startsWith("226 ")) throw new Error(reply);
    return { bytes, endedMs };
  };
}

export async function upload(session: Conversation, path: string, bytes: Buffer): Promise<string> {
  const data = await session.connectData();
  const first = await session.say(`STOR ${path}`);
  if (!first.startsWith("150 ")) return first;
  data.end(bytes);
  return session.reply();
}

/** Begins to read `path`, `bytes` of it each second, however fast it comes. */
export async function readSlowly(
  server: FileServer,
  session: Conversation,
  path: string,
  bytes: number,
): Promise<Socket> {
  const [, port] = /\|(\d+)\|/.exec(await session.say("EPSV"))!;
  const data = connect({
    ...{ host: server.host, port: Number(port) },
    onread: {
      buffer: Buffer.alloc(bytes),
      callback: () => {
        setTimeout(() => data.resume(), 1000);
        return false;
      },
    },
  });
  data.on("error", () => {});
  await once(data, "connect");
  const first = await session.say(`RETR ${path}`);
  if (!first.startsWith("150 ")) throw new Error(first);
  return data;
}

/** Asks a server for its status. */
export class StatusAsker {
  readonly #socket: Socket;
  readonly #log: LineLog;

  constructor(path: string) {
    this.#socket = connect({ path });
    this.#log = new LineLog(this.#socket);
  }

  async ask(): Promise<ServerStatus> {
    this.#socket.write("status\n");
    return JSON.parse(await this.#log.until(/./)) as ServerStatus;
  }

  /** Asks until it is as wanted. */
  async until(wanted: (status: ServerStatus) => boolean): Promise<ServerStatus> {
    for (;;) {
      const status = await this.ask();
      if (wanted(status)) return status;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Bytes of the resident set of the process at its largest so far. Linux only: proc(5). */
export function peakMemoryOf({ child }: FileServer): number {
  const status = readFileSync(`/proc/${child.pid!}/status`, "latin1");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** The resident set as it is. */
export function memoryOf({ child }: FileServer): number {
  const status = readFileSync(`/proc/${child.pid!}/status`, "latin1");
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)![1]) * 1024;
}
