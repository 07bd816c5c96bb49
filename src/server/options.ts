/** What `serve()` takes: where to listen, how to cut frames, and every limit of a server. */
import { checkAddress, type Address, type SocketAddress } from "../address.ts";
import {
  checkFlag,
  checkFunction,
  checkLabel,
  checkNames,
  checkOptions,
  checkSocketOptions,
  requireFunction,
} from "../arguments.ts";
import type { Channel } from "../descriptor.ts";
import { IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { ListenOptions } from "../network.ts";
import type { TlsContext, TlsServerOptions } from "../tls.ts";
import type { CloseReason, TimeUp } from "./close-reason.ts";
import type { Connection } from "./connection.ts";
import type { Framer, RefusedFrame } from "./framer.ts";

/**
 * What happens to output over its limit. Whole frames are dropped, and never one whose first byte
 * has left.
 *
 * - `close`: the connection is aborted, with reason `overflow`.
 * - `drop-newest`: the frame that does not fit is dropped.
 * - `drop-oldest`: frames that wait longest are dropped until it fits.
 * - `pause-source`: from the high-water mark on the connection that this output comes from is not
 *   read; over the limit all the same, `overflow`.
 */
export type OutputPolicy = "close" | "drop-newest" | "drop-oldest" | "pause-source";

/** Every policy, in the order of `docs/servers.md`. */
export const OUTPUT_POLICIES: readonly OutputPolicy[] = [
  "close",
  "drop-newest",
  "drop-oldest",
  "pause-source",
];

/** The limits of a server. 0 means none where `docs/servers.md` says so. */
export interface ServerLimits {
  /** Connections at a time. */
  maxConnections: number;
  /**
   * Connections at a time from one address, for IPv6 from one network of 64 bits (not for
   * Unix-domain sockets). 0: no limit.
   */
  maxConnectionsPerAddress: number;
  /** Connections accepted in a second; so many may also come at once. 0: no limit. */
  acceptsPerSecond: number;
  /** Bytes of output that may wait for one connection, at any moment. */
  maxOutputBytes: number;
  /** Bytes of output that may wait for one connection for `softOutputMs`. 0: no limit. */
  softOutputBytes: number;
  /** Milliseconds for which more than `softOutputBytes` may wait. */
  softOutputMs: number;
  /** Bytes of output from which on a connection has a backlog, which `drain` ends. */
  highWaterMark: number;
  /** Bytes of output at which a backlog has drained. */
  lowWaterMark: number;
  /** Milliseconds until `establish()` must be called. 0: no limit. */
  handshakeMs: number;
  /**
   * Milliseconds in which nothing comes and nothing leaves, while we are reading and no output
   * waits. 0: no limit.
   */
  idleMs: number;
  /** Milliseconds in which none of the output that waits leaves this process. 0: no limit. */
  writeProgressMs: number;
  /** Milliseconds that a connection may stand. 0: no limit. */
  lifetimeMs: number;
  /** Bytes read in a second from one connection; so many may also come at once. 0: no limit. */
  bytesPerSecond: number;
  /** Frames taken in a second from one connection. 0: no limit. */
  framesPerSecond: number;
  /** Bytes read in a second from all connections together. 0: no limit. */
  serverBytesPerSecond: number;
  /** Frames taken in a second from all connections together. 0: no limit. */
  serverFramesPerSecond: number;
  /** Frames of one connection that are handled before the others have their turn. */
  framesPerTurn: number;
}

/** Every limit of a server, with its default. */
export const DEFAULT_SERVER_LIMITS: Readonly<ServerLimits> = Object.freeze({
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
  acceptsPerSecond: 0,
  maxOutputBytes: 1024 * 1024,
  softOutputBytes: 0,
  softOutputMs: 10_000,
  highWaterMark: 64 * 1024,
  lowWaterMark: 16 * 1024,
  handshakeMs: 0,
  idleMs: 0,
  writeProgressMs: 60_000,
  lifetimeMs: 0,
  bytesPerSecond: 0,
  framesPerSecond: 0,
  serverBytesPerSecond: 0,
  serverFramesPerSecond: 0,
  framesPerTurn: 128,
});

/** Who may not connect. A `net.BlockList` is one. */
export interface BlockList {
  /** Whether it has `address`. */
  check(address: string, family?: "ipv4" | "ipv6"): boolean;
}

/** What a connection is made with, whoever made the channel. */
export interface ConnectionOptions<F> extends Partial<ServerLimits> {
  /** Makes the framer of each connection. Default: `raw()`, bytes as they come. */
  readonly framer?: ((channel: Channel) => Framer<F>) | undefined;
  /** What happens to output over its limit. Default `close`. */
  readonly outputPolicy?: OutputPolicy | undefined;
}

/** Where to listen; with `tls`, for secure connections only. */
export type ServeAddress = Address & {
  /** What is presented to those who connect there. */
  readonly tls?: TlsServerOptions | TlsContext;
};

export interface ServeOptions<F> extends ConnectionOptions<F>, ListenOptions {
  /** Where to listen: one address or several. None: connections come by `take()` only. */
  readonly listen?: ServeAddress | readonly ServeAddress[] | undefined;
  /** The label of its listeners, and so of the channels that they accept. Default: none. */
  readonly label?: string | undefined;
  /** Addresses that are turned away. */
  readonly blockList?: BlockList | undefined;
  /** Lets the process end though the server listens and has connections. Default: it goes on. */
  readonly unref?: boolean | undefined;
}

/** Why a peer was turned away before it became a connection. */
export type TurnedAway =
  "closing" | "blocked" | "max-connections" | "max-connections-per-address" | "accepts-per-second";

/**
 * What a server calls, the same functions for all of its connections. What one throws, or rejects
 * with, goes to `onError` of the reactor, and costs its own connection (`handler-error`).
 */
export interface Callbacks<F, D> {
  /** A connection stands. The place to set `connection.data`. */
  open?(connection: Connection<F, D>): void;
  /** A frame came. While the promise it answers is pending, the next one waits. */
  frame?(connection: Connection<F, D>, frame: F): void | Promise<void>;
  /** The framer has thrown a frame away, and the stream goes on. */
  refused?(connection: Connection<F, D>, refusal: RefusedFrame): void;
  /** A backlog has fallen to the low-water mark. */
  drain?(connection: Connection<F, D>): void;
  /** `startTls()` is done: `connection.channel.tls` says with whom. */
  secure?(connection: Connection<F, D>): void;
  /**
   * Its time is up, and it is about to be closed for that reason: what is sent here still leaves.
   * Without it the connection is cut off at once.
   */
  expire?(connection: Connection<F, D>, reason: TimeUp): void;
  /**
   * Asked when the server closes, of a connection that has no frame to handle: whether what it has
   * asked for is still under way. It is not ended then: it must end itself, before `drainMs`.
   */
  busy?(connection: Connection<F, D>): boolean;
  /** The peer has ended its side, and all frames were handled. Default: `connection.end()`. */
  end?(connection: Connection<F, D>): void;
  /** It is over. Exactly once, after the turn in which that was so. */
  close?(connection: Connection<F, D>, reason: CloseReason): void;
  /**
   * A peer was turned away. What is written to `channel` here is its farewell; without one it is
   * reset.
   */
  turnedAway?(why: TurnedAway, address: SocketAddress | null, channel: Channel): void;
}

/** What the library's own code is told besides. */
export interface InnerCallbacks<F, D> extends Callbacks<F, D> {
  /** It handles no more frames and takes no more output. Once, from inside of what ended it. */
  ending?(connection: Connection<F, D>): void;
}

const CALLBACK_NAMES: ReadonlySet<string> = new Set<keyof Callbacks<unknown, unknown>>([
  ...(["open", "frame", "refused", "drain", "secure", "expire", "end"] as const),
  ...(["busy", "close", "turnedAway"] as const),
]);

const OPTION_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(DEFAULT_SERVER_LIMITS),
  ...["framer", "outputPolicy", "listen", "label", "blockList", "backlog", "noDelay", "keepAlive"],
  "unref",
]);

/** The limits that only a server has: of who comes in, and of all its connections together. */
export const LIMITS_OF_ALL = [
  ...(["maxConnections", "maxConnectionsPerAddress", "acceptsPerSecond"] as const),
  ...(["serverBytesPerSecond", "serverFramesPerSecond"] as const),
] as const;

/** What a connection takes, whoever made the channel. */
export const CONNECTION_OPTIONS: readonly string[] = [
  ...["framer", "outputPolicy"],
  ...Object.keys(DEFAULT_SERVER_LIMITS).filter((name) => !LIMITS_OF_ALL.includes(name as never)),
];

/** The limits of which 0 is not "none" but nonsense, and those of which it is a value. */
const AT_LEAST_ONE: ReadonlySet<string> = new Set<keyof ServerLimits>([
  "maxConnections",
  "maxOutputBytes",
  "softOutputMs",
  "highWaterMark",
  "framesPerTurn",
]);

interface Unchecked {
  readonly label?: unknown;
  readonly listen?: unknown;
  readonly framer?: unknown;
  readonly outputPolicy?: OutputPolicy;
  readonly blockList?: { readonly check: unknown } | null;
  readonly unref?: unknown;
}

/** Throws for options or callbacks that are none, before anything is bound. */
export function checkServing(options: object, callbacks: object): void {
  checkOptions(options);
  checkNames(options, OPTION_NAMES);
  checkOptions(callbacks);
  checkNames(callbacks, CALLBACK_NAMES);
  for (const [name, callback] of Object.entries(callbacks)) {
    checkFunction(callback as unknown, `callback ${name}`);
  }
  checkSocketOptions(options);
  const { label, listen, framer, outputPolicy, blockList, unref } = options as Unchecked;
  if (label !== undefined) checkLabel(label);
  checkFlag(unref, "unref");
  if (listen !== undefined) [listen].flat().forEach(checkAddress);
  checkFunction(framer, "option framer");
  if (blockList !== undefined) requireFunction(blockList?.check, "option blockList.check");
  if (outputPolicy === undefined || OUTPUT_POLICIES.includes(outputPolicy)) return;
  const message = `option outputPolicy is ${outputPolicy}: give one of `;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message + OUTPUT_POLICIES.join(", "));
}

/** The defaults with `given` over them. Throws for what is no such limit. */
export function resolveServerLimits(given: Partial<ServerLimits>): Readonly<ServerLimits> {
  const limits = { ...DEFAULT_SERVER_LIMITS };
  for (const name of Object.keys(limits) as (keyof ServerLimits)[]) {
    const value: unknown = given[name];
    if (value !== undefined) limits[name] = checkServerLimit(name, value);
  }
  const { maxOutputBytes, softOutputBytes } = limits;
  // Who lowers a limit need not name the marks below it.
  const least = softOutputBytes > 0 ? Math.min(softOutputBytes, maxOutputBytes) : maxOutputBytes;
  if (given.highWaterMark === undefined) {
    limits.highWaterMark = Math.min(limits.highWaterMark, least);
  }
  if (given.lowWaterMark === undefined) {
    limits.lowWaterMark = Math.min(limits.lowWaterMark, limits.highWaterMark >> 2);
  }
  checkOrder(limits, "lowWaterMark", "highWaterMark");
  checkOrder(limits, "highWaterMark", "maxOutputBytes");
  if (softOutputBytes > 0) {
    checkOrder(limits, "highWaterMark", "softOutputBytes");
    checkOrder(limits, "softOutputBytes", "maxOutputBytes");
  }
  return Object.freeze(limits);
}

function checkServerLimit(name: keyof ServerLimits, value: unknown): number {
  if (typeof value !== "number") {
    const message = `option ${name} must be a number, not ${typeof value}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  const whole = !name.endsWith("Ms") && !name.endsWith("PerSecond");
  const least = AT_LEAST_ONE.has(name) ? 1 : 0;
  const sound = whole ? Number.isSafeInteger(value) : value <= Number.MAX_SAFE_INTEGER;
  if (sound && value >= least) return value;
  const what = whole ? "a whole number" : "a number";
  const message = `option ${name} is ${value}: give ${what} from ${least}`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function checkOrder(
  limits: Readonly<ServerLimits>,
  low: keyof ServerLimits,
  high: keyof ServerLimits,
): void {
  if (limits[low] <= limits[high]) return;
  const message = `${low} ${limits[low]} is over ${high} ${limits[high]}: set it to at most that`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}
