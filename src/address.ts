/** Addresses: what `listen` and `connect` are given, and what a descriptor says of its two ends. */
import { IomuxError, IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** A TCP address. Without `host` it is `127.0.0.1`: only who asks for it is open to the world. */
export interface TcpAddress {
  /** 0 to 65535; 0 lets the system choose when listening. */
  readonly port: number;
  /** A name, an IPv4 or an IPv6 address. */
  readonly host?: string;
}

/** A Unix-domain stream socket, by its path: at most 107 bytes (unix(7), `sun_path`). */
export interface UnixAddress {
  /** A file name; relative ones count from the working directory of the process. */
  readonly path: string;
}

/** Where to listen, or what to connect to. */
export type Address = TcpAddress | UnixAddress;

/** One end of a connection, as the system names it. */
export type SocketAddress =
  | {
      /** An end of TCP. */
      readonly family: "IPv4" | "IPv6";
      /** The IP address. */
      readonly host: string;
      /** 1 to 65535. */
      readonly port: number;
    }
  | {
      /** An end of a Unix-domain socket. */
      readonly family: "unix";
      /** The path of a listener; empty for the ends of a connection. */
      readonly path: string;
    };

/** An address after `checkAddress`: nothing left open. */
export type CheckedAddress = Required<TcpAddress> | UnixAddress;

/** Bytes of a Unix path that the kernel holds; Node cuts longer ones without a word. */
export const MAX_PATH_BYTES = 107;

export function isUnix(address: Address): address is UnixAddress {
  return "path" in address;
}

/** Throws a typed error for what no socket can have; fills in the default host. */
export function checkAddress(address: unknown): CheckedAddress {
  if (typeof address !== "object" || address === null) {
    throw argument(`an address must be { port, host } or { path }, not ${show(address)}`);
  }
  const { path, port, host } = address as Record<string, unknown>;
  if (path !== undefined) {
    if (port !== undefined) throw argument("an address has either a path or a port, not both");
    return { path: checkPath(path) };
  }
  if (typeof port !== "number") throw argument(`port must be a number, not ${show(port)}`);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new IomuxRangeError(
      "IOMUX_BAD_RANGE",
      `port is ${port}: give a whole number, 0 to 65535`,
    );
  }
  if (host !== undefined && (typeof host !== "string" || host === "" || host.includes("\0"))) {
    throw argument(`host must be a name or an IP address, not ${show(host)}`);
  }
  return { port, host: host ?? "127.0.0.1" };
}

function checkPath(path: unknown): string {
  if (typeof path !== "string" || path === "") {
    throw argument(`path must be a file name, not ${show(path)}`);
  }
  if (path.includes("\0")) {
    throw argument("path has a NUL byte: abstract sockets are not supported, give a file name");
  }
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH_BYTES) return path;
  throw new IomuxRangeError(
    "IOMUX_BAD_RANGE",
    `path is ${bytes} bytes, a Unix socket holds ${MAX_PATH_BYTES}: choose a shorter one ` +
      `(${path.slice(0, 40)}...)`,
  );
}

function argument(message: string): IomuxTypeError {
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** `127.0.0.1:9000`, `[::1]:9000`, `unix:/run/chat.sock`, or `an unknown address` for null. */
export function formatAddress(address: SocketAddress | Address | null | undefined): string {
  if (address === null || address === undefined) return "an unknown address";
  if ("path" in address) return address.path === "" ? "unix:(unnamed)" : `unix:${address.path}`;
  const host = address.host ?? "127.0.0.1";
  return host.includes(":") ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}

/** A failure of the system at an address, in one line, with the system's own code. */
export function addressError(
  code: string,
  doing: string,
  address: Address | SocketAddress,
  why: string,
  cause?: unknown,
): IomuxError {
  return new IomuxError(code, `cannot ${doing} ${formatAddress(address)}: ${why} (${code})`, {
    cause,
  });
}
