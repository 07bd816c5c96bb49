/** Promise 24: the budget of the whole loop, and servers: who is shed, and that all is given back. */
import { expect, it } from "vitest";

import { broadcast, lines, type ServeOptions } from "iomux";

import {
  frame,
  framesIn,
  onEveryServer,
  onStillServers,
  serving,
  stuff,
} from "../support/serving.ts";

const MIB = 1024 * 1024;
/** More than a simulated world needs for anything before it. */
const LIMIT_MS = 5000;
const BUDGET = { maxBufferedBytes: 4_000_000 };
const ROOMY: ServeOptions<Buffer> = {
  highWaterMark: 10_000,
  lowWaterMark: 1000,
  maxOutputBytes: 16 * MIB,
};

onEveryServer("the loop's budget", (world) => {
  it("24: a shared frame is within the budget however many wait for it", async () => {
    const served = await serving(world(), ROOMY, {}, { maxBufferedBytes: 1_000_000 });
    const guests = await served.joinAll(5);
    for (const guest of guests) await stuff(world(), guest);
    expect(broadcast(served.server.connections, frame(1, 900_000))).toBe(5);
    await world().passes(4);
    expect(served.reactor.stats()).toMatchObject({ bufferedBytes: 950_000, shed: 0 });
    // One more byte than it may be: all of them hold the large frame, so all of them must go.
    expect(guests[0]!.connection.send(frame(2, 50_001))).toBe(true);
    await world().until(() => served.closed.size > 0, "them to be shed");
    expect(served.closed.size).toBe(5);
    expect(served.bufferedBytes).toBe(0);
  });

  it("24: what is dropped by a policy is given back at once", async () => {
    const served = await serving(world(), {
      ...ROOMY,
      outputPolicy: "drop-oldest",
      maxOutputBytes: 30_000,
    });
    const { connection } = await served.joinStuck();
    for (let i = 0; i < 100; i++) {
      expect(connection.send(frame(i, 3000))).toBe(true);
      expect(served.bufferedBytes).toBe(connection.backlog);
    }
    expect(served.bufferedBytes).toBeLessThanOrEqual(30_000);
  });

  it.each([
    ["abort()", "abort"],
    ["end(), and the peer reads on", "local"],
    ["the peer's reset", "reset"],
    ["the soft limit", "overflow"],
    ["writeProgressMs", "write-stalled"],
    ["close() of the server", "shutdown"],
    ["close() of the reactor", "shutdown"],
  ])("24: everything is given back after %s", async (how, reason) => {
    const served = await serving(world(), {
      ...ROOMY,
      framer: () => lines(),
      softOutputBytes: how === "the soft limit" ? 20_000 : 0,
      softOutputMs: LIMIT_MS,
      writeProgressMs: how === "writeProgressMs" ? LIMIT_MS : 0,
    });
    const { connection, peer } = await served.joinStuck();
    peer.write("no line yet");
    await world().until(() => connection.channel.bytesIn === 11, "the input");
    await world().passes(2);
    for (let i = 0; i < 10; i++) connection.send(frame(i, 3000));
    expect(served.bufferedBytes).toBe(40_011);
    if (how.startsWith("abort")) connection.abort();
    else if (how.startsWith("end")) {
      connection.end();
      peer.resume();
      await world().until(() => peer.ended, "the end");
      peer.end();
    } else if (how.endsWith("reset")) peer.reset();
    else if (how.includes("of the server")) void served.server.close({ drainMs: LIMIT_MS });
    else if (how.includes("of the reactor")) {
      const closed = served.reactor.close({ drainMs: LIMIT_MS });
      await world().advance(LIMIT_MS + 1);
      await world().run(closed);
    }
    // What was on its way when the clock moved is progress, and starts the time again.
    await world().advance(2 * LIMIT_MS);
    await world().until(() => connection.state === "closed", "the end");
    expect(served.bufferedBytes).toBe(0);
    await world().passes(1);
    // A Unix-domain socket knows no reset.
    if (reason === "reset") expect(["reset", "end", "error"]).toContain(connection.reason);
    else expect(connection.reason).toBe(reason);
  });
});

onStillServers("the loop's budget", (world) => {
  it("24: frames that wait count, and the largest offenders are shed first", async () => {
    const served = await serving(world(), ROOMY, {}, BUDGET);
    const [small, large, middle] = [
      await served.joinStuck(),
      await served.joinStuck(),
      await served.joinStuck(),
    ];
    expect(small.connection.send(frame(1, 600_000))).toBe(true);
    expect(large.connection.send(frame(1, 2_000_000))).toBe(true);
    expect(middle.connection.send(frame(1, 1_370_000))).toBe(true);
    await world().passes(3);
    expect(served.reactor.stats()).toMatchObject({ bufferedBytes: 4_000_000, shed: 0 });
    expect(middle.connection.send(frame(2, 6))).toBe(true);
    await world().until(() => served.closed.size > 0, "somebody to be shed");
    expect(served.closed).toEqual(new Map([[large.connection, ["budget"]]]));
    expect(large.connection.error).toMatchObject({ code: "IOMUX_OVER_BUDGET" });
    expect(served.reactor.stats()).toMatchObject({ bufferedBytes: 1_990_006, shed: 1 });
    expect(served.server.stats().closed.budget).toBe(1);
    expect(served.reports.map(({ error }) => error.code)).toEqual(["IOMUX_OVER_BUDGET"]);
    middle.peer.resume();
    await world().until(() => middle.connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(middle.peer.received.subarray(middle.before))).toEqual([1, 2]);
  });

  it("24: input that is no frame yet counts, and its connection can be shed", async () => {
    const options: ServeOptions<Buffer> = { framer: () => lines({ maxBytes: 16 * MIB }) };
    const served = await serving(world(), options, {}, { maxBufferedBytes: 1_000_000 });
    const [modest, greedy, last] = await served.joinAll(3);
    modest!.peer.write(Buffer.alloc(300_000, "x"));
    await world().until(() => served.bufferedBytes === 300_000, "the modest one");
    greedy!.peer.write(Buffer.alloc(600_000, "y"));
    await world().until(() => served.bufferedBytes === 900_000, "the greedy one");
    last!.peer.write(Buffer.alloc(100_001, "z"));
    await world().until(() => served.closed.size > 0, "somebody to be shed");
    expect(served.closed).toEqual(new Map([[greedy!.connection, ["budget"]]]));
    await world().settle();
    expect(served.bufferedBytes).toBe(400_001);
    modest!.peer.write("\n");
    await world().until(() => served.bufferedBytes === 100_001, "the line");
  });
});
