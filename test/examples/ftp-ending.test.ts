/** The end of the file server: who does not run is not waited for. */
import { expect, it } from "vitest";

import { GOODBYE_MS } from "../../examples/ftp/server/server.ts";
import { FtpSite } from "../support/ftp-site.ts";
import { onNetworks } from "../support/world.ts";

onNetworks([["memory", "tcp"]], "a client that does not hang up", (world) => {
  it("is not waited for longer than GOODBYE_MS once no transfer runs", async () => {
    const site = await FtpSite.open(world(), {});
    const [ann, bob] = [await site.loggedIn(), await site.loggedIn()];
    const data = await bob.passive();
    await bob.ask("STOR his");
    let closed = false;
    const closing = site.files.close(30_000).then(() => {
      closed = true;
    });
    expect(await ann.next()).toMatch(/^421/);
    await world().advance(20_000);
    expect(closed).toBe(false);
    data.end("all of it");
    expect(await bob.next()).toMatch(/^226/);
    expect(await bob.next()).toMatch(/^421/);
    await world().advance(GOODBYE_MS);
    expect([closed, site.files.sessions]).toEqual([true, 0]);
    await closing;
  });
});
