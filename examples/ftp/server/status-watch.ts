/** Asks a running server for its status, and shows it: once, or again and again on a terminal. */
import { connect, lines } from "iomux";
import type { AsyncConnection, Reactor } from "iomux";

import { statusLines } from "./status-lines.ts";
import type { ServerStatus } from "./status.ts";
import { MAX_ANSWER_BYTES } from "./status-server.ts";

/** Milliseconds between two looks on a terminal. */
export const LOOK_MS = 1000;
/** Looks of which the rates are, on a terminal. */
export const LOOKS_OF_A_RATE = 5;
/** Milliseconds of which they are if it is shown once. */
export const ONCE_MS = 2000;
/** Milliseconds that a server has to answer. */
export const ANSWER_MS = 10_000;

/** `process.stdout` is one. */
export interface StatusOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const USUAL = { columns: 80, rows: 24 };

const HOME = "\x1b[H";
/** From the cursor on: it must come first, since a line may fill the row. */
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Rejects with one line if no server answers. Resolves when it has ended, or was shown once. */
export async function watchStatus(
  reactor: Reactor,
  path: string,
  output: StatusOutput,
): Promise<void> {
  const server = await connectTo(reactor, path);
  const first = await ask(server).catch(() => null);
  if (first === null) throw new Error(`${path}: what answers there is no file server`);
  if (output.isTTY === true) await repeat(reactor, server, first, output);
  else {
    await sleep(reactor, ONCE_MS);
    output.write(textOf((await ask(server)) ?? first, first));
  }
  server.end();
}

async function repeat(
  reactor: Reactor,
  server: AsyncConnection,
  first: ServerStatus,
  output: StatusOutput,
): Promise<void> {
  const looks = [first];
  output.write(drawn(first, null, output));
  for (;;) {
    await sleep(reactor, LOOK_MS);
    const now = await ask(server);
    if (now === null) break;
    output.write(drawn(now, looks[0]!, output));
    looks.push(now);
    if (looks.length > LOOKS_OF_A_RATE) looks.shift();
  }
  output.write("The server has ended.\n");
}

async function connectTo(reactor: Reactor, path: string): Promise<AsyncConnection> {
  try {
    const framer = (): ReturnType<typeof lines> => lines({ maxBytes: MAX_ANSWER_BYTES });
    return await connect(reactor, { path }, { framer, timeoutMs: ANSWER_MS });
  } catch (error) {
    const why = "is it running, and with the same --host and --port?";
    throw new Error(`no file server tells its status at ${path}: ${why}`, { cause: error });
  }
}

/** Null: it has ended. */
async function ask(server: AsyncConnection): Promise<ServerStatus | null> {
  try {
    await server.send(Buffer.from("status\n"));
    const answer = await server.read({ timeoutMs: ANSWER_MS });
    return answer === null ? null : readStatus(answer.toString());
  } catch (error) {
    if (server.state !== "open") return null;
    throw error;
  }
}

/** Throws for what this program does not understand. */
function readStatus(answer: string): ServerStatus {
  const status = JSON.parse(answer) as Partial<ServerStatus> | null;
  if (Array.isArray(status?.told)) return status as ServerStatus;
  throw new Error("the server tells its status in another way: use its own --status");
}

function drawn(
  now: ServerStatus,
  before: ServerStatus | null,
  { columns = 0, rows = 0 }: StatusOutput,
): string {
  // Some terminals do not know how large they are, and say 0. The last row stays free, for the cursor.
  const screen = { columns: columns || USUAL.columns, rows: (rows || USUAL.rows) - 1 };
  const shown = statusLines(now, before, screen);
  return `${HOME}${shown.map((line) => `${CLEAR_LINE}${line}\n`).join("")}${CLEAR_BELOW}`;
}

function textOf(now: ServerStatus, before: ServerStatus | null): string {
  const all = { columns: Infinity, rows: Infinity };
  return `${statusLines(now, before, all).join("\n")}\n`;
}

function sleep(reactor: Reactor, ms: number): Promise<void> {
  return new Promise((resolve) => void reactor.setTimer(ms, resolve));
}
