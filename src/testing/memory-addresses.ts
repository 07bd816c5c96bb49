/** What addresses mean in memory. */
import {
  formatAddress,
  IomuxError,
  type DatagramAddress,
  type DatagramSource,
  type SocketAddress,
} from "iomux";

export const LOOPBACK = "127.0.0.1";
export const BROADCAST = "255.255.255.255";

/** The first port that is given to who asks for none in particular (ip_local_port_range). */
export const FIRST_PORT = 32_768;

/** Of IPv4 or IPv6, as the host says. */
export function ip(host: string, port: number): DatagramSource {
  const address = host === "localhost" ? LOOPBACK : host;
  return { family: address.includes(":") ? "IPv6" : "IPv4", host: address, port };
}

/** In the Unix family; of whoever connects it is empty. */
export function unixAddress(path: string): SocketAddress {
  return { family: "unix", path };
}

/** The host of an address; those of Unix paths are all here. */
export function hostOf(address: SocketAddress): string {
  return address.family === "unix" ? LOOPBACK : address.host;
}

/** One direction of a stream, in the trace. */
export function streamLabel(from: SocketAddress, to: SocketAddress): string {
  // Of all streams only that of the standard input has no port.
  if (from.family !== "unix" && from.port === 0) return "stdin";
  return `${formatAddress(from)} > ${formatAddress(to)}`;
}

/** The way of a datagram, in the trace. */
export function datagramLabel(from: DatagramSource, to: DatagramAddress): string {
  return `${formatAddress(from)} > ${formatAddress(ip(to.host, to.port))}`;
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

/** Why there is no connection, or none any more. */
export function connectionError(
  code: string,
  connecting: boolean,
  remote: SocketAddress,
  why: string,
): IomuxError {
  const doing = connecting ? "cannot connect to" : "connection with";
  return new IomuxError(code, `${doing} ${formatAddress(remote)}: ${why} (${code})`);
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
