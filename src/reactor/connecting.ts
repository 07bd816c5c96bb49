/** What comes before a connection stands: TLS; and what may end it: its time, its signal. */
import type { BufferedChannel } from "../channel.ts";
import { notConnected } from "../channel-errors.ts";
import { AbortError } from "../errors.ts";
import type { Securer } from "../tls.ts";
import type { Loop } from "./loop.ts";
import type { ConnectorOptions } from "./options.ts";
import { onAbort } from "./wait.ts";

export function limitConnecting(
  loop: Loop,
  channel: BufferedChannel,
  { timeoutMs, signal }: ConnectorOptions,
  securer: Securer | undefined,
): void {
  if (securer !== undefined && channel.state !== "failed") channel.startTls(securer);
  const cancels: (() => void)[] = [];
  channel.onConnectingEnds = () => {
    for (const cancel of cancels) cancel();
  };
  if (timeoutMs !== undefined) {
    const expire = (): void => {
      channel.failConnecting(notConnected(channel, timeoutMs));
    };
    cancels.push(loop.after(timeoutMs, expire));
  }
  if (signal !== undefined) {
    const abort = (): void => {
      channel.failConnecting(new AbortError(`connect of fd ${channel.fd}`, signal));
    };
    cancels.push(onAbort(signal, abort));
  }
}
