/**
 * Addresses of datagrams. Whom a datagram goes to is an IP address, never a name: a name would have
 * to be looked up for each one, in a thread pool of four. Names are resolved once, by `bind`.
 */
import { checkAddress, type TcpAddress } from "./address.ts";
import { IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** Where a datagram goes: an IPv4 or IPv6 address of the socket's family, and a port from 1. */
export interface DatagramAddress {
  /** An IP address. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Where a datagram came from. */
export interface DatagramSource extends DatagramAddress {
  /** The family of its address. */
  readonly family: IpFamily;
}

/** IPv4 or IPv6. */
export type IpFamily = "IPv4" | "IPv6";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const ZONE = /^[0-9a-z.:-]+$/i;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;

/** The family of an IP address; null for what is none, such as a name. */
export function ipFamily(host: string): IpFamily | null {
  if (IPV4.test(host)) return "IPv4";
  return host.includes(":") && isIpv6(host) ? "IPv6" : null;
}

/** RFC 4291 section 2.2, with a zone (RFC 4007 section 11). */
function isIpv6(host: string): boolean {
  const [address = "", ...zone] = host.split("%");
  if (zone.length > 1 || !ZONE.test(zone[0] ?? "-")) return false;
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const dotted = IPV4.test(last) && address.endsWith(last);
  if (dotted) groups.pop();
  const count = groups.length + (dotted ? 2 : 0);
  if (!groups.every((group) => IPV6_GROUP.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

/** What `bind` is given, checked: like an address of TCP, and no path. */
export function checkDatagramAddress(address: unknown, what: string): Required<TcpAddress> {
  const checked = checkAddress(address);
  if (!("path" in checked)) return checked;
  throw argument(`${what} must be { port, host }: Node has no datagrams of the Unix domain`);
}

/** Throws unless datagrams of `family` can be sent to it. */
export function checkDestination(to: unknown, family: IpFamily, fd: number): void {
  const { host, port } = (typeof to === "object" && to !== null ? to : {}) as DatagramAddress;
  if (typeof host !== "string" || typeof port !== "number") {
    throw argument(
      `send of fd ${fd}: give the address, { host, port }, as its second argument`,
      fd,
    );
  }
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    const message = `send of fd ${fd}: port is ${port}, give a whole number, 1 to 65535`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message, { fd });
  }
  checkIp(host, family, `send of fd ${fd}: host`, fd);
}

/** Throws unless `host` is an IP address of `family`. */
export function checkIp(host: unknown, family: IpFamily, what: string, fd: number): void {
  const found = typeof host === "string" ? ipFamily(host) : null;
  if (found === family) return;
  const shown = typeof host === "string" ? JSON.stringify(host) : String(host);
  const hint =
    found === "IPv4"
      ? `; as this socket sees it, it is "::ffff:${String(host)}"`
      : found === null
        ? "; names are resolved by bind(), as its `peer`"
        : "";
  throw argument(`${what} is ${shown}: give an ${family} address${hint}`, fd);
}

function argument(message: string, fd?: number): IomuxTypeError {
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}
