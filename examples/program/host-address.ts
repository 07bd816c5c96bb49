/** Addresses of machines, as text and as bytes: which are the same, and what they are counted as. */

/** The bytes of an address: 4, or 16. IPv4 inside IPv6 (`::ffff:1.2.3.4`) is IPv4. */
type HostBytes = readonly number[];

/** 1 is IPv4 and 2 is IPv6, the numbers of RFC 2428; null is no address. */
export function protocolOf(host: string): 1 | 2 | null {
  const bytes = hostBytes(host);
  if (bytes === null) return null;
  return bytes.length === 4 ? 1 : 2;
}

export function sameHost(one: string, other: string): boolean {
  const [bytes, others] = [hostBytes(one), hostBytes(other)];
  return bytes !== null && others !== null && bytes.join() === others.join();
}

/**
 * What an address is counted as. For IPv6 that is its network of 64 bits: one customer has at least
 * so much (RFC 6177), and could call from another address each time.
 */
export function networkOf(host: string): string {
  const bytes = hostBytes(host.replace(/%.*$/, ""));
  if (bytes === null) return host;
  return (bytes.length === 4 ? bytes : bytes.slice(0, 8)).join();
}

/** IPv4 inside IPv6 (`::ffff:1.2.3.4`) without what is around it. */
export function plainHost(host: string): string {
  return host.replace(/^::ffff:(?=[\d.]+$)/i, "");
}

/** Null: it is no address. */
export function hostBytes(host: string): HostBytes | null {
  const bytes = ipv4Bytes(host) ?? ipv6Bytes(host);
  if (bytes?.length !== 16) return bytes;
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  return mapped && bytes[11] === 0xff ? bytes.slice(12) : bytes;
}

export function ipv4Bytes(host: string): HostBytes | null {
  const parts = host.split(".");
  return parts.length === 4 && parts.every(isByte) ? parts.map(Number) : null;
}

/** RFC 4291 section 2.2. A zone (`%eth0`) belongs to no address that goes over a network. */
export function ipv6Bytes(host: string): HostBytes | null {
  const [head, tail, ...more] = host.split("::");
  if (more.length > 0) return null;
  const before = groups(head!, tail === undefined);
  if (tail === undefined) return before?.length === 16 ? before : null;
  const after = groups(tail, true);
  if (before === null || after === null) return null;
  const missing = 16 - before.length - after.length;
  if (missing < 2) return null;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

/** The bytes of groups between colons; the last may be IPv4 if it ends the address. */
function groups(text: string, ends: boolean): HostBytes | null {
  if (text === "") return [];
  const parts = text.split(":");
  const bytes: number[] = [];
  for (const [i, part] of parts.entries()) {
    const ipv4 = ends && i === parts.length - 1 ? ipv4Bytes(part) : null;
    if (ipv4 !== null) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const group = parseInt(part, 16);
      bytes.push(group >> 8, group & 0xff);
    } else return null;
  }
  return bytes;
}

/** Whether it is a byte in decimal. */
export function isByte(text: string): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= 0xff;
}
