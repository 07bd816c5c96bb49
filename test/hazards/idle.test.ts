/** H34: who is slow, and whose fault it is. Only who is silent while we listen is idle. */
import { expect, it } from "vitest";

import type { Connection } from "iomux";

import { gate } from "../support/reports.ts";
import {
  type Guest,
  onStillServers,
  sendUntilStuck,
  type Serving,
  servingLines,
} from "../support/serving.ts";

const IDLE_MS = 1000;
const OPTIONS = { idleMs: IDLE_MS, writeProgressMs: 0 };

/** It is cut off as idle after exactly `IDLE_MS` more. */
async function idleFromNow(served: Serving, connection: Connection): Promise<void> {
  await served.world.advance(IDLE_MS - 1);
  expect(served.reasonsOf(connection)).toEqual([]);
  await served.world.advance(1);
  expect(await served.closedFor(connection)).toBe("idle");
  expect(connection.error).toMatchObject({ code: "IOMUX_CUT_OFF" });
  expect(connection.error!.message).toContain("was silent for 1000 ms (limit idleMs)");
}

async function notIdle(served: Serving, connection: Connection): Promise<void> {
  await served.world.advance(10.5 * IDLE_MS);
  expect([connection.state, served.reasonsOf(connection)]).toEqual(["open", []]);
}

async function says(served: Serving, { peer }: Guest, line: string): Promise<void> {
  const before = served.frames.length;
  peer.write(`${line}\n`);
  await served.world.until(() => served.frames.length > before, "the line");
}

onStillServers("H34: idle is the peer", (world) => {
  it("that never says a word", async () => {
    const served = await servingLines(world(), OPTIONS);
    await idleFromNow(served, (await served.join()).connection);
  });

  it.each([0, 60_000])("that is silent after it was answered (writeProgressMs %d)", async (ms) => {
    const served = await servingLines(
      world(),
      { ...OPTIONS, writeProgressMs: ms },
      { frame: (connection, frame) => void connection.send(frame) },
    );
    const guest = await served.join();
    for (const wait of [400, 999, 1]) {
      await world().advance(wait);
      await says(served, guest, "hello");
      await world().settle();
    }
    await idleFromNow(served, guest.connection);
  });

  it("that is silent after it was told something", async () => {
    const served = await servingLines(world(), OPTIONS);
    const { connection } = await served.join();
    for (let i = 0; i < 5; i++) {
      await world().advance(900);
      connection.send(Buffer.from("news\n"));
      await world().settle();
    }
    await idleFromNow(served, connection);
  });

  it("that stops in the middle of a line", async () => {
    const served = await servingLines(world(), OPTIONS);
    const { connection, peer } = await served.join();
    await world().advance(500);
    peer.write("half a li");
    await world().settle();
    await idleFromNow(served, connection);
  });

  it("that has ended its side, and to whom nothing is said any more", async () => {
    const served = await servingLines(world(), OPTIONS, { end: () => undefined });
    const { connection, peer } = await served.join();
    await world().advance(500);
    peer.end("bye\n");
    await world().settle();
    expect(served.frames).toEqual(["bye"]);
    await idleFromNow(served, connection);
  });

  it("0: nobody is", async () => {
    const served = await servingLines(world(), { ...OPTIONS, idleMs: 0 });
    await notIdle(served, (await served.join()).connection);
  });
});

onStillServers("H34: idle is not the peer", (world) => {
  it("whose upload is slow but alive", async () => {
    const served = await servingLines(world(), OPTIONS);
    const { connection, peer } = await served.join();
    for (let i = 0; i < 20; i++) {
      await world().advance(999);
      peer.write("x");
      await world().settle();
    }
    expect(connection.state).toBe("open");
    await idleFromNow(served, connection);
  });

  it("that was paused by us; from resume() on it counts", async () => {
    const served = await servingLines(world(), OPTIONS);
    const { connection, peer } = await served.join();
    connection.pause();
    await notIdle(served, connection);
    connection.resume();
    await world().advance(IDLE_MS - 1);
    expect(connection.state).toBe("open");
    connection.pause();
    await notIdle(served, connection);
    peer.write("waiting\n");
    await notIdle(served, connection);
    connection.resume();
    await world().settle();
    expect(served.frames).toEqual(["waiting"]);
    await idleFromNow(served, connection);
  });

  it("whose frame we are still busy with; then it counts", async () => {
    const work = gate();
    const served = await servingLines(world(), OPTIONS, { frame: () => work.promise });
    const guest = await served.join();
    await says(served, guest, "do it");
    await notIdle(served, guest.connection);
    work.open();
    await world().settle();
    await idleFromNow(served, guest.connection);
  });

  it("whose last frame we are still busy with, when it has ended its side", async () => {
    const work = gate();
    const served = await servingLines(world(), OPTIONS, {
      frame: async (connection) => {
        await work.promise;
        connection.send(Buffer.from("done"));
      },
    });
    const { connection, peer } = await served.join();
    peer.end("do it");
    await world().until(() => served.frames.length === 1, "the line");
    await notIdle(served, connection);
    work.open();
    await world().until(() => peer.ended, "the end");
    expect(peer.received.toString()).toBe("done");
    expect(await served.closedFor(connection)).toBe("end");
  });

  it.each([{ framesPerSecond: 0.05 }, { bytesPerSecond: 0.05 }])(
    "that a rate holds back: %o",
    async (rate) => {
      const served = await servingLines(world(), { ...OPTIONS, ...rate });
      const { connection, peer } = await served.join();
      peer.write("\n\n");
      await world().until(() => served.frames.length === 1, "the first line");
      await notIdle(served, connection);
      await world().advance(20_000 - 10.5 * IDLE_MS);
      expect(served.frames).toEqual(["", ""]);
      await idleFromNow(served, connection);
    },
  );

  it("that spoke while our own loop stood still", async () => {
    const served = await servingLines(world(), OPTIONS);
    const { connection, peer } = await served.join();
    peer.write("hello\n");
    await world().passes(world().network === "net" ? 1 : 0);
    world().spend(5 * IDLE_MS);
    await world().advance(0);
    await world().settle();
    expect([connection.state, served.frames]).toEqual(["open", ["hello"]]);
    await idleFromNow(served, connection);
  });

  it("that waits for others, by pause-source", async () => {
    const served = await servingLines(world(), { ...OPTIONS, outputPolicy: "pause-source" });
    const [speaker, slow] = [await served.join(), await served.join()];
    await sendUntilStuck(served, slow);
    slow.connection.send(Buffer.alloc(100_000), { source: speaker.connection });
    await notIdle(served, speaker.connection);
    slow.connection.abort();
    await world().settle();
    await idleFromNow(served, speaker.connection);
  });

  it("whose download is slow but moves; once all has left it counts", async () => {
    const served = await servingLines(world(), { ...OPTIONS, writeProgressMs: 1000 });
    const guest = await served.join();
    const { connection, peer } = guest;
    for (let i = 0; i < 6; i++) {
      await sendUntilStuck(served, guest);
      await world().advance(700);
      const { bytesOut } = connection.channel;
      peer.resume();
      await world().until(() => connection.channel.bytesOut > bytesOut, "output to leave");
    }
    await world().until(() => connection.backlog === 0, "all to leave");
    await world().settle();
    expect(connection.state).toBe("open");
    await idleFromNow(served, connection);
  });

  it.each([
    [500, 2000],
    [2000, 500],
  ])("that takes nothing of our output: that is write-stalled (%d, %d)", async (idle, stalled) => {
    const served = await servingLines(world(), { idleMs: idle, writeProgressMs: stalled });
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    await world().advance(stalled - 1);
    expect(guest.connection.state).toBe("open");
    await world().advance(stalled / 2);
    expect(await served.closedFor(guest.connection)).toBe("write-stalled");
  });
});
