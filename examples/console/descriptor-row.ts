/**
 * A descriptor as the console tells it: what may have changed is compared as plain values, because
 * that is done for all of them at every look, and a row is made only of what has.
 */
import {
  formatAddress,
  type Channel,
  type Datagram,
  type Descriptor,
  type Listener,
  type Messages,
  type Reactor,
  type Registration,
  type Signals,
} from "iomux";

import type { DescriptorRow } from "./feed.ts";

/** Characters of a text without a bound of its own, such as a label or an error. */
export const MAX_TEXT_CHARACTERS = 200;

type Arming = Exclude<DescriptorRow["arming"], null>;

/** Of one that is open. */
export function rowOf(reactor: Reactor, descriptor: Descriptor): DescriptorRow {
  return new WatchedDescriptor(reactor, descriptor).row();
}

/** `text`, cut off where it is too long. */
export function bounded(text: string): string {
  if (text.length <= MAX_TEXT_CHARACTERS) return text;
  return `${text.slice(0, MAX_TEXT_CHARACTERS - 1)}…`;
}

export class WatchedDescriptor {
  readonly descriptor: Channel | Listener | Datagram | Messages | Signals;
  readonly #reactor: Reactor;
  #registration: Registration | undefined;
  #state: Descriptor["state"] = "open";
  #label = "";
  #error: Error | null = null;
  #interest = 0;
  #ready = 0;
  #arming: Arming | null = null;
  #dispatches = 0;
  #waitedTurns = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #unread = 0;
  #queued = 0;
  #highWaterMark: number | null = null;
  /** Of one that is not registered: why it would not be called depends on what only `explain()` knows. */
  #words = "";
  /** Of a channel: a part of why it is not being read. */
  #ended = false;

  /** As it is now. */
  constructor(reactor: Reactor, descriptor: Descriptor) {
    this.#reactor = reactor;
    this.descriptor = descriptor as this["descriptor"];
    this.changed();
  }

  get fd(): number {
    return this.descriptor.fd;
  }

  /** Whether anything that its row says is different from the last time. */
  changed(): boolean {
    // Each looks, whatever the others say.
    const descriptor = this.#noteDescriptor();
    const registration = this.#noteRegistration();
    const counts = this.#noteCounts();
    return descriptor || registration || counts;
  }

  #noteDescriptor(): boolean {
    const { state, label, error } = this.descriptor;
    if (state === this.#state && label === this.#label && error === this.#error) return false;
    this.#state = state;
    this.#label = label;
    this.#error = error;
    return true;
  }

  #noteRegistration(): boolean {
    // A descriptor may be registered anew.
    if (this.#registration?.active !== true) {
      this.#registration = this.#reactor.registrations.get(this.fd);
    }
    const registration = this.#registration;
    if (registration === undefined) return this.#noteUnregistered();
    const { interest, ready, dispatches, waitedTurns } = registration;
    const arming = armingOf(registration);
    const same =
      ready === this.#ready &&
      dispatches === this.#dispatches &&
      interest === this.#interest &&
      waitedTurns === this.#waitedTurns &&
      arming === this.#arming;
    this.#interest = interest;
    this.#ready = ready;
    this.#dispatches = dispatches;
    this.#waitedTurns = waitedTurns;
    this.#arming = arming;
    return !same;
  }

  #noteUnregistered(): boolean {
    const { reading, writing } = this.#reactor.explain(this.fd);
    const words = `${reading}/${writing}`;
    if (this.#arming === null && words === this.#words) return false;
    this.#words = words;
    this.#arming = null;
    this.#interest = this.#ready = this.#dispatches = this.#waitedTurns = 0;
    return true;
  }

  #noteCounts(): boolean {
    const { descriptor } = this;
    switch (descriptor.kind) {
      case "channel":
        return this.#noteChannel(descriptor);
      case "listener":
        return this.#noteQueues(descriptor.waiting, 0);
      case "datagram":
        this.#highWaterMark = this.#reactor.limits.highWaterMark;
        return this.#noteQueues(descriptor.unread, descriptor.queued);
      case "messages":
        return this.#noteQueues(descriptor.unread, 0);
      case "signals":
        return false;
    }
  }

  #noteChannel(channel: Channel): boolean {
    const { bytesIn, bytesOut, ended, highWaterMark } = channel;
    const same =
      bytesIn === this.#bytesIn &&
      bytesOut === this.#bytesOut &&
      ended === this.#ended &&
      highWaterMark === this.#highWaterMark;
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
    this.#ended = ended;
    this.#highWaterMark = highWaterMark;
    return this.#noteQueues(channel.unread, channel.queued) || !same;
  }

  #noteQueues(unread: number, queued: number): boolean {
    if (unread === this.#unread && queued === this.#queued) return false;
    this.#unread = unread;
    this.#queued = queued;
    return true;
  }

  /** As it was when it was looked at last, which is to be now. */
  row(): DescriptorRow {
    const { fd, kind, localAddress, openedAt } = this.descriptor;
    const { reading, writing } = this.#reactor.explain(fd);
    return {
      fd,
      kind,
      state: this.#state,
      owner: bounded(this.#label),
      local: localAddress === null ? null : formatAddress(localAddress),
      peer: peerOf(this.descriptor),
      interest: this.#arming === null ? null : this.#interest,
      ready: this.#ready,
      arming: this.#arming,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      unread: this.#unread,
      queued: this.#queued,
      highWaterMark: this.#highWaterMark,
      dispatches: this.#dispatches,
      waitedTurns: this.#waitedTurns,
      openedAt,
      reading,
      writing,
      error: this.#error === null ? null : bounded(this.#error.message),
    };
  }
}

function armingOf(registration: Registration): Arming {
  if (registration.held) return "held";
  if (registration.disarmed) return "disarmed";
  return registration.paused ? "paused" : "armed";
}

function peerOf(descriptor: WatchedDescriptor["descriptor"]): string | null {
  if (descriptor.kind !== "channel" && descriptor.kind !== "datagram") return null;
  const { remoteAddress } = descriptor;
  return remoteAddress === null ? null : formatAddress(remoteAddress);
}
