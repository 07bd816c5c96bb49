/** Securing connections: what must hold before the handshake may begin. */
import { formatAddress, isUnix, type CheckedAddress } from "../address.ts";
import { checkOptions } from "../arguments.ts";
import { BufferedChannel } from "../channel.ts";
import { IomuxError, IomuxTypeError } from "../errors.ts";
import type { ChannelOwner } from "../host.ts";
import { PEER_CLOSED } from "../mask.ts";
import type { Network } from "../network.ts";
import type {
  ConnectTlsOptions,
  Securer,
  StartTlsOptions,
  TlsClientOptions,
  TlsContext,
  TlsServerOptions,
} from "../tls.ts";

/** How what a listener accepts is secured. */
export function serverSecurer(
  network: Network,
  tls: TlsServerOptions | TlsContext | undefined,
): Securer | undefined {
  return tls === undefined ? undefined : makeSecurer(network, { server: tls });
}

/** How a connection to `address` is secured. */
export function clientSecurer(
  network: Network,
  tls: TlsClientOptions | undefined,
  address: CheckedAddress,
): Securer | undefined {
  if (tls === undefined) return undefined;
  return makeSecurer(network, { client: tls }, isUnix(address) ? undefined : address.host);
}

/** Throws `IOMUX_UNSUPPORTED` where there is no TLS, and for options that are no good. */
function makeSecurer(
  network: Network,
  options: StartTlsOptions | ConnectTlsOptions,
  host?: string,
): Securer {
  if (network.capabilities.tls && network.securer !== undefined) {
    return network.securer(options, host);
  }
  const message = "this network has no TLS (capabilities.tls): use the one over node:net";
  throw new IomuxError("IOMUX_UNSUPPORTED", message);
}

/** Secures a channel in place. Throws if it cannot be done now, or not at all. */
export function startTls(channel: unknown, options: StartTlsOptions): void {
  if (!(channel instanceof BufferedChannel)) {
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", "startTls takes a channel of this reactor");
  }
  const securer = securerFor(channel, options, null, 0);
  if (securer !== null) beginTls(channel, securer);
}

/**
 * What is to secure `channel` for `owner`, who holds `unread` bytes that came from its peer. Null:
 * it has ended meanwhile, and is left alone, as `write()` would: `state` says so.
 */
export function securerFor(
  channel: BufferedChannel,
  options: StartTlsOptions,
  owner: ChannelOwner | null,
  unread: number,
): Securer | null {
  checkOptions(options);
  const securer = makeSecurer(channel.host.network, options);
  const obstacle = obstacleOf(channel, owner);
  if (obstacle !== null) throw cannotStartTls(channel, obstacle);
  if (channel.state !== "open" && channel.state !== "connecting") return null;
  const bytes = channel.unread + unread;
  if (bytes > 0) throw unreadPlaintext(channel, bytes);
  return securer;
}

export function beginTls(channel: BufferedChannel, securer: Securer): void {
  const peerEnded = channel.ended || (channel.condition() & PEER_CLOSED) !== 0;
  channel.startTls(securer);
  if (peerEnded) channel.failConnecting(ended(channel));
}

/** There is nobody who could answer a handshake. */
function ended({ fd, remoteAddress }: BufferedChannel): IomuxError {
  const message =
    `TLS handshake with ${formatAddress(remoteAddress)} failed: the peer has ended its side ` +
    `before it began (ECONNRESET)`;
  return new IomuxError("ECONNRESET", message, { fd });
}

function obstacleOf(channel: BufferedChannel, by: ChannelOwner | null): string | null {
  const { state, tls, transport, owner } = channel;
  if (channel.securing) return "that has begun already";
  if (state === "connecting" && by !== null) return "wait until it stands";
  if (tls !== null) return "it is secure already";
  if (transport.securable !== true) return "it is no connection over a socket of Node's";
  if (owner !== by) return "it belongs to a connection of serve(): call startTls() of that";
  if (state !== "open") return null;
  return channel.shut ? "our side has ended: call it before shutdown()" : null;
}

function cannotStartTls({ fd, state }: BufferedChannel, why: string): IomuxError {
  const message = `cannot start TLS on fd ${fd} (${state}): ${why}`;
  return new IomuxError("IOMUX_CANNOT_START_TLS", message, { fd, state });
}

/** Whoever is in the middle may have put it there (CVE-2011-0411): it must not count as secure. */
function unreadPlaintext({ fd, state }: BufferedChannel, bytes: number): IomuxError {
  const message =
    `cannot start TLS on fd ${fd} (${state}): ${bytes} bytes that came before it are unread; ` +
    `treat them as an attack and abort() the channel`;
  return new IomuxError("IOMUX_UNREAD_PLAINTEXT", message, { fd, state });
}
