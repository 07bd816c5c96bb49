/**
 * The datagram socket: a bounded queue of what came, a count of what has not left, and an error that
 * is told once.
 *
 * It cannot say "stop": what comes past its limits is dropped, the newest first, as a kernel does
 * when its buffer is full (udp(7)). What the system says of datagrams sent earlier (ICMP: nobody
 * receives there) is no end of the socket. It is kept as SO_ERROR is (socket(7)): ERROR is reported
 * once, `takeError()` answers it and clears it, and the socket stands.
 */
import type { SocketAddress } from "./address.ts";
import { Closed } from "./closed.ts";
import {
  checkDestination,
  checkIp,
  type DatagramAddress,
  type DatagramSource,
  type IpFamily,
} from "./datagram-address.ts";
import * as failure from "./datagram-errors.ts";
import { publishDropped } from "./diagnostics.ts";
import type { Datagram, DescriptorState, ReceivedDatagram } from "./descriptor.ts";
import { asError } from "./errors.ts";
import type { Host } from "./host.ts";
import { HostedDescriptor } from "./hosted-descriptor.ts";
import { ERROR, HANGUP, READABLE, WRITABLE } from "./mask.ts";
import type { DatagramSink, DatagramTransport } from "./network.ts";
import type { Entry, ReadySource } from "./registration.ts";

/** The most that fits behind the headers of IP and UDP (RFC 768, RFC 791, RFC 8200). */
const MAX_BYTES: Readonly<Record<IpFamily, number>> = { IPv4: 65_507, IPv6: 65_527 };

export class QueuedDatagram
  extends HostedDescriptor
  implements Datagram, ReadySource, DatagramSink
{
  readonly fd: number;
  readonly kind = "datagram";
  state: DescriptorState = "open";
  error: Error | null = null;
  progress = 0;
  entry: Entry | null = null;
  wasRegistered = false;
  watchers: Set<() => void> | null = null;
  readonly localAddress: SocketAddress | null;
  readonly remoteAddress: DatagramSource | null;
  unread = 0;
  queued = 0;
  dropped = 0;
  readonly #transport: DatagramTransport;
  readonly #family: IpFamily;
  #received: ReceivedDatagram[] = [];
  #inFlight = 0;
  /** Over a limit of output, and not yet under the low mark. */
  #full = false;
  #lateError: Error | null = null;
  #lateErrorTold = false;
  #cancelDeadline: (() => void) | null = null;
  readonly #closed = new Closed();

  constructor(host: Host, transport: DatagramTransport) {
    super(host);
    this.fd = host.allocate();
    this.localAddress = transport.localAddress;
    this.remoteAddress = transport.remoteAddress;
    this.#transport = transport;
    this.#family = transport.localAddress.family;
  }

  attach(): void {
    this.#transport.attach(this);
  }

  get waiting(): number {
    return this.#received.length;
  }

  /** Bytes that are freed when it is shed; what the system is sending is not ours to take back. */
  get buffered(): number {
    return this.unread;
  }

  get closed(): Promise<Error | null> {
    return this.#closed.promise(this.state === "closed", this.error);
  }

  condition(): number {
    if (this.state === "failed") return ERROR | HANGUP;
    if (this.state !== "open") return 0;
    let mask = this.#full ? 0 : WRITABLE;
    if (this.#received.length > 0) mask |= READABLE;
    if (this.#lateError !== null && !this.#lateErrorTold) mask |= ERROR;
    return mask;
  }

  receive(): ReceivedDatagram | null {
    const received = this.#received.shift();
    if (received === undefined) return null;
    this.progress++;
    this.#release(charge(received.bytes));
    return received;
  }

  #release(bytes: number): void {
    this.unread -= bytes;
    this.host.budget.remove(bytes);
  }

  send(bytes: Uint8Array, to?: DatagramAddress): boolean {
    if (!(bytes instanceof Uint8Array)) throw failure.notBytes(bytes, this.fd);
    if (this.remoteAddress === null) checkDestination(to, this.#family, this.fd);
    else if (to !== undefined) throw failure.hasPeer(this);
    if (this.state !== "open" || this.#full) return false;
    const size = charge(bytes);
    const { datagramsInFlight, highWaterMark } = this.host.limits;
    // One always fits, or a mark under its size would hold it for ever.
    if (this.#inFlight > 0 && this.queued + size > highWaterMark) {
      this.#full = true;
      return false;
    }
    this.progress++;
    const most = MAX_BYTES[this.#family];
    if (bytes.length > most) {
      this.onError(failure.tooLong(bytes.length, most, to ?? this.remoteAddress));
      return true;
    }
    if (this.#transport.send(bytes, to ?? null)) {
      this.#countSent(bytes.length);
      return true;
    }
    this.#inFlight++;
    this.queued += size;
    this.host.budget.add(size);
    this.#full = this.#inFlight >= datagramsInFlight || this.queued >= highWaterMark;
    return true;
  }

  #countSent(bytes: number): void {
    this.host.counters.datagramsOut++;
    this.host.counters.bytesOut += bytes;
  }

  takeError(): Error | null {
    const error = this.#lateError;
    if (error === null) return null;
    this.#lateError = null;
    this.progress++;
    return error;
  }

  joinGroup(group: string, networkInterface?: string): void {
    this.#changeGroup("join", group, networkInterface);
    this.#transport.joinGroup(group, networkInterface);
  }

  leaveGroup(group: string, networkInterface?: string): void {
    this.#changeGroup("leave", group, networkInterface);
    this.#transport.leaveGroup(group, networkInterface);
  }

  #changeGroup(doing: string, group: unknown, networkInterface: unknown): void {
    checkIp(group, this.#family, `${doing}Group of fd ${this.fd}: the group`, this.fd);
    if (networkInterface !== undefined && this.#family === "IPv4") {
      checkIp(networkInterface, "IPv4", `${doing}Group of fd ${this.fd}: the interface`, this.fd);
    }
    if (this.state !== "open") throw failure.closedAlready(`${doing} a group`, this);
  }

  close(): void {
    if (this.state === "closing" || this.state === "closed") return;
    if (this.state !== "open" || this.#inFlight === 0) {
      this.#end(null);
      return;
    }
    this.state = "closing";
    this.#forgetReceived();
    this.host.busy(1);
    const { lingerMs } = this.host.limits;
    this.#cancelDeadline = this.host.after(lingerMs, () => {
      this.abort(failure.cutOff(this, lingerMs, "limit lingerMs"));
    });
    this.host.detach(this, null);
  }

  abort(reason?: Error): void {
    this.#end(reason === undefined ? null : asError(reason, this.fd, "abort() was given"));
  }

  /** What was told is told: a late error is not told again, and what has failed is closed. */
  finalize(): void {
    if (this.state === "open") this.#lateErrorTold = true;
    else this.#end(null);
  }

  /** Drops what nobody has received, because the whole loop holds too much. Answers how many. */
  shed(): number {
    const count = this.#received.length;
    this.#countDropped(count);
    this.#forgetReceived();
    return count;
  }

  #forgetReceived(): void {
    this.#received = [];
    this.#release(this.unread);
  }

  #end(reason: Error | null): void {
    if (this.state === "closed") return;
    const closing = this.state === "closing";
    this.error ??= reason;
    this.state = "closed";
    this.#cancelDeadline?.();
    this.#forgetReceived();
    this.host.budget.remove(this.queued);
    this.queued = this.#inFlight = 0;
    this.#transport.close();
    this.#closed.fulfil(this.error);
    if (closing) this.host.busy(-1);
    // Last, because these run code of users: the listeners of `registration.signal`, subscribers.
    this.host.detach(this, this.error);
    this.host.gone(this);
  }

  onDatagram(bytes: Buffer, from: DatagramSource): void {
    if (this.state !== "open") return;
    const { counters, limits, budget } = this.host;
    counters.datagramsIn++;
    counters.bytesIn += bytes.length;
    // What came between bind(2) and connect(2) is still delivered, whoever has sent it.
    if (this.remoteAddress !== null && !same(this.remoteAddress, from)) {
      this.#countDropped(1);
      return;
    }
    const size = charge(bytes);
    const { datagramQueue, datagramQueueBytes } = limits;
    if (this.#received.length >= datagramQueue) {
      this.#overflow("datagramQueue");
      return;
    }
    if (this.unread + size > datagramQueueBytes) {
      this.#overflow("datagramQueueBytes");
      return;
    }
    this.#received.push({ bytes, from });
    this.unread += size;
    budget.add(size);
    this.host.changed(this, READABLE);
    this.host.collected(size);
  }

  #overflow(limit: "datagramQueue" | "datagramQueueBytes"): void {
    this.#countDropped(1);
    this.host.report(this, "IOMUX_DATAGRAMS_DROPPED", (count) =>
      failure.dropped(this, this.host.limits, count),
    );
    publishDropped(this, limit, 1);
  }

  #countDropped(count: number): void {
    this.dropped += count;
    this.host.counters.datagramsDropped += count;
  }

  onSent(bytes: number, error: Error | null): void {
    if (this.state === "closed") return;
    const { budget, limits } = this.host;
    const size = Math.max(1, bytes);
    this.#inFlight--;
    this.queued -= size;
    budget.remove(size);
    if (error === null) this.#countSent(bytes);
    else this.onError(error);
    if (this.state === "closing" && this.#inFlight === 0) this.#end(null);
    if (!this.#full || this.queued > limits.lowWaterMark) return;
    if (this.#inFlight * 2 > limits.datagramsInFlight) return;
    this.#full = false;
    if (this.state === "open") this.host.changed(this, WRITABLE);
  }

  onError(error: Error): void {
    if (this.state !== "open") return;
    this.#lateError = error;
    this.#lateErrorTold = false;
    this.host.changed(this, ERROR);
  }

  onClosed(error: Error): void {
    if (this.state === "closing") this.#end(error);
    if (this.state !== "open") return;
    this.error = error;
    this.state = "failed";
    if (this.entry === null) this.finalize();
    else this.host.changed(this, ERROR | HANGUP);
  }

  assertInvariants(): void {
    const { datagramQueue, datagramQueueBytes, datagramsInFlight } = this.host.limits;
    const unread = this.#received.reduce((sum, { bytes }) => sum + charge(bytes), 0);
    if (unread !== this.unread) throw new Error(`fd ${this.fd}: ${unread} bytes unread`);
    if (this.waiting > datagramQueue || this.unread > datagramQueueBytes) {
      throw new Error(`fd ${this.fd}: queue over its limits`);
    }
    if (this.#inFlight < 0 || this.#inFlight > datagramsInFlight) {
      throw new Error(`fd ${this.fd}: ${this.#inFlight} datagrams in flight`);
    }
    if (this.#inFlight === 0 && (this.queued !== 0 || this.#full)) {
      throw new Error(`fd ${this.fd}: ${this.queued} bytes queued, none in flight`);
    }
  }
}

/** What a datagram counts for, against every limit of bytes: an empty one is not free. */
function charge(bytes: Uint8Array): number {
  return Math.max(1, bytes.length);
}

function same(one: DatagramSource, other: DatagramSource): boolean {
  return one.port === other.port && one.host === other.host;
}
