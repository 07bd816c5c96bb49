/** Who may ask the console for what. */
import type { Account } from "../accounts/accounts.ts";
import type { HttpRequest } from "../http/server/http-request.ts";
import type { Routes } from "./routes.ts";

/** What the parts of the console ask the guard, of a request that it has let in. */
export interface Visitors {
  /** Whose rights a request has. */
  accountOf(request: HttpRequest): Account;
  /** The name to show; null: nobody has logged in. */
  nameOf(request: HttpRequest): string | null;
}

export type { Routes };
