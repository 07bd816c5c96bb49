/** Promise 24: the end of a server; and the table of who closes first and what is on its way. */
import { describe, expect, it } from "vitest";

import { createReactor, serve, type CloseReason, type Connection } from "iomux";

import { onEveryServer, sendUntilStuck, servingLines } from "../support/serving.ts";

onEveryServer("server.close()", (world) => {
  it("answers the same promise each time, and ends a server without connections", async () => {
    const served = await servingLines(world());
    const { server, reactor } = served;
    const first = server.close();
    expect(server.close({ drainMs: 1 })).toBe(first);
    expect(await world().run(first)).toEqual({ cutOff: [] });
    expect(server.close()).toBe(first);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0, timers: 0 });
    expect(server.addresses).toHaveLength(1);
  });

  it.each([-1, NaN, Infinity, "1"])("times of %s throw, and nothing is closed", async (ms) => {
    const served = await servingLines(world());
    for (const options of [{ drainMs: ms }, { answerMs: ms }]) {
      expect(() => served.server.close(options as never)).toThrow(/must be a number|milliseconds/);
    }
    expect(() => served.server.close(null as never)).toThrow("options must be an object");
    await served.join();
  });

  it("take() throws from then on", async () => {
    const served = await servingLines(world());
    const { server, reactor } = served;
    const guest = await served.join();
    const channel = reactor.connect(server.addresses[0]!);
    const closing = server.close();
    expect(() => server.take(channel)).toThrow(
      expect.objectContaining({ code: "IOMUX_SERVER_CLOSED" }),
    );
    channel.abort();
    guest.peer.end();
    await world().run(closing);
  });

  it("its addresses are free at once", async () => {
    const served = await servingLines(world());
    const [address] = served.server.addresses;
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    const closing = served.server.close({ drainMs: 10 });
    await world().passes(2);
    const at = address!.family === "unix" ? { path: address!.path } : { port: address!.port };
    const again = await world().run(served.reactor.listen(at));
    expect(again.localAddress).toEqual(address);
    await world().advance(10);
    expect((await world().run(closing)).cutOff).toHaveLength(1);
  });

  it("it may be called by any callback", async () => {
    const served = await servingLines(
      world(),
      {},
      {
        open: (connection) => {
          connection.send(Buffer.from("we close"));
          void served.server.close();
        },
      },
    );
    const peer = served.dial();
    await world().until(() => peer.ended, "the end");
    expect(peer.received.toString()).toBe("we close");
    peer.end();
    await world().run(served.server.close());
  });

  it("H7: a close callback that throws or rejects is reported, and stops nobody", async () => {
    let calls = 0;
    const served = await servingLines(
      world(),
      {},
      {
        close: () => {
          calls++;
          if (calls === 1) throw new Error("thrown");
          return Promise.reject(new Error("rejected")) as never;
        },
      },
    );
    const guests = [await served.join(), await served.join(), await served.join()];
    const closing = served.server.close();
    for (const { peer } of guests) peer.end();
    expect(await world().run(closing)).toEqual({ cutOff: [] });
    await world().passes(1);
    expect(served.reports.map(({ error }) => error.message)).toEqual([
      "thrown",
      "rejected",
      "rejected",
    ]);
    expect([...served.closed.values()].flat()).toEqual(["shutdown", "shutdown", "shutdown"]);
  });

  it("await using closes it", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    guest.peer.end();
    const scope = async (): Promise<void> => {
      await using server = served.server;
      expect(server.connections.size).toBe(1);
    };
    await world().run(scope());
    expect(served.reasonsOf(guest.connection)).toEqual(["shutdown"]);
    expect(served.reactor.stats().open).toBe(0);
  });

  it("close() has been called for all when it resolves", async () => {
    const served = await servingLines(world());
    const guests = [await served.join(), await served.join(), await served.join()];
    for (const { peer } of guests) peer.pause();
    const closing = served.server.close({ answerMs: 5 });
    let seen = -1;
    void closing.then(() => (seen = served.closed.size));
    await world().advance(5);
    await world().run(closing);
    expect(seen).toBe(3);
  });
});

onEveryServer("reactor.close() without server.close()", (world) => {
  it("each connection gets exactly one close, with shutdown", async () => {
    const served = await servingLines(world(), {}, { frame: () => new Promise(() => undefined) });
    const guests = [await served.join(), await served.join(), await served.join()];
    const [idle, busy, stuck] = guests;
    busy!.peer.write("job\n");
    await world().until(() => served.frames.length === 1, "the job");
    await sendUntilStuck(served, stuck!);
    const closing = served.reactor.close({ drainMs: 100 });
    await world().until(() => idle!.peer.ended, "the end");
    await world().advance(100);
    const { cutOff } = await world().run(closing);
    expect(cutOff.map(({ fd }) => fd)).toEqual([stuck!.connection.fd]);
    for (const { connection } of guests) expect(served.reasonsOf(connection)).toHaveLength(1);
    expect(served.server.stats()).toMatchObject({ connections: 0, closed: { shutdown: 3 } });
  });

  it("while the server is closing: both end", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    const closing = served.server.close({ drainMs: 1000 });
    await world().advance(10);
    const reactorClosing = served.reactor.close({ drainMs: 10 });
    await world().advance(10);
    await world().run(reactorClosing);
    await world().run(closing);
    expect(served.reasonsOf(guest.connection)).toEqual(["shutdown"]);
  });
});

const PENDING = ["nothing", "some in each direction"] as const;

onEveryServer("who closes first", (world) => {
  it.each(PENDING)("H15: the peer, and %s is on its way", async (pending) => {
    const answered: string[] = [];
    const served = await servingLines(
      world(),
      {},
      {
        frame: (connection, frame) => {
          answered.push(`re: ${frame.toString()}\n`);
          connection.send(Buffer.from(answered.at(-1)!));
        },
      },
    );
    const guest = await served.join();
    let before: Buffer = Buffer.alloc(0);
    const asked = Array.from({ length: 5000 }, (_, i) => `question ${i}`);
    if (pending === "nothing") guest.peer.end();
    else {
      before = await sendUntilStuck(served, guest);
      guest.peer.end(`${asked.join("\n")}\n`);
    }
    await world().until(() => guest.connection.state !== "open", "its end");
    guest.peer.resume();
    await world().until(() => guest.peer.ended, "our end");
    expect(await served.closedFor(guest.connection)).toBe("end");
    expect(served.frames).toEqual(pending === "nothing" ? [] : asked);
    const expected = Buffer.concat([before, Buffer.from(answered.join(""))]);
    expect(guest.peer.received.equals(expected)).toBe(true);
    expect([guest.peer.errorCode, guest.connection.error]).toEqual([null, null]);
  });

  it.each(PENDING)("H15: we, and %s is on its way", async (pending) => {
    const served = await servingLines(world());
    const guest = await served.join();
    let sent: Buffer = Buffer.alloc(0);
    if (pending !== "nothing") {
      sent = Buffer.concat([await sendUntilStuck(served, guest), Buffer.alloc(200_000, "x")]);
      guest.connection.send(sent.subarray(-200_000));
    }
    guest.connection.end();
    expect(guest.connection).toMatchObject({ state: "ending", reason: "local" });
    if (pending !== "nothing") guest.peer.write("too late\n".repeat(20_000));
    await world().settle();
    guest.peer.resume();
    await world().until(() => guest.peer.ended, "our end");
    expect(guest.peer.received.equals(sent)).toBe(true);
    guest.peer.end("really too late\n");
    expect(await served.closedFor(guest.connection)).toBe("local");
    expect(served.frames).toEqual([]);
    expect([guest.peer.errorCode, guest.connection.error]).toEqual([null, null]);
  });

  it("H15: both at once: it is over, and nothing is lost", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    guest.connection.send(Buffer.from("last words"));
    guest.connection.end();
    guest.peer.end("from both\n");
    await world().until(() => guest.peer.ended, "our end");
    expect(guest.peer.received.toString()).toBe("last words");
    expect(await served.closedFor(guest.connection)).toBe("local");
  });
});

onEveryServer("the first cause", (world) => {
  it("end(), then the peer resets: local, and error tells", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    guest.connection.end();
    await world().settle();
    guest.peer.reset();
    expect(await served.closedFor(guest.connection)).toBe("local");
    expect(guest.connection.error).toMatchObject({ code: "ECONNRESET" });
  });

  it("the peer ends, then resets: end, and error tells", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    guest.peer.end();
    await world().until(() => guest.connection.state === "ending", "its end");
    expect(guest.connection.reason).toBe("end");
    guest.peer.reset();
    expect(await served.closedFor(guest.connection)).toBe("end");
    expect(guest.connection.error).not.toBeNull();
  });

  const twice: [string, (connection: Connection) => void, CloseReason, string | null][] = [
    [
      "end(), then abort(error)",
      (connection) => {
        connection.end();
        connection.abort(new Error("enough"));
      },
      "local",
      "enough",
    ],
    [
      "abort(first), then abort(second), then end()",
      (connection) => {
        connection.abort(new Error("first"));
        connection.abort(new Error("second"));
        connection.end();
      },
      "abort",
      "first",
    ],
    [
      "abort(), then a throw in the same callback",
      (connection) => {
        connection.abort();
        throw new Error("thrown too late");
      },
      "abort",
      null,
    ],
    [
      "end(), then a throw in the same callback",
      (connection) => {
        connection.end();
        throw new Error("thrown");
      },
      "local",
      "thrown",
    ],
  ];
  it.each(twice)("%s", async (_, frame, reason, message) => {
    const served = await servingLines(world(), {}, { frame });
    const { connection, peer } = await served.join();
    peer.write("go\n");
    expect(await served.closedFor(connection)).toBe(reason);
    expect(connection.reason).toBe(reason);
    expect(connection.error?.message ?? null).toBe(message);
  });

  it("the server closes, then the peer resets: shutdown, and error tells", async () => {
    const served = await servingLines(world());
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    const closing = served.server.close({ drainMs: 2000 + world().slackMs });
    await world().settle();
    guest.peer.reset();
    expect(await served.closedFor(guest.connection)).toBe("shutdown");
    expect(guest.connection.error).not.toBeNull();
    expect(await world().run(closing)).toEqual({ cutOff: [] });
  });

  it("a frame that fails after its connection is closed is reported, and changes nothing", async () => {
    let fail!: (error: Error) => void;
    const served = await servingLines(
      world(),
      {},
      { frame: () => new Promise<void>((_, reject) => (fail = reject)) },
    );
    const { connection, peer } = await served.join();
    peer.write("job\n");
    await world().until(() => served.frames.length === 1, "the job");
    connection.abort();
    fail(new Error("gone"));
    await world().settle();
    expect(served.reasonsOf(connection)).toEqual(["abort"]);
    expect(connection.error).toBeNull();
    expect(served.reports.map(({ error }) => error.message)).toEqual(["gone"]);
  });
});

describe("serve()", () => {
  it("without addresses: connections come by take() only, and close() ends it", async () => {
    const reactor = createReactor();
    const server = await serve(reactor, {}, {});
    expect([server.addresses, server.connections.size]).toEqual([[], 0]);
    expect(await server.close()).toEqual({ cutOff: [] });
    await reactor.close();
  });
});
