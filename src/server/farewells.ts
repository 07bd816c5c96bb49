/**
 * Farewells: what peers that were turned away are told before they go.
 *
 * They count towards no limit of connections, so there is one for them: so many at a time get so
 * long to read it, and to end their side too; the others are reset. A peer that ends its side at
 * once, as most do, makes room at once.
 */
import type { BufferedChannel } from "../channel.ts";

/** Milliseconds that a peer gets to read its farewell. */
const FAREWELL_MS = 250;
/** Peers at a time, for each server. */
const MAX_FAREWELLS = 128;

export class Farewells {
  #present = 0;

  /** Ends `channel`, in order if something is to be read on it. */
  end(channel: BufferedChannel): void {
    if (channel.queued === 0 || this.#present >= MAX_FAREWELLS) {
      channel.abort();
      return;
    }
    channel.close();
    this.#present++;
    const cancel = channel.host.after(FAREWELL_MS, () => {
      // What the system has is left to be read; a peer that has taken less is reset.
      channel.letGoOnceWritten();
      channel.abort();
    });
    void channel.closed.then(() => {
      this.#present--;
      cancel();
    });
  }
}
