/** The file client: flags and wiring. `npm run file-client -- --help` tells the rest. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { clearLine, cursorTo } from "node:readline";

import { createReactor, READABLE } from "iomux";
import type { Reactor } from "iomux";

import { netrcPlace } from "./ftp/client/credentials.ts";
import { AddressDialler, dial, type Ask, type DialSettings } from "./ftp/client/dial.ts";
import { ClientFailure } from "./ftp/client/failure.ts";
import { localFailure } from "./ftp/client/failure-causes.ts";
import { HELP, readSettings, type ClientSettings } from "./ftp/client/flags.ts";
import type { TlsSettings } from "./ftp/client/ftp-client.ts";
import { runInteractive } from "./ftp/client/interactive.ts";
import { runOneShot, type OneShotCommand } from "./ftp/client/one-shot.ts";
import type { ProgressOutput } from "./ftp/client/progress-display.ts";
import { askPassword } from "./program/ask-password.ts";
import { runProgram } from "./program/program.ts";

const NAME = "file-client";

/** Taken out of the environment, so that no program that is started from here inherits it. */
const { IOMUX_FTP_PASSWORD: secret } = process.env;
delete process.env.IOMUX_FTP_PASSWORD;

async function run(settings: ClientSettings): Promise<void> {
  const reactor = createReactor({
    tlsHandshakeMs: settings.connectSeconds * 1000,
    // To write to a terminal that stands still is slow, and nobody's fault.
    slowHandlerMs: Infinity,
  });
  try {
    process.exitCode = await obey(reactor, settings);
  } catch (error) {
    if (!(error instanceof ClientFailure)) throw error;
    complain(error);
    process.exitCode = error.exitCode;
  } finally {
    await reactor.close({ drainMs: 0 });
  }
}

function complain({ message }: ClientFailure): void {
  process.stderr.write(`${NAME}: ${message}\n`);
}

async function obey(reactor: Reactor, settings: ClientSettings): Promise<number> {
  const { command, quiet } = settings;
  const dialling: DialSettings = {
    ...settings,
    ...{ reactor, tls: await tlsOf(settings), password: secret ?? null, ask: null },
    netrc: netrcPlace(process.env, homedir()),
  };
  if (command.kind === "open") {
    const { address } = command;
    const dialler = (ask: Ask | null): AddressDialler => new AddressDialler({ ...dialling, ask });
    return runInteractive({ reactor, address, quiet, dialler });
  }
  await once(reactor, command, settings, dialling);
  return 0;
}

async function once(
  reactor: Reactor,
  command: OneShotCommand,
  { resume, quiet }: ClientSettings,
  dialling: DialSettings,
): Promise<void> {
  const { signal } = stopOnSignals(reactor);
  const ask: Ask | null = process.stdin.isTTY ? askOnTerminal : null;
  await runOneShot(() => dial(command.address, { ...dialling, ask }, signal), {
    ...{ command, resume, signal, complain },
    progress: quiet ? null : PROGRESS,
    show: (lines) => {
      process.stdout.write(lines.map((line) => `${line}\n`).join(""));
    },
  });
}

/** Null: there was none. */
function askOnTerminal(question: string): Promise<string | null> {
  return askPassword(question).catch(() => null);
}

async function tlsOf({ tls }: ClientSettings): Promise<TlsSettings | null> {
  if (tls === null) return null;
  const { check, ca } = tls;
  try {
    return { check, authorities: ca === null ? null : await readFile(ca, "utf8") };
  } catch (error) {
    throw localFailure(error, ca!);
  }
}

/** The first one breaks off what is under way, in order; the second waits for nothing. */
function stopOnSignals(reactor: Reactor): AbortController {
  const stop = new AbortController();
  const signals = reactor.signals(["SIGINT", "SIGTERM", "SIGHUP"]);
  reactor.register(signals, READABLE, () => {
    for (let name = signals.read(); name !== null; name = signals.read()) {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    }
  });
  return stop;
}

const PROGRESS: ProgressOutput = {
  get columns() {
    return process.stderr.isTTY ? process.stderr.columns : null;
  },
  draw(row) {
    cursorTo(process.stderr, 0);
    process.stderr.write(row ?? "");
    clearLine(process.stderr, 1);
  },
  remark(line) {
    process.stderr.write(`${line}\n`);
  },
};

await runProgram({ name: NAME, help: HELP, readSettings, run });
