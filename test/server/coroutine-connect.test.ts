/** connect(): clients by coroutine. */
import { expect, it } from "vitest";

import { connect, lines, READABLE, type Address } from "iomux";

import { awaiting, onEveryAsyncServer, outcome, watch } from "../support/awaiting.ts";
import { thrownBy } from "../support/crowd.ts";

const LINES = { framer: () => lines() };

/** Where a server of this world listens. */
function target(served: Awaited<ReturnType<typeof awaiting<Buffer>>>): Address {
  return served.server.addresses[0] as Address;
}

onEveryAsyncServer("connect()", (world) => {
  it("resolves with a connection that stands, and both sides may be coroutines", async () => {
    const served = await awaiting(world(), LINES);
    watch(
      served.server.each(async (connection) => {
        for await (const line of connection) {
          await connection.send(Buffer.from(`${line.toString().toUpperCase()}\n`));
        }
      }),
    );
    const { value } = await outcome(world(), connect(served.reactor, target(served), LINES));
    const client = value!;
    expect([client.state, client.channel.state]).toEqual(["open", "open"]);
    for (const text of ["hello", "again"]) {
      await client.send(Buffer.from(`${text}\n`));
      const timeoutMs = 1000 + world().slackMs;
      const answer = await outcome(world(), client.readLine({ timeoutMs }));
      expect(answer.value).toBe(text.toUpperCase());
    }
    client.end();
    expect(await world().run(client.closed)).toBe("local");
    await world().until(() => served.server.connections.size === 0, "the other side's end");
    expect(served.reports).toEqual([]);
  });

  it("an option that does not exist is told with all that do, of both kinds", async () => {
    const served = await awaiting(world());
    const options = { idleSeconds: 1 } as never;
    expect(() => connect(served.reactor, target(served), options)).toThrow(
      /^there is no option idleSeconds: give one of framer, .*idleMs, .*noDelay, .*tls, timeoutMs, label, signal$/,
    );
  });

  it("has the limits that were given", async () => {
    const served = await awaiting(world());
    const answer = connect(served.reactor, target(served), { idleMs: 100 });
    const { value: client } = await outcome(world(), answer);
    const read = watch(client!.read());
    await world().advance(100);
    await world().until(() => read.settled, "the end");
    expect(read.error!.reason).toBe("idle");
  });

  it("takes every option of a channel and of a connection", async () => {
    const served = await awaiting(world());
    const { signal } = new AbortController();
    const ofChannel = { noDelay: false, keepAlive: true, timeoutMs: 5000, signal };
    const ofConnection = { outputPolicy: "drop-newest", framesPerTurn: 1, ...LINES } as const;
    const answer = connect(served.reactor, target(served), { ...ofChannel, ...ofConnection });
    const { value: client } = await outcome(world(), answer);
    expect(client!.state).toBe("open");
    client!.abort();
  });

  it("rejects with what has failed", async () => {
    const served = await awaiting(world());
    const address = target(served);
    const aborted = connect(served.reactor, address, { signal: AbortSignal.abort() });
    expect((await outcome(world(), aborted)).text).toBe("ABORT_ERR");
    await world().run(served.server.close());
    const refused = await outcome(world(), connect(served.reactor, address));
    expect(["ECONNREFUSED", "ENOENT"]).toContain(refused.text);
    expect(served.reactor.stats()).toMatchObject({ open: 0, registered: 0 });
  });

  it("rejects if the reactor closes first", async () => {
    const served = await awaiting(world());
    const other = world().createReactor();
    const answer = watch(connect(other, target(served)));
    void other.close({ drainMs: 0 });
    await world().until(() => answer.settled, "the answer");
    expect(answer.text).toBe("IOMUX_CONNECTION_CLOSED");
  });

  it("rejects with what the framer option throws, and closes the channel", async () => {
    const served = await awaiting(world());
    const framer = (): never => {
      throw new Error("no framer");
    };
    const answer = await outcome(world(), connect(served.reactor, target(served), { framer }));
    expect(answer.error!.message).toBe("no framer");
    const listeners = [...served.reactor.registrations.values()];
    expect(listeners.map(({ interest }) => interest)).toEqual([READABLE]);
    await world().settle();
    // The listener, and the other side of what was connected.
    expect(served.reactor.stats().open).toBeLessThanOrEqual(2);
    expect(served.reactor.stats().connected).toBe(1);
  });

  it("throws at once for what is no reactor, address or option", async () => {
    const { reactor } = await awaiting(world());
    const bad: [() => unknown, string][] = [
      [() => connect({} as never, { port: 1 }), "IOMUX_BAD_ARGUMENT"],
      [() => connect(reactor, { port: -1 }), "IOMUX_BAD_RANGE"],
      [() => connect(reactor, { port: 1 }, { idleMs: -1 }), "IOMUX_BAD_RANGE"],
      [() => connect(reactor, { port: 1 }, { framer: 1 as never }), "IOMUX_BAD_ARGUMENT"],
      [() => connect(reactor, { port: 1 }, { timeoutMs: -1 }), "IOMUX_BAD_RANGE"],
      [() => connect(reactor, { port: 1 }, null as never), "IOMUX_BAD_ARGUMENT"],
      [() => connect(reactor, { port: 1 }, { foo: 1 } as never), "IOMUX_BAD_ARGUMENT"],
      [() => connect(reactor, { port: 1 }, { maxConnections: 1 } as never), "IOMUX_BAD_ARGUMENT"],
      [() => connect(reactor, { port: 1 }, { listen: [] } as never), "IOMUX_BAD_ARGUMENT"],
    ];
    for (const [call, code] of bad) expect(thrownBy(call).code).toBe(code);
    expect(reactor.stats().open).toBe(1);
  });
});
