/** The console: all of its routes on an HTTP server. */
import type { Reactor } from "iomux";

import type { ChatServer } from "../chat/server.ts";
import type { Account, Accounts } from "../accounts/accounts.ts";
import type { BufferPool } from "../files/buffer-pool.ts";
import type { FileStore } from "../files/file-store.ts";
import type { HttpServer } from "../http/server/http-server.ts";

export interface ConsoleOptions {
  readonly reactor: Reactor;
  /** Its name, for the page's title. */
  readonly program: string;
  /** The folder of the built page. */
  readonly page: string | URL;
  readonly chat?: ChatServer | null;
  readonly files?: { readonly store: FileStore; readonly pool: BufferPool } | null;
  /** Who may log in. Null, the default: nobody. */
  readonly accounts?: Accounts | null;
  /** Whose rights those have who are not logged in. Null: they are asked to. */
  readonly guest?: Account | null;
  /** Passwords are taken over plain connections from anywhere. */
  readonly plainPasswords?: boolean;
  readonly wallMs?: () => number;
}

export interface Console {
  /** Ends event streams at once. The HTTP server is its owner's to close. */
  close(): void;
}

export type MountConsole = (server: HttpServer, options: ConsoleOptions) => Console;
