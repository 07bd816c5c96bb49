/**
 * Who may ask the console for what. Each request, in this order:
 *
 * 1. The host it names is ours (`allowedHosts` of the HTTP server): else 421.
 * 2. A page of another site may lead its user here, and nothing else: else 403.
 * 3. What changes something comes from our own page; or it has a name and a password that are right,
 *    and says of no page that it comes from there: else 403.
 * 4. Whoever asks is logged in by session or by password, unless guests are let in: else 401.
 */
import type { Account } from "../accounts/accounts.ts";
import type { BasicLogin } from "../http/files/basic-login.ts";
import type { ResponseFields } from "../http/response-head.ts";
import type { Handler } from "../http/server/handler.ts";
import type { HttpRequest } from "../http/server/http-request.ts";
import type { HttpResponse } from "../http/server/http-response.ts";
import { isFromPage, isVisit, originOf } from "./request-origin.ts";
import type { Routes } from "./routes.ts";
import { tokenOf } from "./session-cookie.ts";
import type { Session, Sessions } from "./sessions.ts";

const CONTENT_SECURITY_POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"],
].join("; ");

/** Fields of every answer of the console. */
export const SECURITY_FIELDS: ResponseFields = [
  ["Content-Security-Policy", CONTENT_SECURITY_POLICY],
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Cache-Control", "no-store"],
];

/** What the parts of the console ask of a request that was let in. */
export interface Visitors {
  /** Whose rights it has. Throws for one that was not let in. */
  readonly accountOf: (request: HttpRequest) => Account;
  /** The name to show; null: nobody has logged in. */
  readonly nameOf: (request: HttpRequest) => string | null;
}

export interface GuardOptions {
  readonly sessions: Sessions;
  /** Null: there are no accounts. */
  readonly passwords: BasicLogin | null;
  /** Whose rights those have who are not logged in. Null: they must log in. */
  readonly guest: Account | null;
}

/** Who may look, and do nothing. */
export const NO_RIGHTS: Account = { name: "", home: "/", rights: new Set(), isAnonymous: true };

type Refusal = readonly [status: number, why: string, fields: ResponseFields];

const FOREIGN: Refusal = [403, "this comes from a page of another site", []];
const SESSION_CHALLENGE: ResponseFields = [["WWW-Authenticate", 'Session realm="console"']];

export class Guard implements Visitors {
  readonly #options: GuardOptions;
  readonly #accounts = new WeakMap<HttpRequest, Account>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  accountOf(request: HttpRequest): Account {
    const account = this.#accounts.get(request);
    if (account === undefined) throw new Error("this request did not come through the guard");
    return account;
  }

  nameOf(request: HttpRequest): string | null {
    return request.account?.name ?? null;
  }

  /** `isOpen`: patterns that need no login. */
  routes(server: Routes, isOpen: (pattern: string) => boolean): Routes {
    const guarded = <P>(pattern: string, handler: Handler<P>): Handler<P> =>
      this.#guarded(handler as Handler, isOpen(pattern)) as Handler<P>;
    return {
      get: (pattern, handler) => server.get(pattern, guarded(pattern, handler)),
      post: (pattern, handler) => server.post(pattern, guarded(pattern, handler)),
      put: (pattern, handler) => server.put(pattern, guarded(pattern, handler)),
      delete: (pattern, handler) => server.delete(pattern, guarded(pattern, handler)),
    };
  }

  #guarded(handler: Handler, isOpen: boolean): Handler {
    return async (request, response) => {
      const entered = await this.#enter(request, isOpen);
      if ("refusal" in entered) {
        refuse(response, entered.refusal);
        return;
      }
      const { account, session } = entered;
      this.#accounts.set(request, account);
      if (!account.isAnonymous) request.account = account;
      // Before it runs, so that whoever logs out meanwhile ends this too.
      session?.add({
        get ended() {
          return response.ended;
        },
        abort: () => {
          response.abort();
        },
      });
      await handler(request, response);
    };
  }

  async #enter(request: HttpRequest, isOpen: boolean): Promise<Entered> {
    const { sessions, passwords, guest } = this.#options;
    const origin = originOf(request);
    const changes = request.method !== "GET" && request.method !== "HEAD";
    if (origin === "foreign" && !isVisit(request)) return { refusal: FOREIGN };
    if (passwords !== null && request.fields.get("authorization") !== null) {
      const account = await passwords.accountOf(request);
      if (account === null || "status" in account) return { refusal: denied(request, account) };
      if (!account.isAnonymous) return { account, session: null };
    }
    if (changes && origin !== "same") return { refusal: unsaid(request) };
    const token = tokenOf(request);
    const session = token === null ? null : sessions.find(token);
    if (session !== null) return { account: session.account, session };
    if (guest !== null) return { account: guest, session: null };
    if (isOpen) return { account: NO_RIGHTS, session: null };
    return { refusal: denied(request, passwords?.challenge(request) ?? null) };
  }
}

type Entered =
  { readonly account: Account; readonly session: Session | null } | { readonly refusal: Refusal };

function unsaid({ host, secure }: HttpRequest): Refusal {
  const origin = `${secure ? "https" : "http"}://${host ?? ""}`;
  const why = `nothing says which page this comes from: send the field "Origin: ${origin}"`;
  return [403, why, []];
}

interface Told {
  readonly status: number;
  readonly why: string;
  readonly fields: ResponseFields;
}

/** A page asks its user itself: for Basic, its browser would do so too. */
function denied(request: HttpRequest, denial: Told | null): Refusal {
  if (denial === null) return [401, "a login is needed", SESSION_CHALLENGE];
  const { status, why, fields } = denial;
  return [status, why, status === 401 && isFromPage(request) ? SESSION_CHALLENGE : fields];
}

export function refuse(response: HttpResponse, [status, why, fields]: Refusal): void {
  for (const [name, value] of fields) response.field(name, value);
  response.refuse(status, why);
}
