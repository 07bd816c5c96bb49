/** The HTTP server: a peer that resets the connection while nothing is read of it. */
import { expect, it } from "vitest";

import type { HttpResponse } from "../../examples/http/server/http-response.ts";
import { HttpSite } from "../support/http-site.ts";
import { onEveryNetwork } from "../support/world.ts";

const UNREAD_MS = 300;
const MIB = 1024 * 1024;

onEveryNetwork("a reset while the answer waits", (world) => {
  /** Somebody who reads nothing of an answer without end, and sends `behind` it. */
  async function lose(behind: number): Promise<{ site: HttpSite; told: Promise<Error> }> {
    let tell!: (error: Error) => void;
    const told = new Promise<Error>((resolve) => (tell = resolve));
    const send = async (_: unknown, response: HttpResponse): Promise<void> => {
      response.start();
      try {
        for (;;) await response.write(Buffer.alloc(64 * 1024));
      } catch (error) {
        tell(error as Error);
        throw error;
      }
    };
    const options = { reactor: { unreadMs: UNREAD_MS }, limits: { writeProgressMs: 3_600_000 } };
    const site = await HttpSite.open(world(), (server) => server.get("/", send), options);
    const guest = await site.come();
    guest.peer.pause();
    guest.request("/");
    if (behind > 0) guest.say(Buffer.alloc(behind, "x"));
    await world().until(() => site.server.stats().running === 1, "the request");
    await world().settle();
    guest.peer.reset();
    return { site, told };
  }

  it("is seen at once if there is room to read", async () => {
    const { site, told } = await lose(0);
    await world().until(() => site.server.stats().connections === 0, "the end");
    expect((await told).name).toBe("AbortError");
  });

  it("is seen after unreadMs if there is none: the write that waits has failed", async () => {
    const { site, told } = await lose(4 * MIB);
    const failed = (): boolean =>
      [...site.reactor.registrations.values()].some(
        ({ descriptor }) => "state" in descriptor && descriptor.state === "failed",
      );
    const gone = (): boolean => site.server.stats().connections === 0;
    await world().until(() => failed() || gone(), "the loss");
    await world().advance(UNREAD_MS + 1);
    await world().until(() => site.server.stats().connections === 0, "the end");
    expect((await told).name).toBe("AbortError");
  });
});
