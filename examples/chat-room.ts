/** The chat room: flags and wiring. `npm run chat-room -- --help` tells the rest. */
import {
  createReactor,
  formatAddress,
  IomuxError,
  READABLE,
  type Reactor,
  type SocketAddress,
} from "iomux";

import { HELP, readSettings, type Settings } from "./chat/flags.ts";
import { OperatorLog } from "./program/operator-log.ts";
import type { LineEvent } from "./chat/protocol.ts";
import { runProgram } from "./program/program.ts";
import { ChatServer } from "./chat/server.ts";
import { hearLines } from "./chat/terminal.ts";
import { LOCALES } from "./chat/texts.ts";

/** Of a second signal, while the chat is ending. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** What the room tells the operator itself, with the flags that the operator knows. */
const TOLD: ReadonlySet<string> = new Set(["IOMUX_TURNED_AWAY", "IOMUX_OVER_BUDGET"]);

function complain(error: Error): void {
  if (!(error instanceof IomuxError)) console.error(error);
  else if (!TOLD.has(error.code)) console.error(`chat-room: ${error.message}`);
}

function minuteOfDay(): number {
  const now = new Date();
  return now.getHours() * 60 + now.getMinutes();
}

function howToEnter(address: SocketAddress): string {
  if (address.family !== "unix") return `nc ${address.host} ${address.port}`;
  const plain = /^[\w./@%+,-]+$/.test(address.path);
  return `nc -U ${plain ? address.path : `'${address.path.replaceAll("'", "'\\''")}'`}`;
}

async function run(settings: Settings): Promise<void> {
  const texts = LOCALES[settings.locale];
  const operator = new OperatorLog(process.stdout, texts.leftOut);
  const log = (line: string): void => {
    operator.write(line);
  };
  const reactor = createReactor({ maxBufferedBytes: settings.memoryBytes, onError: complain });
  let ending = false;
  const end = (): void => {
    ending = true;
    // A room that cannot open says so itself.
    opening.then(close, () => undefined);
  };
  const close = async (chat: ChatServer): Promise<void> => {
    log(texts.endingIn(settings.drainSeconds));
    await chat.end(settings.drainSeconds * 1000);
    await reactor.close();
  };
  // From before there is a socket file, so that none is left behind.
  onSignals(reactor, (name) => {
    if (ending) process.exit(EXIT_CODES[name]);
    end();
  });
  const opening = ChatServer.open(reactor, {
    settings,
    transcript: settings.transcript ?? process.stdin.isTTY,
    log,
    minuteOfDay,
    onShutdown: () => {
      if (!ending) end();
    },
  });
  const chat = await opening;
  const hear = (line: LineEvent): void => chat.administrator(line);
  hearLines(reactor, reactor.adopt(process.stdin), hear, () => {
    if (process.stdin.isTTY && !ending) log(texts.inputEnded);
  });
  for (const address of chat.addresses) {
    log(texts.open(formatAddress(address)));
    log(texts.enterWith(howToEnter(address)));
  }
  log(texts.howToEnd);
}

/** SIGHUP says that the terminal is gone; the room goes on without it, as it does as a service. */
function onSignals(reactor: Reactor, ended: (name: string) => void): void {
  const signals = reactor.signals(["SIGINT", "SIGTERM", "SIGHUP"]);
  reactor.register(signals, READABLE, () => {
    for (let name = signals.read(); name !== null; name = signals.read()) {
      if (name !== "SIGHUP") ended(name);
    }
  });
}

await runProgram({ name: "chat-room", help: HELP, readSettings, run });
