/** Reading by coroutine: frames, the end, and what comes in between. */
import { expect, it } from "vitest";

import {
  ConnectionClosedError,
  FrameError,
  lines,
  type AsyncConnection,
  type FrameInput,
  type Framer,
  type ServeOptions,
} from "iomux";

import {
  awaiting,
  onEveryAsyncServer,
  onStillAsyncServers,
  outcome,
  watch,
} from "../support/awaiting.ts";
import { thrownBy, turns } from "../support/crowd.ts";
import { cuttings, Random } from "../support/seeds.ts";

const LINES: ServeOptions<Buffer> = { framer: () => lines({ maxBytes: 20 }) };

/** Everything that can be read, as text, up to the end or to the error. */
async function readAll(connection: AsyncConnection): Promise<string[]> {
  const seen: string[] = [];
  try {
    for await (const frame of connection) seen.push(frame.toString());
    seen.push("end");
  } catch (error) {
    seen.push((error as FrameError).code);
  }
  return seen;
}

onEveryAsyncServer("read()", (world) => {
  async function bound(options: ServeOptions<Buffer> = LINES): ReturnType<typeof awaiting<Buffer>> {
    const served = await awaiting(world(), options);
    return served;
  }

  it("answers frames in order, then null for good", async () => {
    const served = await bound();
    const { connection, peer } = await served.join();
    peer.end("one\ntwo\nthree");
    for (const text of ["one", "two", "three"]) {
      expect((await outcome(world(), connection.read())).value?.toString()).toBe(text);
    }
    expect((await outcome(world(), connection.read())).value).toBeNull();
    expect((await outcome(world(), connection.read())).value).toBeNull();
    // The end is one side's: we may go on.
    expect([connection.state, served.server.connections.size]).toEqual(["open", 1]);
    await connection.send(Buffer.from("bye"));
    connection.end();
    await world().until(() => peer.ended, "our end");
    expect(peer.received.toString()).toBe("bye");
    expect(await world().run(connection.closed)).toBe("end");
    expect((await outcome(world(), connection.read())).value).toBeNull();
  });

  it("waits for a frame, and is answered when it comes", async () => {
    const served = await bound();
    const { connection, peer } = await served.join();
    const read = watch(connection.read());
    peer.write("hel");
    await world().until(() => connection.channel.bytesIn === 3, "a part");
    await turns(world(), served.reactor, 3);
    expect(read.text).toBe("pending");
    peer.write("lo\n");
    await world().until(() => read.settled, "the frame");
    expect(read.text).toBe('"hello"');
  });

  it("two reads at once throw, whichever they are, and harm nothing", async () => {
    const served = await bound();
    const { connection, peer } = await served.join();
    const read = watch(connection.read());
    for (const again of [
      () => connection.read(),
      () => connection.readLine(),
      () => connection.readExactly(1),
      () => connection.readSome(1),
    ]) {
      expect(thrownBy(again)).toMatchObject({ code: "IOMUX_READ_TWICE", fd: connection.fd });
    }
    peer.write("a\nb\n");
    await world().until(() => read.settled, "the frame");
    expect([read.text, (await outcome(world(), connection.read())).text]).toEqual(['"a"', '"b"']);
  });

  it("cuts no frame that nobody has asked for, and reads nothing either", async () => {
    let cut = 0;
    const counting = (): Framer<Buffer> => {
      const framer = lines();
      return {
        next(input: FrameInput) {
          const frame = framer.next(input);
          if (frame !== null) cut++;
          return frame;
        },
      };
    };
    const served = await bound({ framer: counting });
    const { connection, peer } = await served.join();
    peer.write("x\n".repeat(1000));
    await world().until(() => connection.channel.bytesIn === 2000, "the bytes");
    await turns(world(), served.reactor, 3);
    expect([cut, connection.channel.unread]).toEqual([0, 2000]);
    for (let frames = 1; frames <= 10; frames++) {
      await outcome(world(), connection.read());
      await turns(world(), served.reactor, 2);
      expect(cut).toBe(frames);
    }
    // And takes no turns for what waits.
    const { dispatches } = served.reactor.stats();
    await turns(world(), served.reactor, 5);
    expect(served.reactor.stats().dispatches).toBe(dispatches);
  });

  it("framesPerTurn holds: who has much at once does not keep the others waiting", async () => {
    const served = await awaiting(world(), { ...LINES, framesPerTurn: 8 });
    const flood = await served.join();
    const other = await served.join();
    flood.peer.write("x\n".repeat(2000));
    other.peer.write("o\n".repeat(20));
    await world().until(
      () => flood.connection.channel.bytesIn === 4000 && other.connection.channel.bytesIn === 40,
      "the bytes",
    );
    const byTurn = new Map<number, number>();
    let others = 0;
    const flooded = async (): Promise<void> => {
      while ((await flood.connection.read()) !== null) {
        const { turns } = served.reactor.stats();
        byTurn.set(turns, (byTurn.get(turns) ?? 0) + 1);
      }
    };
    const heard = async (): Promise<void> => {
      while ((await other.connection.read()) !== null) others++;
    };
    watch(flooded());
    watch(heard());
    await world().until(() => others === 20, "the other's frames");
    const most = Math.max(...byTurn.values());
    expect(most).toBe(8);
    expect([...byTurn.values()].reduce((sum, frames) => sum + frames)).toBeLessThanOrEqual(40);
  });

  it("H42: cut at every byte the frames are the same, and those of readLine()", async () => {
    const script = Buffer.from("one\r\ntwo\n\nthree\rfour\r\nlast");
    const expected = ["one", "two", "", "three\rfour", "last", "end"];
    for (const chunks of cuttings(script, new Random(3), 4)) {
      const served = await bound();
      const [first, second] = [await served.join(), await served.join()];
      const frames = watch(readAll(first.connection));
      const texts = watch(allLines(second.connection));
      for (const chunk of chunks) {
        first.peer.write(chunk);
        second.peer.write(chunk);
        await world().passes(1);
      }
      first.peer.end();
      second.peer.end();
      await world().until(() => frames.settled && texts.settled, "both ends");
      expect([frames.value, texts.value]).toEqual([expected, expected]);
    }
  });

  async function allLines(connection: AsyncConnection): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const line = await connection.readLine();
      if (line === null) return [...seen, "end"];
      seen.push(line);
    }
  }

  it("a refused frame rejects, and the next one may be read", async () => {
    const served = await bound();
    const { connection, peer } = await served.join();
    peer.write(`a\n${"x".repeat(30)}\nb\n`);
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) seen.push((await outcome(world(), connection.read())).text);
    expect(seen).toEqual(['"a"', "IOMUX_FRAME_TOO_LONG", '"b"']);
    // Also when it is waited for.
    const read = watch(connection.read());
    peer.write("y".repeat(22));
    await world().until(() => read.settled, "the refusal");
    expect([read.text, connection.state]).toEqual(["IOMUX_FRAME_TOO_LONG", "open"]);
  });

  it("a framer that throws ends the connection, and the read has its code and reason", async () => {
    const served = await bound({ framer: () => lines({ maxBytes: 3, overLong: "close" }) });
    const { connection, peer } = await served.join();
    peer.write("a\nlonger\n");
    expect((await outcome(world(), connection.read())).text).toBe('"a"');
    const read = await outcome(world(), connection.read());
    expect(read.error).toBeInstanceOf(ConnectionClosedError);
    expect(read.error).toMatchObject({ code: "IOMUX_FRAME_TOO_LONG", reason: "protocol" });
    expect(read.error!.cause).toBeInstanceOf(FrameError);
  });

  it("leaving a loop over frames closes nothing, and the next read goes on", async () => {
    const served = await bound();
    const { connection, peer } = await served.join();
    peer.write("head\n\nbody");
    const seen: string[] = [];
    const head = (async () => {
      for await (const line of connection) {
        if (line.length === 0) break;
        seen.push(line.toString());
      }
    })();
    await outcome(world(), head);
    seen.push((await outcome(world(), connection.readExactly(4))).value!.toString());
    expect([seen, connection.state]).toEqual([["head", "body"], "open"]);
  });

  it("await using ends the connection in order", async () => {
    const served = await bound();
    const { connection, peer } = await served.join();
    await connection.send(Buffer.from("bye"));
    await connection[Symbol.asyncDispose]();
    await world().until(() => peer.ended, "our end");
    expect([peer.received.toString(), connection.reason]).toEqual(["bye", "local"]);
  });

  it("throws at once for what is no option, no count and no time", async () => {
    const served = await bound();
    const { connection } = await served.join();
    const bad: [() => unknown, string][] = [
      [() => connection.read({ timeout: 1 } as never), "IOMUX_BAD_ARGUMENT"],
      [() => connection.read({ timeoutMs: -1 }), "IOMUX_BAD_RANGE"],
      [() => connection.read({ signal: 1 } as never), "IOMUX_BAD_ARGUMENT"],
      [() => connection.readLine({ maxBytes: 0 }), "IOMUX_BAD_RANGE"],
      [() => connection.readExactly(0), "IOMUX_BAD_RANGE"],
      [() => connection.readExactly("1" as never), "IOMUX_BAD_ARGUMENT"],
      [() => connection.readSome(1.5), "IOMUX_BAD_RANGE"],
      [() => connection.send("text" as never), "IOMUX_BAD_ARGUMENT"],
      [() => connection.send(Buffer.from("x"), { sauce: 1 } as never), "IOMUX_BAD_ARGUMENT"],
    ];
    for (const [call, code] of bad) expect(thrownBy(call).code).toBe(code);
    expect((await outcome(world(), connection.read({ timeoutMs: 0 }))).text).toBe(
      "IOMUX_TIMED_OUT",
    );
  });
});

onStillAsyncServers("read()", (world) => {
  it("24: a peer that floods is held back: one frame a second, and memory stays bounded", async () => {
    const served = await awaiting(world(), { framer: () => lines() }, { inputMark: 65_536 });
    const { connection, peer } = await served.join();
    const line = Buffer.from(`${"x".repeat(1023)}\n`);
    for (let i = 0; i < 16_384; i++) peer.write(line);
    let most = 0;
    let frames = 0;
    const state = { done: false };
    const slowly = async (): Promise<void> => {
      while (!state.done && (await connection.read()) !== null) {
        frames++;
        most = Math.max(most, served.bufferedBytes);
        await new Promise<void>((resolve) => served.reactor.setTimer(1000, resolve));
      }
    };
    watch(slowly());
    await world().until(() => frames === 1, "the first frame");
    await world().settle();
    const before = connection.channel.bytesIn;
    for (let second = 1; second <= 20; second++) await world().advance(1000);
    most = Math.max(most, served.bufferedBytes);
    expect(frames).toBe(21);
    // What was read for the frames so far, and what one read ahead brings.
    expect(most).toBeLessThanOrEqual(4 * 65_536);
    expect(before).toBeLessThanOrEqual(4 * 65_536);
    expect(connection.channel.bytesIn).toBeLessThanOrEqual(6 * 65_536);
    state.done = true;
  });
});

onEveryAsyncServer("reads of other shapes", (world) => {
  it("lines, counts and frames take turns over one stream, cut anywhere", async () => {
    const script = Buffer.from("PUT 5\r\nhelloframe\nGET\n12345678tail");
    for (const chunks of cuttings(script, new Random(5), 4)) {
      const served = await awaiting(world(), LINES);
      const { connection, peer } = await served.join();
      const seen: unknown[] = [];
      const all = watch(
        (async () => {
          seen.push(await connection.readLine());
          seen.push(String(await connection.readExactly(5)));
          seen.push(String(await connection.read()));
          seen.push(await connection.readLine());
          let body = "";
          while (body.length < 8) body += String(await connection.readSome(8 - body.length));
          seen.push(body, String(await connection.read()), await connection.read());
        })(),
      );
      for (const chunk of chunks) {
        peer.write(chunk);
        await world().passes(1);
      }
      peer.end();
      await world().until(() => all.settled, "all of it");
      expect(all.error).toBeUndefined();
      expect(seen).toEqual(["PUT 5", "hello", "frame", "GET", "12345678", "tail", null]);
    }
  });

  it("readLine() throws away what is too long, and goes on with the next line", async () => {
    const served = await awaiting(world());
    const { connection, peer } = await served.join();
    const read = watch(connection.readLine({ maxBytes: 5 }));
    peer.write("too long, and");
    await world().until(() => read.settled, "the refusal");
    expect(read.text).toBe("IOMUX_FRAME_TOO_LONG");
    peer.write(" longer\nok\n");
    expect((await outcome(world(), connection.readLine({ maxBytes: 5 }))).text).toBe('"ok"');
  });

  it("readExactly(): null before the first byte, broken in the middle", async () => {
    const served = await awaiting(world());
    const [first, second] = [await served.join(), await served.join()];
    first.peer.end();
    expect((await outcome(world(), first.connection.readExactly(3))).value).toBeNull();
    second.peer.end("ab");
    const read = await outcome(world(), second.connection.readExactly(3));
    expect(read.error).toMatchObject({ code: "IOMUX_BAD_FRAME", reason: "protocol" });
  });

  it("upgrade() throws at once for what is no framer", async () => {
    const served = await awaiting(world());
    const { connection } = await served.join();
    for (const none of [null, undefined, {}, () => lines()]) {
      const { code, message } = thrownBy(() => connection.upgrade(none as never));
      expect([code, message.split(" was given")[0]]).toEqual([
        "IOMUX_BAD_ARGUMENT",
        `upgrade of fd ${connection.fd}`,
      ]);
    }
    connection.abort();
  });

  it("readLine() names itself when a line is too long", async () => {
    const served = await awaiting(world());
    const { connection, peer } = await served.join();
    peer.write("a line\n");
    const read = await outcome(world(), connection.readLine({ maxBytes: 4 }));
    expect(read.error!.message).toContain("or raise maxBytes of readLine()");
    connection.abort();
  });

  it("upgrade(): the next read cuts by the new framer, bytes that are here among it", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const pairs: Framer<Buffer> = {
      next: (input) => (input.length < 2 ? null : input.take(2)),
    };
    peer.write("line\nabcd");
    expect((await outcome(world(), connection.read())).text).toBe('"line"');
    connection.upgrade(pairs);
    expect((await outcome(world(), connection.read())).text).toBe('"ab"');
    expect((await outcome(world(), connection.read())).text).toBe('"cd"');
    // A read that waits already gets what the new framer cuts, too.
    const read = watch(connection.read());
    connection.upgrade(lines());
    peer.write("ef");
    await world().passes(4);
    expect(read.text).toBe("pending");
    peer.write("\n");
    await world().until(() => read.settled, "the line");
    expect(read.text).toBe('"ef"');
  });
});

onStillAsyncServers("reads of other shapes", (world) => {
  it("readExactly() takes more than is ever read at once", async () => {
    const served = await awaiting(world());
    const { connection, peer } = await served.join();
    const bytes = Buffer.alloc(1_000_000, "0123456789");
    peer.write(bytes);
    const read = await outcome(world(), connection.readExactly(bytes.length));
    expect(read.value!.equals(bytes)).toBe(true);
  });
});
