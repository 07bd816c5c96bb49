/** What addresses mean in memory. */
import { formatAddress, IomuxError, type DatagramSource, type SocketAddress } from "iomux";

export const LOOPBACK = "127.0.0.1";
export const BROADCAST = "255.255.255.255";

/** The first port that is given to who asks for none in particular (ip_local_port_range). */
export const FIRST_PORT = 32_768;

/** Of IPv4 or IPv6, as the host says. */
export function ip(host: string, port: number): DatagramSource {
  const address = host === "localhost" ? LOOPBACK : host;
  return { family: address.includes(":") ? "IPv6" : "IPv4", host: address, port };
}

/** Every address of a host. */
export function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Whether an address means the host that names it, whichever that is. */
export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1" || isAny(host);
}

/** Multicast: 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291). */
export function isGroup(host: string): boolean {
  const [first = ""] = host.split(".");
  return /^ff/i.test(host) || (Number(first) >= 224 && Number(first) < 240);
}

/** Whether it is an address and no name. */
export function isAddress(host: string): boolean {
  return host === "localhost" || host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}

/** Why an address cannot be had. */
export function refusal(
  code: string,
  doing: string,
  address: SocketAddress,
  why: string,
): IomuxError {
  return new IomuxError(code, `cannot ${doing} ${formatAddress(address)}: ${why} (${code})`);
}
