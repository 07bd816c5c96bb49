/** `/api/session`, `/api/login` and `/api/logout`: see `session-messages.ts`. */
import type { BasicLogin, Credentials } from "../http/files/basic-login.ts";
import { HttpError } from "../http/server/http-error.ts";
import type { HttpRequest } from "../http/server/http-request.ts";
import type { HttpResponse } from "../http/server/http-response.ts";
import { refuse, type Visitors } from "./guard.ts";
import type { Routes } from "./routes.ts";
import { sessionCookie, tokenOf } from "./session-cookie.ts";
import type { Session } from "./session-messages.ts";
import type { Sessions } from "./sessions.ts";

/** Bytes of the body of a login. */
export const MAX_LOGIN_BYTES = 4096;

export interface LoginOptions {
  readonly sessions: Sessions;
  /** Null: there are no accounts. */
  readonly passwords: BasicLogin | null;
  readonly visitors: Visitors;
}

/** `/api/login` and `/api/logout` are for those too who are not logged in. */
export function mountLogin(routes: Routes, { sessions, passwords, visitors }: LoginOptions): void {
  routes.get("/api/session", (request, response) => {
    const session: Session = { account: visitors.nameOf(request) };
    response.json(session);
  });
  routes.post("/api/login", async (request, response) => {
    const credentials = await credentialsOf(request);
    if (credentials === null) {
      refuse(response, [400, "give a name and a password, as JSON", []]);
      return;
    }
    const account = (await passwords?.logIn(request, credentials)) ?? null;
    if (account === null || (!("status" in account) && account.isAnonymous)) {
      refuse(response, [401, "nobody has an account of this name here", []]);
    } else if ("status" in account) {
      const fields = account.fields.filter(([name]) => name === "Retry-After");
      const why = account.status === 401 ? "name or password is wrong" : account.why;
      refuse(response, [account.status, why, fields]);
    } else {
      response.field("Set-Cookie", sessionCookie(sessions.begin(account), request.secure));
      response.status(204).send();
      endSession(request, sessions);
    }
  });
  routes.post("/api/logout", (request, response) => {
    logOut(request, response, sessions);
  });
}

function logOut(request: HttpRequest, response: HttpResponse, sessions: Sessions): void {
  response.field("Set-Cookie", sessionCookie(null, request.secure));
  response.status(204).send();
  endSession(request, sessions);
}

/** Behind the answer: what is broken off with the session is not this. */
function endSession(request: HttpRequest, sessions: Sessions): void {
  const token = tokenOf(request);
  if (token !== null) sessions.end(token);
}

/** Null: it is something else. */
async function credentialsOf({ body }: HttpRequest): Promise<Credentials | null> {
  let given: unknown;
  try {
    given = await body.json({ maxBytes: MAX_LOGIN_BYTES });
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) return null;
    throw error;
  }
  if (typeof given !== "object" || given === null) return null;
  const { name, password } = given as Partial<Record<string, unknown>>;
  return typeof name === "string" && typeof password === "string" ? { name, password } : null;
}
