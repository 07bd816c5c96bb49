/** `busy`: connections that are still at work when their server closes, though no frame is handled. */
import { expect, it } from "vitest";

import { onEveryServer, servingLines } from "../support/serving.ts";

onEveryServer("the callback busy", (world) => {
  it("who is busy is not ended, and may still send; others are ended at once", async () => {
    const atWork = new Set<unknown>();
    const served = await servingLines(
      world(),
      {},
      { busy: (connection) => atWork.has(connection) },
    );
    const [idle, busy] = await served.joinAll(2);
    atWork.add(busy!.connection);
    const closing = served.server.close({ drainMs: 10_000 });
    await world().until(() => idle!.peer.ended, "the idle one to be ended");
    idle!.peer.end();
    expect(await served.closedFor(idle!.connection)).toBe("shutdown");
    expect(busy!.connection.state).toBe("open");
    expect(busy!.connection.send(Buffer.from("at last\n"))).toBe(true);
    busy!.connection.end();
    await world().until(() => busy!.peer.ended, "the end");
    expect(busy!.peer.received.toString()).toBe("at last\n");
    busy!.peer.end();
    expect(await world().run(closing)).toEqual({ cutOff: [] });
  });

  it("it is asked again behind each frame that is handled", async () => {
    let work = 2;
    const served = await servingLines(
      world(),
      {},
      {
        busy: () => work > 0,
        frame: () => {
          work--;
        },
      },
    );
    const { connection, peer } = await served.join();
    const closing = served.server.close({ drainMs: 10_000 });
    peer.write("one\n");
    await world().until(() => work === 1, "a frame");
    await world().settle();
    expect(connection.state).toBe("open");
    peer.write("two\n");
    await world().until(() => peer.ended, "the end");
    peer.end();
    expect(await served.closedFor(connection)).toBe("shutdown");
    await world().run(closing);
  });

  it("who is busy for longer than drainMs is cut off", async () => {
    const served = await servingLines(world(), {}, { busy: () => true });
    const { connection } = await served.join();
    const drainMs = 1000 + world().slackMs;
    const closing = served.server.close({ drainMs });
    await world().settle();
    expect(connection.state).toBe("open");
    await world().advance(drainMs);
    await world().run(closing);
    expect(served.reasonOf(connection)).toBe("shutdown");
  });

  it("what it throws is reported, and costs its connection", async () => {
    const busy = (): boolean => {
      throw new Error("nobody knows");
    };
    const served = await servingLines(world(), {}, { busy });
    const { connection } = await served.join();
    await world().run(served.server.close());
    expect(served.reasonOf(connection)).toBe("handler-error");
    expect(served.reports.map(({ error }) => error.message)).toEqual(["nobody knows"]);
  });
});
