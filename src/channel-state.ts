/** The part of a channel that is plain data: what it is, whose, and what it holds. */
import { formatAddress, type SocketAddress } from "./address.ts";
import { ByteQueue } from "./bytes/byte-queue.ts";
import { ChannelOutput } from "./channel-output.ts";
import { Closed } from "./closed.ts";
import type { DescriptorState } from "./descriptor.ts";
import type { ChannelOwner, Host } from "./host.ts";
import { HostedDescriptor } from "./hosted-descriptor.ts";
import type { Transport } from "./network.ts";
import type { Entry } from "./registration.ts";
import type { TlsInfo } from "./tls.ts";

/** Stays empty: a channel that is silent owns no queue. */
export const NO_INPUT = new ByteQueue();

export class ChannelState extends HostedDescriptor {
  readonly fd: number;
  readonly kind = "channel";
  state: DescriptorState;
  error: Error | null = null;
  ended = false;
  endConfirmed = false;
  bytesIn = 0;
  progress = 0;
  entry: Entry | null = null;
  wasRegistered = false;
  /** Runs once, when the connection stands or cannot any more. */
  onConnectingEnds: (() => void) | null = null;
  watchers: Set<() => void> | null = null;
  owner: ChannelOwner | null = null;
  /** What is under it; another one once the channel is secured. */
  transport: Transport;
  protected input = NO_INPUT;
  protected output: ChannelOutput | null = null;
  #closed: Closed | null = null;

  constructor(host: Host, transport: Transport) {
    super(host);
    this.fd = host.allocate();
    this.state = transport.connecting ? "connecting" : "open";
    this.transport = transport;
  }

  get localAddress(): SocketAddress | null {
    return this.transport.localAddress;
  }

  get remoteAddress(): SocketAddress | null {
    return this.transport.remoteAddress;
  }

  /** Who is at the other end, as text. */
  get peerName(): string {
    return this.transport.name ?? formatAddress(this.remoteAddress);
  }

  get tls(): TlsInfo | null {
    return this.transport.tls ?? null;
  }

  get queued(): number {
    return this.output?.length ?? 0;
  }

  get highWaterMark(): number {
    return this.output?.highWaterMark ?? this.host.limits.highWaterMark;
  }

  get bytesOut(): number {
    return this.output?.left ?? 0;
  }

  /** When output last left, by the reactor's time; 0 if none has. */
  get leftAt(): number {
    return this.output?.leftAt ?? 0;
  }

  get unread(): number {
    return this.input.length;
  }

  /** Bytes held for its peer in this process. */
  get buffered(): number {
    return this.input.length + this.queued + (this.owner?.heldBytes ?? 0);
  }

  protected ownInput(): ByteQueue {
    if (this.input === NO_INPUT) this.input = new ByteQueue();
    return this.input;
  }

  protected ownOutput(): ChannelOutput {
    return (this.output ??= new ChannelOutput(this.host));
  }

  get closed(): Promise<Error | null> {
    return (this.#closed ??= new Closed()).promise(this.state === "closed", this.error);
  }

  protected fulfilClosed(): void {
    this.#closed?.fulfil(this.error);
  }

  protected endConnecting(): void {
    this.onConnectingEnds?.();
    this.onConnectingEnds = null;
  }
}
