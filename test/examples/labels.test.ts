/** Servers that share a reactor can be told apart: each labels all that it opens. */
import { describe, expect, it } from "vitest";

import { READABLE, type Descriptor, type Reactor } from "iomux";

import { HttpServer } from "../../examples/http/server/http-server.ts";
import { FtpSite } from "../support/ftp-site.ts";
import { HttpSite } from "../support/http-site.ts";
import { listen } from "../support/subscribed.ts";
import { onNetworks } from "../support/world.ts";
import { MemoryChat } from "./chat-memory.ts";

/** The kinds and labels of what has opened, of which reactor it will be told. */
function opened(): (reactor: Reactor) => string[] {
  const all: Descriptor[] = [];
  listen(["iomux:listener:open", "iomux:channel:open"], (message) => {
    all.push((message as { descriptor: Descriptor }).descriptor);
  });
  return (reactor) =>
    all.filter((one) => reactor.owns(one)).map(({ kind, label }) => `${kind} ${label}`);
}

const NETWORKS = [
  ["net", "tcp"],
  ["memory", "tcp"],
] as const;

onNetworks(NETWORKS, "labels", (world) => {
  it("all of the file server's are of ftp: control connections, data listeners and both kinds of data", async () => {
    const of = opened();
    const site = await FtpSite.open(world());
    await site.put("/small", Buffer.from("small"));
    const guest = await site.loggedIn();
    expect(of(site.reactor)).toEqual(["listener ftp", "channel ftp"]);
    await guest.download("RETR small");
    expect(of(site.reactor).slice(2)).toEqual(["listener ftp", "channel ftp"]);
    const listener = await guest.active();
    expect(await guest.ask("RETR small")).toMatch(/^150/);
    await world().until(() => listener.waiting > 0, "the server's connection");
    expect(of(site.reactor).slice(4)).toEqual(["channel ftp"]);
    listener.accept()!.abort();
    await guest.next();
  });

  it("all of the HTTP server's are of http, or of what it was told", async () => {
    const of = opened();
    const site = await HttpSite.open(world(), (server) => server);
    const guest = await site.come();
    await guest.ask("/");
    expect(of(site.reactor)).toEqual(["listener http", "channel http"]);
    const reactor = world().createReactor();
    const server = new HttpServer(reactor, { label: "console" });
    await world().run(server.listen(world().address() as never));
    expect(of(reactor)).toEqual(["listener console"]);
    await world().run(server.close());
    const other = await world().run(reactor.listen(world().address()));
    reactor.register(other, READABLE, () => undefined);
    expect(of(reactor)).toEqual(["listener console", "listener "]);
  });
});

describe("labels", () => {
  it("all of the chat room's are of chat", async () => {
    const of = opened();
    const room = await MemoryChat.open(65_536);
    await room.join("ann");
    expect(new Set(of(room.reactor))).toEqual(new Set(["listener chat", "channel chat"]));
    await room.end();
  });
});
