/** Which page a request comes from: what browsers say of it, and no page can change. */
import type { HttpRequest } from "../http/server/http-request.ts";

/** `unsaid`: it does not come from a page, or from a browser that says nothing. */
export type RequestOrigin = "same" | "foreign" | "unsaid";

/**
 * `Sec-Fetch-Site` (W3C Fetch Metadata) where it is told; browsers tell it to this machine and over
 * TLS. Else `Origin` (RFC 6454), which all of them send with what changes something.
 */
export function originOf({ fields, host, secure }: HttpRequest): RequestOrigin {
  const site = fields.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" ? "same" : "foreign";
  const origin = fields.get("origin");
  if (origin === null) return "unsaid";
  if (host === null) return "foreign";
  // What came in plain may have come by TLS as far as a proxy.
  const schemes = secure ? ["https"] : ["https", "http"];
  const own = schemes.map((scheme) => `${scheme}://${host.toLowerCase()}`);
  return own.includes(origin.toLowerCase()) ? "same" : "foreign";
}

/** Whether the user goes there, by a link on any page or by typing: nothing that a page can read. */
export function isVisit({ method, fields }: HttpRequest): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const mode = fields.get("sec-fetch-mode");
  const site = fields.get("sec-fetch-site");
  return mode === "navigate" ? fields.get("sec-fetch-dest") === "document" : site === "none";
}

/** Whether a page asks, which has a way of its own to log in. */
export function isFromPage({ head, fields }: HttpRequest): boolean {
  if (head.target.path.startsWith("/api/")) return true;
  return fields.get("origin") !== null || fields.get("sec-fetch-site") !== null;
}
