/** `createReactor()`: a reactor, over the system's sockets and clock unless told otherwise. */
import { checkOptions } from "../arguments.ts";
import { Reactor } from "../reactor.ts";
import type { ReactorOptions } from "../reactor/options.ts";
import { NodeNetwork } from "./node-network.ts";
import { SystemClock } from "./system-clock.ts";

/** A new reactor. There is no global one. */
export function createReactor(options: ReactorOptions = {}): Reactor {
  checkOptions(options);
  return new Reactor({
    ...options,
    network: options.network ?? new NodeNetwork(),
    clock: options.clock ?? new SystemClock(),
  });
}
