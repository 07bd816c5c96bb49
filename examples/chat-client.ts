/** The chat room's own client: flags and wiring. `npm run chat -- --help` tells the rest. */
import { constants } from "node:os";

import { ChatConnection } from "./chat/client-connection.ts";
import { HELP, readSettings, type ClientSettings } from "./chat/client-flags.ts";
import { Session } from "./chat/client-session.ts";
import { openScreen } from "./chat/client-terminal.ts";
import { CLIENT_TEXTS } from "./chat/client-texts.ts";
import { runProgram } from "./program/program.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof SIGNALS)[number];

function whereOf({ address }: ClientSettings): string {
  if ("path" in address) return `unix:${address.path}`;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

async function run(settings: ClientSettings): Promise<void> {
  const texts = CLIENT_TEXTS[settings.locale];
  const { queueBytes, endMs, connectMs, lineBytes, address } = settings;
  const where = whereOf(settings);
  // A line's end counts.
  const screen = openScreen(queueBytes - 1, texts);
  const session = new Session({
    ...settings,
    where,
    texts,
    interactive: screen.interactive,
    maxQueuedBytes: queueBytes,
    random: Math.random,
  });
  const connection = new ChatConnection(session, {
    ...{ address, connectMs, endMs, lineBytes },
    show: (lines) => screen.show(lines),
    note: (line) => screen.note(line),
    stands: () => screen.remark(texts.connected(where)),
    room: () => screen.resume(),
  });
  const leave = (): void => {
    session.leave();
    screen.stop();
    connection.changed();
  };
  let signalled = false;
  const obey = (signal: Signal): void => {
    if (signalled) process.exit(128 + constants.signals[signal]);
    signalled = true;
    leave();
  };
  for (const signal of SIGNALS) process.on(signal, obey);
  screen.listen({
    line: (text) => {
      const answer = session.type(text);
      connection.changed();
      return answer;
    },
    end: () => {
      session.endInput();
      connection.changed();
    },
    interrupt: () => obey("SIGINT"),
    gone: leave,
    drained: () => connection.resume(),
  });
  const { exitCode, note } = await connection.over;
  if (note !== null) screen.note(note);
  screen.stop();
  // What is left is to be written to stdout. If nobody reads it, a signal has its usual effect.
  for (const signal of SIGNALS) process.off(signal, obey);
  process.exitCode = exitCode;
}

await runProgram({ name: "chat-client", help: HELP, readSettings, run });
