/** A handler's first parameter has the type of what was registered, and its data is typed. */
import type { Server, Socket } from "node:net";
import type { Duplex, PassThrough, Readable, Writable } from "node:stream";
import type { MessagePort, Worker } from "node:worker_threads";
import type { Gzip } from "node:zlib";

import { describe, expectTypeOf, it } from "vitest";

import {
  createReactor,
  READABLE,
  type Channel,
  type Descriptor,
  type Listener,
  type Message,
  type Messages,
  type PollResult,
  type Reactor,
  type Registration,
  type SignalName,
  type Datagram,
  type Signals,
} from "iomux";

declare const reactor: Reactor;
declare const channel: Channel;
declare const listener: Listener;
declare const socket: Socket;
declare const server: Server;
declare const readable: Readable;
declare const writable: Writable;
declare const duplex: Duplex;
declare const gzip: Gzip;
declare const port: MessagePort;
declare const worker: Worker;
declare const signals: Signals;
declare const descriptor: Channel | Listener;

describe("register", () => {
  it("gives a handler the type of what was registered", () => {
    reactor.register(channel, READABLE, (given, ready, registration) => {
      expectTypeOf(given).toEqualTypeOf<Channel>();
      expectTypeOf(ready).toEqualTypeOf<number>();
      expectTypeOf(registration).toEqualTypeOf<Registration<Channel, undefined>>();
      expectTypeOf(registration.descriptor).toEqualTypeOf<Channel>();
    });
    reactor.register(listener, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Listener>();
      expectTypeOf(given.accept()).toEqualTypeOf<Channel | null>();
    });
    reactor.register(socket, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Channel>();
    });
    reactor.register(readable, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Channel>();
    });
    reactor.register(writable, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Channel>();
    });
    reactor.register({} as PassThrough, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Channel>();
    });
    reactor.register(port, READABLE, (given, _ready, registration) => {
      expectTypeOf(given).toEqualTypeOf<Messages>();
      expectTypeOf(given.read()).toEqualTypeOf<Message | null>();
      expectTypeOf(registration).toEqualTypeOf<Registration<Messages, undefined>>();
    });
    // @ts-expect-error a worker is no port
    reactor.register(worker, READABLE);
    reactor.register(process.stdin, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Channel>();
    });
    reactor.register(signals, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Signals>();
      expectTypeOf(given.read()).toEqualTypeOf<SignalName | null>();
    });
    reactor.register(server, READABLE, (given) => {
      expectTypeOf(given).toEqualTypeOf<Listener>();
    });
    reactor.register(descriptor, READABLE, (given) => {
      expectTypeOf(given).toExtend<Channel | Listener>();
    });
  });

  it("answers a registration of that type", () => {
    expectTypeOf(reactor.register(channel, READABLE)).toEqualTypeOf<
      Registration<Channel, undefined>
    >();
    expectTypeOf(reactor.register(socket, READABLE).descriptor).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.register(server, READABLE, null).descriptor).toEqualTypeOf<Listener>();
  });

  it("types data", () => {
    const data = { name: "a", count: 1 };
    const registration = reactor.register(
      channel,
      READABLE,
      (_channel, _ready, self) => {
        expectTypeOf(self.data).toEqualTypeOf<{ name: string; count: number }>();
      },
      { data },
    );
    expectTypeOf(registration.data).toEqualTypeOf<{ name: string; count: number }>();
    expectTypeOf(reactor.register(listener, READABLE).data).toEqualTypeOf<undefined>();
  });

  it("takes handlers that answer nothing or a promise of nothing", () => {
    reactor.register(channel, READABLE, async () => {});
    reactor.register(channel, READABLE, () => Promise.resolve());
    reactor.register(channel, READABLE, undefined);
  });

  it("refuses what is no source, no mask and no handler", () => {
    // @ts-expect-error a number is no source
    reactor.register(1, READABLE);
    // @ts-expect-error a name is no mask
    reactor.register(channel, "READABLE");
    // @ts-expect-error a handler is a function
    reactor.register(channel, READABLE, {});
    const accepting = (given: Listener): void => void given.accept();
    // @ts-expect-error a channel is no listener
    reactor.register(channel, READABLE, accepting);
    // @ts-expect-error what a registration is of never changes
    reactor.register(channel, READABLE).descriptor = channel;
    // @ts-expect-error an interest is changed by modify()
    reactor.register(channel, READABLE).interest = READABLE;
  });
});

describe("the other calls", () => {
  it("adopt answers what the source becomes", () => {
    expectTypeOf(reactor.adopt(socket)).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.adopt(server)).toEqualTypeOf<Listener>();
    expectTypeOf(reactor.adopt(readable)).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.adopt(writable)).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.adopt(duplex)).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.adopt(gzip)).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.adopt(process.stdout)).toEqualTypeOf<Channel>();
    expectTypeOf(reactor.adopt(port)).toEqualTypeOf<Messages>();
    expectTypeOf(channel.release()).toEqualTypeOf<Promise<Readable | Writable>>();
    expectTypeOf(reactor.adopt(process.stdin)).toEqualTypeOf<Channel>();
  });

  it("listen, connect and accept answer listeners and channels", () => {
    expectTypeOf(reactor.listen({ port: 0 })).toEqualTypeOf<Promise<Listener>>();
    expectTypeOf(reactor.connect({ path: "/x" })).toEqualTypeOf<Channel>();
    expectTypeOf(createReactor()).toEqualTypeOf<Reactor>();
    // @ts-expect-error an address has a port or a path
    reactor.connect({ host: "x" });
  });

  it("signals takes names of signals that can be watched", () => {
    expectTypeOf(reactor.signals(["SIGINT", "SIGTERM"])).toEqualTypeOf<Signals>();
    // @ts-expect-error there is no such signal
    reactor.signals(["SIGNAL"]);
    // @ts-expect-error nobody can watch this one
    reactor.signals(["SIGKILL"]);
  });

  it("poll answers registrations and masks; select its three lists", () => {
    expectTypeOf(reactor.poll()).toEqualTypeOf<Promise<PollResult>>();
    expectTypeOf<PollResult[number]>().toEqualTypeOf<
      [
        registration: Registration<Channel | Listener | Datagram | Messages | Signals>,
        ready: number,
      ]
    >();
    expectTypeOf<Awaited<ReturnType<Reactor["select"]>>["length"]>().toEqualTypeOf<3>();
  });

  it("registrations is read-only", () => {
    expectTypeOf(reactor.registrations).toEqualTypeOf<ReadonlyMap<number, Registration>>();
    expectTypeOf(reactor.get(1)).toEqualTypeOf<Registration | undefined>();
    expectTypeOf<Registration["descriptor"]>().toEqualTypeOf<Descriptor>();
  });

  it("read and write speak of bytes", () => {
    expectTypeOf(channel.read()).toEqualTypeOf<Buffer | null>();
    expectTypeOf(channel.write(new Uint8Array(1))).toEqualTypeOf<number>();
    // @ts-expect-error text is no bytes
    channel.write("text");
  });
});
