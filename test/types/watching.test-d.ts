/** What a reactor tells of itself: its descriptors, their labels, its turns. */
import { describe, expectTypeOf, it } from "vitest";

import {
  serve,
  type Channel,
  type Descriptor,
  type DiagnosticsMessages,
  type Reactor,
  type Registration,
  type SpinningHandlerMessage,
  type Turn,
  type TurnWatcher,
} from "iomux";

declare const reactor: Reactor;
declare const channel: Channel;
declare const registration: Registration;

describe("what a reactor tells of itself", () => {
  it("descriptors: a map that only can be read, of labels that can be set", () => {
    expectTypeOf(reactor.descriptors).toEqualTypeOf<ReadonlyMap<number, Descriptor>>();
    expectTypeOf(reactor.owns).parameter(0).toEqualTypeOf<Descriptor>();
    channel.label = "chat";
    // @ts-expect-error a label is text
    channel.label = 1;
    // @ts-expect-error it is what it is
    channel.openedAt = 1;
    // @ts-expect-error setWaterMarks() sets it
    channel.highWaterMark = 1;
    expectTypeOf(registration.waitedTurns).toBeNumber();
    void serve(reactor, { label: "chat" });
    void reactor.listen({ port: 0 }, { label: "chat" });
    // @ts-expect-error a label is text
    void serve(reactor, { label: 1 });
  });

  it("watchTurns: either method, or both; a class will do", () => {
    expectTypeOf(reactor.watchTurns({ turnEnded: () => undefined })).toEqualTypeOf<() => void>();
    reactor.watchTurns({
      dispatched(called, ready, ms) {
        expectTypeOf(called).toEqualTypeOf<Registration>();
        expectTypeOf([ready, ms]).toEqualTypeOf<number[]>();
      },
      turnEnded(turn) {
        expectTypeOf(turn).toEqualTypeOf<Turn>();
      },
    });
    class Recorder implements TurnWatcher {
      longest = 0;
      turnEnded({ ms }: Turn): void {
        this.longest = Math.max(this.longest, ms);
      }
    }
    reactor.watchTurns(new Recorder());
    // @ts-expect-error there is no such method
    reactor.watchTurns({ turnEnd: () => undefined });
  });

  it("iomux:handler:spinning has its message", () => {
    expectTypeOf<
      DiagnosticsMessages["iomux:handler:spinning"]
    >().toEqualTypeOf<SpinningHandlerMessage>();
  });
});
