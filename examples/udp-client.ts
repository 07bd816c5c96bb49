/** The client of the UDP server: flags and wiring. `npm run udp-client -- --help` tells the rest. */
import { randomBytes } from "node:crypto";

import { createReactor, formatAddress, RefusedFrame, type Reactor } from "iomux";

import { runProgram } from "./program/program.ts";
import { TypedLines } from "./program/typed-lines.ts";
import { BACKOFF, type Operation } from "./udp/asking.ts";
import { CLIENT_HELP, readClientSettings, type ClientSettings } from "./udp/client-flags.ts";
import { operationOf, told, wordsOf } from "./udp/client-lines.ts";
import { DatagramClient } from "./udp/datagram-client.ts";

const NAME = "udp-client";
const WRONG = 2;
const NOT_DONE = 3;

/** Room for a command, the longest key and the longest value. */
const MAX_LINE_BYTES = 2048;

function complain(line: string, exitCode: number): void {
  console.error(`${NAME}: ${line}`);
  process.exitCode = Math.max(exitCode, Number(process.exitCode ?? 0));
}

async function run(settings: ClientSettings): Promise<void> {
  const reactor = createReactor();
  try {
    await converse(reactor, settings);
  } catch (error) {
    // It cannot be reached: the name is unknown, or no way leads there.
    complain((error as Error).message, NOT_DONE);
  } finally {
    await reactor.close({ drainMs: 0 });
  }
}

async function converse(reactor: Reactor, settings: ClientSettings): Promise<void> {
  const { server, operation, tries, timeoutMs } = settings;
  const client = await DatagramClient.open(reactor, {
    ...{ server, tries, timeoutMs },
    backoff: BACKOFF,
    random: Math.random,
    newClient: () => randomBytes(8).readBigUInt64BE(),
  });
  const obey = async (asked: Operation): Promise<void> => {
    const { exitCode, line } = told(asked, await client.ask(asked), formatAddress(server));
    if (exitCode === 0) console.log(line);
    else complain(line, exitCode);
  };
  if (operation !== null) await obey(operation);
  else await obeyLines(reactor, obey);
  client.close();
}

async function obeyLines(
  reactor: Reactor,
  obey: (operation: Operation) => Promise<void>,
): Promise<void> {
  const prompt = process.stdin.isTTY ? "> " : "";
  const typed = new TypedLines(reactor, MAX_LINE_BYTES);
  for (;;) {
    process.stdout.write(prompt);
    const line = await typed.next();
    if (line === null) return;
    const words = line instanceof RefusedFrame ? [] : wordsOf(line);
    if (line instanceof RefusedFrame) complain(`a line has over ${line.maxBytes} bytes`, WRONG);
    if (words.length === 0) continue;
    try {
      await obey(operationOf(words));
    } catch (error) {
      complain((error as Error).message, WRONG);
    }
  }
}

await runProgram({ name: NAME, help: CLIENT_HELP, readSettings: readClientSettings, run });
