/** What descriptors of every kind are from the start: whose, of which reactor, and since when. */
import { checkLabel } from "./arguments.ts";
import type { Host } from "./host.ts";

export abstract class HostedDescriptor {
  abstract readonly fd: number;
  readonly host: Host;
  /** Whole, so that it is no object of its own in each of many connections. */
  readonly openedAt: number;
  #label = "";

  constructor(host: Host) {
    this.host = host;
    this.openedAt = Math.floor(host.now());
  }

  get label(): string {
    return this.#label;
  }

  set label(label: string) {
    checkLabel(label, `the label of fd ${this.fd}`);
    this.#label = label;
  }
}
