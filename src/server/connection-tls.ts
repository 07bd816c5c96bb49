/**
 * STARTTLS of a connection: what must hold before it, and what must not outlive it.
 *
 * Whoever is in the middle can put plain bytes in front of the handshake (CVE-2011-0411). So none
 * may be here that was not handled, and whatever may remember some (the framer, a filter) is let go.
 */
import { checkOptions } from "../arguments.ts";
import { beginTls, securerFor } from "../reactor/start-tls.ts";
import type { ConnectionTlsOptions } from "./connection.ts";
import { noFramer } from "./connection-errors.ts";
import type { ConnectionHome } from "./connection-home.ts";
import { isFramer } from "./framer.ts";
import type { ServedConnection } from "./served-connection.ts";

/** Begins it, and tells the connection once it is done. One that has ended is left alone. */
export function secure<F, D>(
  connection: ServedConnection<F, D>,
  options: ConnectionTlsOptions<F>,
  home: ConnectionHome<F, D>,
): void {
  checkOptions(options);
  const { framer, ...side } = options;
  const { channel, reader, output } = connection;
  if (framer !== undefined && !isFramer(framer)) {
    throw noFramer(framer, `startTls of fd ${channel.fd} was given`, channel.fd);
  }
  const securer = securerFor(channel, side, connection, reader.unread);
  if (securer === null || connection.state !== "open") return;
  reader.restart(framer ?? home.framerOf(channel));
  output.handOn();
  connection.securing = true;
  beginTls(channel, securer);
  channel.onConnectingEnds = () => {
    if (channel.state !== "open") return;
    connection.securing = false;
    reader.heard();
    // Not from inside of what the socket tells.
    home.later(0, () => {
      connection.secured();
    });
  };
}
