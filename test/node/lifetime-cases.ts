/** What `process-lifetime.test.ts` runs, each case in a process of its own. */
import net from "node:net";

import { createReactor, READABLE, type Channel, type DatagramSource } from "iomux";

const HOUR_MS = 3_600_000;

const [name = "", port = "0"] = process.argv.slice(2);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// No deadline of the reactor comes to the rescue of a process that is stuck.
const reactor = createReactor({ lingerMs: HOUR_MS });

/** A channel that stands, to the peer of the test, and is not registered. */
async function dialled(): Promise<Channel> {
  const channel = reactor.connect({ port: Number(port) });
  await reactor.select([], [channel]);
  return channel;
}

const cases: Record<string, () => Promise<void> | void> = {
  nothing: () => {},

  async "a registration"() {
    const channel = await dialled();
    reactor.register(channel, READABLE, () => {
      const bytes = channel.read();
      if (bytes !== null && bytes.length > 0) say(bytes.toString());
      channel.close();
    });
    say("registered");
  },

  async "a listener"() {
    const listener = await reactor.listen({ port: 0 });
    const registration = reactor.register(listener, READABLE, () => {
      listener.accept()?.abort();
      say("accepted");
      registration.unregister();
    });
    say(String((listener.localAddress as { port: number }).port));
  },

  async "a datagram that is not registered"() {
    await reactor.bind({ port: 0 });
    say("bound");
  },

  async "a datagram"() {
    const datagram = await reactor.bind({ port: 0 });
    const registration = reactor.register(datagram, READABLE, () => {
      say(datagram.receive()!.bytes.toString());
      registration.unregister();
    });
    reactor.setTimer(20, () => {
      datagram.send(Buffer.from("came"), datagram.localAddress as DatagramSource);
    });
  },

  "a timer": () => void reactor.setTimer(20, () => say("fired")),

  async "a poll"() {
    const channel = await dialled();
    reactor.register(channel, READABLE).unref();
    say(String((await reactor.poll({ timeoutMs: 20 })).length));
  },

  async "a select"() {
    const channel = await dialled();
    say(String((await reactor.select([channel], [], [], { timeoutMs: 20 })).length));
  },

  "a defer": () => {
    reactor.defer(() => {
      say("deferred");
    });
  },

  async "unref'd registrations and timers"() {
    const listener = await reactor.listen({ port: 0 });
    reactor.register(listener, READABLE, () => {}).unref();
    reactor.register(await dialled(), READABLE, () => {}).unref();
    reactor.setTimer(HOUR_MS, () => say("fired")).unref();
    say("ready");
  },

  async "an open channel, a listener, unregistered"() {
    await reactor.listen({ port: 0 });
    await dialled();
    say("ready");
  },

  async "output of a channel that closes"() {
    const channel = await dialled();
    channel.write(Buffer.from("the last words"));
    channel.close();
  },

  async "what was written before the registration"() {
    const channel = await dialled();
    channel.write(Buffer.from("ping"));
    reactor.register(channel, READABLE, () => {
      say(channel.read()!.toString());
      channel.abort();
    });
  },

  async "a wake before a timer that is far away"() {
    reactor.wake();
    const far = reactor.setTimer(HOUR_MS, () => say("fired"));
    await reactor.select([], [], [], { timeoutMs: 0 });
    far.cancel();
    say("selected");
  },

  // The loop would wait for I/O that never comes, were the turn left to an unreferenced immediate.
  "output without a registration, beside a server that is idle": () => {
    const server = net.createServer((socket) => {
      socket.on("data", (bytes: Buffer) => {
        say(bytes.toString());
        process.exit();
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const channel = reactor.connect({ port: (server.address() as net.AddressInfo).port });
      server.once("connection", () => {
        setTimeout(() => channel.write(Buffer.from("flushed")), 20);
      });
    });
  },

  async "a closed reactor"() {
    const channel = await dialled();
    reactor.register(channel, READABLE, () => {});
    reactor.setTimer(HOUR_MS, () => say("fired"));
    await reactor.close({ drainMs: 1 });
    say("closed");
  },
};

await cases[name]!();
