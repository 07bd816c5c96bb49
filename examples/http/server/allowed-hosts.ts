/**
 * For which hosts requests are answered (RFC 9110 sections 7.4 and 15.5.20).
 *
 * A page of any site can let a name of its own lead to this machine, and then read what a server
 * shows there to anybody (DNS rebinding). Its requests have that name in Host, which no page can
 * change: a server that knows its own names answers none of them.
 */
import { isHost } from "../target.ts";

/**
 * Names, or what says of the host of a request whether it is one; null: the request names none.
 *
 * A name is a host with or without a port: `files.example` stands for any port of it, and
 * `files.example:8080` for that one. Case does not count. IPv6 is in brackets.
 */
export type AllowedHosts = readonly string[] | ((host: string | null) => boolean);

/** Those of a server for its own machine. No name abroad can be one of them. */
export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** What is said to who asks for another host. */
export const MISDIRECTED =
  "no such host is served here: ask for one that is, or have its operator allow this one";

/** Whether it can stand in a list of names. */
export function isHostName(text: string): boolean {
  return isHost(text) && nameOf(text) !== "";
}

/** Throws a `RangeError` for a list that has no name, or what is none. */
export function hostCheck(allowed: AllowedHosts): (host: string | null) => boolean {
  if (typeof allowed === "function") return allowed;
  if (allowed.length === 0) {
    throw new RangeError("allowedHosts is empty: leave it out, or give those that are served");
  }
  const wrong = allowed.find((text) => !isHostName(text));
  if (wrong !== undefined) {
    throw new RangeError(
      `allowedHosts has ${JSON.stringify(wrong)}: give a host, such as localhost or [::1]:8080`,
    );
  }
  const names = new Set(allowed.map(written));
  return (host) => host !== null && (names.has(nameOf(host)) || names.has(written(host)));
}

const PORT = /:\d*$/;

/** Without a port. A dot at the end changes nothing of whom a name means. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(PORT, "").replace(/\.$/, "");
}

/** With its port, if it has one, written in one way. */
function written(host: string): string {
  const port = PORT.exec(host)?.[0].slice(1) ?? "";
  return port === "" ? nameOf(host) : `${nameOf(host)}:${Number(port)}`;
}
