/** What may be done with a registration: add, change, pause, hold, remove. */
import { IomuxError } from "../errors.ts";
import { checkInterest, EDGE, formatMask, PRIORITY } from "../mask.ts";
import type { NetworkCapabilities } from "../network.ts";
import { Entry, type Handler, type ReadySource, type RegistrationOwner } from "../registration.ts";
import type { Loop } from "./loop.ts";

export class RegistrationTable implements RegistrationOwner {
  readonly #loop: Loop;
  readonly #capabilities: NetworkCapabilities;

  constructor(loop: Loop, capabilities: NetworkCapabilities) {
    this.#loop = loop;
    this.#capabilities = capabilities;
  }

  get turnsEnded(): number {
    return this.#loop.turnsEnded;
  }

  checkInterest(interest: unknown, fd: number | undefined): asserts interest is number {
    checkInterest(interest, fd);
    if ((interest & PRIORITY) === 0 || this.#capabilities.urgent) return;
    const message = `${formatMask(interest)}: this network does not see urgent data, drop PRIORITY`;
    throw new IomuxError("IOMUX_UNSUPPORTED", message, { fd });
  }

  add(descriptor: ReadySource, interest: number, handler: Handler | null, data: unknown): Entry {
    const entry = new Entry(this, descriptor, interest, handler, data);
    descriptor.entry = entry;
    descriptor.wasRegistered = true;
    this.#loop.registry.add(entry);
    this.#loop.dispatcher.registered(entry);
    if (entry.refed) this.#loop.hold(1);
    this.#test(entry);
    return entry;
  }

  modify(entry: Entry, interest: number): void {
    // What it has already was checked when it got it.
    if (interest === entry.interest && entry.active && !entry.disarmed && !entry.edge) {
      entry.spins = 0;
      return;
    }
    this.checkInterest(interest, entry.fd);
    this.#checkActive(entry, "modify");
    const rearmed = entry.disarmed || (interest & EDGE) !== 0;
    entry.interest = interest;
    entry.disarmed = false;
    entry.spins = 0;
    entry.collected = rearmed ? 0 : entry.collected & entry.mask;
    this.#test(entry);
  }

  setPaused(entry: Entry, paused: boolean): void {
    this.#checkActive(entry, paused ? "pause" : "resume");
    if (entry.paused === paused) return;
    entry.paused = paused;
    entry.spins = 0;
    entry.failures = 0;
    entry.collected = 0;
    this.#test(entry);
  }

  setRef(entry: Entry, ref: boolean): void {
    if (entry.refed === ref || entry.descriptor.kind === "signals") return;
    entry.refed = ref;
    if (entry.active) this.#loop.hold(ref ? 1 : -1);
  }

  remove(entry: Entry): boolean {
    if (!entry.active) return false;
    this.#loop.forget(entry, false, null);
    return true;
  }

  /** Tests the condition at once, as epoll_ctl(2) does; it is reported in the next turn. */
  #test(entry: Entry): void {
    const found = entry.descriptor.condition() & entry.mask;
    entry.pending = found;
    if (found !== 0 && !entry.held && !entry.disarmed) this.#loop.list(entry);
  }

  #checkActive(entry: Entry, doing: string): void {
    if (entry.active) return;
    const { state } = entry.descriptor;
    const message = `cannot ${doing} fd ${entry.fd} (${state}): it is not registered any more`;
    throw new IomuxError("IOMUX_NOT_REGISTERED", message, { fd: entry.fd, state });
  }
}
