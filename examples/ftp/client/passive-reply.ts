/** Where a server waits for a data connection, as PASV (RFC 959) and EPSV (RFC 2428) answer it. */

/**
 * The port in a 227. The address in it is not looked at: data goes to the machine of the control
 * connection, since another one may be one that the client is not meant to reach, or that a NAT has
 * made meaningless (RFC 2577 section 3). Null for what tells none.
 */
export function passivePort(text: string): number | null {
  const numbers = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(text);
  if (numbers === null) return null;
  const [high, low] = numbers.slice(5).map(Number);
  return high! > 255 || low! > 255 ? null : portOf(high! * 256 + low!);
}

/** The port in a 229: `(|||port|)`, with any delimiter. Null for what tells none. */
export function extendedPassivePort(text: string): number | null {
  const [, , digits] = /\(([!-~])\1\1(\d{1,5})\1\)/.exec(text) ?? [];
  return digits === undefined ? null : portOf(Number(digits));
}

function portOf(port: number): number | null {
  return port >= 1 && port <= 65_535 ? port : null;
}
