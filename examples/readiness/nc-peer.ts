/** Somebody with nc(1), who is told on stderr what to do. */
import { formatAddress, READABLE, type Channel, type Listener, type Reactor } from "iomux";

import type { Peer } from "./stage.ts";

function tell(what: string): void {
  console.error(`>> ${what}`);
}

export class NcPeer implements Peer {
  readonly #reactor: Reactor;

  constructor(reactor: Reactor, { localAddress }: Listener) {
    this.#reactor = reactor;
    const [host, port] = formatAddress(localAddress).split(":");
    tell(`in another terminal: nc -N ${host} ${port} >/dev/null`);
  }

  send(text: string): void {
    tell(`in nc: type ${text.trimEnd()} and Enter`);
  }

  async stopReading(): Promise<void> {
    tell("in nc: press Ctrl-Z, which stops it; then press Enter here");
    await enter(this.#reactor);
  }

  readOn(): void {
    tell("where nc was: type fg and Enter");
  }

  end(): void {
    tell("in nc: press Ctrl-D, which ends its input");
  }

  die(): void {
    tell("where nc was: type kill -9 %% and Enter");
  }
}

/** Resolves when somebody has pressed Enter here, or cannot any more. */
function enter(reactor: Reactor): Promise<void> {
  const stdin: Channel = reactor.adopt(process.stdin);
  return new Promise((resolve) => {
    reactor.register(stdin, READABLE, () => {
      if (stdin.read() === null) return;
      stdin.close();
      resolve();
    });
  });
}
