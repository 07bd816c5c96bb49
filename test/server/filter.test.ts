/** `connection.filter()`: what came is changed before it is cut. */
import { expect, it } from "vitest";

import { lines, serve, type CloseReason } from "iomux";

import { connected, onEveryNetwork, type World } from "../support/world.ts";

async function filtering(world: World, filter: (bytes: Buffer) => Buffer) {
  const reactor = world.createReactor({ onError: () => undefined });
  const { channel, peer } = await connected(world, reactor);
  const heard: string[] = [];
  const closed: CloseReason[] = [];
  const server = await world.run(
    serve(
      reactor,
      { framer: () => lines() },
      {
        frame: (_, line) => {
          heard.push(line.toString());
        },
        close: (_, reason) => {
          closed.push(reason);
        },
      },
    ),
  );
  const connection = server.take(channel);
  connection.filter(filter);
  return { reactor, connection, peer, heard, closed };
}

onEveryNetwork("filter", (world) => {
  it("the framer sees what the filter answers, the end of the stream included", async () => {
    const without = (bytes: Buffer): Buffer => Buffer.from(bytes.filter((byte) => byte !== 0x21));
    const { peer, heard, closed } = await filtering(world(), without);
    peer.write("h!el");
    await world().settle();
    peer.write("lo\n!!");
    await world().settle();
    peer.end("!la!st");
    await world().until(() => closed.length > 0, "close");
    expect([heard, closed]).toEqual([["hello", "last"], ["end"]]);
  });

  it("it may send, and may close", async () => {
    const { connection, peer, heard } = await filtering(world(), (bytes) => {
      connection.send(Buffer.from("seen\n"));
      connection.end();
      return bytes;
    });
    peer.write("line\n");
    await world().until(() => peer.ended, "the end");
    expect([peer.received.toString(), heard]).toEqual(["seen\n", []]);
  });

  it("what it throws costs the connection, handler-error", async () => {
    const { reactor, peer, heard, closed } = await filtering(world(), () => {
      throw new Error("no");
    });
    peer.write("line\n");
    await world().until(() => closed.length > 0, "close");
    expect([heard, closed]).toEqual([[], ["handler-error"]]);
    expect(reactor.stats()).toMatchObject({ handlerErrors: 1, bufferedBytes: 0 });
  });

  it("what is no function throws", async () => {
    const { connection } = await filtering(world(), (bytes) => bytes);
    expect(() => {
      connection.filter(null as never);
    }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }));
  });
});
