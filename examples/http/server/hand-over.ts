/** A channel that is given away, once everything before it is on its way. */
import type { Reactor } from "iomux";

import type { Upgraded } from "./http-response.ts";
import { ignorable } from "./ignorable.ts";
import type { Outbox } from "./outbox.ts";
import type { Served } from "./server-home.ts";

export interface HandOverSettings {
  readonly connection: Served;
  readonly outbox: Outbox;
  readonly reactor: Reactor;
  /** What came behind the request: the first of the new protocol. */
  readonly bytes: Buffer;
}

export class HandOver {
  /** Rejects if the peer is lost before. */
  readonly upgraded: Promise<Upgraded>;
  readonly #settings: HandOverSettings;
  #take!: (upgraded: Upgraded) => void;
  #fail!: (why: Error) => void;
  #over = false;

  constructor(settings: HandOverSettings) {
    this.#settings = settings;
    this.upgraded = ignorable(
      new Promise((take, fail) => {
        this.#take = take;
        this.#fail = fail;
      }),
    );
    this.proceed();
  }

  /** Output that waits before the channel would not leave any more: it is waited for. */
  proceed(): void {
    const { connection, outbox, reactor, bytes } = this.#settings;
    const { channel, backlog } = connection;
    if (this.#over || backlog > channel.queued || !outbox.empty) return;
    this.#over = true;
    reactor.unregister(channel);
    this.#take({ channel, bytes });
  }

  /** Does nothing once it is given away. */
  fail(why: Error): void {
    this.#fail(why);
  }
}
