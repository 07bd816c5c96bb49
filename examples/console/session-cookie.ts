/** The cookie of a session (RFC 6265, and the prefixes of its successor's draft, section 4.1.3). */
import type { HttpRequest } from "../http/server/http-request.ts";

const NAME = "iomux-session";

/** Over TLS no other host and no plain connection can set a cookie of this name. */
function nameFor(secure: boolean): string {
  return secure ? `__Host-${NAME}` : NAME;
}

/** The value of `Set-Cookie`. Null: the browser is to forget it. It does so too when it is closed. */
export function sessionCookie(token: string | null, secure: boolean): string {
  const rules = `Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  return `${nameFor(secure)}=${token ?? ""}; ${rules}${token === null ? "; Max-Age=0" : ""}`;
}

/** What the browser has kept. The first one of the name counts. */
export function tokenOf({ fields, secure }: HttpRequest): string | null {
  const name = nameFor(secure);
  for (const pair of fields.get("cookie")?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}
