/** Targets of requests, and hosts (RFC 9112 section 3.2). */
import type { RefusalCode } from "./refusal.ts";

export interface Target {
  readonly form: "origin" | "absolute" | "authority" | "asterisk";
  /** As it came. */
  readonly raw: string;
  /**
   * Still percent-encoded, without the query; begins with "/". It is "*" for the asterisk, and for
   * OPTIONS of an absolute target without a path; "" for an authority.
   */
  readonly path: string;
  /** Behind the "?", which may leave nothing; null without one. */
  readonly query: string | null;
  /** Host and port of an absolute target or an authority. */
  readonly authority: string | null;
}

const MAX_PORT = 65_535;

// RFC 3986 section 3.2.2. What is within brackets is not checked to the letter.
const REGISTERED_NAME = "(?:[\\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})";
const LITERAL = "\\[[0-9A-Fa-f:.]{2,45}\\]";
const HOST_AND_PORT = new RegExp(`^(?:${LITERAL}|${REGISTERED_NAME}*)(?::(\\d*))?$`);

const ABSOLUTE = /^https?:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/i;

/** Whether `text` is `uri-host [ ":" port ]`. Both may be empty. */
export function isHost(text: string): boolean {
  const match = HOST_AND_PORT.exec(text);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || Number(port) <= MAX_PORT;
}

/** A host that is not empty, as the authority of an http URI has it (RFC 9110 section 4.2). */
function isAuthority(text: string): boolean {
  return text !== "" && !text.startsWith(":") && isHost(text);
}

/** What `raw`, of bytes of targets, is to `method`; or why it is nothing to it. */
export function readTarget(method: string, raw: string): Target | RefusalCode {
  if (method === "CONNECT") return readAuthority(raw);
  if (raw.charCodeAt(0) === 0x2f) {
    const mark = raw.indexOf("?");
    const path = mark === -1 ? raw : raw.slice(0, mark);
    const query = mark === -1 ? null : raw.slice(mark + 1);
    return { form: "origin", raw, path, query, authority: null };
  }
  if (raw === "*") {
    if (method !== "OPTIONS") return "bad-target-form";
    return { form: "asterisk", raw, path: "*", query: null, authority: null };
  }
  const match = ABSOLUTE.exec(raw);
  if (match === null) return "bad-target-form";
  const authority = match[1]!;
  if (!isAuthority(authority)) return "bad-authority";
  const query = match[3] ?? null;
  // RFC 9112 section 3.2.4: without a path and a query it is the whole server that is meant.
  const nothing = method === "OPTIONS" && query === null ? "*" : "/";
  return { form: "absolute", raw, path: match[2]! || nothing, query, authority };
}

/** CONNECT needs a port, and has no other form (RFC 9110 section 9.3.6). */
function readAuthority(raw: string): Target | RefusalCode {
  if (raw.includes("/") || raw.includes("?")) return "bad-target-form";
  if (!isAuthority(raw) || !/:0*[1-9]\d*$/.test(raw)) return "bad-authority";
  return { form: "authority", raw, path: "", query: null, authority: raw };
}
