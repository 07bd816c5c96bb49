/** How each error of our own is met. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  createReactor,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Channel,
  type ErrorCode,
  type Listener,
  type Reactor,
  type ReactorOptions,
} from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

interface CodedError {
  readonly code: string;
  readonly message: string;
}

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

function thrown(call: () => unknown): CodedError {
  try {
    void call();
  } catch (error) {
    return error as CodedError;
  }
  throw new Error("nothing was thrown");
}

async function rejected(promise: Promise<unknown>): Promise<CodedError> {
  return promise.then(
    () => Promise.reject(new Error("it was not rejected")),
    (error: unknown) => error as CodedError,
  );
}

export const MESSAGES: Readonly<Record<ErrorCode, () => Promise<CodedError>>> = {
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
};
