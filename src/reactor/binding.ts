/** `bind`: a datagram socket, checked, bound and watched by its signal. */
import type { TcpAddress } from "../address.ts";
import { checkOptions } from "../arguments.ts";
import { QueuedDatagram } from "../datagram.ts";
import { checkDatagramAddress } from "../datagram-address.ts";
import { checkBindOptions } from "../datagram-options.ts";
import { publishOpen } from "../diagnostics.ts";
import { AbortError, IomuxError } from "../errors.ts";
import type { Network } from "../network.ts";
import type { Loop } from "./loop.ts";
import type { BinderOptions } from "./options.ts";
import { onAbort } from "./wait.ts";

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
  const { peer } = options;
  // The kernel chooses by the way to the peer; nobody else is heard.
  const anywhere = peer?.host?.includes(":") === true ? "::" : "0.0.0.0";
  const host = address.host === undefined && peer !== undefined ? anywhere : checked.host;
  return bindChecked(loop, network, { port: checked.port, host }, options);
}

async function bindChecked(
  loop: Loop,
  network: Network,
  address: Required<TcpAddress>,
  options: BinderOptions,
): Promise<QueuedDatagram> {
  const { signal } = options;
  if (signal?.aborted === true) throw new AbortError("bind", signal);
  const datagram = new QueuedDatagram(loop, await network.bind(address, options));
  loop.open.set(datagram.fd, datagram);
  datagram.attach();
  publishOpen(datagram);
  if (signal !== undefined) {
    const cancel = onAbort(signal, () => {
      datagram.close();
    });
    void datagram.closed.then(cancel);
  }
  if (loop.closing) {
    datagram.close();
    throw new IomuxError("IOMUX_REACTOR_CLOSED", "the reactor was closed while bind() waited");
  }
  if (datagram.state !== "open" && signal !== undefined) throw new AbortError("bind", signal);
  return datagram;
}
