/** H35: a server closes gracefully. Who is idle goes at once, who is busy may finish, until `drainMs`. */
import { expect, it } from "vitest";

import { formatAddress, type ServerCloseResult } from "iomux";

import { gate } from "../support/reports.ts";
import {
  type Guest,
  isOver,
  onStillServers,
  sendUntilStuck,
  type Serving,
  servingLines,
} from "../support/serving.ts";

const CLOSE = { drainMs: 2000, answerMs: 250 };

interface Closing {
  readonly result: () => ServerCloseResult | null;
}

function close({ server }: Serving, options = CLOSE): Closing {
  let result: ServerCloseResult | null = null;
  void server.close(options).then((answer) => (result = answer));
  return { result: () => result };
}

/** Waits, without time passing, until the server is closed. */
async function closedNow({ world }: Serving, { result }: Closing): Promise<ServerCloseResult> {
  await world.until(() => result() !== null, "the server to be closed");
  return result()!;
}

function expectShutDown(served: Serving, { connection, peer }: Guest): void {
  expect(served.reasonsOf(connection)).toEqual(["shutdown"]);
  expect(connection).toMatchObject({ state: "closed", reason: "shutdown" });
  expect(peer.errorCode).toBeNull();
}

onStillServers("H35: close()", (world) => {
  it("who is idle goes at once, before any time has passed", async () => {
    const served = await servingLines(world());
    const guests = [await served.join(), await served.join(), await served.join()];
    guests[1]!.connection.pause();
    const closing = close(served);
    await world().until(() => guests.every(({ peer }) => peer.ended), "the ends");
    for (const { peer } of guests) peer.end();
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    for (const guest of guests) expectShutDown(served, guest);
    expect(served.server.stats().closed.shutdown).toBe(3);
    expect(served.reactor.stats()).toMatchObject({ open: 0, timers: served.timersBefore });
  });

  it("output under way leaves whole, that which waits beyond the marks too", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    const sent = [
      await sendUntilStuck(served, guest),
      Buffer.alloc(200_000, "b"),
      Buffer.alloc(10, "c"),
    ];
    for (const bytes of sent.slice(1)) expect(guest.connection.send(bytes)).toBe(true);
    const closing = close(served);
    await world().advance(1900);
    expect(guest.connection.state).toBe("ending");
    expect(guest.connection.send(Buffer.from("too late"))).toBe(false);
    guest.peer.resume();
    await world().until(() => guest.peer.ended, "the end");
    guest.peer.end();
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    expect(guest.peer.received.equals(Buffer.concat(sent))).toBe(true);
    expectShutDown(served, guest);
  });

  it("a frame that is being handled is answered", async () => {
    const work = gate();
    const served = await servingLines(
      world(),
      {},
      {
        frame: async (connection, frame) => {
          await work.promise;
          connection.send(Buffer.from(`${frame.toString()}: done`));
        },
      },
    );
    const guest = await served.join();
    guest.peer.write("job\n");
    await world().until(() => served.frames.length === 1, "the job");
    const closing = close(served);
    await world().advance(1900);
    expect([guest.connection.state, guest.peer.ended]).toEqual(["open", false]);
    work.open();
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.toString()).toBe("job: done");
    guest.peer.end();
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    expectShutDown(served, guest);
  });

  it("a frame that is being handled for ever ends at drainMs, without a reset", async () => {
    const served = await servingLines(world(), {}, { frame: () => gate().promise });
    const guest = await served.join();
    guest.connection.send(Buffer.from("hello"));
    guest.peer.write("job\n");
    await world().until(() => served.frames.length === 1, "the job");
    const closing = close(served);
    await world().advance(1999);
    expect(guest.connection.state).toBe("open");
    await world().advance(1);
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.toString()).toBe("hello");
    expectShutDown(served, guest);
  });

  it("a frame that has begun to come may come, and is answered; then it ends", async () => {
    const served = await servingLines(
      world(),
      {},
      { frame: (connection, frame) => void connection.send(frame) },
    );
    const [guest, silent] = [await served.join(), await served.join()];
    guest.peer.write("first\nsec");
    silent.peer.write("never whole");
    await world().settle();
    const closing = close(served);
    await world().advance(1000);
    expect(guest.connection.state).toBe("open");
    guest.peer.write("ond\n");
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.toString()).toBe("firstsecond");
    guest.peer.end();
    await world().advance(1000);
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    expectShutDown(served, guest);
    expectShutDown(served, silent);
  });

  it("frames that wait for a rate are handled at that rate", async () => {
    const served = await servingLines(world(), { framesPerSecond: 2 });
    const guest = await served.join();
    guest.peer.write("a\nb\nc\nd\n");
    await world().until(() => served.frames.length === 2, "the first");
    const closing = close(served);
    await world().advance(1000);
    await world().until(() => guest.peer.ended, "the end");
    expect(served.frames).toEqual(["a", "b", "c", "d"]);
    guest.peer.end();
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
  });

  it("a peer that takes nothing is aborted at drainMs, and named with what was lost", async () => {
    const served = await servingLines(world(), { writeProgressMs: 0 });
    const [stuck, other] = [await served.join(), await served.join()];
    await sendUntilStuck(served, stuck);
    const { fd, backlog, remoteAddress } = stuck.connection;
    const closing = close(served);
    await world().until(() => other.peer.ended, "the other's end");
    other.peer.end();
    await world().advance(1999);
    expect([stuck.connection.state, closing.result()]).toEqual(["ending", null]);
    expect(world().alive).toBe(true);
    await world().advance(1);
    const { cutOff } = await closedNow(served, closing);
    expect(cutOff).toEqual([{ fd, queued: backlog, peer: formatAddress(remoteAddress) }]);
    expect(served.reasonsOf(stuck.connection)).toEqual(["shutdown"]);
    expect(stuck.connection.error).toMatchObject({ code: "ETIMEDOUT", fd });
    expect(stuck.connection.error!.message).toContain("give close() a longer drainMs");
    expectShutDown(served, other);
  });

  it("drainMs 0: what cannot leave at once is cut off", async () => {
    const served = await servingLines(world());
    const [stuck, idle] = [await served.join(), await served.join()];
    await sendUntilStuck(served, stuck);
    idle.connection.send(Buffer.from("bye"));
    const closing = close(served, { drainMs: 0, answerMs: 250 });
    await world().settle();
    await world().advance(1);
    expect((await closedNow(served, closing)).cutOff).toHaveLength(1);
    await world().until(() => idle.peer.ended, "the end");
    expect(idle.peer.received.toString()).toBe("bye");
    expectShutDown(served, idle);
  });

  it("who comes while it closes is turned away: from the queue with a farewell", async () => {
    const told: string[] = [];
    let inside: unknown = null;
    const served = await servingLines(
      world(),
      {},
      {
        turnedAway: (why, _, channel) => {
          told.push(why);
          channel.write(Buffer.from("closing"));
          inside = served.server.close();
        },
      },
    );
    const work = await served.join();
    await sendUntilStuck(served, work);
    const { accepted } = served.reactor.stats();
    const listener = [...served.reactor.registrations.values()].find(
      ({ descriptor }) => descriptor.kind === "listener",
    )!;
    listener.pause();
    const waiting = served.dial();
    const queue = listener.descriptor as unknown as { waiting: number };
    await world().until(() => queue.waiting === 1 && waiting.connected, "one to wait");
    const closing = close(served);
    const late = served.dial();
    await world().until(() => isOver(late) && waiting.ended, "both to be turned away");
    expect(waiting.received.toString()).toBe("closing");
    expect(waiting.errorCode).toBeNull();
    expect(told).toEqual(["closing"]);
    expect(inside).toBe(served.server.close());
    expect(served.server.stats().turnedAway.closing).toBe(1);
    expect(served.reactor.stats().accepted).toBe(accepted + 1);
    expect(late.received.toString()).toBe("");
    work.peer.resume();
    await world().until(() => work.peer.ended, "the end");
    work.peer.end();
    await closedNow(served, closing);
    expect(served.opened).toHaveLength(1);
  });

  it("a peer that never ends its side is let go after answerMs, its output intact", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    guest.peer.pause();
    guest.connection.send(Buffer.from("the last words"));
    await world().settle();
    const closing = close(served);
    await world().advance(249);
    expect(closing.result()).toBeNull();
    await world().advance(1);
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    await world().settle();
    guest.peer.resume();
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.toString()).toBe("the last words");
    expectShutDown(served, guest);
  });

  it("so is one that was still busy when answerMs had passed", async () => {
    const work = gate();
    const served = await servingLines(
      world(),
      {},
      {
        frame: async (connection) => {
          await work.promise;
          connection.send(Buffer.from("the answer"));
        },
      },
    );
    const guest = await served.join();
    guest.peer.write("question\n");
    await world().until(() => served.frames.length === 1, "the question");
    guest.peer.pause();
    const closing = close(served);
    await world().advance(1000);
    work.open();
    await world().settle();
    expect(guest.connection.state).toBe("ending");
    await world().advance(249);
    expect(closing.result()).toBeNull();
    await world().advance(1);
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    guest.peer.resume();
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.toString()).toBe("the answer");
    expectShutDown(served, guest);
  });

  it("so is one that had ended before the server closed", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    guest.connection.end();
    await world().until(() => guest.peer.ended, "the end");
    const closing = close(served);
    await world().advance(250);
    await closedNow(served, closing);
    expect(served.reasonsOf(guest.connection)).toEqual(["local"]);
    expect(guest.peer.errorCode).toBeNull();
  });

  it("answerMs 0: nobody is waited for, and nothing is lost", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    guest.connection.send(Buffer.from("bye"));
    const closing = close(served, { drainMs: 2000, answerMs: 0 });
    await closedNow(served, closing);
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.toString()).toBe("bye");
    expectShutDown(served, guest);
  });

  it("a line that comes in the very moment is handled, or the peer sees the end", async () => {
    const served = await servingLines(
      world(),
      {},
      { frame: (connection, frame) => void connection.send(frame) },
    );
    const guests: Guest[] = [];
    while (guests.length < 8) guests.push(await served.join());
    for (const [place, { peer }] of guests.entries()) {
      peer.write("request\n");
      await world().passes(place % 3);
    }
    const closing = close(served);
    await world().until(() => guests.every(({ peer }) => isOver(peer)), "the ends");
    for (const { peer } of guests) {
      expect(["", "request"]).toContain(peer.received.toString());
      peer.end();
    }
    expect(await closedNow(served, closing)).toEqual({ cutOff: [] });
    for (const guest of guests) expectShutDown(served, guest);
  });
});
