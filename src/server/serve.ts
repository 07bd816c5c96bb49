/** `serve()`: servers for people who write servers rather than loops. */
import type { Listener } from "../descriptor.ts";
import { IomuxTypeError } from "../errors.ts";
import { Reactor } from "../reactor.ts";
import { checkServing, type Callbacks, type ServeAddress, type ServeOptions } from "./options.ts";
import type { AsyncServer } from "./async-connection.ts";
import { ConnectionServer } from "./connection-server.ts";
import { AwaitedServer } from "./awaited-server.ts";
import type { Server } from "./server.ts";

/**
 * Listens and calls back: accepted peers become connections, with frames, limits and times.
 * Without callbacks the server's connections, and their frames, are waited for by coroutines.
 * Resolves once every address is bound; if one cannot be, none is, and it rejects with the
 * system's code. Throws at once for options and callbacks that are none.
 */
export function serve<F = Buffer, D = undefined>(
  reactor: Reactor,
  options: ServeOptions<F>,
  callbacks: Callbacks<F, D>,
): Promise<Server<F, D>>;
export function serve<F = Buffer>(
  reactor: Reactor,
  options: ServeOptions<F>,
): Promise<AsyncServer<F>>;
export function serve<F, D>(
  reactor: Reactor,
  options: ServeOptions<F>,
  ...given: [callbacks?: Callbacks<F, D>]
): Promise<Server<F, D> | AsyncServer<F>> {
  if (!(reactor instanceof Reactor)) {
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", "serve() takes a reactor first");
  }
  // Callbacks that are undefined are most often a mistake, and not a wish for coroutines.
  if (given.length === 0) {
    checkServing(options, {});
    return listen(reactor, options, new AwaitedServer(reactor, options));
  }
  const [callbacks] = given as [Callbacks<F, D>];
  checkServing(options, callbacks);
  return listen(reactor, options, new ConnectionServer(reactor, options, callbacks));
}

async function listen<S extends { attach(listener: Listener): void }>(
  reactor: Reactor,
  options: ServeOptions<unknown>,
  server: S,
): Promise<S> {
  const { listen: addresses = [], label, backlog, noDelay, keepAlive } = options;
  // Asynchronous, so that what is thrown for one address closes the others.
  const listening = [addresses].flat().map(async ({ tls, ...address }: ServeAddress) =>
    reactor.listen(address, {
      ...(tls === undefined ? {} : { tls }),
      ...(label === undefined ? {} : { label }),
      ...(backlog === undefined ? {} : { backlog }),
      ...(noDelay === undefined ? {} : { noDelay }),
      ...(keepAlive === undefined ? {} : { keepAlive }),
    }),
  );
  const results = await Promise.allSettled(listening);
  const failed = results.find((result) => result.status === "rejected");
  for (const result of results) {
    if (result.status === "rejected") continue;
    if (failed === undefined) server.attach(result.value);
    else result.value.close();
  }
  if (failed !== undefined) throw failed.reason;
  return server;
}
