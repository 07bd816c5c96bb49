import { connect as netConnect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";

import { expect, it } from "vitest";

import {
  ERROR,
  READABLE,
  WRITABLE,
  formatMask,
  type Address,
  type Channel,
  type ConnectorOptions,
  type Reactor,
} from "iomux";

import { thrownBy } from "../support/crowd.ts";
import { runScript } from "../support/child.ts";
import { record } from "../support/record.ts";
import { onEveryChannel, onStillChannels, onNetworks, type World } from "../support/world.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ family, address }) => family === "IPv6" && address === "::1"),
);

/** An address at which nobody listens, though somebody did. */
async function deserted(world: World, reactor: Reactor): Promise<Address> {
  const listener = await world.run(reactor.listen(world.address()));
  const address = listener.localAddress as Address;
  listener.close();
  await world.run(listener.closed);
  return address;
}

/** Everything that is reported of a connecting channel, as text; it is read as well. */
function outcomes(reactor: Reactor, channel: Channel): string[] {
  const log: string[] = [];
  reactor.register(channel, READABLE | WRITABLE, (_, ready, registration) => {
    const { code } = (channel.error ?? { code: "" }) as NodeJS.ErrnoException;
    log.push(`${channel.state} ${formatMask(ready)} ${code ?? ""}`.trim());
    if ((ready & WRITABLE) !== 0) registration.modify(READABLE);
    if ((ready & READABLE) !== 0) channel.read();
  });
  return log;
}

onEveryChannel("connect", (world) => {
  it("connect answers a channel at once; WRITABLE means connected", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const channel = reactor.connect(listener.localAddress as Address);
    expect([channel.state, channel.write(Buffer.from("x")), channel.read()]).toEqual([
      "connecting",
      0,
      null,
    ]);
    const log = outcomes(reactor, channel);
    await world().until(() => listener.waiting === 1 && log.length > 0, "the connection");
    expect([log, channel.state, channel.error]).toEqual([["open WRITABLE"], "open", null]);
    const accepted = listener.accept()!;
    const { bytes } = record(reactor, accepted);
    channel.write(Buffer.from("through"));
    await world().until(() => bytes().length === 7, "the bytes");
    if (world().family === "tcp") {
      expect(accepted.remoteAddress).toEqual(channel.localAddress);
      expect(channel.remoteAddress).toEqual(listener.localAddress);
    } else {
      expect(channel.remoteAddress).toMatchObject({ family: "unix" });
    }
    expect(reactor.stats()).toMatchObject({ connected: 1, accepted: 1 });
  });

  it("H28: refused: one outcome, ERROR, with the system's code", async () => {
    const reactor = world().createReactor();
    const channel = reactor.connect(await deserted(world(), reactor));
    const log = outcomes(reactor, channel);
    await world().until(() => channel.state === "closed", "the refusal");
    await world().settle();
    const code = world().family === "tcp" ? "ECONNREFUSED" : "ENOENT";
    expect(log).toEqual([`failed ERROR|HANGUP ${code}`]);
    expect(await world().run(channel.closed)).toBe(channel.error);
    expect(channel.error!.message).toMatch(/cannot connect to .*: .+ \(\w+\)$/);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0, connected: 0 });
  });

  it("H28: refused and never registered: it is released", async () => {
    const reactor = world().createReactor({ unreadMs: 100 });
    const channel = reactor.connect(await deserted(world(), reactor));
    await world().until(() => channel.state === "failed", "the refusal");
    await world().advance(101);
    expect([channel.state, reactor.stats().open]).toEqual(["closed", 0]);
  });

  it("H28: refused, and registered only after that: ERROR is told then", async () => {
    const reactor = world().createReactor();
    const channel = reactor.connect(await deserted(world(), reactor));
    await world().until(() => channel.state === "failed", "the refusal");
    const log = outcomes(reactor, channel);
    await world().settle();
    expect([log.length, channel.state]).toEqual([1, "closed"]);
    expect(log[0]).toMatch(/^failed ERROR\|HANGUP E/);
  });

  it.each(["close", "abort"] as const)("H28: %s during connect: no report at all", async (act) => {
    const reactor = world().createReactor({ unreadMs: 100 });
    const listener = await world().run(reactor.listen(world().address()));
    for (let passes = 0; passes < 3; passes++) {
      const channel = reactor.connect(listener.localAddress as Address, { timeoutMs: 50 });
      const log = outcomes(reactor, channel);
      channel[act]();
      await world().passes(passes);
      expect(channel.state).toBe("closed");
      await world().advance(200);
      await world().settle();
      expect([log, channel.state, channel.error]).toEqual([[], "closed", null]);
    }
    while (listener.accept() !== null);
    expect(reactor.stats()).toMatchObject({ connected: 0, registered: 0 });
  });

  it("signal: aborted before: the connection has failed with AbortError", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const signal = AbortSignal.abort(new Error("not wanted"));
    const channel = reactor.connect(listener.localAddress as Address, { signal });
    const log = outcomes(reactor, channel);
    await world().settle();
    expect(log).toEqual(["failed ERROR|HANGUP ABORT_ERR"]);
    expect(channel.error).toMatchObject({ name: "AbortError", cause: signal.reason as unknown });
  });

  it("signal: aborted once the connection stands: nothing happens", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const controller = new AbortController();
    const channel = reactor.connect(listener.localAddress as Address, {
      signal: controller.signal,
    });
    const log = outcomes(reactor, channel);
    await world().until(() => channel.state === "open", "the connection");
    controller.abort();
    await world().settle();
    expect([log, channel.state]).toEqual([["open WRITABLE"], "open"]);
  });

  it.each([
    ["timeoutMs", -1, RangeError],
    ["timeoutMs", NaN, RangeError],
    ["timeoutMs", "1", TypeError],
    ["noDelay", 1, TypeError],
    ["keepAlive", "yes", TypeError],
  ])("a bad option throws at once: %s %s", (name, value, type) => {
    const reactor = world().createReactor();
    const options = { [name]: value } as ConnectorOptions;
    expect(() => reactor.connect({ port: 1 }, options)).toThrow(type);
    expect(reactor.stats().open).toBe(0);
  });
});

onStillChannels("connect", (world) => {
  it("timeoutMs: passed once the connection stands: nothing happens", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const channel = reactor.connect(listener.localAddress as Address, { timeoutMs: 100 });
    await world().until(() => channel.state === "open", "the connection");
    await world().advance(1000);
    await world().settle();
    expect([channel.state, channel.error]).toEqual(["open", null]);
  });
});

/** What connects to a server that never answers: its queue is full and it is stopped. */
async function unanswered(act: (address: Address) => Promise<void>): Promise<void> {
  const child = await runScript(`
    const server = require("net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
  `);
  const fillers: Socket[] = [];
  try {
    await child.kill("SIGSTOP");
    const address = { host: "127.0.0.1", port: Number(child.firstLine) };
    // The kernel's queue takes one more than the backlog; the next one's SYN is dropped.
    for (let i = 0; i < 2; i++) {
      const filler = netConnect(address);
      fillers.push(filler);
      await new Promise((resolve, reject) => filler.on("connect", resolve).on("error", reject));
    }
    await act(address);
  } finally {
    for (const filler of fillers) filler.destroy();
    await child.kill("SIGKILL");
  }
}

onNetworks([["net", "tcp"]], "connect: who never answers is a kernel's affair", (world) => {
  it("H28: timeoutMs, signal, close: whichever comes first is the one outcome", async () => {
    await unanswered(async (address) => {
      const reactor = world().createReactor();
      const controller = new AbortController();
      const { signal } = controller;
      const timed = reactor.connect(address, { timeoutMs: 100, signal });
      const signalled = reactor.connect(address, { timeoutMs: 1000, signal });
      const closed = reactor.connect(address, { timeoutMs: 1000, signal });
      const logs = [timed, signalled, closed].map((channel) => outcomes(reactor, channel));
      await world().advance(99);
      expect([timed.state, signalled.state, closed.state]).toEqual(Array(3).fill("connecting"));
      await world().advance(2);
      await world().settle();
      closed.close();
      controller.abort();
      await world().advance(1000);
      await world().settle();
      expect(logs).toEqual([
        ["failed ERROR|HANGUP ETIMEDOUT"],
        ["failed ERROR|HANGUP ABORT_ERR"],
        [],
      ]);
      expect(timed.error).toMatchObject({ fd: timed.fd, state: "connecting" });
      expect(timed.error!.message).toContain("no connection after 100 ms");
      expect(reactor.stats()).toMatchObject({ open: 0, registered: 0, connected: 0 });
    });
  });
});

onNetworks(
  [
    ["net", "tcp"],
    ["memory", "tcp"],
  ],
  "connect: TCP",
  (world) => {
    it.skipIf(!hasIpv6)(
      "IPv6: listens at ::1 and connects to it (needs a machine with IPv6)",
      async () => {
        const reactor = world().createReactor();
        const listener = await world().run(reactor.listen({ host: "::1", port: 0 }));
        expect(listener.localAddress).toMatchObject({ family: "IPv6", host: "::1" });
        const channel = reactor.connect(listener.localAddress as Address);
        await world().until(() => listener.waiting === 1, "the connection");
        const accepted = listener.accept()!;
        expect(accepted.remoteAddress).toMatchObject({ family: "IPv6", host: "::1" });
        expect(accepted.remoteAddress).toEqual(channel.localAddress);
        const { bytes } = record(reactor, accepted);
        channel.write(Buffer.from("six"));
        await world().until(() => bytes().length === 3, "the bytes");
        expect(reactor.explain(channel).text).toContain("[::1]:");
      },
    );

    it("IPv4: the host is 127.0.0.1 unless given, and so is that of listen", async () => {
      const reactor = world().createReactor();
      const listener = await world().run(reactor.listen({ port: 0 }));
      expect(listener.localAddress).toMatchObject({ family: "IPv4", host: "127.0.0.1" });
      const { port } = listener.localAddress as { port: number };
      const channel = reactor.connect({ port });
      await world().until(() => channel.state === "open", "the connection");
      expect(channel.remoteAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port });
    });

    it("an address in use is EADDRINUSE, and the first listener stands", async () => {
      const reactor = world().createReactor();
      const listener = await world().run(reactor.listen({ port: 0 }));
      const again = reactor.listen(listener.localAddress as Address);
      await expect(world().run(again)).rejects.toMatchObject({ code: "EADDRINUSE" });
      const channel = reactor.connect(listener.localAddress as Address);
      await world().until(() => channel.state === "open", "the connection");
      expect(reactor.stats().open).toBe(2);
    });

    it("an option that does not exist is refused at once, by its name", () => {
      const reactor = world().createReactor();
      const wrong = { code: "IOMUX_BAD_ARGUMENT" };
      const named = thrownBy(() => reactor.connect({ port: 9 }, { timeoutMS: 1 } as never));
      expect(named).toMatchObject(wrong);
      expect(named.message).toContain(
        "no option timeoutMS: give one of noDelay, keepAlive, tls, ti",
      );
      const listening = thrownBy(() => void reactor.listen({ port: 0 }, { backLog: 1 } as never));
      expect(listening).toMatchObject(wrong);
      expect(listening.message).toContain("no option backLog");
      expect(reactor.stats().open).toBe(0);
    });

    it("listen: a signal closes the listener; aborted before, listen rejects", async () => {
      const reactor = world().createReactor();
      const controller = new AbortController();
      const { signal } = controller;
      const listener = await world().run(reactor.listen({ port: 0 }, { signal }));
      controller.abort();
      expect(await world().run(listener.closed)).toBeNull();
      await expect(world().run(reactor.listen({ port: 0 }, { signal }))).rejects.toMatchObject({
        name: "AbortError",
        code: "ABORT_ERR",
      });
      const late = new AbortController();
      const rejected = reactor.listen({ port: 0 }, { signal: late.signal });
      late.abort();
      await expect(world().run(rejected)).rejects.toMatchObject({ name: "AbortError" });
      expect(reactor.stats().open).toBe(0);
    });
  },
);

onEveryChannel("addresses", (world) => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "IomuxTypeError"],
    ["null", null, "IomuxTypeError"],
    ["a number", 80, "IomuxTypeError"],
    ["a string", "localhost:80", "IomuxTypeError"],
    ["no port", {}, "IomuxTypeError"],
    ["a port that is text", { port: "80" }, "IomuxTypeError"],
    ["port -1", { port: -1 }, "IomuxRangeError"],
    ["port 65536", { port: 65_536 }, "IomuxRangeError"],
    ["port 1.5", { port: 1.5 }, "IomuxRangeError"],
    ["port NaN", { port: NaN }, "IomuxRangeError"],
    ["an empty host", { port: 1, host: "" }, "IomuxTypeError"],
    ["a host with NUL", { port: 1, host: "a\0b" }, "IomuxTypeError"],
    ["a host that is a number", { port: 1, host: 1 }, "IomuxTypeError"],
    ["an empty path", { path: "" }, "IomuxTypeError"],
    ["a path that is a number", { path: 5 }, "IomuxTypeError"],
    ["both", { path: "/x", port: 1 }, "IomuxTypeError"],
    ["an abstract path", { path: "\0x" }, "IomuxTypeError"],
    ["a path of 108 bytes", { path: "/".padEnd(108, "x") }, "IomuxRangeError"],
    ["a path of 36 signs and 108 bytes", { path: "張".repeat(36) }, "IomuxRangeError"],
  ])("%s throws at once, and nothing is left behind", (_, address, name) => {
    const reactor = world().createReactor();
    const wrong = expect.objectContaining({ name }) as Error;
    expect(() => reactor.connect(address as Address)).toThrow(wrong);
    expect(() => reactor.listen(address as Address)).toThrow(wrong);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0 });
    expect(world().alive).toBe(false);
  });

  it.each([
    ["backlog", 0, RangeError],
    ["backlog", 1.5, RangeError],
    ["backlog", "5", TypeError],
    ["noDelay", 0, TypeError],
  ])("listen: a bad option throws at once: %s %s", (name, value, type) => {
    const reactor = world().createReactor();
    expect(() => reactor.listen(world().address(), { [name]: value })).toThrow(type);
    expect(reactor.stats().open).toBe(0);
  });
});

onNetworks([["memory", "tcp"]], "connect: a name that nobody knows", (world) => {
  // Over real sockets this would ask a name server.
  it("is ENOTFOUND, once", async () => {
    const reactor = world().createReactor();
    const channel = reactor.connect({ host: "no.such.host.invalid", port: 1 });
    let reports = 0;
    reactor.register(channel, WRITABLE, (_, ready) => {
      reports++;
      expect(ready & ERROR).toBe(ERROR);
    });
    await world().settle();
    expect([reports, channel.error]).toEqual([1, expect.objectContaining({ code: "ENOTFOUND" })]);
  });
});
