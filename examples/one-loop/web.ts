/** The HTTP server of the three: the console, with the chat and the files in it. */
import type { Reactor, SocketAddress, TlsContext } from "iomux";

import type { Account, Accounts } from "../accounts/accounts.ts";
import type { ChatServer } from "../chat/server.ts";
import { mountChat } from "../console/chat-routes.ts";
import { CONSOLE_SERVER, mountConsole } from "../console/console.ts";
import { mountFiles } from "../console/file-routes.ts";
import { consoleHosts } from "../console/hosts.ts";
import { pageFolder } from "../console/page-folder.ts";
import { BufferPool } from "../files/buffer-pool.ts";
import type { FileStore } from "../files/file-store.ts";
import { HttpServer } from "../http/server/http-server.ts";
import type { Settings } from "./flags.ts";
import { openAtPort } from "./ports.ts";

export interface WebParts {
  readonly chat: ChatServer;
  readonly store: FileStore;
  readonly accounts: Accounts;
  /** Null: by plain connections. */
  readonly tls: TlsContext | null;
  readonly complain: (error: unknown) => void;
}

export interface Web {
  readonly address: SocketAddress;
  /** Ends event streams at once; requests that run may finish. */
  close(drainMs: number): Promise<void>;
}

/** Rejects with one line if the port cannot be had, or the page is not built. */
export async function openWeb(reactor: Reactor, settings: Settings, parts: WebParts): Promise<Web> {
  const { host, allowedHosts, users, plainPasswords, uploadBytes } = settings;
  const { chat, store, accounts, tls, complain } = parts;
  const server = new HttpServer(reactor, {
    ...CONSOLE_SERVER,
    allowedHosts: consoleHosts(host, allowedHosts),
    onError: complain,
  });
  const view = mountConsole(server, {
    ...{ reactor, plainPasswords, program: "one-loop", page: pageFolder() },
    features: { chat: true, files: true },
    accounts: users === null ? null : accounts,
    guest: guestOf(settings),
  });
  const { routes, accountOf } = view;
  const people = mountChat(routes, { chat, reactor });
  const now = (): number => reactor.now();
  const pool = new BufferPool({
    maxBytes: settings.poolBytes,
    now,
    setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback).unref(),
  });
  mountFiles(routes, { store, pool, accountOf, now, maxUploadBytes: uploadBytes });
  await openAtPort(host, settings.http, (port) =>
    server.listen({ host, port, ...(tls && { tls }) }),
  );
  return {
    address: server.addresses[0]!,
    close: async (drainMs) => {
      view.close();
      people.close();
      await server.close({ drainMs });
    },
  };
}

/** Null: all have to log in. */
function guestOf({ users, anonymous }: Settings): Account | null {
  if (users !== null) return null;
  return { name: "anonymous", home: "/", rights: new Set(anonymous), isAnonymous: true };
}
