/** `iomux/inspect`: a page that shows a reactor at work, for any program. */
import path from "node:path";

import { IomuxError, type Reactor, type TlsContext, type TlsServerOptions } from "iomux";

import { Accounts, parseUsers, userLine } from "../accounts/accounts.ts";
import { HttpServer } from "../http/server/http-server.ts";
import { CONSOLE_SERVER, MAX_CONNECTIONS, mountConsole } from "./console.ts";
import { NO_RIGHTS } from "./guard.ts";
import { consoleHosts, inUrl, isLoopback } from "./hosts.ts";
import { pageFolder } from "./page-folder.ts";

/** What `inspect()` takes. */
export interface InspectOptions {
  /** TCP port to listen on; 0: any that is free. */
  readonly port: number;
  /** Address to listen on. Default: `127.0.0.1`, this machine only. */
  readonly host?: string;
  /** The name in the page's title. Default: that of the file that Node runs. */
  readonly program?: string;
  /** Who may look. Default: anybody on this machine, and nobody from elsewhere. */
  readonly login?: Login;
  /** What is presented to browsers, so that they come by https. */
  readonly tls?: TlsServerOptions | TlsContext;
  /** Takes the password over plain connections from anywhere: something before this does TLS. */
  readonly plainPasswords?: boolean;
  /** Names that requests may ask for, besides this machine and `host`. */
  readonly allowHosts?: readonly string[];
  /** Hears what fails inside. Default: it goes to stderr. */
  readonly onError?: (error: unknown) => void;
}

/** Who may look. */
export interface Login {
  /** What is typed as the name. */
  readonly name: string;
  /** What is typed as the password. */
  readonly password: string;
}

/** What `inspect()` answers. */
export interface Inspector {
  /** Where the page is. */
  readonly url: string;
  /** Ends it, and resolves when all of its connections are closed. The reactor goes on. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Milliseconds that answers get to leave at the end. */
const CLOSE_MS = 1000;

const NAMES: ReadonlySet<string> = new Set<keyof InspectOptions>([
  ...(["port", "host", "program", "login", "tls", "plainPasswords", "allowHosts"] as const),
  "onError",
]);

/**
 * Serves a page that shows `reactor` at work, live: its descriptors, its turns, its load. It runs
 * in the same reactor and keeps no process alive: the program ends when its own work does.
 *
 * Rejects with one line for options that are none, for a port that is taken, and for a `host` that
 * others can reach without `login`, and without `tls` or `plainPasswords`.
 */
export async function inspect(reactor: Reactor, options: InspectOptions): Promise<Inspector> {
  const { host = "127.0.0.1", port, login, tls, allowHosts, onError } = checked(options);
  const server = new HttpServer(reactor, {
    ...CONSOLE_SERVER,
    allowedHosts: consoleHosts(host, allowHosts),
    limits: { maxConnections: MAX_CONNECTIONS },
    label: "console",
    unref: true,
    ...(onError && {
      onError: (error) => {
        onError(error);
      },
    }),
  });
  const view = mountConsole(server, {
    reactor,
    program: options.program ?? path.basename(process.argv[1] ?? "node"),
    page: pageFolder(),
    accounts: login === undefined ? null : await accountsOf(login),
    guest: login === undefined ? NO_RIGHTS : null,
    plainPasswords: options.plainPasswords === true,
  });
  await server.listen({ host, port, ...(tls && { tls }) }).catch((error: unknown) => {
    view.close();
    throw refused(error, `${inUrl(host)}:${port}`);
  });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= end(server, view);
    return closing;
  };
  return { url: urlOf(server, host, tls !== undefined), close, [Symbol.asyncDispose]: close };
}

function checked(options: InspectOptions): InspectOptions {
  if ((options as unknown) === undefined)
    throw new TypeError("inspect: give a port: { port: 8080 }");
  const { host = "127.0.0.1", login } = options;
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) {
    throw new TypeError(`inspect: there is no option ${unknown}: give ${[...NAMES].join(", ")}`);
  }
  if (login !== undefined && !isLogin(login)) {
    throw new TypeError("inspect: login must be { name, password }, two strings");
  }
  if (isLoopback(host)) return options;
  if (login === undefined) {
    throw new Error(
      `inspect: ${host} is not this machine only: give login, or leave host out (127.0.0.1)`,
    );
  }
  if (options.tls !== undefined || options.plainPasswords === true) return options;
  throw new Error(
    `inspect: ${host} is not this machine only: give tls, so that nobody reads the password, ` +
      `or plainPasswords if something before this does TLS`,
  );
}

function isLogin(given: unknown): given is Login {
  const { name, password } = (given ?? {}) as Partial<Record<string, unknown>>;
  return typeof name === "string" && typeof password === "string";
}

async function accountsOf(login: { name: string; password: string }): Promise<Accounts> {
  const line = await userLine({ ...login, home: "/", rights: ["read"] }).catch((error: unknown) => {
    throw new TypeError(`inspect: login: ${(error as Error).message}`, { cause: error });
  });
  return new Accounts(parseUsers(line, "login"), {});
}

function refused(error: unknown, where: string): unknown {
  if (!(error instanceof IomuxError)) return error;
  const advice =
    error.code === "EADDRINUSE" ? ": give another port, or 0 for any that is free" : "";
  const why = error.code === "EADDRINUSE" ? "is taken" : `cannot be had: ${error.message}`;
  return new Error(`inspect: ${where} ${why}${advice}`, { cause: error });
}

async function end(server: HttpServer, view: { close(): void }): Promise<void> {
  view.close();
  await server.close({ drainMs: CLOSE_MS });
}

/** Who listens everywhere is found here. */
function urlOf({ addresses }: HttpServer, host: string, secure: boolean): string {
  const [address] = addresses;
  const port = address !== undefined && "port" in address ? address.port : 0;
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : inUrl(host);
  return `${secure ? "https" : "http"}://${name}:${port}/`;
}
