/**
 * Addresses of data connections, as PORT and PASV (RFC 959), EPRT and EPSV (RFC 2428) write them.
 *
 * A data connection goes to the machine that the control connection came from, and to no port of a
 * system service: else the server could be made to attack others (RFC 2577 section 3).
 */
import { hostBytes, ipv4Bytes, ipv6Bytes, isByte, protocolOf } from "../program/host-address.ts";

/** Ports below belong to the services of a system. */
export const MIN_DATA_PORT = 1024;

export interface DataAddress {
  readonly host: string;
  readonly port: number;
}

/** `h1,h2,h3,h4,p1,p2`; null for what is none. */
export function parsePort(text: string): DataAddress | null {
  const numbers = text.split(",");
  if (numbers.length !== 6 || !numbers.every(isByte)) return null;
  const [high, low] = numbers.slice(4).map(Number);
  return { host: numbers.slice(0, 4).map(Number).join("."), port: high! * 256 + low! };
}

/** `h1,h2,h3,h4,p1,p2`. Throws for what is not IPv4. */
export function formatPort({ host, port }: DataAddress): string {
  const bytes = hostBytes(host);
  if (bytes?.length !== 4) throw new RangeError(`PORT and PASV cannot tell the address ${host}`);
  return [...bytes, port >> 8, port & 0xff].join();
}

/** What EPRT says: an address, a protocol that is not spoken here, or (null) nothing. */
export type ExtendedPort =
  | { readonly kind: "address"; readonly address: DataAddress }
  | { readonly kind: "unknown-protocol" };

/** `|protocol|address|port|`, with any printable character as the delimiter. */
export function parseExtendedPort(text: string): ExtendedPort | null {
  const delimiter = text[0];
  if (delimiter === undefined || !/^[!-~]$/.test(delimiter)) return null;
  const [, protocol, host, digits, rest, ...more] = text.split(delimiter);
  if (rest !== "" || more.length > 0 || !/^\d{1,5}$/.test(digits!)) return null;
  if (!/^\d{1,5}$/.test(protocol!)) return null;
  if (protocol !== "1" && protocol !== "2") return { kind: "unknown-protocol" };
  const bytes = protocol === "1" ? ipv4Bytes(host!) : ipv6Bytes(host!);
  const port = Number(digits);
  if (bytes === null || port > 0xffff) return null;
  return { kind: "address", address: { host: host!, port } };
}

/** `|protocol|address|port|`. Throws for what is no address. */
export function formatExtendedPort({ host, port }: DataAddress): string {
  const protocol = protocolOf(host);
  if (protocol === null) throw new RangeError(`EPRT cannot tell the address ${host}`);
  const told = protocol === 1 ? hostBytes(host)!.join(".") : host;
  return `|${protocol}|${told}|${port}|`;
}
