/** What a connection knows of its server. */
import type { Channel } from "../descriptor.ts";
import type { Registration } from "../registration.ts";
import type { Timer } from "../timers.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Framer } from "./framer.ts";
import type { InnerCallbacks, OutputPolicy, ServerLimits } from "./options.ts";
import type { ServedConnection } from "./served-connection.ts";
import type { Throttle } from "./throttle.ts";

/** The server that a connection belongs to. */
export interface ConnectionHome<F, D> {
  readonly limits: Readonly<ServerLimits>;
  readonly policy: OutputPolicy;
  readonly callbacks: InnerCallbacks<F, D>;
  /** Rates of all its connections together. */
  readonly throttles: readonly Throttle[];
  /** A new framer, as the options say. Throws for what is none. */
  framerOf(channel: Channel): Framer<F>;
  register(connection: ServedConnection<F, D>, channel: Channel): Registration;
  /** In a later turn, `delayMs` from now at the earliest; never, if the reactor closes before. */
  later(delayMs: number, callback: () => void): Timer | null;
  /** The server closes: ends it, if it handles no frame and `busy` says that nothing is to come. */
  endUnlessBusy(connection: ServedConnection<F, D>): void;
  gone(connection: ServedConnection<F, D>, reason: CloseReason): void;
}
