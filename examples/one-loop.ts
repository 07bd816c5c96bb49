/**
 * A web page, a chat room and a file server in one event loop: flags and wiring. `npm start -- --help`
 * tells the rest.
 */
import { randomInt } from "node:crypto";

import { createReactor, IomuxError } from "iomux";
import type { Reactor, Registration, TlsContext } from "iomux";

import { Accounts, readAccounts } from "./accounts/accounts.ts";
import { LARGE_BYTES } from "./files/buffer-pool.ts";
import { StoreError, type FileStore } from "./files/file-store.ts";
import { cleanUpHourly, openRoot, orClose } from "./files/served-folder.ts";
import { ChatServer } from "./chat/server.ts";
import { hearLines } from "./chat/terminal.ts";
import { LOCALES } from "./chat/texts.ts";
import { FileServer } from "./ftp/server/server.ts";
import { makeDemoFolder, removeDemoFolder } from "./ftp/server/demo-folder.ts";
import { announcement, endingLine } from "./one-loop/announcement.ts";
import { chatSettings, fileSettings, HELP, readSettings } from "./one-loop/flags.ts";
import type { Settings } from "./one-loop/flags.ts";
import { openAtPort } from "./one-loop/ports.ts";
import { openWeb } from "./one-loop/web.ts";
import { openTls } from "./program/certificate.ts";
import { complaints } from "./program/complaint.ts";
import { serveUntilSignal } from "./program/ending.ts";
import { OperatorLog } from "./program/operator-log.ts";
import { runProgram } from "./program/program.ts";

/** Bytes that are read ahead: as many as the file server wants, and enough for the others. */
const INPUT_BYTES = 32 * 1024;

/** What the chat tells the operator itself. */
const TOLD: ReadonlySet<string> = new Set(["IOMUX_TURNED_AWAY", "IOMUX_OVER_BUDGET"]);

/** Says whose descriptor it was. */
function complain(error: unknown, registration: Registration | null = null): void {
  const owner = registration?.descriptor.label ?? "";
  if (owner === "chat" && error instanceof IomuxError && TOLD.has(error.code)) return;
  complaints(owner === "" ? "one-loop" : `one-loop: ${owner}`, StoreError)(error);
}

async function run(settings: Settings): Promise<void> {
  const texts = LOCALES[settings.locale];
  const operator = new OperatorLog(process.stdout, texts.leftOut);
  const reactor = createReactor({
    maxBufferedBytes: settings.memoryBytes,
    // What is handed to the system at once: a whole piece of a file.
    flushBytes: LARGE_BYTES,
    inputMark: INPUT_BYTES,
    onError: complain,
  });
  const log = (line: string): void => {
    operator.write(line);
  };
  await serveUntilSignal(reactor, (end) => open(reactor, settings, { log, end }), {
    ending: () => {
      log(endingLine(settings.locale, settings.drainSeconds));
    },
    complain,
  });
}

interface Operator {
  readonly log: (line: string) => void;
  readonly end: () => void;
}

/** Answers how to end it. A demonstration that cannot begin leaves nothing behind. */
async function open(
  reactor: Reactor,
  settings: Settings,
  operator: Operator,
): Promise<() => Promise<void>> {
  if (settings.root !== null) return openAt(settings.root, reactor, settings, operator);
  const root = await makeDemoFolder();
  return openAt(root, reactor, settings, operator).catch(async (error: unknown) => {
    await removeDemoFolder(root);
    throw error;
  });
}

async function openAt(
  root: string,
  reactor: Reactor,
  settings: Settings,
  operator: Operator,
): Promise<() => Promise<void>> {
  const { identity, anonymous } = settings;
  const accounts =
    settings.users === null
      ? new Accounts([], { anonymous: anonymous && { home: "/", rights: anonymous } })
      : await readAccounts(settings.users);
  const tls = await openTls(identity);
  const webTls = settings.tls ? await openTls(identity, ["http/1.1"]) : null;
  const store = await openRoot(root);
  // The page is opened last, which shows the others, and named first.
  const openAll = async () => {
    const chat = await openChat(reactor, settings, operator);
    const files = await openFiles(reactor, settings, { store, accounts, tls });
    const parts = { chat, store, accounts, complain, tls: webTls };
    return { chat, files, web: await openWeb(reactor, settings, parts) };
  };
  const { chat, files, web } = await orClose(store, openAll());
  cleanUpHourly(reactor, store, complain);
  hearTerminal(reactor, settings, chat, operator);
  const opened = { http: web.address, chat: chat.addresses[0]!, ftp: files.addresses[0]! };
  const lines = announcement(
    {
      ...{ opened, root, ports: settings, tls: settings.tls },
      users: settings.users !== null,
      uploads: anonymous?.includes("create") === true,
      selfSigned: settings.tls && identity === null,
    },
    settings.locale,
  );
  for (const line of lines) operator.log(line);
  const drainMs = settings.drainSeconds * 1000;
  return async () => {
    // Good-bye is said first, also to those who hear it by the page.
    const goodbye = chat.end(chatDrainMs(settings));
    await Promise.all([goodbye, files.close(drainMs), web.close(drainMs)]);
    await store.close();
  };
}

function openChat(reactor: Reactor, settings: Settings, operator: Operator): Promise<ChatServer> {
  return openAtPort(settings.host, settings.chat, (port) => {
    const given = chatSettings(settings, port);
    return ChatServer.open(reactor, {
      settings: given,
      transcript: given.transcript ?? process.stdin.isTTY,
      log: operator.log,
      minuteOfDay: () => {
        const now = new Date();
        return now.getHours() * 60 + now.getMinutes();
      },
      onShutdown: operator.end,
    });
  });
}

function chatDrainMs(settings: Settings): number {
  return chatSettings(settings, 0).drainSeconds * 1000;
}

interface FileParts {
  readonly store: FileStore;
  readonly accounts: Accounts;
  readonly tls: TlsContext;
}

function openFiles(
  reactor: Reactor,
  settings: Settings,
  { store, accounts, tls }: FileParts,
): Promise<FileServer> {
  return openAtPort(settings.host, settings.ftp, (port) =>
    FileServer.open(reactor, {
      ...{ settings: fileSettings(settings, port), store, tls, tlsPolicy: settings.ftpTls },
      login: (...given) => accounts.login(...given),
      logins: () => accounts.logins,
      random: () => randomInt(2 ** 32) / 2 ** 32,
      wallMs: () => Date.now(),
      onTransfer: () => undefined,
      report: complain,
    }),
  );
}

/** What is typed the administrator says to all in the chat. */
function hearTerminal(
  reactor: Reactor,
  { locale }: Settings,
  chat: ChatServer,
  { log }: Operator,
): void {
  const typed = reactor.adopt(process.stdin);
  typed.label = "terminal";
  hearLines(
    reactor,
    typed,
    (line) => {
      chat.administrator(line);
    },
    () => {
      if (process.stdin.isTTY && !reactor.closing) log(LOCALES[locale].inputEnded);
    },
  );
}

await runProgram({ name: "one-loop", help: HELP, readSettings, run });
