/** The file server: flags and wiring. `npm run file-server -- --help` tells the rest. */
import { randomInt } from "node:crypto";

import { createReactor, formatAddress, READABLE } from "iomux";
import type { Reactor, Server, SocketAddress } from "iomux";

import { Accounts, readAccounts, userLine, type AccountsOptions } from "./accounts/accounts.ts";
import { LARGE_BYTES } from "./files/buffer-pool.ts";
import { StoreError } from "./files/file-store.ts";
import { cleanUpHourly, openRoot, orClose } from "./files/served-folder.ts";
import { makeDemoFolder, removeDemoFolder } from "./ftp/server/demo-folder.ts";
import { HELP, readSettings } from "./ftp/server/flags.ts";
import type { NewUserSettings, Settings, StatusSettings } from "./ftp/server/flags.ts";
import { FileServer } from "./ftp/server/server.ts";
import { statusLines } from "./ftp/server/status-lines.ts";
import { checkAskedFolder, statusPath } from "./ftp/server/status-path.ts";
import { openStatus } from "./ftp/server/status-server.ts";
import { ONCE_MS, watchStatus } from "./ftp/server/status-watch.ts";
import type { ServerStatus } from "./ftp/server/status.ts";
import { xferlogLine } from "./ftp/server/transfer-log.ts";
import { askPassword } from "./program/ask-password.ts";
import { openTls } from "./program/certificate.ts";
import { complaints } from "./program/complaint.ts";
import { serveUntilSignal } from "./program/ending.ts";
import { openLog } from "./program/log-file.ts";
import { OperatorLog } from "./program/operator-log.ts";
import { runProgram } from "./program/program.ts";

/** Bytes that are handed to the system at once: a whole piece. */
const FLUSH_BYTES = LARGE_BYTES;
/** Bytes that are read ahead; a session has no more of an upload than this and one piece. */
const INPUT_BYTES = 32 * 1024;

const operator = new OperatorLog(process.stdout, (lines) => `... ${lines} lines left out`);
const complain = complaints("file-server", StoreError);

async function run(settings: Settings | NewUserSettings | StatusSettings): Promise<void> {
  switch (settings.kind) {
    case "serve":
      return serveFiles(settings);
    case "new-user":
      console.log(await newUserLine(settings));
      return;
    case "status":
      return showStatus(settings);
  }
}

async function showStatus(place: StatusSettings): Promise<void> {
  const path = statusPath(place);
  if (place.socket === null) await checkAskedFolder(path);
  const reactor = createReactor();
  await watchStatus(reactor, path, process.stdout).finally(() => reactor.close());
}

async function newUserLine({ name, home, rights }: NewUserSettings): Promise<string> {
  const password = await askPassword(`Password of ${name}: `);
  return userLine({ name, password, home, rights });
}

async function serveFiles(settings: Settings): Promise<void> {
  const reactor = createReactor({
    maxBufferedBytes: settings.memoryBytes,
    flushBytes: FLUSH_BYTES,
    inputMark: INPUT_BYTES,
    tlsHandshakeMs: settings.connectSeconds * 1000,
    onError: complain,
  });
  await serveUntilSignal(reactor, () => open(reactor, settings), {
    ending: () => {
      operator.write("No new sessions; transfers that run may finish.");
    },
    complain,
  });
}

/** Answers how to end it. A demonstration that cannot begin leaves nothing behind. */
async function open(reactor: Reactor, settings: Settings): Promise<() => Promise<void>> {
  if (settings.root !== null) return openAt(settings.root, reactor, settings);
  const root = await makeDemoFolder();
  return openAt(root, reactor, settings).catch(async (error: unknown) => {
    await removeDemoFolder(root);
    throw error;
  });
}

async function openAt(
  root: string,
  reactor: Reactor,
  settings: Settings,
): Promise<() => Promise<void>> {
  const accounts = await openAccounts(settings);
  const tls = settings.tls === "none" ? null : await openTls(settings.identity);
  const log = await openLog(settings.log, { maxBytes: settings.logBytes, report: complain });
  const store = await openRoot(root);
  const opening = FileServer.open(reactor, {
    settings,
    store,
    tls,
    tlsPolicy: settings.tls,
    login: (...given) => accounts.login(...given),
    logins: () => accounts.logins,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    wallMs: () => Date.now(),
    onTransfer: (record) => {
      log?.write(xferlogLine(record));
    },
    report: complain,
  });
  const files = await orClose(store, opening);
  const status = await tellStatus(reactor, settings, files);
  cleanUpHourly(reactor, store, complain);
  announce(settings, root, files.addresses);
  return async () => {
    await files.close(settings.drainSeconds * 1000);
    await status?.close();
    await Promise.all([store.close(), log?.flush()]);
  };
}

async function tellStatus(
  reactor: Reactor,
  { listen: { host }, statusSocket: socket }: Settings,
  files: FileServer,
): Promise<Server | null> {
  const status = (): ServerStatus => files.status();
  printOnSignal(reactor, status);
  const [address] = files.addresses;
  const port = address !== undefined && "port" in address ? address.port : 0;
  const report = (why: string): void => {
    console.error(`file-server: ${why}`);
  };
  return openStatus(reactor, { socket, host, port }, { status, report });
}

/** Rates are those of the time from the signal on. */
function printOnSignal(reactor: Reactor, status: () => ServerStatus): void {
  let before: ServerStatus | null = null;
  const print = (): void => {
    const { isTTY, columns } = process.stdout;
    const screen = { columns: isTTY ? columns : Infinity, rows: Infinity };
    const shown = statusLines(status(), before, screen);
    for (const line of shown) operator.write(line);
    before = null;
  };
  const signals = reactor.signals(["SIGUSR1"]);
  reactor.register(signals, READABLE, () => {
    while (signals.read() !== null);
    if (before !== null) return;
    before = status();
    reactor.setTimer(ONCE_MS, print).unref();
  });
}

async function openAccounts({ users, anonymous }: Settings): Promise<Accounts> {
  const options: AccountsOptions = {
    anonymous: anonymous === null ? null : { home: "/", rights: anonymous },
  };
  if (users !== null) return readAccounts(users, options);
  if (anonymous === null) throw new Error("nobody could log in: give --users, or --anonymous on");
  return new Accounts([], options);
}

function announce(
  { anonymous, identity, tls }: Settings,
  root: string,
  addresses: readonly SocketAddress[],
): void {
  const who = anonymous === null ? "users only" : "anybody may get files";
  const upload = anonymous?.includes("create") === true ? ", and put new ones" : "";
  operator.write(`Serving ${root}: ${who}${upload}; TLS ${tls === "none" ? "off" : tls}.`);
  if (tls !== "none" && identity === null) {
    operator.write("TLS has a self-signed certificate: clients cannot know that it is yours.");
    operator.write("Give --cert and --key, or --tls none.");
  }
  for (const address of addresses) {
    operator.write(`Open on ${formatAddress(address)}. Try: curl ftp://${formatAddress(address)}/`);
  }
  operator.write("Ctrl-C ends it.");
}

await runProgram({ name: "file-server", help: HELP, readSettings, run });
