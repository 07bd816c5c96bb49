/** `connect()`: clients for people who write coroutines. */
import type { Address } from "../address.ts";
import { checkNames, checkOptions } from "../arguments.ts";
import { IomuxError, IomuxTypeError } from "../errors.ts";
import { WRITABLE } from "../mask.ts";
import { Reactor } from "../reactor.ts";
import type { ConnectorOptions } from "../reactor/options.ts";
import type { AsyncConnection } from "./async-connection.ts";
import { AwaitedServer } from "./awaited-server.ts";
import {
  checkServing,
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  type LIMITS_OF_ALL,
} from "./options.ts";

/** How to connect, and what the connection is made with. */
export interface ConnectionToOptions<F>
  extends Omit<ConnectionOptions<F>, (typeof LIMITS_OF_ALL)[number]>, ConnectorOptions {}

const CHANNEL_OPTIONS = ["noDelay", "keepAlive", "tls", "timeoutMs", "label", "signal"];
const NAMES: ReadonlySet<string> = new Set([...CONNECTION_OPTIONS, ...CHANNEL_OPTIONS]);

/**
 * Connects, and resolves with the connection once it stands. Rejects with what has failed
 * (`ECONNREFUSED`, `ETIMEDOUT` at `timeoutMs`, `ABORT_ERR`); these two are of the connecting only.
 * Throws at once for an address and options that are none.
 */
export function connect<F = Buffer>(
  reactor: Reactor,
  address: Address,
  options: ConnectionToOptions<F> = {},
): Promise<AsyncConnection<F>> {
  if (!(reactor instanceof Reactor)) {
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", "connect() takes a reactor first");
  }
  checkOptions(options);
  checkNames(options, NAMES);
  const given = Object.entries(options);
  const isOfChannel = ([name]: [string, unknown]): boolean => CHANNEL_OPTIONS.includes(name);
  const forServer = Object.fromEntries(given.filter((entry) => !isOfChannel(entry)));
  const forChannel = Object.fromEntries(given.filter(isOfChannel));
  checkServing(forServer, {});
  const server = new AwaitedServer<F>(reactor, forServer);
  const channel = reactor.connect(address, forChannel);
  return new Promise((resolve, reject) => {
    void channel.closed.then((error) => {
      reject(error ?? closedBefore(channel.fd));
    });
    const registration = reactor.register(channel, WRITABLE, function connected() {
      // Else it has failed, and is about to be closed for that.
      if (channel.state !== "open") return;
      registration.unregister();
      try {
        resolve(server.take(channel));
      } catch (thrown) {
        channel.abort();
        reject(thrown);
      }
    });
  });
}

function closedBefore(fd: number): IomuxError {
  const message = `fd ${fd} was closed before it was connected: connect again`;
  return new IomuxError("IOMUX_CONNECTION_CLOSED", message, { fd });
}
