/** Bytes in, frames out: how they are cut, in which order and how many at a time they come. */
import { expect, it } from "vitest";

import {
  FrameError,
  lines,
  RefusedFrame,
  type Callbacks,
  type Connection,
  type FrameInput,
  type Framer,
  type ServeOptions,
} from "iomux";

import { turns } from "../support/crowd.ts";
import { Random, cuttings } from "../support/seeds.ts";
import {
  isOver,
  onEveryServer,
  onStillServers,
  serving,
  type Guest,
  type Serving,
} from "../support/serving.ts";
import type { World } from "../support/world.ts";

const LINES: ServeOptions<Buffer> = { framer: () => lines({ maxBytes: 20 }) };

interface Heard {
  readonly served: Serving;
  readonly log: string[];
}

/** A server that writes down what it hears: frames, refusals, ends. */
async function hearing(
  world: World,
  options: ServeOptions<Buffer> = LINES,
  given: Callbacks<Buffer, undefined> = {},
): Promise<Heard> {
  const log: string[] = [];
  const served = await serving(world, options, {
    ...given,
    frame(connection, frame) {
      log.push(frame.toString());
      return given.frame?.(connection, frame);
    },
    refused(connection, refusal) {
      log.push(refusal.code);
      given.refused?.(connection, refusal);
    },
  });
  return { served, log };
}

/** Lets the connection end, as seen from its server. */
async function over(world: World, { connection }: Guest): Promise<void> {
  await world.until(() => connection.state === "closed", "the connection to be closed");
}

onEveryServer("frames", (world) => {
  it("H42: cut at every byte they are the same", async () => {
    const script = Buffer.from(`one\r\ntwo\n\n${"x".repeat(25)}\r\nthree\rfour\r\nlast`);
    const expected = ["one", "two", "", "IOMUX_FRAME_TOO_LONG", "three\rfour", "last"];
    for (let cut = 0; cut <= script.length; cut++) {
      const { served, log } = await hearing(world());
      const guest = await served.join();
      guest.peer.write(script.subarray(0, cut));
      await world().until(() => guest.connection.channel.bytesIn === cut, "the first part");
      await turns(world(), served.reactor);
      guest.peer.end(script.subarray(cut));
      await over(world(), guest);
      expect(log, `cut at ${cut}`).toEqual(expected);
      expect(guest.connection.reason).toBe("end");
    }
  });

  it("H42: byte by byte, and in chunks of any size, they are the same", async () => {
    const script = Buffer.from(
      Array.from({ length: 40 }, (_, i) => "y".repeat(i % 23) + (i % 3 === 0 ? "\n" : "\r\n")).join(
        "",
      ),
    );
    let expected: string[] | null = null;
    for (const chunks of cuttings(script, new Random(7), 4)) {
      const { served, log } = await hearing(world());
      const guest = await served.join();
      for (const chunk of chunks) {
        guest.peer.write(chunk);
        await world().passes(1);
      }
      guest.peer.end();
      await over(world(), guest);
      expected ??= log;
      expect(log).toEqual(expected);
      expect(log).toHaveLength(40);
    }
  });

  it("H38: frames that are kept stay what they were, and may be sent on and changed", async () => {
    const kept: Buffer[] = [];
    const served = await serving(
      world(),
      { framer: () => lines() },
      {
        frame(connection, line) {
          kept.push(line);
          connection.send(line);
        },
      },
    );
    const guest = await served.join();
    const expected: string[] = [];
    for (let i = 0; i < 300; i++) {
      const text = `${i} `.repeat(1 + ((i * 37) % 500));
      expected.push(text);
      for (const part of [text.slice(0, i), text.slice(i), "\r\n"]) guest.peer.write(part);
      if (i % 7 === 0) await world().passes(1);
    }
    await world().until(() => kept.length === 300, "all lines");
    await world().settle();
    expect(kept.map(String)).toEqual(expected);
    expect(guest.peer.received.toString()).toBe(expected.join(""));
    // None is a view of another's bytes.
    kept[0]!.fill("x");
    kept[150]!.fill("x");
    expect(kept.slice(1, 150).map(String)).toEqual(expected.slice(1, 150));
    expect(kept.slice(151).map(String)).toEqual(expected.slice(151));
  });

  it("23: with framesPerTurn 1 each frame has a turn of its own, the end too", async () => {
    const { served, log } = await hearing(world(), { ...LINES, framesPerTurn: 1 });
    const guest = await served.join();
    guest.peer.end("a\nb\nc\nd");
    await over(world(), guest);
    expect(log).toEqual(["a", "b", "c", "d"]);
    expect(guest.connection.reason).toBe("end");
  });

  it("H42: without a framer a frame is what came", async () => {
    const { served, log } = await hearing(world(), {});
    const guest = await served.join();
    guest.peer.write("some");
    await world().until(() => log.length === 1, "the first");
    guest.peer.end(" bytes");
    await over(world(), guest);
    expect(log.join("")).toBe("some bytes");
  });

  it("H42: a refusal is told in its place, and the stream goes on", async () => {
    const refusals: RefusedFrame[] = [];
    const order: string[] = [];
    const served = await serving(world(), LINES, {
      frame: (_, frame) => void order.push(frame.toString()),
      refused(_, refusal) {
        refusals.push(refusal);
        order.push("refused");
      },
    });
    const guest = await served.join();
    guest.peer.end(`a\n${"x".repeat(21)}\nb\n`);
    await over(world(), guest);
    expect(order).toEqual(["a", "refused", "b"]);
    expect(refusals[0]).toBeInstanceOf(RefusedFrame);
    expect(refusals[0]).toMatchObject({ code: "IOMUX_FRAME_TOO_LONG", maxBytes: 20 });
    expect(served.reports).toEqual([]);
  });

  it("H42: without a callback for it a refusal is passed over", async () => {
    const served = await serving(world(), LINES, {});
    const guest = await served.join();
    guest.peer.end(`${"x".repeat(21)}\nb\n`);
    await over(world(), guest);
    expect([guest.connection.reason, served.reports]).toEqual(["end", []]);
  });
});

onStillServers("frames", (world) => {
  it("23: framesPerTurn: while the others have their turn nothing more is read", async () => {
    let most = 0;
    let held = (): number => 0;
    const { served, log } = await hearing(
      world(),
      { framer: () => lines({ maxBytes: 20_000 }), framesPerTurn: 1 },
      { frame: () => void (most = Math.max(most, held())) },
    );
    held = () => served.bufferedBytes;
    const { peer } = await served.join();
    const line = "x".repeat(9999) + "\n";
    for (let i = 0; i < 400; i++) peer.write(line);
    await world().until(() => log.length === 400, "all of it");
    expect(most).toBeGreaterThan(0);
    // What one reading brings, what waits unread, and what one read of the network may add.
    expect(most).toBeLessThanOrEqual(4 * 64 * 1024);
  });

  it("23: framesPerTurn: who floods has so many a turn, and others have theirs", async () => {
    const perTurn = new Map<string, number>();
    let reactorTurns = (): number => 0;
    const { served, log } = await hearing(
      world(),
      { framer: () => lines(), framesPerTurn: 8 },
      {
        frame(connection) {
          const key = `${reactorTurns()} of ${connection.fd}`;
          perTurn.set(key, (perTurn.get(key) ?? 0) + 1);
        },
      },
    );
    reactorTurns = () => served.reactor.stats().turns;
    const [flooding, quiet] = await served.joinAll(2);
    const numbers = Array.from({ length: 500 }, (_, i) => String(i));
    flooding!.peer.write(numbers.join("\n") + "\n");
    await world().until(() => log.length >= 8, "the flood");
    quiet!.peer.write("quiet\n");
    await world().until(() => log.includes("quiet"), "the quiet one");
    expect(log.length).toBeLessThan(500);
    await world().until(() => log.length === 501, "the rest of the flood");
    expect(log.filter((text) => text !== "quiet")).toEqual(numbers);
    expect(Math.max(...perTurn.values())).toBe(8);
    expect(perTurn.size).toBe(Math.ceil(500 / 8) + 1);
  });
});

onEveryServer("framers that fail", (world) => {
  it("H42: FrameError: reason protocol, after the frames before it, and none after", async () => {
    const { served, log } = await hearing(world(), {
      framer: () => lines({ maxBytes: 5, overLong: "close" }),
    });
    const guest = await served.join();
    guest.peer.write("one\ntwo\ntoo long\nthree\n");
    await over(world(), guest);
    expect(log).toEqual(["one", "two"]);
    const { connection } = guest;
    expect(connection.reason).toBe("protocol");
    expect(connection.error).toBeInstanceOf(FrameError);
    expect(connection.error).toMatchObject({ code: "IOMUX_FRAME_TOO_LONG" });
    // It is the peer's doing: nobody is told of an error.
    expect([served.reports, served.reactor.stats().handlerErrors]).toEqual([[], 0]);
  });

  it.each<[string, () => Partial<Framer<Buffer>>]>([
    ["throws an Error", () => ({ next: fails(new TypeError("broken")) })],
    ["throws what is no error", () => ({ next: fails("broken") })],
    ["answers a frame and consumes nothing", () => ({ next: (input) => input.bytes })],
    ["throws in last", () => ({ next: () => null, last: fails(new Error("broken")) })],
    ["is stuck in last", () => ({ next: () => null, last: (input) => input.bytes })],
  ])("H42: one that %s: reason handler-error, and it is reported", async (_, framer) => {
    const { served, log } = await hearing(world(), { framer: () => framer() as Framer<Buffer> });
    const [guest, other] = await served.joinAll(2);
    guest!.peer.end("bytes");
    await over(world(), guest!);
    expect(log).toEqual([]);
    expect(guest!.connection.reason).toBe("handler-error");
    expect(served.reports).toHaveLength(1);
    expect(served.reports[0]!.fd).toBe(guest!.connection.fd);
    expect(other!.connection.state).toBe("open");
  });

  it("H42: a stream that ends inside a frame: last throws FrameError, reason protocol", async () => {
    const framer: Framer<Buffer> = {
      next: (input) => (input.length < 4 ? null : input.take(4)),
      last(input) {
        if (input.length > 0) throw new FrameError("IOMUX_BAD_FRAME", "cut short");
        return null;
      },
    };
    const { served, log } = await hearing(world(), { framer: () => framer });
    const [whole, short] = await served.joinAll(2);
    whole!.peer.end("abcdefgh");
    await over(world(), whole!);
    short!.peer.end("ijklm");
    await over(world(), short!);
    expect(log.join("")).toBe("abcdefghijkl");
    expect([whole!.connection.reason, short!.connection.reason]).toEqual(["end", "protocol"]);
  });

  it("H42: a factory that throws costs its own peer, and the server goes on", async () => {
    let calls = 0;
    const { served, log } = await hearing(world(), {
      framer() {
        if (++calls === 1) throw new Error("no framer for you");
        return lines();
      },
    });
    const refused = served.dial();
    await world().until(() => isOver(refused), "a no");
    expect(served.opened).toEqual([]);
    expect(served.reports.map(({ error }) => error.message)).toEqual(["no framer for you"]);
    const guest = await served.join();
    guest.peer.write("hello\n");
    await world().until(() => log.length === 1, "a frame");
    refused.destroy();
  });

  it("H42: a framer that ends its own channel: no frame after that", async () => {
    const { served, log } = await hearing(world(), {
      framer: (channel) => ({
        next(input: FrameInput) {
          const frame = input.take(1);
          if (frame[0] === 0x78) channel.abort();
          return frame;
        },
      }),
    });
    const guest = await served.join();
    guest.peer.write("abxcd");
    await over(world(), guest);
    expect(log).toEqual(["a", "b"]);
  });
});

function fails(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

onEveryServer("the end of the input", (world) => {
  it("H42: an unfinished line is a line, before the end is told", async () => {
    const { served, log } = await hearing(world(), LINES, {
      end(connection) {
        log.push("END");
        connection.send(Buffer.from("bye"));
        connection.end();
      },
    });
    const guest = await served.join();
    guest.peer.end("whole\npart");
    await over(world(), guest);
    await world().settle();
    expect(log).toEqual(["whole", "part", "END"]);
    expect(guest.peer.received.toString()).toBe("bye");
    expect(guest.connection.reason).toBe("end");
  });

  it("H42: the end is told once, and the other way stays open until end()", async () => {
    const { served, log } = await hearing(world(), LINES, { end: () => void log.push("END") });
    const guest = await served.join();
    guest.peer.end();
    await world().until(() => log.length > 0, "the end");
    await turns(world(), served.reactor, 5);
    expect(log).toEqual(["END"]);
    expect(guest.connection.send(Buffer.from("still there"))).toBe(true);
    await world().until(() => guest.peer.received.length > 0, "the answer");
    guest.connection.pause();
    guest.connection.resume();
    await turns(world(), served.reactor, 3);
    guest.connection.end();
    await over(world(), guest);
    expect([log, guest.connection.reason]).toEqual([["END"], "end"]);
  });

  it("H42: what no framer makes a frame of is dropped at the end, and given back", async () => {
    const { served, log } = await hearing(
      world(),
      { framer: () => ({ next: (input) => (input.length < 4 ? null : input.take(4)) }) },
      { end: () => void log.push("END") },
    );
    const guest = await served.join();
    guest.peer.end("abcdef");
    await world().until(() => log.length === 2, "the end");
    expect(log).toEqual(["abcd", "END"]);
    await world().passes(1);
    expect(served.bufferedBytes).toBe(0);
    // Nothing is under way: a server that closes need not wait for it.
    const closed = served.server.close({ drainMs: 60_000 });
    await world().until(() => guest.connection.state !== "open", "its end");
    guest.connection.abort();
    await world().run(closed);
    expect(guest.connection.reason).toBe("shutdown");
  });

  it("H42: bytes after end() are read by nobody", async () => {
    const { served, log } = await hearing(world(), LINES, {
      frame(connection, line) {
        if (line.toString() === "quit") connection.end();
      },
    });
    const guest = await served.join();
    guest.peer.write("a\nquit\nb\n");
    await world().until(() => guest.connection.state !== "open", "the end");
    guest.peer.write("c\nd\n");
    await world().settle();
    expect(log).toEqual(["a", "quit"]);
    expect(guest.connection.reason).toBe("local");
    expect(served.bufferedBytes).toBe(0);
  });

  it("H42: bytes after abort() are read by nobody, and abort() may come from any callback", async () => {
    const callbacks: [string, Callbacks<Buffer, undefined>, (guest: Guest) => void][] = [
      ["frame", { frame: stop }, ({ peer }) => peer.write("a\nb\nc")],
      ["refused", { refused: stop }, ({ peer }) => peer.write(`${"x".repeat(30)}\nb\nc`)],
      ["end", { end: stop }, ({ peer }) => peer.end("part")],
    ];
    for (const [name, given, provoke] of callbacks) {
      const { served, log } = await hearing(world(), LINES, given);
      const guest = await served.join();
      provoke(guest);
      await over(world(), guest);
      expect(
        log.filter((text) => text === "b" || text === "c"),
        name,
      ).toEqual([]);
      expect([guest.connection.reason, served.bufferedBytes]).toEqual(["abort", 0]);
    }
  });
});

function stop(connection: Connection): void {
  connection.abort();
}
