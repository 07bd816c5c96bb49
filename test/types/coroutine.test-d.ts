/** What serve(), connect() and the connections of coroutines are typed as. */
import { describe, expectTypeOf, it } from "vitest";

import {
  connect,
  lines,
  serve,
  type AsyncConnection,
  type AsyncServer,
  type Callbacks,
  type Channel,
  type CloseReason,
  type ConnectionClosedError,
  type Framer,
  type Reactor,
  type Server,
} from "iomux";

interface Message {
  readonly text: string;
}

declare const reactor: Reactor;
declare const channel: Channel;
declare const messages: () => Framer<Message>;
declare const callbacks: Callbacks<Buffer, undefined>;
declare const closed: ConnectionClosedError;

describe("serve()", () => {
  it("answers a server for coroutines without callbacks, and else one that calls back", () => {
    expectTypeOf(serve(reactor, {})).toEqualTypeOf<Promise<AsyncServer>>();
    expectTypeOf(serve(reactor, { framer: () => lines() })).toEqualTypeOf<Promise<AsyncServer>>();
    expectTypeOf(serve(reactor, { framer: messages })).toEqualTypeOf<
      Promise<AsyncServer<Message>>
    >();
    expectTypeOf(serve(reactor, {}, callbacks)).toEqualTypeOf<Promise<Server>>();
  });

  it("types connections and frames by the framer", async () => {
    const server = await serve(reactor, { framer: messages });
    for await (const connection of server) {
      expectTypeOf(connection).toEqualTypeOf<AsyncConnection<Message>>();
      for await (const frame of connection) expectTypeOf(frame).toEqualTypeOf<Message>();
    }
    await server.each((connection) => {
      expectTypeOf(connection).toEqualTypeOf<AsyncConnection<Message>>();
    });
    expectTypeOf(server.accept()).toEqualTypeOf<Promise<AsyncConnection<Message> | null>>();
    expectTypeOf(server.take(channel)).toEqualTypeOf<AsyncConnection<Message>>();
    // @ts-expect-error a coroutine answers nothing, or a promise of nothing
    void server.each(() => 1);
  });
});

describe("a connection", () => {
  it("answers frames, text and bytes, or null", async () => {
    const connection = await connect(reactor, { port: 1 }, { framer: messages, timeoutMs: 1 });
    expectTypeOf(connection).toEqualTypeOf<AsyncConnection<Message>>();
    expectTypeOf(connection.read()).toEqualTypeOf<Promise<Message | null>>();
    expectTypeOf(connection.readLine()).toEqualTypeOf<Promise<string | null>>();
    expectTypeOf(connection.readExactly(1)).toEqualTypeOf<Promise<Buffer | null>>();
    expectTypeOf(connection.readSome(1)).toEqualTypeOf<Promise<Buffer | null>>();
    expectTypeOf(connection.send(Buffer.alloc(1))).toEqualTypeOf<Promise<boolean>>();
    expectTypeOf(connection.closed).toEqualTypeOf<Promise<CloseReason>>();
    expectTypeOf(closed.reason).toEqualTypeOf<CloseReason>();
    // @ts-expect-error a text has no encoding here
    void connection.send("text");
    // @ts-expect-error it is timeoutMs
    void connection.read({ timeout: 1 });
    // @ts-expect-error a framer of other frames
    connection.upgrade(lines());
    // Who reads by coroutine pauses by not reading.
    expectTypeOf(connection).not.toHaveProperty("pause");
  });
});
