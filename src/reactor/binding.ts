/** `listen` and `bind`: a socket that is bound, and then closed by its signal. */
import type { CheckedAddress, TcpAddress } from "../address.ts";
import { checkLabel, checkOptions } from "../arguments.ts";
import { QueuedDatagram } from "../datagram.ts";
import { checkDatagramAddress, ipFamily } from "../datagram-address.ts";
import { otherFamily } from "../datagram-errors.ts";
import { checkBindOptions } from "../datagram-options.ts";
import { publishOpen } from "../diagnostics.ts";
import { AbortError, IomuxError } from "../errors.ts";
import { QueuedListener } from "../listener.ts";
import type { Network } from "../network.ts";
import type { Securer } from "../tls.ts";
import type { Loop } from "./loop.ts";
import type { BinderOptions, ListenerOptions } from "./options.ts";
import { onAbort } from "./wait.ts";

export async function listenAt(
  loop: Loop,
  network: Network,
  checked: CheckedAddress,
  options: ListenerOptions,
  tls: Securer | undefined,
): Promise<QueuedListener> {
  const { label = "", signal } = options;
  if (signal?.aborted === true) throw new AbortError("listen", signal);
  const transport = await network.listen(checked, options);
  const { pauseAccept } = network.capabilities;
  const listener = new QueuedListener(loop, transport, pauseAccept, tls);
  listener.label = label;
  open(loop, listener, signal);
  if (listener.state !== "open") {
    await listener.closed;
    throw closedMeanwhile("listen", signal);
  }
  return listener;
}

/** Throws for misuse at once. */
export function bindDatagram(
  loop: Loop,
  network: Network,
  address: TcpAddress,
  options: BinderOptions,
): Promise<QueuedDatagram> {
  const checked = checkDatagramAddress(address, "the address of bind");
  checkOptions(options);
  checkBindOptions(options);
  if (options.label !== undefined) checkLabel(options.label);
  const { peer } = options;
  // The kernel chooses by the way to the peer; nobody else is heard.
  const anywhere = peer?.host?.includes(":") === true ? "::" : "0.0.0.0";
  const host = address.host === undefined && peer !== undefined ? anywhere : checked.host;
  checkFamilies(host, peer?.host);
  return bindChecked(loop, network, { port: checked.port, host }, options);
}

/** Names have yet to be resolved, and then to the family of the other. */
function checkFamilies(host: string, peer: string | undefined): void {
  const own = ipFamily(host);
  const other = peer === undefined ? null : ipFamily(peer);
  if (own !== null && other !== null && own !== other) throw otherFamily(own, peer!);
}

async function bindChecked(
  loop: Loop,
  network: Network,
  address: Required<TcpAddress>,
  options: BinderOptions,
): Promise<QueuedDatagram> {
  const { label = "", signal } = options;
  if (signal?.aborted === true) throw new AbortError("bind", signal);
  const datagram = new QueuedDatagram(loop, await network.bind(address, options));
  datagram.label = label;
  open(loop, datagram, signal);
  if (datagram.state !== "open") throw closedMeanwhile("bind", signal);
  return datagram;
}

/** It is there; if its signal was aborted or the reactor was closed meanwhile, it is closed again. */
function open(
  loop: Loop,
  bound: QueuedListener | QueuedDatagram,
  signal: AbortSignal | undefined,
): void {
  loop.open.set(bound.fd, bound);
  bound.attach();
  publishOpen(bound);
  if (signal !== undefined) {
    const cancel = onAbort(signal, () => {
      bound.close();
    });
    void bound.closed.then(cancel);
  }
  if (loop.closing) bound.close();
}

function closedMeanwhile(doing: string, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return new AbortError(doing, signal);
  return new IomuxError("IOMUX_REACTOR_CLOSED", "the reactor is closed: create another one");
}
