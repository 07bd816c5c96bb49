/** The gate: who may become a connection, and how often somebody may not. */
import type { SocketAddress } from "../address.ts";
import type { BlockList, ServerLimits, TurnedAway } from "./options.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What is said of each reason to the operator. */
export const ADVICE: Readonly<Record<TurnedAway, string>> = {
  closing: "the server is closing",
  blocked: "the block list has its address",
  "max-connections": "the server is full (limit maxConnections)",
  "max-connections-per-address":
    "its address or network has enough (limit maxConnectionsPerAddress)",
  "accepts-per-second": "too many came at once (limit acceptsPerSecond)",
};

export class AcceptGate {
  /** How many were turned away, by reason. */
  readonly turnedAway: Record<TurnedAway, number> = {
    closing: 0,
    blocked: 0,
    "max-connections": 0,
    "max-connections-per-address": 0,
    "accepts-per-second": 0,
  };
  readonly #limits: Readonly<ServerLimits>;
  readonly #blockList: BlockList | undefined;
  readonly #rate: TokenBucket | null;
  readonly #perAddress = new Map<string, number>();
  #connections = 0;

  constructor(limits: Readonly<ServerLimits>, blockList: BlockList | undefined) {
    const { acceptsPerSecond } = limits;
    this.#limits = limits;
    this.#blockList = blockList;
    this.#rate = acceptsPerSecond === 0 ? null : new TokenBucket({ perSecond: acceptsPerSecond });
  }

  /** Null: `address` may come in. Ask once for each peer: it counts. */
  refuses(address: SocketAddress | null, closing: boolean, nowMs: number): TurnedAway | null {
    return this.#counted(closing ? "closing" : this.#why(address, nowMs));
  }

  /** As `refuses`, for one that was let in before, and does not count now. */
  refusesStill(address: SocketAddress | null, closing: boolean): TurnedAway | null {
    const host = hostOf(address);
    const blocked = host !== null && this.#blocks(address, host);
    return this.#counted(closing ? "closing" : blocked ? "blocked" : null);
  }

  #counted(why: TurnedAway | null): TurnedAway | null {
    if (why !== null) this.turnedAway[why]++;
    return why;
  }

  #why(address: SocketAddress | null, nowMs: number): TurnedAway | null {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const host = hostOf(address);
    if (host !== null && this.#blocks(address, host)) return "blocked";
    if (this.#connections >= maxConnections) return "max-connections";
    if (host !== null && maxConnectionsPerAddress > 0) {
      const present = this.#perAddress.get(countedAs(host)) ?? 0;
      if (present >= maxConnectionsPerAddress) return "max-connections-per-address";
    }
    return this.#rate?.take(1, nowMs) === false ? "accepts-per-second" : null;
  }

  #blocks(address: SocketAddress | null, host: string): boolean {
    const family = address?.family === "IPv6" && host.includes(":") ? "ipv6" : "ipv4";
    return this.#blockList?.check(host, family) === true;
  }

  entered(address: SocketAddress | null): void {
    this.#count(address, 1);
  }

  left(address: SocketAddress | null): void {
    this.#count(address, -1);
  }

  #count(address: SocketAddress | null, delta: 1 | -1): void {
    this.#connections += delta;
    const host = hostOf(address);
    if (host === null || this.#limits.maxConnectionsPerAddress === 0) return;
    const counted = countedAs(host);
    const present = (this.#perAddress.get(counted) ?? 0) + delta;
    if (present > 0) this.#perAddress.set(counted, present);
    else this.#perAddress.delete(counted);
  }

  assertInvariants(connections: number): void {
    if (this.#connections === connections) return;
    throw new Error(`AcceptGate: ${this.#connections} counted, ${connections} there`);
  }
}

/** The address of a peer: one with an IPv4 address on an IPv6 socket is an IPv4 peer. */
function hostOf(address: SocketAddress | null): string | null {
  if (address === null || address.family === "unix") return null;
  const { host } = address;
  return host.toLowerCase().startsWith("::ffff:") && host.includes(".") ? host.slice(7) : host;
}

/**
 * What connections of an address are counted as. For IPv6 that is its network of 64 bits: one
 * customer has at least so much (RFC 6177), and could call from another address each time.
 */
export function countedAs(host: string): string {
  if (!host.includes(":")) return host;
  const [head, tail] = host.replace(/%.*$/, "").split("::").map(groupsOf);
  const groups = head!;
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.length;
  const whole = [...groups, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  const network = whole.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(":")}::/64`;
}

/** Parts of an IPv6 address of 16 bits each; an IPv4 address at its end takes two. */
function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => (part.includes(".") ? [0, 0] : [parseInt(part, 16)]));
}
