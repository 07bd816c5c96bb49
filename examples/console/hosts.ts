/** For which hosts a console answers, and from where it can be reached. */
import { LOOPBACK_HOSTS, hostCheck, type AllowedHosts } from "../http/server/allowed-hosts.ts";
import { hostBytes } from "../program/host-address.ts";

/** Whether who listens at `host` can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const bytes = hostBytes(host);
  if (bytes?.length === 4) return bytes[0] === 127;
  return bytes?.every((byte, at) => byte === (at === 15 ? 1 : 0)) ?? false;
}

/**
 * The hosts that requests may name, of a console that listens at `host`: this machine, `host`, and
 * those that its operator allows. A page of another site comes under a name; so where all addresses
 * are listened at, any address will do.
 */
export function consoleHosts(host: string, allowed: readonly string[] = []): AllowedHosts {
  const bytes = hostBytes(host);
  const everywhere = bytes?.every((byte) => byte === 0) === true;
  const own = hostCheck([...LOOPBACK_HOSTS, ...(everywhere ? [] : [inUrl(host)]), ...allowed]);
  return (asked) => own(asked) || (everywhere && asked !== null && isAddress(asked));
}

/** As it stands in a URL: without a zone, IPv6 in brackets. */
export function inUrl(host: string): string {
  return host.includes(":") ? `[${host.replace(/%.*$/, "")}]` : host;
}

function isAddress(host: string): boolean {
  const name = host.replace(/:\d*$/, "");
  const bytes = name.startsWith("[") ? hostBytes(name.slice(1, -1)) : hostBytes(name);
  return bytes !== null;
}
