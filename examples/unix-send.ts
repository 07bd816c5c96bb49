/** Sends records over a Unix-domain socket: flags and wiring. */
import { createReactor, lines, serve, type Reactor } from "iomux";

import { runProgram } from "./program/program.ts";
import type { Reading } from "./records/reading.ts";
import { HELP, readSettings, type SendSettings } from "./records/send-flags.ts";
import { Sender } from "./records/sender.ts";
import { isBlank, readLine } from "./records/text.ts";

/** Bytes of a line of input. */
const MAX_LINE_BYTES = 4096;

async function run(settings: SendSettings): Promise<void> {
  const reactor = createReactor();
  try {
    const words = settings.lines.map((line, index) => reading(line, `argument ${index + 1}`));
    const waitMs = settings.waitSeconds * 1000;
    const sender = await Sender.open(reactor, { path: settings.path, waitMs });
    const wrong = await sendAll(sender, words.length > 0 ? words : input(reactor, sender));
    const count = await sender.finish();
    const taken = `${count} ${count === 1 ? "reading was" : "readings were"} taken`;
    if (wrong !== null) throw new Error(`${wrong.message}; before that ${taken}`);
    console.error(`${taken}.`);
  } finally {
    await reactor.close();
  }
}

function reading(line: string, where: string): Reading {
  try {
    return readLine(line, Date.now());
  } catch (error) {
    throw new InputError(`${where}: ${(error as Error).message}`);
  }
}

/** What was given to send is no reading. */
class InputError extends Error {}

/** Sends up to the first that is wrong, and answers what is wrong with it. */
async function sendAll(
  sender: Sender,
  readings: Iterable<Reading> | AsyncIterable<Reading>,
): Promise<InputError | null> {
  try {
    for await (const next of readings) await sender.send(next);
    return null;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** Standard input, line by line, until it ends or the receiver is gone. */
async function* input(reactor: Reactor, sender: Sender): AsyncGenerator<Reading> {
  const server = await serve(reactor, { framer: () => lines({ maxBytes: MAX_LINE_BYTES }) });
  const stdin = server.take(reactor.adopt(process.stdin));
  try {
    for (let number = 1; ; number++) {
      const line = await sender.meanwhile((signal) => stdin.read({ signal }));
      if (line === null) return;
      if (!isBlank(line.toString())) yield reading(line.toString(), `line ${number}`);
    }
  } finally {
    // Who is in the middle of a line need not end it.
    stdin.abort();
  }
}

await runProgram({ name: "unix-send", help: HELP, readSettings, run });
