/** The HTTP server: flags and wiring. `npm run http-server -- --help` tells the rest. */
import { createReactor, formatAddress, type Reactor } from "iomux";

import { readAccounts } from "./accounts/accounts.ts";
import { BufferPool, LARGE_BYTES } from "./files/buffer-pool.ts";
import { StoreError, type FileStore } from "./files/file-store.ts";
import { cleanUpHourly, openRoot, orClose } from "./files/served-folder.ts";
import { StaticFiles } from "./http/files/static-files.ts";
import { combinedLine } from "./http/server/access-log.ts";
import { hostCheck } from "./http/server/allowed-hosts.ts";
import { echoBody, echoHead } from "./http/server/echo.ts";
import { HELP, limitsOf, readSettings, type Settings } from "./http/server/flags.ts";
import { HttpServer } from "./http/server/http-server.ts";
import { openTls } from "./program/certificate.ts";
import { complaints } from "./program/complaint.ts";
import { serveUntilSignal } from "./program/ending.ts";
import { openLog } from "./program/log-file.ts";
import { OperatorLog } from "./program/operator-log.ts";
import { runProgram } from "./program/program.ts";

const operator = new OperatorLog(process.stdout, (lines) => `... ${lines} lines left out`);
const complain = complaints("http-server", StoreError);

async function run(settings: Settings): Promise<void> {
  const reactor = createReactor({
    maxBufferedBytes: settings.memoryBytes,
    // What is handed to the system at once: a whole piece of a file.
    flushBytes: LARGE_BYTES,
    lingerMs: settings.lingerSeconds * 1000,
    onError: complain,
  });
  await serveUntilSignal(reactor, () => open(reactor, settings), {
    ending: () => {
      operator.write("No new requests; those that run are answered.");
    },
    complain,
  });
}

/** Answers how to end it. */
async function open(reactor: Reactor, settings: Settings): Promise<() => Promise<void>> {
  const tls = settings.tls ? await openTls(settings.identity, ["http/1.1"]) : null;
  const log = await openLog(settings.log, { maxBytes: settings.logBytes, report: complain });
  const server = new HttpServer(reactor, {
    limits: limitsOf(settings),
    ...(settings.allowedHosts && { allowedHosts: settings.allowedHosts }),
    ...(log && {
      onAnswer: (record) => {
        log.write(combinedLine(record));
      },
    }),
    onError: complain,
  });
  if (settings.echo) server.any("/echo", echoHead).any("/", echoBody);
  const store = await mountFiles(reactor, server, settings);
  await orClose(store, server.listen({ ...settings.listen, ...(tls && { tls }) }));
  announce(settings, server);
  return async () => {
    const { cutOff } = await server.close({ drainMs: settings.drainSeconds * 1000 });
    if (cutOff.length > 0) {
      operator.write(`Cut off after ${settings.drainSeconds} s: ${cutOff.length} of them.`);
    }
    await Promise.all([store?.close(), log?.flush()]);
  };
}

async function mountFiles(
  reactor: Reactor,
  server: HttpServer,
  settings: Settings,
): Promise<FileStore | null> {
  if (settings.root === null) return null;
  const accounts = settings.users === null ? null : await readAccounts(settings.users, {});
  const store = await openRoot(settings.root);
  if (settings.writable) cleanUpHourly(reactor, store, complain);
  const files = new StaticFiles({
    store,
    pool: new BufferPool({
      maxBytes: settings.poolBytes,
      now: () => reactor.now(),
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback).unref(),
    }),
    now: () => reactor.now(),
    accounts,
    ...{ listing: settings.listing, writable: settings.writable },
    ...{ precompressed: settings.precompressed, plainPasswords: settings.plainPasswords },
    maxUploadBytes: settings.uploadBytes,
  });
  server.fallback((request, response) => files.handle(request, response));
  return store;
}

function announce(settings: Settings, server: HttpServer): void {
  const { root, users, writable, identity, tls } = settings;
  const who = users === null ? "anybody may get files" : "users only";
  const what =
    root === null ? "Echoing" : `Serving ${root}: ${who}${writable ? ", who may write" : ""}`;
  operator.write(`${what}.`);
  if (tls && identity === null) {
    operator.write("TLS has a self-signed certificate: clients cannot know that it is yours.");
    operator.write("Give --cert and --key.");
  }
  for (const address of server.addresses) {
    const at = formatAddress(address);
    const words = ["curl", ...(tls ? ["-k"] : []), ...hostToName(settings, at)];
    operator.write(`Open on ${at}. Try: ${words.join(" ")} http${tls ? "s" : ""}://${at}/`);
  }
  operator.write("Ctrl-C ends it.");
}

/** For who asks by the address, if that is no host that is served. */
function hostToName({ allowedHosts }: Settings, at: string): readonly string[] {
  if (allowedHosts === null || hostCheck(allowedHosts)(at)) return [];
  return ["-H", `"Host: ${allowedHosts[0]!}"`];
}

await runProgram({ name: "http-server", help: HELP, readSettings, run });
