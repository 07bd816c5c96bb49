/** `createReactor()`: a reactor, over the system's sockets and clock unless told otherwise. */
import { Reactor, type ReactorOptions } from "../reactor.ts";
import { NodeNetwork } from "./node-network.ts";
import { SystemClock } from "./system-clock.ts";

/** A new reactor. There is no global one. */
export function createReactor(options: ReactorOptions = {}): Reactor {
  return new Reactor({
    ...options,
    network: options.network ?? new NodeNetwork(),
    clock: options.clock ?? new SystemClock(),
  });
}
