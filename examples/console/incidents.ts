/**
 * What went wrong in a reactor, as it publishes it on `node:diagnostics_channel`: the last of it is
 * kept from the start on, so that it is there when somebody opens the page. That costs nothing as
 * long as nothing goes wrong.
 */
import diagnosticsChannel from "node:diagnostics_channel";

import { formatAddress } from "iomux";
import type { Descriptor, DiagnosticsMessages, DiagnosticsName, Reactor } from "iomux";

import { bounded } from "./descriptor-row.ts";
import type { Incident } from "./feed.ts";
import { nameOf } from "./turn-recorder.ts";

/** The last incidents; those before them are forgotten. */
export const MAX_INCIDENTS = 100;
/** Milliseconds in which incidents of one kind and descriptor are one, the next of which tells how many. */
export const INCIDENT_EVERY_MS = 1000;
/** Descriptors with incidents lately, of which more are counted. */
const MAX_COUNTED = 1000;

/** What is told of it. */
interface Report {
  readonly kind: Incident["kind"];
  readonly descriptor: Descriptor;
  readonly text: string;
}

/** How each message is told. */
type Tellers = { readonly [N in DiagnosticsName]?: (message: DiagnosticsMessages[N]) => Report };

const TELLERS: Tellers = {
  "iomux:handler:slow": ({ registration, ms }) => ({
    kind: "slow",
    descriptor: registration.descriptor,
    text: `${nameOf(registration.handler)} ran for ${ms.toFixed(1)} ms`,
  }),
  "iomux:handler:spinning": ({ registration, turns }) => ({
    kind: "spinning",
    descriptor: registration.descriptor,
    text: `${nameOf(registration.handler)} was called in ${turns} turns in a row and did nothing`,
  }),
  "iomux:listener:refuse": ({ descriptor, code, reason, remoteAddress }) => ({
    kind: "refused",
    descriptor,
    text: `${remoteAddress === null ? "a peer" : formatAddress(remoteAddress)}: ${reason ?? code}`,
  }),
  "iomux:channel:overflow": ({ descriptor, limit, waiting, dropped }) => ({
    kind: limit === "maxBufferedBytes" ? "shed" : "overflow",
    descriptor,
    text: `${waiting} bytes waited (${limit}): ${dropped === 0 ? "it is cut off" : `${frames(dropped)} dropped`}`,
  }),
  "iomux:datagram:drop": ({ descriptor, limit, dropped }) => ({
    kind: limit === "maxBufferedBytes" ? "shed" : "dropped",
    descriptor,
    text: `datagrams dropped (${limit}): ${dropped}`,
  }),
};

export class Incidents {
  readonly #reactor: Reactor;
  readonly #wallMs: () => number;
  readonly #kept: Incident[] = [];
  #lastId = 0;
  /** By kind and descriptor: when it was told last, and how often it happened since. */
  readonly #lately = new Map<string, { toldAt: number; since: number }>();
  #unsubscribe: (() => void)[];

  /** Listens until `close()`. `wallMs` tells milliseconds since 1970. */
  constructor(reactor: Reactor, wallMs: () => number) {
    this.#reactor = reactor;
    this.#wallMs = wallMs;
    this.#unsubscribe = Object.entries(TELLERS).map(([name, tell]) => {
      const hear = (message: unknown): void => {
        this.#note((tell as (message: unknown) => Report)(message));
      };
      diagnosticsChannel.subscribe(name, hear);
      return () => void diagnosticsChannel.unsubscribe(name, hear);
    });
  }

  /** The first one behind this id that is kept. */
  after(id: number): Incident | null {
    const first = this.#lastId - this.#kept.length;
    return this.#kept[Math.max(0, id - first)] ?? null;
  }

  #note({ kind, descriptor, text }: Report): void {
    // Every reactor of the process publishes on the same channels.
    if (!this.#reactor.owns(descriptor)) return;
    const { fd, label } = descriptor;
    const more = this.#moreThanOne(`${kind} ${fd}`);
    if (more === null) return;
    this.#kept.push({
      id: ++this.#lastId,
      wallMs: this.#wallMs(),
      kind,
      fd,
      owner: bounded(label),
      text: more === 0 ? bounded(text) : `${bounded(text)} (and ${more} more since the last one)`,
    });
    if (this.#kept.length > MAX_INCIDENTS) this.#kept.shift();
  }

  /** How many were not told since the last one that was; null: this one is not to be told. */
  #moreThanOne(key: string): number | null {
    const now = this.#reactor.now();
    const lately = this.#lately.get(key);
    if (lately !== undefined && now - lately.toldAt < INCIDENT_EVERY_MS) {
      lately.since++;
      return null;
    }
    this.#lately.delete(key);
    if (this.#lately.size === MAX_COUNTED) this.#lately.delete(this.#lately.keys().next().value!);
    this.#lately.set(key, { toldAt: now, since: 0 });
    return lately?.since ?? 0;
  }

  /** Hears nothing any more. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }
}

function frames(count: number): string {
  return count === 1 ? "1 frame" : `${count} frames`;
}
