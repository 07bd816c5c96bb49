/** What `bind` takes besides an address, and its checks. */
import { checkDatagramAddress } from "./datagram-address.ts";
import type { TcpAddress } from "./address.ts";
import { checkNames } from "./arguments.ts";
import { IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** What `bind` takes: of the socket itself. */
export interface BindOptions {
  /**
   * The only address that it sends to and receives from (udp(7), connect). A name is resolved once.
   * Only a socket with a peer hears that nobody receives there (`ECONNREFUSED`).
   */
  readonly peer?: TcpAddress;
  /** Let several sockets have one address (SO_REUSEADDR): for multicast. Default false. */
  readonly reuseAddress?: boolean;
  /** Keep IPv4 away from the address `::` (IPV6_V6ONLY). Default false. */
  readonly ipv6Only?: boolean;
  /** Allow sending to broadcast addresses (SO_BROADCAST). Default false. */
  readonly broadcast?: boolean;
  /** Routers that a datagram may pass, 1 to 255 (IP_TTL). Default: the system's. */
  readonly ttl?: number;
  /** The same for multicast, 0 to 255 (IP_MULTICAST_TTL). Default 1: the local network. */
  readonly multicastTtl?: number;
  /** Whether this machine hears its own multicasts (IP_MULTICAST_LOOP). Default true. */
  readonly multicastLoopback?: boolean;
  /** Which interface multicasts leave by (IP_MULTICAST_IF): its address; for IPv6 `::%eth0`. */
  readonly multicastInterface?: string;
  /** Bytes that the kernel holds for this socket (SO_RCVBUF); it may give less. */
  readonly receiveBufferBytes?: number;
  /** Bytes that the kernel takes of this socket (SO_SNDBUF); it may give less. */
  readonly sendBufferBytes?: number;
}

const FLAGS = ["reuseAddress", "ipv6Only", "broadcast", "multicastLoopback"] as const;

const RANGES = [
  ["ttl", 1, 255],
  ["multicastTtl", 0, 255],
  ["receiveBufferBytes", 1, 0x7fffffff],
  ["sendBufferBytes", 1, 0x7fffffff],
] as const;

const NAMES: ReadonlySet<string> = new Set([
  ...["peer", ...FLAGS, ...RANGES.map(([name]) => name)],
  ...["multicastInterface", "label", "signal"],
]);

/** Throws for options that no socket takes. */
export function checkBindOptions(options: BindOptions): void {
  checkNames(options, NAMES);
  for (const name of FLAGS) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === "boolean") continue;
    throw argument(`option ${name} must be true or false, not ${typeof value}`);
  }
  for (const [name, least, most] of RANGES) {
    const value: unknown = options[name];
    if (value === undefined) continue;
    if (typeof value !== "number") {
      throw argument(`option ${name} must be a number, not ${typeof value}`);
    }
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    const message = `option ${name} is ${value}: give a whole number, ${least} to ${most}`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
  }
  const { multicastInterface: leaving, peer } = options as Readonly<Record<string, unknown>>;
  if (leaving !== undefined && typeof leaving !== "string") {
    throw argument(`option multicastInterface must be a string, not ${typeof leaving}`);
  }
  if (peer !== undefined && checkDatagramAddress(peer, "option peer").port === 0) {
    throw new IomuxRangeError("IOMUX_BAD_RANGE", "port of option peer is 0: give one from 1");
  }
}

function argument(message: string): IomuxTypeError {
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}
