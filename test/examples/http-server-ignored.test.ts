/** Promises that a handler leaves alone, when the peer goes: none of them ends the process. */
import { afterEach, beforeEach, expect, it } from "vitest";

import type { HttpServer } from "../../examples/http/server/http-server.ts";
import type { HttpResponse } from "../../examples/http/server/http-response.ts";
import { HttpSite } from "../support/http-site.ts";
import { onEveryChannel } from "../support/world.ts";

const unheard: unknown[] = [];
/** Of the request. */
let signal: AbortSignal | null = null;
const note = (reason: unknown): void => void unheard.push(reason);

beforeEach(() => {
  unheard.length = 0;
  signal = null;
  process.on("unhandledRejection", note);
});

afterEach(() => {
  process.off("unhandledRejection", note);
});

/** Node tells of rejections that nobody hears behind the microtasks. */
function told(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

onEveryChannel("what nobody awaits, and the peer is gone", (world) => {
  async function goes(mount: (server: HttpServer) => unknown): Promise<void> {
    const site = await HttpSite.open(world(), mount);
    const guest = await site.come();
    guest.request("/", "POST", "Content-Length: 100");
    guest.say("some of it");
    await world().until(() => signal !== null, "the request");
    guest.peer.reset();
    await world().until(() => signal!.aborted, "the handler to be told");
    await told();
  }

  it.each(["bytes", "text", "json", "discard"] as const)("body.%s()", async (read) => {
    await goes((server) =>
      server.post("/", (request) => {
        ({ signal } = request);
        void request.body[read]();
      }),
    );
    expect(unheard).toEqual([]);
  });

  it("write() of more than may wait, and another one", async () => {
    let late!: HttpResponse;
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (_, response) => {
        late = response;
        response.start();
        void response.write(Buffer.alloc(8_000_000));
        response.abort();
      }),
    );
    const guest = await site.come();
    guest.request("/");
    await world().until(() => site.server.stats().requests === 1, "the request");
    void late.write("too late");
    await told();
    expect(unheard).toEqual([]);
    await expect(late.write("too late")).rejects.toThrow("the request was given up");
  });
});
