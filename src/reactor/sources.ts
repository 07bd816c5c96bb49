/** What callers name a descriptor by: itself, its fd, or the raw socket it was adopted from. */
import { BufferedChannel } from "../channel.ts";
import { publishOpen } from "../diagnostics.ts";
import { QueuedDatagram } from "../datagram.ts";
import { IomuxError, IomuxTypeError } from "../errors.ts";
import { QueuedListener } from "../listener.ts";
import { MessageQueue } from "../messages.ts";
import type { Adopted, Network } from "../network.ts";
import type { Entry, ReadySource } from "../registration.ts";
import type { SignalName } from "../signal-names.ts";
import { SignalQueue } from "../signals.ts";
import { makeChannel } from "../watched-channel.ts";
import type { Loop } from "./loop.ts";

/** What `adopt` makes. */
type AdoptedDescriptor = BufferedChannel | QueuedListener | QueuedDatagram | MessageQueue;

export class Sources {
  readonly #loop: Loop;
  readonly #network: Network;

  constructor(loop: Loop, network: Network) {
    this.#loop = loop;
    this.#network = network;
  }

  /** The descriptor that `source` is, or was adopted as; throws if it is another reactor's. */
  find(source: unknown): ReadySource | undefined {
    const adopted = isObject(source) ? this.#network.adoptedBy(source) : undefined;
    const known = adopted ?? source;
    if (!isDescriptor(known)) return undefined;
    if (known.host === this.#loop) return known;
    if (known !== source && isReleased(known)) return undefined;
    const message = `fd ${known.fd} belongs to another reactor: a descriptor cannot change it`;
    throw new IomuxError("IOMUX_OTHER_REACTOR", message, { fd: known.fd, state: known.state });
  }

  owns(descriptor: unknown): boolean {
    return isDescriptor(descriptor) && descriptor.host === this.#loop;
  }

  /** As `find`, but a stream that its channel has let go of is free to be adopted again. */
  holder(source: unknown): ReadySource | undefined {
    const known = this.find(source);
    return known !== undefined && known !== source && isReleased(known) ? undefined : known;
  }

  signals(names: readonly SignalName[]): SignalQueue {
    const signals = new SignalQueue(this.#loop, this.#network, names);
    this.#loop.open.set(signals.fd, signals);
    publishOpen(signals);
    return signals;
  }

  /** Takes over a raw socket, stream or server. */
  adopt(source: unknown): AdoptedDescriptor {
    if (!isObject(source)) {
      throw new IomuxTypeError(
        "IOMUX_BAD_ARGUMENT",
        `expected a descriptor, a stream, a net.Server, a dgram.Socket or a MessagePort, not ${String(source)}`,
      );
    }
    const descriptor = this.#descriptor(this.#network.adopt(source));
    this.#network.markAdopted(source, descriptor);
    this.#loop.open.set(descriptor.fd, descriptor);
    descriptor.attach();
    publishOpen(descriptor);
    return descriptor;
  }

  #descriptor(adopted: Adopted): AdoptedDescriptor {
    const loop = this.#loop;
    switch (adopted.kind) {
      case "channel":
        return makeChannel(loop, adopted.transport);
      case "listener":
        return new QueuedListener(loop, adopted.transport, this.#network.capabilities.pauseAccept);
      case "datagram":
        return new QueuedDatagram(loop, adopted.transport);
      case "messages":
        return new MessageQueue(loop, adopted.transport);
    }
  }

  /** The registration of `source`, if it has one. */
  entry(source: unknown): Entry | undefined {
    if (typeof source === "number") return this.#loop.registry.get(source);
    return this.find(source)?.entry ?? undefined;
  }

  /** Whether it is closed by now and was registered before. */
  wasRegistered(source: unknown): boolean {
    const known = typeof source === "number" ? this.#loop.open.get(source) : this.find(source);
    if (known === undefined) return typeof source === "number" && this.#loop.allocated(source);
    if (!known.wasRegistered) return false;
    return known.state === "closed" || known.state === "closing";
  }

  notRegistered(source: unknown, doing: string): IomuxError {
    const known = typeof source === "number" ? this.#loop.open.get(source) : this.find(source);
    const fd = typeof source === "number" ? source : known?.fd;
    const state = known?.state ?? (this.#closedBefore(fd) ? "closed" : undefined);
    const what = fd === undefined ? "this object" : `fd ${fd}`;
    const which = state === undefined ? what : `${what} (${state})`;
    const why =
      state === "closed"
        ? "it is not registered any more"
        : "it is not registered with this reactor";
    const message = `cannot ${doing} ${which}: ${why}`;
    return new IomuxError("IOMUX_NOT_REGISTERED", message, { fd, state });
  }

  #closedBefore(fd: number | undefined): boolean {
    return fd !== undefined && this.#loop.allocated(fd) && !this.#loop.open.has(fd);
  }
}

/** Throws for what is registered already or can no longer be. */
export function checkRegistrable(source: ReadySource): void {
  const { fd, state, error } = source;
  if (source.entry !== null) {
    const message = `fd ${fd} is registered already (${state}): use modify(), or unregister it`;
    throw new IomuxError("IOMUX_ALREADY_REGISTERED", message, { fd, state });
  }
  if (state !== "closing" && state !== "closed") return;
  const because = error === null ? "" : ` (${error.message})`;
  const message = `fd ${fd} is ${state}${because}: it cannot be registered any more`;
  throw new IomuxError("IOMUX_CLOSED", message, { fd, state, cause: error ?? undefined });
}

function isDescriptor(value: unknown): value is AdoptedDescriptor | SignalQueue {
  return (
    value instanceof BufferedChannel ||
    value instanceof QueuedListener ||
    value instanceof QueuedDatagram ||
    value instanceof MessageQueue ||
    value instanceof SignalQueue
  );
}

/** Whether it is the closed channel of a stream that outlives its channels, or was released. */
function isReleased(known: ReadySource): boolean {
  if (!(known instanceof BufferedChannel)) return false;
  return known.released || (known.state === "closed" && known.transport.release !== undefined);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
