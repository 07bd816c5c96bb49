/** `reactor.close()` while connections of a server hold frames. */
import { expect, it } from "vitest";
import { frame, framesIn, onEveryServer, serving } from "../support/serving.ts";
onEveryServer("reactor.close() with frames that wait", (world) => {
  it("22: they leave, and nothing is said to be lost", async () => {
    const served = await serving(world(), {
      highWaterMark: 10_000,
      lowWaterMark: 1000,
      maxOutputBytes: 100_000,
    });
    const { connection, peer, before } = await served.joinStuck();
    for (let i = 0; i < 10; i++) connection.send(frame(i, 3000));
    const closed = served.reactor.close({ drainMs: 1000 });
    peer.resume();
    await world().until(() => peer.ended, "end");
    peer.end();
    const { cutOff } = await world().run(closed);
    expect([cutOff, framesIn(peer.received.subarray(before))]).toEqual([
      [],
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ]);
  });

  it("22: at the deadline they are cut off, and counted", async () => {
    const served = await serving(world(), {
      highWaterMark: 10_000,
      lowWaterMark: 1000,
      maxOutputBytes: 100_000,
    });
    const { connection } = await served.joinStuck();
    for (let i = 0; i < 10; i++) connection.send(frame(i, 3000));
    const waiting = connection.backlog;
    const closed = served.reactor.close({ drainMs: 1000 });
    await world().advance(1000);
    const { cutOff } = await world().run(closed);
    expect(cutOff).toMatchObject([{ fd: connection.fd, queued: waiting }]);
    expect(waiting).toBeGreaterThan(20_000);
  });
});
