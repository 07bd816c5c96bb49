/** The part of a channel that is plain data: what it is, whose, and how it stands. */
import { Closed } from "./closed.ts";
import type { DescriptorState } from "./descriptor.ts";
import type { ChannelOwner, Host } from "./host.ts";
import type { Entry } from "./registration.ts";

export class ChannelState {
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
  readonly host: Host;
  #closed: Closed | null = null;

  constructor(host: Host, connecting: boolean) {
    this.fd = host.allocate();
    this.state = connecting ? "connecting" : "open";
    this.host = host;
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
