/** Where to go: `ftp://user@host:port/path` (RFC 1738 section 3.2), without a password. */
import { domainToASCII } from "node:url";

export interface FtpAddress {
  readonly host: string;
  readonly port: number;
  /** Null: none is named. */
  readonly user: string | null;
  /** From where the session begins; what begins with a slash is from the root. */
  readonly path: string;
}

const FTP_PORT = 21;
/** Whether it is one the system says. */
const IPV6 = /^[\da-f.]*:[\da-f:.]*$/i;

const PARTS = /^ftp:\/\/(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/@[\]]*)(?::(\d{1,5}))?(?:\/(.*))?$/su;

/**
 * Throws an Error whose message is one line. A `?` and a `#` are characters of a name: FTP has
 * neither queries nor fragments.
 */
export function parseFtpAddress(text: string): FtpAddress {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "ftps") throw new Error("ftps:// is not known here: give ftp:// and --tls");
  if (scheme !== "ftp") throw new Error("an address is needed: ftp://host/path");
  const parts = PARTS.exec(`ftp${text.slice(3)}`);
  const account = parts?.[1];
  if (account?.includes(":") === true || (parts === null && /^[^/]*:\/\/[^/]*:[^/]*@/.test(text))) {
    throw new Error(
      "a password in an address is seen by all who list processes: leave it out " +
        "(it is asked for, or read from ~/.netrc or IOMUX_FTP_PASSWORD)",
    );
  }
  if (parts === null) throw new Error(`"${shown(text)}" is no address: give ftp://host:port/path`);
  const [, , host, port, path] = parts;
  const user = account === undefined || account === "" ? null : decoded(account);
  return { host: hostOf(host!), port: portOf(port), user, path: decoded(path ?? "") };
}

/** As it is typed at a terminal: `host`, `user@host:port/path`, with `ftp://` or without. */
export function parseTypedAddress(text: string): FtpAddress {
  return parseFtpAddress(text.includes("://") ? text : `ftp://${text}`);
}

/** For people. */
export function formatFtpAddress({ host, port, user }: FtpAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${user === null ? "" : `${user}@`}${name}${port === FTP_PORT ? "" : `:${port}`}`;
}

function hostOf(text: string): string {
  const literal = /^\[(.*)\]$/.exec(text)?.[1];
  if (literal !== undefined && IPV6.test(literal)) return literal;
  const host = literal === undefined ? domainToASCII(text) : "";
  if (/^[\w.-]+$/.test(host)) return host;
  throw new Error(`"${shown(text)}" is no host: give a name or an address, [::1] for IPv6`);
}

function portOf(digits: string | undefined): number {
  const port = Number(digits ?? FTP_PORT);
  if (port >= 1 && port <= 65_535) return port;
  throw new Error(`port ${port} is none: give a number from 1 to 65535`);
}

function decoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw new Error(`"${shown(text)}" has a % that begins no character: write %25 for one`);
  }
  if (!/\p{Cc}/u.test(plain)) return plain;
  throw new Error(`"${shown(plain)}" has control characters, which no FTP command can hold`);
}

function shown(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
