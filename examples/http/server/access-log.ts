/** What became of a request, for a log; and as a line of the combined format. */
import type { SocketAddress } from "iomux";

import type { ServedResponse } from "./served-response.ts";

export interface AccessRecord {
  /** When the request came: milliseconds since 1970. */
  readonly startedMs: number;
  readonly tookMs: number;
  /** Where it came from. */
  readonly host: string;
  /** The name of the account, or null. */
  readonly user: string | null;
  /**
   * The request line as it came; of what was refused, its first line as far as it was read, which may
   * be any bytes. Null: nothing was read.
   */
  readonly requestLine: string | null;
  /** 499: the connection was lost before any was sent. */
  readonly status: number;
  /** Bytes of the body that were given to the connection. */
  readonly bodyBytes: number;
  readonly referer: string | null;
  readonly userAgent: string | null;
  /** Whether all of the answer was given. */
  readonly isComplete: boolean;
}

const MONTHS = [
  ...(["Jan", "Feb", "Mar", "Apr", "May", "Jun"] as const),
  ...(["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const),
];

/** The connection was lost before an answer began, as nginx logs it. Nobody is ever sent this one. */
const UNANSWERED = 499;

/** Characters of a field in a line; the rest of a longer one is left out. */
export const MAX_LOGGED = 2048;

/**
 * A line of the combined format of Apache and nginx, without its end. The time is UTC. Whatever the
 * peer has sent cannot end its field, its line, or be seen by a terminal as anything but text.
 */
export function combinedLine(record: AccessRecord): string {
  const { host, user, startedMs, requestLine, status, bodyBytes, referer, userAgent } = record;
  const bytes = bodyBytes === 0 ? "-" : bodyBytes;
  return (
    `${host === "" ? "-" : host} - ${nameOf(user)} [${timeOf(startedMs)}] ` +
    `${quoted(requestLine)} ${status} ${bytes} ${quoted(referer)} ${quoted(userAgent)}`
  );
}

/** `21/Nov/2026:20:05:09 +0000`. */
function timeOf(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${day}:${time} +0000`;
}

/** A name stands without quotes: it has no space. */
function nameOf(user: string | null): string {
  return user === null || user === "" ? "-" : escaped(user).replaceAll(" ", "\\x20");
}

function quoted(text: string | null): string {
  return text === null ? '"-"' : `"${escaped(text)}"`;
}

/** As Apache writes it: `\"`, `\\`, and `\xhh` for each byte that is no printable ASCII. */
function escaped(text: string): string {
  const short = text.length > MAX_LOGGED ? `${text.slice(0, MAX_LOGGED)}...` : text;
  return short.replace(/[^ !#-[\]-~]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    // What came over the wire is Latin-1; a name of an account may be anything.
    const encoding = character <= "\u00ff" ? "latin1" : "utf8";
    return Buffer.from(character, encoding).reduce(
      (all, byte) => `${all}\\x${byte.toString(16).padStart(2, "0")}`,
      "",
    );
  });
}

/** What there is to say of an answer. */
export function recordOf(
  { request, headSent, statusCode, bodyBytes, startedMs }: ServedResponse,
  nowMs: number,
  isComplete: boolean,
): AccessRecord {
  const { method, target, version, fields } = request.head;
  return {
    startedMs,
    tookMs: nowMs - startedMs,
    host: hostOf(request.remoteAddress),
    user: request.account?.name ?? null,
    requestLine: `${method} ${target.raw} HTTP/${version}`,
    status: headSent ? statusCode : UNANSWERED,
    bodyBytes,
    referer: fields.get("referer"),
    userAgent: fields.get("user-agent"),
    isComplete,
  };
}

/** What there is to say of an answer to what was no request. */
export function recordOfNoRequest(
  address: SocketAddress | null,
  answer: Pick<AccessRecord, "requestLine" | "status" | "bodyBytes" | "startedMs">,
): AccessRecord {
  return {
    ...answer,
    ...{ tookMs: 0, host: hostOf(address), user: null },
    ...{ referer: null, userAgent: null, isComplete: true },
  };
}

/** "" for who has none (Unix-domain sockets). IPv4 inside IPv6 is IPv4. */
function hostOf(address: SocketAddress | null): string {
  if (address === null || address.family === "unix") return "";
  return address.host.replace(/^::ffff:(?=[\d.]+$)/i, "");
}
