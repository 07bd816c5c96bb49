/** The console: its routes, behind its guard, on an HTTP server. */
import type { Reactor } from "iomux";

import type { Account, Accounts } from "../accounts/accounts.ts";
import { BasicLogin } from "../http/files/basic-login.ts";
import type { HttpRequest } from "../http/server/http-request.ts";
import { mountFeed } from "./feed-routes.ts";
import { Guard, SECURITY_FIELDS, type Visitors } from "./guard.ts";
import { mountLogin } from "./login-routes.ts";
import { mountPage } from "./page-files.ts";
import type { Routes } from "./routes.ts";
import { Sessions } from "./sessions.ts";

export interface ConsoleOptions {
  readonly reactor: Reactor;
  /** Its name, for the page's title. */
  readonly program: string;
  /** The folder of the built page. */
  readonly page: string | URL;
  /** What else there is to see: whoever says so mounts it on `routes`. */
  readonly features?: { readonly chat: boolean; readonly files: boolean };
  /** Who may log in. Null, the default: nobody. */
  readonly accounts?: Accounts | null;
  /** Whose rights those have who are not logged in. Null, the default: they must log in. */
  readonly guest?: Account | null;
  /** Passwords are taken over plain connections from anywhere. */
  readonly plainPasswords?: boolean;
}

export interface Console extends Visitors {
  /** Where other parts go: behind the guard. */
  readonly routes: Routes;
  /** Ends event streams at once. The HTTP server is its owner's to close. */
  close(): void;
}

/** What the HTTP server of a console must be made with, besides `allowedHosts`. */
export const CONSOLE_SERVER = { fields: SECURITY_FIELDS, jsonUnder: "/api/" } as const;

/** Connections to a console that is all its server has; a viewer has a few. */
export const MAX_CONNECTIONS = 256;

/** Patterns that are for everybody, but for those of the page. */
const OPEN: ReadonlySet<string> = new Set(["/api/login", "/api/logout", "/healthz"]);

/** Throws with one line if the page is not built. */
export function mountConsole(server: Routes, options: ConsoleOptions): Console {
  const { reactor, program, page, accounts = null, guest = null } = options;
  const { features = { chat: false, files: false } } = options;
  const now = (): number => reactor.now();
  const sessions = new Sessions(now);
  const plain = options.plainPasswords === true;
  const passwords = accounts && new BasicLogin({ accounts, realm: program, plain, now });
  const guard = new Guard({ sessions, passwords, guest });
  mountPage(guard.routes(server, everybody), page);
  const routes = guard.routes(server, (pattern) => OPEN.has(pattern));
  mountLogin(routes, { sessions, passwords, visitors: guard });
  const nameOf = (request: HttpRequest): string | null => guard.nameOf(request);
  const feed = mountFeed(routes, { reactor, program, features, accountOf: nameOf });
  return {
    routes,
    accountOf: (request) => guard.accountOf(request),
    nameOf,
    close: () => {
      feed.close();
    },
  };
}

function everybody(): boolean {
  return true;
}
