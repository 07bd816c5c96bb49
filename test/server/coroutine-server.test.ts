/** Servers without callbacks: accept(), the loop over connections, each(), and how they close. */
import { expect, it } from "vitest";

import { lines, type AsyncConnection, type Listener, type ServeOptions } from "iomux";

import { awaiting, onEveryAsyncServer, outcome, watch } from "../support/awaiting.ts";
import { thrownBy, turns } from "../support/crowd.ts";
import { gate } from "../support/reports.ts";
import type { Peer } from "../support/world.ts";

const LINES: ServeOptions<Buffer> = { framer: () => lines() };

onEveryAsyncServer("accept()", (world) => {
  it("answers connections in the order in which they came, and waits for the next", async () => {
    const served = await awaiting(world());
    const waits = [watch(served.server.accept()), watch(served.server.accept())];
    const peers: Peer[] = [];
    for (const place of [0, 1]) {
      peers.push(served.dial());
      await world().until(() => waits[place]!.settled, "a connection");
      expect(waits.map(({ settled }) => settled)).toEqual([true, place === 1]);
    }
    for (const place of [0, 1]) void waits[place]!.value!.send(Buffer.from(`${place}`));
    await world().until(() => peers.every(({ received }) => received.length === 1), "greetings");
    expect(peers.map(({ received }) => received.toString())).toEqual(["0", "1"]);
    expect([...served.server.connections]).toEqual(waits.map(({ value }) => value));
  });

  it("24: while nobody asks, peers wait in the accept queue, and take no turns", async () => {
    const served = await awaiting(world(), {}, { acceptQueue: 4 });
    const peers = Array.from({ length: 4 }, () => served.dial());
    await world().until(() => peers.every(({ connected }) => connected), "four peers");
    const [registration] = served.reactor.registrations.values();
    const listener = registration!.descriptor as Listener;
    await world().until(() => listener.waiting === 4, "them to wait");
    await world().passes(4);
    const { dispatches } = served.reactor.stats();
    await turns(world(), served.reactor, 5);
    expect(served.reactor.stats().dispatches).toBe(dispatches);
    expect([served.server.stats().connections, listener.waiting]).toEqual([0, 4]);
    // A fifth one waits in the kernel, or is refused: the queue is bounded.
    const fifth = served.dial();
    await world().settle();
    expect(listener.waiting).toBe(4);
    for (let i = 0; i < 4; i++) {
      expect((await outcome(world(), served.server.accept())).value).not.toBeNull();
    }
    expect(served.server.stats().connections).toBe(4);
    fifth.destroy();
  });

  it("who is turned away is not answered", async () => {
    const served = await awaiting(world(), { maxConnections: 1 });
    await served.join();
    const next = watch(served.server.accept());
    const peer = served.dial();
    await world().until(() => served.server.stats().turnedAway["max-connections"] === 1, "that");
    await world().until(() => peer.closed || peer.ended || peer.errorCode !== null, "it to go");
    expect(next.text).toBe("pending");
  });

  it("a time limit and a signal end the wait, and the next one gets who comes", async () => {
    const served = await awaiting(world());
    const controller = new AbortController();
    const timed = watch(served.server.accept({ timeoutMs: 100 }));
    const aborted = watch(served.server.accept({ signal: controller.signal }));
    const other = watch(served.server.accept());
    await world().advance(99);
    expect(timed.text).toBe("pending");
    await world().advance(1);
    controller.abort();
    served.dial();
    await world().until(() => other.settled, "a connection");
    expect([timed.text, aborted.text]).toEqual(["IOMUX_TIMED_OUT", "ABORT_ERR"]);
    expect(other.value!.state).toBe("open");
    const never = await outcome(world(), served.server.accept({ signal: controller.signal }));
    expect(never.text).toBe("ABORT_ERR");
  });

  it.each(["server", "reactor"] as const)("null once the %s is closed", async (who) => {
    const served = await awaiting(world());
    const waits = [watch(served.server.accept()), watch(served.server.accept())];
    void served[who].close({ drainMs: 0 });
    await world().until(() => waits.every(({ settled }) => settled), "both");
    expect(waits.map(({ text }) => text)).toEqual(["null", "null"]);
    expect((await outcome(world(), served.server.accept())).text).toBe("null");
  });

  it("rejects with what has broken the last listener, and the loop over it closes", async () => {
    const served = await awaiting(world());
    const waiting = watch(served.server.accept());
    const loop = watch(served.server[Symbol.asyncIterator]().next());
    const [registration] = served.reactor.registrations.values();
    registration!.descriptor.abort(Object.assign(new Error("broken"), { code: "EBROKEN" }));
    await world().until(() => waiting.settled && loop.settled, "both");
    expect([waiting.text, loop.text]).toEqual(["EBROKEN", "EBROKEN"]);
    expect((await outcome(world(), served.server.accept())).text).toBe("EBROKEN");
    const { source } = await world().adoptable();
    expect(() => served.server.take(served.reactor.adopt(source))).toThrow("is closed");
  });

  it("one of several listeners that breaks is no error while another one is open", async () => {
    const served = await awaiting(world(), { listen: [world().address(), world().address()] });
    const waiting = watch(served.server.accept());
    const [first] = [...served.reactor.registrations.values()];
    first!.descriptor.abort(Object.assign(new Error("broken"), { code: "EBROKEN" }));
    await world().until(() => served.reactor.stats().open === 1, "it to close");
    await world().passes(2);
    expect(waiting.text).toBe("pending");
    await world().run(served.server.close());
    expect(waiting.text).toBe("null");
    expect((await outcome(world(), served.server.accept())).text).toBe("null");
  });

  it("who waits is served before who asks while peers are let in", async () => {
    const late: { text: string }[] = [];
    const framer = (): ReturnType<typeof lines> => {
      late.push(watch(served.server.accept()));
      return lines();
    };
    const served = await awaiting(world(), { framer });
    const waits = [watch(served.server.accept()), watch(served.server.accept())];
    served.dial();
    served.dial();
    await world().until(() => late.length === 2, "both");
    await world().passes(1);
    expect(waits.map(({ settled }) => settled)).toEqual([true, true]);
    expect(late.map(({ text }) => text)).toEqual(["pending", "pending"]);
    void served.server.close();
  });

  it("serves several addresses in turn", async () => {
    const served = await awaiting(world(), { listen: [world().address(), world().address()] });
    const [first, second] = served.server.addresses.map((localAddress) => ({ localAddress }));
    for (const listener of [first, first, first, second]) world().dial(listener as Listener);
    const listeners = [...served.reactor.registrations.values()].map(
      ({ descriptor }) => descriptor as Listener,
    );
    await world().until(() => listeners.every(({ waiting }) => waiting > 0), "peers at both");
    await world().settle();
    const answers = [];
    for (let i = 0; i < 2; i++)
      answers.push((await outcome(world(), served.server.accept())).value);
    expect(listeners.map(({ waiting }) => waiting)).toEqual([2, 0]);
  });

  it("null where nobody can come, but take() makes connections", async () => {
    const served = await awaiting(world(), { ...LINES, listen: [] });
    expect((await outcome(world(), served.server.accept())).text).toBe("null");
    const { source, peer } = await world().adoptable();
    const connection = served.server.take(served.reactor.adopt(source));
    peer.write("hello\n");
    expect((await outcome(world(), connection.read())).text).toBe('"hello"');
  });
});

onEveryAsyncServer("for await (const connection of server)", (world) => {
  it.each(["break", "return", "throw"])("left by %s, closes the server", async (how) => {
    const served = await awaiting(world());
    const seen: AsyncConnection[] = [];
    const loop = watch(
      (async (): Promise<string> => {
        for await (const connection of served.server) {
          seen.push(connection);
          if (seen.length < 2) continue;
          for (const each of seen) each.end();
          if (how === "throw") throw Object.assign(new Error("left"), { code: "ELEFT" });
          if (how === "return") return "left";
          break;
        }
        return "left";
      })(),
    );
    const peers = [served.dial(), served.dial()];
    await world().until(() => peers.every(({ ended }) => ended), "both ends");
    for (const peer of peers) peer.end();
    await world().until(() => loop.settled, "the loop to be left");
    expect(loop.text).toBe(how === "throw" ? "ELEFT" : '"left"');
    expect([served.server.connections.size, served.reactor.stats().registered]).toEqual([0, 0]);
  });

  it("ends when the server is closed; return() of its iterator closes it", async () => {
    const served = await awaiting(world());
    const iterator = served.server[Symbol.asyncIterator]();
    const next = watch(iterator.next());
    const returned = watch(iterator.return!());
    await world().until(() => next.settled && returned.settled, "both");
    expect([next.value, returned.value]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect(served.reactor.stats().registered).toBe(0);
    const again = watch(served.server[Symbol.asyncDispose]());
    await world().until(() => again.settled, "the same");
  });
});

onEveryAsyncServer("each()", (world) => {
  /** Answers each line in capitals. */
  const shout = async (connection: AsyncConnection): Promise<void> => {
    for await (const line of connection) {
      if (line.toString() === "fail") throw new Error("it failed");
      await connection.send(Buffer.from(`${line.toString().toUpperCase()}\n`));
    }
  };

  it("runs one coroutine for each, side by side, and ends the connection after it", async () => {
    const served = await awaiting(world(), LINES);
    const done = watch(served.server.each(shout));
    const peers = [served.dial(), served.dial(), served.dial()];
    for (const [place, peer] of [...peers.entries()].reverse()) peer.end(`line ${place}`);
    await world().until(() => peers.every(({ ended }) => ended), "all answers");
    expect(peers.map(({ received }) => received.toString())).toEqual([
      "LINE 0\n",
      "LINE 1\n",
      "LINE 2\n",
    ]);
    await world().until(() => served.server.connections.size === 0, "the ends");
    expect(served.server.stats().closed.end).toBe(3);
    expect(done.text).toBe("pending");
    void served.server.close();
    await world().until(() => done.settled, "each() to return");
    expect([done.error, served.reports]).toEqual([undefined, []]);
  });

  it("11: what one throws is reported once, costs its connection, and no other", async () => {
    const served = await awaiting(world(), LINES);
    watch(served.server.each(shout));
    const [bad, good] = [served.dial(), served.dial()];
    bad.write("fail\n");
    await world().until(() => bad.closed || bad.errorCode !== null || bad.ended, "its end");
    good.write("still here\n");
    await world().until(() => good.received.length === 11, "the other's answer");
    expect(served.reports.map(({ error }) => error.message)).toEqual(["it failed"]);
    expect(served.server.stats().closed["handler-error"]).toBe(1);
    const throws = await awaiting(world(), LINES);
    watch(
      throws.server.each(() => {
        throw new Error("at once");
      }),
    );
    throws.dial();
    await world().until(() => throws.reports.length === 1, "the report");
  });

  it("that a connection closes under its coroutine is no error; what it throws then, is", async () => {
    const served = await awaiting(world(), LINES);
    const opened: AsyncConnection[] = [];
    const returned: string[] = [];
    watch(
      served.server.each(async (connection) => {
        opened.push(connection);
        try {
          if (opened.length === 2) await sleep(connection.signal);
          await connection.read();
        } finally {
          returned.push("returned");
        }
      }),
    );
    for (let i = 1; i <= 3; i++) {
      served.dial();
      await world().until(() => opened.length === i, "a coroutine");
    }
    for (const connection of opened) connection.abort();
    await world().until(() => returned.length === 3, "all to return");
    expect(served.reports).toEqual([]);
    const other = await awaiting(world(), LINES);
    watch(
      other.server.each(async (connection) => {
        await connection.read().catch(() => undefined);
        throw new Error("of its own");
      }),
    );
    other.dial();
    await world().until(() => other.server.connections.size === 1, "a connection");
    for (const connection of other.server.connections) connection.abort();
    await world().until(() => other.reports.length === 1, "the report");
  });

  it("that another connection has closed is an error of this one", async () => {
    const served = await awaiting(world(), LINES);
    const other = await served.join();
    other.connection.abort();
    watch(
      served.server.each(async () => {
        await other.connection.read();
      }),
    );
    served.dial();
    await world().until(() => served.reports.length === 1, "the report");
    expect(served.reports[0]!.error.message).toContain(`read from fd ${other.connection.fd}`);
    expect(served.server.stats().closed["handler-error"]).toBe(1);
  });

  function sleep(signal: AbortSignal): Promise<void> {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        reject(new DOMException("aborted", "AbortError"));
      });
    });
  }

  it("maxRunning: so many at a time, the others wait to be accepted", async () => {
    const served = await awaiting(world(), LINES);
    const gates: ReturnType<typeof gate>[] = [];
    let running = 0;
    let most = 0;
    watch(
      served.server.each(
        async () => {
          most = Math.max(most, ++running);
          gates.push(gate());
          await gates.at(-1)!.promise;
          running--;
        },
        { maxRunning: 2 },
      ),
    );
    for (let i = 0; i < 5; i++) served.dial();
    const [registration] = served.reactor.registrations.values();
    const listener = registration!.descriptor as Listener;
    await world().until(() => gates.length === 2 && listener.waiting === 3, "two, and three");
    for (let ran = 2; ran <= 5; ran++) {
      expect([gates.length, listener.waiting]).toEqual([ran, 5 - ran]);
      gates[ran - 2]!.open();
      await world().until(() => gates.length === Math.min(5, ran + 1), "the next one");
      await world().passes(3);
    }
    expect(most).toBe(2);
    gates.at(-1)!.open();
  });

  it("returns after the last coroutine, also after one that has ended its connection", async () => {
    const served = await awaiting(world(), LINES);
    const work = gate();
    const done = watch(
      served.server.each(async (connection) => {
        connection.end();
        await work.promise;
      }),
    );
    served.dial().end();
    await world().until(() => served.server.stats().closed.local === 1, "the connection to end");
    await world().run(served.server.close());
    await world().passes(5);
    expect(done.text).toBe("pending");
    work.open();
    await world().until(() => done.settled, "each() to return");
  });

  it("a coroutine that has read the end is at work until it returns", async () => {
    const served = await awaiting(world(), LINES);
    const work = gate();
    const ended: boolean[] = [];
    const done = watch(
      served.server.each(async (connection) => {
        for await (const line of connection) expect(line.toString()).toBe("all");
        ended.push(true);
        await work.promise;
        await connection.send(Buffer.from("counted\n"));
      }),
    );
    const peer = served.dial();
    peer.end("all");
    await world().until(() => ended.length === 1, "the end");
    void served.server.close();
    await turns(world(), served.reactor, 5);
    expect([peer.ended, served.server.connections.size]).toEqual([false, 1]);
    work.open();
    await world().until(() => done.settled, "each() to return");
    await world().until(() => peer.ended, "our end");
    expect(peer.received.toString()).toBe("counted\n");
  });

  it("throws at once for what is no coroutine and no option", async () => {
    const { server } = await awaiting(world());
    const none = (): void => undefined;
    const bad: [() => unknown, string][] = [
      [() => server.each(1 as never), "IOMUX_BAD_ARGUMENT"],
      [() => server.each(none, { maxRuning: 1 } as never), "IOMUX_BAD_ARGUMENT"],
      [() => server.each(none, { maxRunning: 0 }), "IOMUX_BAD_RANGE"],
      [() => server.each(none, { maxRunning: "1" as never }), "IOMUX_BAD_ARGUMENT"],
      [() => server.accept({ timeout: 1 } as never), "IOMUX_BAD_ARGUMENT"],
    ];
    for (const [call, code] of bad) expect(thrownBy(call).code).toBe(code);
    expect((await outcome(world(), server.accept({ timeoutMs: 0 }))).text).toBe("IOMUX_TIMED_OUT");
  });

  it("a signal closes the server: who is at work may finish, then each() returns", async () => {
    const served = await awaiting(world(), LINES);
    const controller = new AbortController();
    const work = gate();
    const done = watch(
      served.server.each(
        async (connection) => {
          while ((await connection.readLine()) !== null) {
            await work.promise;
            await connection.send(Buffer.from("done\n"));
          }
        },
        { signal: controller.signal },
      ),
    );
    const [busy, idle] = [served.dial(), served.dial()];
    busy.write("work\n");
    await world().until(() => served.server.connections.size === 2, "both");
    const connections = [...served.server.connections];
    const came = (): boolean => connections.some(({ channel }) => channel.bytesIn === 5);
    await world().until(came, "the line");
    await turns(world(), served.reactor, 2);
    controller.abort();
    await world().until(() => idle.ended, "the idle one to be ended");
    idle.end();
    await world().until(() => served.server.connections.size === 1, "its end");
    await world().passes(5);
    expect([done.text, busy.ended, served.server.connections.size]).toEqual(["pending", false, 1]);
    work.open();
    await world().until(() => busy.ended, "the busy one to be ended");
    busy.end();
    await world().until(() => done.settled, "each() to return");
    expect([busy.received.toString(), done.error, served.reports]).toEqual([
      "done\n",
      undefined,
      [],
    ]);
    expect(served.server.stats().closed.shutdown).toBe(2);
  });
});
