/** What the console tells of a reactor beside the live feed: its routes. */
import { expect, it } from "vitest";

import { READABLE } from "iomux";

import type { DescriptorDetails, DescriptorList } from "../../examples/console/feed.ts";
import { onEveryNetwork, onNetworks } from "../support/world.ts";
import { ConsoleStage } from "./console-stage.ts";

onEveryNetwork("the console's routes", (world) => {
  it("/api/descriptors lists all that are open, by fd, with whose they are", async () => {
    const stage = await ConsoleStage.open(world());
    for (let i = 0; i < 3; i++) await stage.connect();
    stage.channels[1]!.label = "<img src=x onerror=alert(1)>";
    const { status, fields, body } = await (await stage.site.come()).ask("/api/descriptors");
    expect(status).toBe(200);
    expect(fields.get("content-type")).toBe("application/json; charset=utf-8");
    expect(fields.get("cache-control")).toBe("no-store");
    const { nowMs, descriptors } = JSON.parse(body.toString()) as DescriptorList;
    expect(nowMs).toBeLessThanOrEqual(stage.reactor.now());
    const fds = descriptors.map(({ fd }) => fd);
    expect(fds).toEqual([...stage.reactor.descriptors.keys()].sort((a, b) => a - b));
    expect(descriptors.map(({ owner }) => owner)).toContain("<img src=x onerror=alert(1)>");
  });

  it("/api/descriptors/:fd tells one, with why it waits and whose handler it has", async () => {
    const stage = await ConsoleStage.open(world());
    const { channel } = await stage.connect();
    const guest = await stage.site.come();
    const { status, body } = await guest.ask(`/api/descriptors/${channel.fd}`);
    expect(status).toBe(200);
    const details = JSON.parse(body.toString()) as DescriptorDetails;
    expect(details).toMatchObject({ fd: channel.fd, owner: "echo", handler: "answer" });
    expect(details).toMatchObject({ interest: READABLE, reading: "nothing came" });
    expect(details.explanation).toBe(stage.reactor.explain(channel).text);
    for (const none of ["0", "9999", "x", "1e0", "01", "-1", "9".repeat(40), "1.0"]) {
      const refused = await guest.ask(`/api/descriptors/${none}`);
      expect([none, refused.status]).toEqual([none, 404]);
      expect(refused.body.toString()).toContain("No descriptor of this number is open");
    }
  });

  it("/metrics is Prometheus's text", async () => {
    const stage = await ConsoleStage.open(world());
    const { status, fields, body } = await (await stage.site.come()).ask("/metrics");
    expect(status).toBe(200);
    expect(fields.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body.toString()).toContain(
      '\niomux_owner_descriptors{owner="echo",kind="listener"} 1\n',
    );
  });

  it("/healthz is ok until the program is about to end", async () => {
    const stage = await ConsoleStage.open(world());
    const guest = await stage.site.come();
    const well = await guest.ask("/healthz");
    expect(well.status).toBe(200);
    expect(JSON.parse(well.body.toString())).toMatchObject({ status: "ok", program: "stage" });
    stage.feed.close();
    const ending = await guest.ask("/healthz");
    expect(ending.status).toBe(503);
    expect(JSON.parse(ending.body.toString())).toMatchObject({ status: "closing" });
  });

  it("/api/feed labels its connection: others on the port keep theirs", async () => {
    const stage = await ConsoleStage.open(world());
    for (const [fd, { kind }] of stage.reactor.descriptors) {
      if (kind === "listener" && fd !== stage.echo.fd)
        stage.reactor.descriptors.get(fd)!.label = "http";
    }
    const page = await stage.watch();
    const other = await stage.site.come();
    await world().until(() => page.read().tables.length === 1, "the table");
    const { body } = await other.ask("/api/descriptors");
    const { descriptors } = JSON.parse(body.toString()) as DescriptorList;
    const owners = descriptors.map(({ owner }) => owner);
    expect(owners.sort()).toEqual(["console", "echo", "http", "http"]);
  });
});

onNetworks([["memory", "tcp"]], "a long list", (world) => {
  it("to a peer that reads slowly waits in no more than a piece, and misses nobody who stays", async () => {
    const stage = await ConsoleStage.open(world());
    for (let i = 0; i < 2000; i++) await stage.connect();
    const guest = await stage.site.come();
    guest.peer.pause();
    guest.request("/api/descriptors");
    await world().settle();
    expect(stage.reactor.stats().queuedBytes).toBeGreaterThan(0);
    expect(stage.reactor.stats().queuedBytes).toBeLessThan(128 * 1024);
    stage.channels[1999]!.abort();
    guest.peer.resume();
    const { descriptors } = JSON.parse((await guest.next()).body.toString()) as DescriptorList;
    expect(descriptors).toHaveLength(2002);
  });
});
