/** Labels: whose a descriptor is, for people. And what else a descriptor says of itself. */
import { MessageChannel } from "node:worker_threads";

import { expect, it } from "vitest";

import { READABLE, serve, connect, type Channel, type Descriptor, type Reactor } from "iomux";

import { listen } from "../support/subscribed.ts";
import { thrownBy } from "../support/crowd.ts";
import { another, connected, onEveryNetwork, type World } from "../support/world.ts";

/** One of each kind that this world has. */
async function oneOfEach(world: World, reactor: Reactor): Promise<Descriptor[]> {
  const { channel, listener } = await connected(world, reactor);
  const datagram = await world.run(reactor.bind({ port: 0 }));
  return [channel, listener, datagram, reactor.signals(["SIGUSR2"])];
}

onEveryNetwork("label", (world) => {
  it("of every kind: empty until it is set, and explain() says it in its one line", async () => {
    const reactor = world().createReactor();
    for (const descriptor of await oneOfEach(world(), reactor)) {
      const { fd, kind } = descriptor;
      expect(descriptor.label).toBe("");
      expect(reactor.explain(fd).text).toMatch(new RegExp(`^fd ${fd} \\(${kind} `));
      descriptor.label = 'the "chat"\nof us';
      expect(descriptor.label).toBe('the "chat"\nof us');
      const { text } = reactor.explain(fd);
      expect(text).toMatch(/^fd \d+ "the \\"chat\\"\\nof us" \(/);
      expect(text.split("\n")).toHaveLength(1);
    }
  });

  it("what is no string throws with the fd, and the label stays", async () => {
    const reactor = world().createReactor();
    for (const descriptor of await oneOfEach(world(), reactor)) {
      descriptor.label = "mine";
      for (const label of [undefined, null, 1, {}, Symbol("x")]) {
        const set = (): void => void (descriptor.label = label as never);
        expect(thrownBy(set)).toMatchObject({ code: "IOMUX_BAD_ARGUMENT" });
        expect(set).toThrow(`the label of fd ${descriptor.fd} must be a string, not `);
      }
      expect(descriptor.label).toBe("mine");
    }
  });

  it("a channel begins with the label of its listener when it is accepted, and has its own", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    expect(channel.label).toBe("");
    listener.label = "chat";
    const { channel: second } = await another(world(), listener);
    listener.label = "ftp";
    expect([channel.label, second.label]).toEqual(["", "chat"]);
    second.label = "";
    expect((await another(world(), listener)).channel.label).toBe("ftp");
    expect([listener.label, second.label]).toEqual(["ftp", ""]);
  });

  it("options give it from the start: subscribers see it", async () => {
    const reactor = world().createReactor();
    const seen: string[] = [];
    const names = ["iomux:listener:open", "iomux:channel:open", "iomux:datagram:open"] as const;
    listen(names, (message) => {
      seen.push((message as { descriptor: Descriptor }).descriptor.label);
    });
    const listener = await world().run(reactor.listen(world().address(), { label: "a" }));
    reactor.connect(listener.localAddress as never, { label: "b" });
    await world().until(() => listener.waiting === 1, "the connection");
    listener.accept();
    await world().run(reactor.bind({ port: 0 }, { label: "c" }));
    expect(seen).toEqual(["a", "b", "a", "c"]);
  });

  it("an option that is no string throws, and nothing is opened", () => {
    const reactor = world().createReactor();
    const wrong = { label: null as never };
    const message = "option label must be a string, not null";
    expect(() => reactor.listen(world().address(), wrong)).toThrow(message);
    expect(() => reactor.connect(world().address(), wrong)).toThrow(message);
    expect(() => reactor.bind({ port: 0 }, wrong)).toThrow(message);
    expect(() => serve(reactor, { listen: world().address(), ...wrong })).toThrow(message);
    expect(() => connect(reactor, world().address(), wrong)).toThrow(message);
    expect(reactor.stats().open).toBe(0);
  });

  it("serve() and the connect() of coroutines have the option too", async () => {
    const reactor = world().createReactor();
    const accepted: Channel[] = [];
    const options = { listen: [world().address(), world().address()], label: "echo" };
    const server = await world().run(
      serve(reactor, options, {
        open: ({ channel }) => {
          accepted.push(channel);
        },
      }),
    );
    const [first, second] = server.addresses;
    const connections = [
      await world().run(connect(reactor, first as never, { label: "ours" })),
      await world().run(connect(reactor, second as never)),
    ];
    await world().until(() => accepted.length === 2, "the connections");
    expect(connections.map(({ channel }) => channel.label)).toEqual(["ours", ""]);
    expect(accepted.map(({ label }) => label)).toEqual(["echo", "echo"]);
    const labels = [...reactor.descriptors.values()].map(({ kind, label }) => [kind, label]);
    expect(labels.filter(([kind]) => kind === "listener")).toEqual([
      ["listener", "echo"],
      ["listener", "echo"],
    ]);
  });

  it("an adopted port has one too, and a closed descriptor keeps its own", () => {
    const reactor = world().createReactor();
    if (world().network !== "net") return;
    const messages = reactor.adopt(new MessageChannel().port1);
    messages.label = "worker";
    messages.close();
    expect([messages.state, messages.label]).toEqual(["closed", "worker"]);
  });
});

onEveryNetwork("openedAt, highWaterMark", (world) => {
  it("openedAt is when it came to be, in whole milliseconds of the reactor's clock", async () => {
    const reactor = world().createReactor();
    const began = reactor.now();
    const { channel, listener } = await connected(world(), reactor);
    await world().advance(20);
    const later = reactor.connect(listener.localAddress as never);
    const signals = reactor.signals(["SIGUSR2"]);
    const times = [began - 1, listener.openedAt, channel.openedAt, later.openedAt, reactor.now()];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(later.openedAt - listener.openedAt).toBeGreaterThanOrEqual(19);
    for (const { openedAt } of [listener, channel, later, signals]) {
      expect(Number.isInteger(openedAt)).toBe(true);
    }
    const { openedAt } = channel;
    await world().advance(20);
    channel.close();
    expect(channel.openedAt).toBe(openedAt);
  });

  it("highWaterMark is the limit of the reactor, until marks are set", async () => {
    const reactor = world().createReactor({ highWaterMark: 5000, lowWaterMark: 100 });
    const { channel } = await connected(world(), reactor);
    expect(channel.highWaterMark).toBe(5000);
    channel.write(Buffer.alloc(10));
    expect(channel.highWaterMark).toBe(5000);
    channel.setWaterMarks(300, 10);
    expect(channel.highWaterMark).toBe(300);
    reactor.register(channel, READABLE, () => undefined);
    channel.abort();
    expect(channel.highWaterMark).toBe(300);
  });
});
