/** What stops the reading of a connection and lets it go on: pause(), promises, another framer. */
import { expect, it } from "vitest";

import {
  lines,
  type Callbacks,
  type Connection,
  type FrameInput,
  type Framer,
  type ServeOptions,
} from "iomux";

import { turns } from "../support/crowd.ts";
import { gate } from "../support/reports.ts";
import { onEveryServer, serving, type Serving } from "../support/serving.ts";
import type { World } from "../support/world.ts";

const KIB = 1024;
const LINES: ServeOptions<Buffer> = { framer: () => lines() };

type OnFrame = (connection: Connection, text: string) => void | Promise<void>;

async function hearing(
  world: World,
  onFrame: OnFrame = () => undefined,
  given: Callbacks<Buffer, undefined> = {},
  options: ServeOptions<Buffer> = LINES,
): Promise<{ served: Serving; log: string[] }> {
  const log: string[] = [];
  const served = await serving(world, options, {
    ...given,
    frame(connection, line) {
      log.push(line.toString());
      return onFrame(connection, line.toString());
    },
  });
  return { served, log };
}

onEveryServer("pause() and resume()", (world) => {
  it("24: a paused connection hands on nothing, and its peer is stopped by its own window", async () => {
    const { served, log } = await hearing(world());
    const { connection, peer } = await served.join();
    connection.pause();
    expect(connection.paused).toBe(true);
    const line = "x".repeat(999) + "\n";
    for (let i = 0; i < 16 * KIB; i++) peer.write(line);
    await world().settle();
    const { unread, bytesIn } = connection.channel;
    expect(log).toEqual([]);
    // inputMark, and what one read brings.
    expect(unread).toBeLessThanOrEqual(128 * KIB);
    expect([bytesIn, served.bufferedBytes]).toEqual([unread, unread]);
    connection.resume();
    expect(connection.paused).toBe(false);
    await world().until(() => log.length === 16 * KIB, "all of it");
    expect(served.bufferedBytes).toBe(0);
  });

  it("24: pause() in a frame callback holds the next frame of the same bytes", async () => {
    const { served, log } = await hearing(world(), (connection, text) => {
      if (text === "b") connection.pause();
    });
    const { connection, peer } = await served.join();
    peer.write("a\nb\nc\nd\n");
    await world().until(() => log.includes("b"), "two frames");
    await turns(world(), served.reactor, 5);
    expect(log).toEqual(["a", "b"]);
    expect(served.bufferedBytes).toBe(4);
    connection.resume();
    // Not from inside of resume(), which may be called from anywhere.
    expect(log).toEqual(["a", "b"]);
    await world().until(() => log.length === 4, "the others");
    expect(log).toEqual(["a", "b", "c", "d"]);
  });

  it("24, H6: pause() and resume() in one callback, or twice, change nothing", async () => {
    const { served, log } = await hearing(world(), (connection) => {
      connection.resume();
      connection.pause();
      connection.pause();
      connection.resume();
    });
    const { connection, peer } = await served.join();
    peer.write("a\nb\n");
    connection.resume();
    await world().until(() => log.length === 2, "two frames");
    peer.end("c\nd");
    await world().until(() => connection.state === "closed", "the end");
    expect(log).toEqual(["a", "b", "c", "d"]);
  });

  it("24: pause() in open: nothing is lost of what comes meanwhile, nor the end", async () => {
    const { served, log } = await hearing(world(), undefined, {
      open: (connection) => {
        connection.pause();
      },
    });
    const { connection, peer } = await served.join();
    peer.end("a\nb");
    await world().settle();
    expect([log, connection.state]).toEqual([[], "open"]);
    connection.resume();
    await world().until(() => connection.state === "closed", "the end");
    expect([log, connection.reason]).toEqual([["a", "b"], "end"]);
  });

  it("24: pause() and resume() on a connection that has ended do nothing", async () => {
    const { served } = await hearing(world());
    const { connection } = await served.join();
    connection.abort();
    connection.pause();
    connection.resume();
    await turns(world(), served.reactor, 3);
    expect(served.reports).toEqual([]);
  });

  it("24: a paused connection takes no turns, whatever its peer sends", async () => {
    const { served } = await hearing(world());
    const { connection, peer } = await served.join();
    connection.pause();
    peer.write("a\n".repeat(1000));
    await world().until(() => connection.channel.unread === 2000, "the bytes");
    await world().passes(4);
    const { dispatches } = served.reactor.stats();
    await turns(world(), served.reactor, 5);
    expect(served.reactor.stats().dispatches).toBe(dispatches);
  });
});

onEveryServer("frame callbacks that answer promises", (world) => {
  it("9: the next frame waits until the promise settles, and their order is kept", async () => {
    const gates: ReturnType<typeof gate>[] = [];
    const { served, log } = await hearing(world(), async (_, text) => {
      gates.push(gate());
      await gates.at(-1)!.promise;
      log.push(`${text} done`);
    });
    const { connection, peer } = await served.join();
    peer.end("a\nb\nc");
    const expected: string[] = [];
    for (const [place, text] of ["a", "b", "c"].entries()) {
      expected.push(text);
      await world().until(() => log.length === expected.length, text);
      await turns(world(), served.reactor, 3);
      expect(log).toEqual(expected);
      expect(connection.state).toBe("open");
      gates[place]!.open();
      expected.push(`${text} done`);
    }
    await world().until(() => connection.state === "closed", "the end");
    expect(log).toEqual(expected);
  });

  it("9: while one connection waits for its promise the others go on", async () => {
    const opened = gate();
    const { served, log } = await hearing(world(), (_, text) =>
      text === "slow" ? opened.promise : undefined,
    );
    const [slow, quick] = await served.joinAll(2);
    slow!.peer.write("slow\nlater\n");
    await world().until(() => log.includes("slow"), "the slow one");
    quick!.peer.write("quick\n");
    await world().until(() => log.includes("quick"), "the quick one");
    expect(log).toEqual(["slow", "quick"]);
    opened.open();
    await world().until(() => log.includes("later"), "the next");
  });

  it("9: a rejection costs its connection, handler-error, and is reported once", async () => {
    const { served, log } = await hearing(world(), async () => {
      await Promise.resolve();
      throw new Error("rejected");
    });
    const [guest, other] = await served.joinAll(2);
    guest!.peer.write("a\nb\n");
    await world().until(() => guest!.connection.state === "closed", "the end");
    expect(log).toEqual(["a"]);
    expect(guest!.connection.reason).toBe("handler-error");
    expect(guest!.connection.error!.message).toBe("rejected");
    expect(served.reports.map(({ error }) => error.message)).toEqual(["rejected"]);
    expect(served.reports[0]!.fd).toBe(guest!.connection.fd);
    expect(other!.connection.state).toBe("open");
  });

  it("9: a thenable that is no promise holds too; a rejecting one costs the connection", async () => {
    const calls: (() => void)[] = [];
    const { served, log } = await hearing(world(), (_, text) => {
      const then = (resolve: () => void, reject: (error: Error) => void): void => {
        calls.push(text === "b" ? () => reject(new Error("no")) : resolve);
      };
      return { then } as never;
    });
    const { connection, peer } = await served.join();
    peer.write("a\nb\nc\n");
    await world().until(() => calls.length === 1, "the first");
    await turns(world(), served.reactor, 3);
    expect(log).toEqual(["a"]);
    calls[0]!();
    await world().until(() => calls.length === 2, "the second");
    calls[1]!();
    await world().until(() => connection.state === "closed", "the end");
    expect(connection.reason).toBe("handler-error");
  });

  it("9: a connection that closes meanwhile brings no frame more, and nothing is reported", async () => {
    const opened = gate();
    const { served, log } = await hearing(world(), async (connection) => {
      await opened.promise;
      log.push(`send: ${connection.send(Buffer.from("late"))}`);
    });
    const { connection, peer } = await served.join();
    peer.write("a\nb\n");
    await world().until(() => log.length === 1, "the first");
    connection.abort();
    opened.open();
    await world().settle();
    expect(log).toEqual(["a", "send: false"]);
    expect([connection.reason, served.reports, served.bufferedBytes]).toEqual(["abort", [], 0]);
  });

  it("9: a rejection after the connection has closed is reported, and its reason stays", async () => {
    const opened = gate();
    const { served, log } = await hearing(world(), () => opened.promise);
    const { connection, peer } = await served.join();
    peer.write("a\n");
    await world().until(() => log.length === 1, "the first");
    connection.abort();
    opened.fail(new Error("too late"));
    await world().settle();
    expect(connection.reason).toBe("abort");
    expect(served.reports.map(({ error }) => error.message)).toEqual(["too late"]);
  });

  it("9: many promises that are resolved already starve neither timers nor others", async () => {
    const { served, log } = await hearing(world(), () => Promise.resolve());
    const [flooding, quiet] = await served.joinAll(2);
    flooding!.peer.write("f\n".repeat(2000));
    await world().until(() => log.length > 0, "the flood");
    let fired = -1;
    served.reactor.setTimer(0, () => (fired = log.length));
    quiet!.peer.write("quiet\n");
    await world().until(() => fired >= 0 && log.includes("quiet"), "the timer and the quiet one");
    expect(log.length).toBeLessThan(2000);
    await world().until(() => log.length === 2001, "the rest");
  });

  it("9: pause() during the promise outlasts it", async () => {
    const opened = gate();
    const { served, log } = await hearing(world(), () => opened.promise);
    const { connection, peer } = await served.join();
    peer.write("a\nb\n");
    await world().until(() => log.length === 1, "the first");
    connection.pause();
    opened.open();
    await turns(world(), served.reactor, 4);
    expect(log).toEqual(["a"]);
    connection.resume();
    await world().until(() => log.length === 2, "the second");
  });

  it("9: while a promise is pending the peer is stopped by its own window", async () => {
    const opened = gate();
    const { served, log } = await hearing(world(), () =>
      log.length === 1 ? opened.promise : undefined,
    );
    const { connection, peer } = await served.join();
    peer.write("first\n");
    await world().until(() => log.length === 1, "the first");
    for (let i = 0; i < 1000; i++) peer.write("x".repeat(999) + "\n");
    await world().settle();
    expect(connection.channel.unread).toBeLessThanOrEqual(128 * KIB);
    expect(served.bufferedBytes).toBe(connection.channel.unread);
    opened.open();
    await world().until(() => log.length === 1001, "all of it");
  });

  it.each(["open", "drain", "end", "close"] as const)(
    "9: a promise of the callback %s that rejects is reported, and no process ends of it",
    async (name) => {
      const reject = async (): Promise<void> => {
        await Promise.resolve();
        throw new Error(`${name} rejected`);
      };
      const options = { ...LINES, highWaterMark: 1000, lowWaterMark: 100 };
      const { served } = await hearing(world(), undefined, { [name]: reject }, options);
      const { connection, peer } = await served.join();
      if (name === "drain") connection.send(Buffer.alloc(2000));
      if (name === "end") peer.end();
      if (name === "close") connection.abort();
      await world().until(() => served.reports.length > 0, "the report");
      expect(served.reports.map(({ error }) => error.message)).toEqual([`${name} rejected`]);
      await world().until(() => connection.state === "closed", "the end");
      expect(connection.reason).toBe(name === "close" ? "abort" : "handler-error");
    },
  );

  it.each(["open", "frame", "refused", "drain", "end"] as const)(
    "9: the callback %s that throws costs its own connection, handler-error",
    async (name) => {
      const fail = (): never => {
        throw new Error(`${name} threw`);
      };
      const served = await serving(
        world(),
        { framer: () => lines({ maxBytes: 5 }), highWaterMark: 1000, lowWaterMark: 100 },
        name === "open"
          ? {
              open: ({ fd }) => {
                if (fd === first) fail();
              },
            }
          : { [name]: fail },
      );
      // The first connection after the listener.
      const first = 2;
      const { connection, peer } = await served.join();
      expect(connection.fd).toBe(first);
      connection.send(Buffer.alloc(2000));
      peer.write("frame\ntoo long\n");
      if (name === "end") peer.end();
      await world().until(() => connection.state === "closed", "the end");
      expect(connection.reason).toBe("handler-error");
      expect(served.reports.map(({ error }) => error.message)).toEqual([`${name} threw`]);
    },
  );
});

/** One letter is a frame. */
const letters = (): Framer<Buffer> => ({ next: (input: FrameInput) => input.take(1) });

onEveryServer("upgrade()", (world) => {
  it("24, H6: in a frame callback: the very next frame is cut by the new framer", async () => {
    const { served, log } = await hearing(world(), (connection, text) => {
      if (text === "letters") connection.upgrade(letters());
      if (text === "!") connection.upgrade(lines());
    });
    const { connection, peer } = await served.join();
    peer.end("one\nletters\nab!two\nthree");
    await world().until(() => connection.state === "closed", "the end");
    expect(log).toEqual(["one", "letters", "a", "b", "!", "two", "three"]);
  });

  it("24: cut at every byte it is the same", async () => {
    const script = Buffer.from("one\r\nletters\r\nab!two\r\nthree");
    for (let cut = 0; cut <= script.length; cut++) {
      const { served, log } = await hearing(world(), (connection, text) => {
        if (text === "letters") connection.upgrade(letters());
        if (text === "!") connection.upgrade(lines());
      });
      const { connection, peer } = await served.join();
      peer.write(script.subarray(0, cut));
      await world().until(() => connection.channel.bytesIn === cut, "the first part");
      await turns(world(), served.reactor);
      peer.end(script.subarray(cut));
      await world().until(() => connection.state === "closed", "the end");
      expect(log, `cut at ${cut}`).toEqual(["one", "letters", "a", "b", "!", "two", "three"]);
    }
  });

  it("24: outside of callbacks: what is here already is cut anew, in a later turn", async () => {
    const { served, log } = await hearing(world());
    const { connection, peer } = await served.join();
    peer.write("ab");
    await world().until(() => connection.channel.bytesIn === 2, "the bytes");
    await turns(world(), served.reactor, 2);
    expect(log).toEqual([]);
    connection.upgrade(letters());
    expect(log).toEqual([]);
    await world().until(() => log.length === 2, "two letters");
    peer.write("c");
    await world().until(() => log.length === 3, "another");
    expect(log).toEqual(["a", "b", "c"]);
  });

  it("24: while a promise is pending, or paused, it counts from the next frame on", async () => {
    const opened = gate();
    const { served, log } = await hearing(world(), (_, text) =>
      text === "wait" ? opened.promise : undefined,
    );
    const { connection, peer } = await served.join();
    peer.write("wait\nab");
    await world().until(() => log.length === 1, "the first");
    connection.upgrade(letters());
    connection.pause();
    opened.open();
    await turns(world(), served.reactor, 3);
    expect(log).toEqual(["wait"]);
    connection.resume();
    await world().until(() => log.length === 3, "the letters");
    expect(log).toEqual(["wait", "a", "b"]);
  });

  it("24: framesPerTurn holds, and the new framer has the very next frame", async () => {
    const perTurn = new Map<number, number>();
    let turn = (): number => 0;
    const { served, log } = await hearing(
      world(),
      (connection, text) => {
        perTurn.set(turn(), (perTurn.get(turn()) ?? 0) + 1);
        connection.upgrade(text === "letters" || text.length === 1 ? letters() : lines());
      },
      {},
      { ...LINES, framesPerTurn: 2 },
    );
    turn = () => served.reactor.stats().turns;
    const { connection, peer } = await served.join();
    peer.end("one\nletters\nabcde\n");
    await world().until(() => connection.state === "closed", "the end");
    expect(log).toEqual(["one", "letters", "a", "b", "c", "d", "e", "\n"]);
    expect(Math.max(...perTurn.values())).toBe(2);
  });
});
