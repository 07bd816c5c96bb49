/** How each error of our own is met. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  createReactor,
  EDGE,
  fixed,
  FrameInput,
  lines,
  nextFrame,
  PRIORITY,
  READABLE,
  serve,
  struct,
  WRITABLE,
  type AsyncConnection,
  type Channel,
  type DatagramAddress,
  type ErrorCode,
  type Framer,
  type Listener,
  type Reactor,
  type ReactorOptions,
} from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

import { TLS_MESSAGES } from "./provoke-tls.ts";
import { thrown, type CodedError } from "./thrown.ts";

/** A reactor in memory, a listener of it (fd 1) and a channel (fd 2) with its peer. */
class Scene {
  readonly clock = new SimulatedClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly reported: CodedError[] = [];
  readonly reactor: Reactor;
  listener!: Listener;
  channel!: Channel;
  peer!: MemorySocket;

  constructor(options: ReactorOptions) {
    this.reactor = createReactor({
      network: this.network,
      clock: this.clock,
      onError: (error) => this.reported.push(error as Error & CodedError),
      ...options,
    });
  }

  static async open(options: ReactorOptions = {}): Promise<Scene> {
    const scene = new Scene(options);
    scene.listener = await scene.clock.run(scene.reactor.listen({ port: 9000 }));
    scene.peer = scene.network.dial({ port: 9000 });
    await scene.clock.settle();
    scene.channel = scene.listener.accept()!;
    return scene;
  }

  /** The last failure that was reported. */
  get last(): CodedError {
    const error = this.reported.at(-1);
    if (error === undefined) throw new Error("nothing was reported");
    return error;
  }
}

async function rejected(promise: Promise<unknown>): Promise<CodedError> {
  return promise.then(
    () => Promise.reject(new Error("it was not rejected")),
    (error: unknown) => error as CodedError,
  );
}

/** What `framer` throws when `text` has come. */
function unframed(framer: Framer<unknown>, text: string): CodedError {
  return thrown(() => nextFrame(framer, arrived(text), false));
}

function arrived(text: string): FrameInput {
  const input = new FrameInput();
  input.push(Buffer.from(text));
  return input;
}

/** Places in this file, as they would be in a program. */
function placed({ code, message }: CodedError): CodedError {
  let line = 0;
  const place = (): string => `/srv/app.ts:${(line += 10)}:5`;
  return { code, message: message.replaceAll(/\/\S*\.ts:\d+:\d+/g, place) };
}

export const MESSAGES: Readonly<Record<ErrorCode, () => Promise<CodedError>>> = {
  ...TLS_MESSAGES,

  async IOMUX_BAD_ARGUMENT() {
    const { channel } = await Scene.open();
    return thrown(() => channel.write("hello" as never));
  },

  async IOMUX_BAD_RANGE() {
    const { reactor } = await Scene.open();
    return thrown(() => reactor.connect({ port: 70_000 }));
  },

  async IOMUX_BAD_MASK() {
    const { reactor, channel } = await Scene.open();
    return thrown(() => reactor.register(channel, 0));
  },

  async IOMUX_ALREADY_REGISTERED() {
    const { reactor, channel } = await Scene.open();
    reactor.register(channel, READABLE);
    return thrown(() => reactor.register(channel, WRITABLE));
  },

  async IOMUX_NOT_REGISTERED() {
    const { reactor, channel } = await Scene.open();
    return thrown(() => {
      reactor.modify(channel, READABLE);
    });
  },

  async IOMUX_OTHER_REACTOR() {
    const { channel } = await Scene.open();
    const { reactor } = await Scene.open();
    return thrown(() => reactor.register(channel, READABLE));
  },

  async IOMUX_CLOSED() {
    const { reactor, channel, peer, clock } = await Scene.open();
    reactor.register(channel, READABLE, () => undefined);
    peer.reset();
    await clock.settle();
    return thrown(() => reactor.register(channel, READABLE));
  },

  async IOMUX_REACTOR_CLOSED() {
    const { reactor, clock } = await Scene.open();
    await clock.run(reactor.close());
    return thrown(() => reactor.connect({ port: 9000 }));
  },

  async IOMUX_UNSUPPORTED() {
    const { reactor, channel } = await Scene.open();
    return thrown(() => reactor.register(channel, READABLE | PRIORITY));
  },

  async IOMUX_CANNOT_ADOPT() {
    const server = net.createServer(() => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      return thrown(() => createReactor().adopt(server));
    } finally {
      server.close();
    }
  },

  async IOMUX_CANNOT_RELEASE() {
    const { channel, peer, clock } = await Scene.open();
    peer.end("hello");
    await clock.settle();
    return thrown(() => channel.release());
  },

  async IOMUX_BAD_MESSAGE() {
    const scene = await Scene.open();
    const [near, far] = scene.network.ports();
    scene.reactor.register(near as never, READABLE, () => undefined);
    far.postUnreadable();
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_POLL_IN_HANDLER() {
    const { reactor, channel, clock } = await Scene.open();
    return clock.run(
      new Promise<CodedError>((resolve) => {
        reactor.register(channel, WRITABLE, () => {
          resolve(thrown(() => reactor.poll()));
          channel.close();
        });
      }),
    );
  },

  async IOMUX_POLL_TWICE() {
    const { reactor } = await Scene.open();
    void reactor.poll();
    return thrown(() => reactor.poll());
  },

  async IOMUX_NOT_A_SOCKET() {
    const folder = mkdtempSync(join(tmpdir(), "iomux-"));
    const path = join(folder, "notes.txt");
    writeFileSync(path, "not a socket");
    try {
      const { code, message } = await rejected(createReactor().listen({ path }));
      return { code, message: message.replace(folder, "/run") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },

  async IOMUX_HANDLER_THREW() {
    const scene = await Scene.open();
    scene.reactor.register(scene.channel, WRITABLE, () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is reported here
      throw "a string";
    });
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_HANDLER_KEEPS_FAILING() {
    const scene = await Scene.open();
    scene.network.dial({ port: 9000 });
    scene.reactor.register(scene.listener, READABLE, () => {
      throw new Error("this handler is broken");
    });
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_SLOW_HANDLER() {
    const scene = await Scene.open();
    scene.reactor.register(scene.channel, WRITABLE, function resize(channel) {
      scene.clock.spend(180);
      channel.close();
    });
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_SPINNING() {
    const scene = await Scene.open({ pauseSpinning: true });
    scene.reactor.register(scene.channel, READABLE, () => undefined);
    scene.peer.write("never read");
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_EDGE_UNDRAINED() {
    const scene = await Scene.open({ debug: true });
    scene.reactor.register(scene.channel, READABLE | EDGE, function onHeader(channel) {
      channel.read(4);
    });
    scene.peer.write("head and body");
    await scene.clock.settle();
    return placed(scene.last);
  },

  async IOMUX_USE_AFTER_CLOSE() {
    const scene = await Scene.open({ debug: true });
    scene.channel.close();
    scene.channel.write(Buffer.from("late"));
    return placed(scene.last);
  },

  async IOMUX_CLOSED_TWICE() {
    const scene = await Scene.open({ debug: true });
    scene.channel.close();
    scene.channel.close();
    return placed(scene.last);
  },

  async IOMUX_DESCRIPTOR_LIMIT() {
    const scene = await Scene.open();
    scene.network.descriptorLimit = 18;
    scene.network.dial({ port: 9000 });
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_ACCEPT_QUEUE_FULL() {
    // Node's sockets cannot leave a peer in the kernel; here the network says so too.
    const clock = new SimulatedClock();
    const network = new MemoryNetwork(clock);
    Object.assign(network.capabilities, { pauseAccept: false });
    const reported: CodedError[] = [];
    const reactor = createReactor({
      network,
      clock,
      acceptQueue: 2,
      onError: (error) => reported.push(error as Error & CodedError),
    });
    await clock.run(reactor.listen({ port: 9000 }));
    for (let i = 0; i < 3; i++) network.dial({ port: 9000 });
    await clock.settle();
    return reported[0]!;
  },

  async IOMUX_DATAGRAMS_DROPPED() {
    const scene = await Scene.open({ datagramQueue: 2 });
    const datagram = await scene.clock.run(scene.reactor.bind({ port: 9000 }));
    const peer = scene.network.datagrams.socket({ port: 0 });
    for (const text of ["one", "two", "three"]) {
      peer.send(text, datagram.localAddress as DatagramAddress);
    }
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_OVER_BUDGET() {
    const scene = await Scene.open({ maxBufferedBytes: 100_000 });
    scene.peer.pause();
    scene.channel.write(Buffer.alloc(200_000));
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_BORROWED_BYTES_CHANGED() {
    const scene = await Scene.open({ debug: true });
    scene.peer.pause();
    const bytes = Buffer.alloc(200_000, "a");
    scene.channel.write(bytes);
    await scene.clock.settle();
    bytes.fill("b");
    scene.peer.resume();
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_TURNED_AWAY() {
    const scene = await Scene.open();
    await scene.clock.run(serve(scene.reactor, { listen: { port: 9100 }, maxConnections: 1 }, {}));
    for (let i = 0; i < 2; i++) scene.network.dial({ port: 9100 });
    await scene.clock.settle();
    return scene.last;
  },

  async IOMUX_CUT_OFF() {
    const scene = await Scene.open();
    const server = await scene.clock.run(serve(scene.reactor, { idleMs: 1000 }, {}));
    const connection = server.take(scene.channel);
    await scene.clock.advance(1000);
    return connection.error as unknown as CodedError;
  },

  async IOMUX_SERVER_CLOSED() {
    const scene = await Scene.open();
    const server = await scene.clock.run(serve(scene.reactor, {}, {}));
    await scene.clock.run(server.close());
    return thrown(() => server.take(scene.channel));
  },

  IOMUX_FRAME_TOO_LONG() {
    return Promise.resolve(unframed(lines({ maxBytes: 512, overLong: "close" }), "x".repeat(513)));
  },

  IOMUX_BAD_FRAME() {
    const input = arrived("whole---cut");
    nextFrame(fixed(8), input, false);
    return Promise.resolve(thrown(() => nextFrame(fixed(8), input, true)));
  },

  IOMUX_FRAMER_STUCK() {
    return Promise.resolve(unframed({ next: (input) => input.bytes }, "hello"));
  },

  IOMUX_FRAMER_SHARED() {
    const framer = lines();
    nextFrame(framer, arrived("one"), false);
    return Promise.resolve(unframed(framer, "two"));
  },

  IOMUX_STRUCT_FORMAT() {
    // As a string, not as a literal: that would not compile.
    return Promise.resolve(thrown(() => struct("<i5y".trim())));
  },

  IOMUX_STRUCT_VALUE() {
    return Promise.resolve(thrown(() => struct("<BH").pack(1, 70_000)));
  },

  IOMUX_STRUCT_BUFFER() {
    return Promise.resolve(thrown(() => struct("<i5sf").unpack(Buffer.alloc(12))));
  },

  async IOMUX_READ_TWICE() {
    const connection = await awaited();
    void connection.read();
    return thrown(() => connection.read());
  },

  async IOMUX_TIMED_OUT() {
    const scene = await Scene.open();
    const connection = await awaited(scene);
    const read = rejected(connection.read({ timeoutMs: 1000 }));
    await scene.clock.advance(1000);
    return read;
  },

  async IOMUX_CONNECTION_CLOSED() {
    const connection = await awaited();
    connection.abort();
    return rejected(connection.read());
  },
};

/** A connection (fd 2) of a server without callbacks. */
async function awaited(given?: Scene): Promise<AsyncConnection> {
  const scene = given ?? (await Scene.open());
  const server = await scene.clock.run(serve(scene.reactor, {}));
  return server.take(scene.channel);
}
