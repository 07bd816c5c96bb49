/** Records over a Unix-domain socket: the two programs as processes, and their parts. */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import fc from "fast-check";

import { createReactor, nextFrame, FrameInput } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

import {
  END,
  FRAMES,
  MAX_NAME_BYTES,
  packReading,
  packReceipt,
  RECORD_BYTES,
  unpackReading,
  unpackReceipt,
} from "../../examples/records/reading.ts";
import { readSettings as readReceive } from "../../examples/records/receive-flags.ts";
import { readSettings as readSend } from "../../examples/records/send-flags.ts";
import { Output } from "../../examples/records/output.ts";
import { Receiver } from "../../examples/records/receiver.ts";
import { formatReading, isBlank, readLine } from "../../examples/records/text.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";
import { complaints, pathOf, receive, receiving, send, type Receiving } from "./records-process.ts";

afterAll(cleanUp);

const NOON = "2026-01-01T12:00:00.000Z";

/** What the receiver has printed, once it has ended in order. */
async function shown(receiver: Receiving): Promise<string[]> {
  receiver.child.kill("SIGTERM");
  expect(await receiver.ended).toEqual({ code: 0, signal: null });
  return receiver.out.lines;
}

describe("unix-send and unix-receive", () => {
  it("arguments and lines arrive as they were, and the sender knows it", async () => {
    const receiver = await receiving("--format", "json");
    const words = await send(receiver.path, ["cellar,8.1,2026-01-01T12:00Z", `张三, -1 ,${NOON}`]);
    expect(words).toEqual({ code: 0, signal: null, out: "", err: "2 readings were taken.\n" });
    const input = `# a remark\n\nroof,-12.25,${NOON}\r\ncellar,0,2026-01-01T13:30:00+01:30`;
    const lines = await send(receiver.path, [], input);
    expect([lines.code, lines.err]).toEqual([0, "2 readings were taken.\n"]);
    expect((await shown(receiver)).map((line) => JSON.parse(line) as unknown)).toEqual([
      { name: "cellar", temperature: 8.1, time: NOON },
      { name: "张三", temperature: -1, time: NOON },
      { name: "roof", temperature: -12.25, time: NOON },
      { name: "cellar", temperature: 0, time: NOON },
    ]);
    expect(complaints(receiver)).toEqual([]);
  });

  it("many of them, from several senders at once", async () => {
    const receiver = await receiving("--format", "json");
    const input = (sender: number): string =>
      Array.from({ length: 5000 }, (_, i) => `s${sender},${i}\n`).join("");
    const ended = await Promise.all([1, 2, 3].map((n) => send(receiver.path, [], input(n))));
    expect(ended.map(({ err }) => err)).toEqual(Array(3).fill("5000 readings were taken.\n"));
    const readings = (await shown(receiver)).map(
      (line) => JSON.parse(line) as { name: string; temperature: number },
    );
    for (const sender of ["s1", "s2", "s3"]) {
      const own = readings.filter(({ name }) => name === sender);
      expect(own.map(({ temperature }) => temperature)).toEqual([...Array(5000).keys()]);
    }
  });

  it("a wrong line is named by its number; what came before it is sent", async () => {
    const receiver = await receiving();
    const ended = await send(receiver.path, [], `a,1,${NOON}\n\nb,2,${NOON}\nc,warm\nd,4\n`);
    expect([ended.code, ended.err]).toEqual([
      2,
      'unix-send: line 4: the temperature "warm" is no number such as -12.5; ' +
        "before that 2 readings were taken\n",
    ]);
    expect(await shown(receiver)).toEqual([
      "time                      temperature  name",
      `${NOON}          1.0  a`,
      `${NOON}          2.0  b`,
    ]);
    expect(complaints(receiver)).toEqual([]);
  });

  it("of arguments nothing is sent if one is wrong", async () => {
    const receiver = await receiving("--format", "json");
    const ended = await send(receiver.path, ["a,1", "b"]);
    expect([ended.code, ended.err]).toEqual([
      2,
      "unix-send: argument 2: give name,temperature or name,temperature,time\n",
    ]);
    expect(await shown(receiver)).toEqual([]);
  });

  it("a sender without a receiver, and one that loses it, say so", async () => {
    const nobody = await send(pathOf(temporaryFolder()), ["a,1"]);
    expect([nobody.code, nobody.err]).toEqual([
      2,
      expect.stringMatching(
        /^unix-send: cannot connect to unix:.*: there is no such path \(ENOENT\)\n$/,
      ),
    ]);
    const receiver = await receiving();
    const sender = receive.sender(receiver.path);
    sender.child.stdin!.write("a,1\n");
    await receiver.out.until(/ a$/);
    receiver.child.kill("SIGKILL");
    expect(await sender.ended).toEqual({ code: 2, signal: null });
    expect(sender.err.lines).toEqual([
      `unix-send: the receiver at ${receiver.path} has gone: nobody knows how many of 1 it has taken`,
    ]);
  });

  it("a receiver that does not answer is not waited for without end", async () => {
    const receiver = await receiving();
    receiver.child.kill("SIGSTOP");
    const ended = await send(receiver.path, ["--wait-seconds", "1", "a,1"]);
    expect([ended.code, ended.err]).toEqual([
      2,
      `unix-send: the receiver at ${receiver.path} has not answered for 1 s: ` +
        "nobody knows how many of 1 it has taken\n",
    ]);
    receiver.child.kill("SIGKILL");
  });

  it("a receiver whose reader is gone says so, and ends", async () => {
    const receiver = await receiving();
    receiver.child.stdout!.destroy();
    await send(receiver.path, ["a,1"]);
    expect(await receiver.ended).toEqual({ code: 2, signal: null });
    expect(complaints(receiver)).toEqual(["unix-receive: nobody reads any more what it prints"]);
    expect(existsSync(receiver.path)).toBe(false);
  });

  it("a receiver whose output nobody reads for a while loses nothing", async () => {
    const receiver = await receiving("--format", "json");
    receiver.child.stdout!.pause();
    const count = 20_000;
    const input = Array.from({ length: count }, (_, i) => `s,${i},${NOON}\n`).join("");
    const sender = send(receiver.path, ["--wait-seconds", "60"], input);
    // It has stopped reading: what was sent is more than all buffers on the way hold.
    const first = await Promise.race([sender, quiet(receiver)]);
    expect(first).toBe("quiet");
    receiver.child.stdout!.resume();
    expect((await sender).err).toBe(`${count} readings were taken.\n`);
    expect((await shown(receiver)).length).toBe(count);
  });
});

/** Resolves when the pipe of the receiver is full: nothing more comes into it from one look to the next. */
async function quiet(receiver: Receiving): Promise<"quiet"> {
  const { stdout } = receiver.child;
  for (let before = -1, same = 0; same < 20;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = stdout!.readableLength;
    same = now === before && now > 0 ? same + 1 : 0;
    before = now;
  }
  return "quiet";
}

describe("the path", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("is removed at the end by %s", async (signal) => {
    const receiver = await receiving();
    expect(existsSync(receiver.path)).toBe(true);
    receiver.child.kill(signal);
    expect(await receiver.ended).toEqual({ code: 0, signal: null });
    expect(existsSync(receiver.path)).toBe(false);
    expect(complaints(receiver)).toEqual([]);
  });

  it.each([
    [[], 0o600],
    [["--mode", "666"], 0o666],
    [["--mode", "0640"], 0o640],
  ])("has the mode of the flag: %j", async (flags, mode) => {
    const receiver = await receiving(...flags);
    expect(statSync(receiver.path).mode & 0o777).toBe(mode);
    await shown(receiver);
  });

  it("that a killed receiver has left is taken over; a live one is respected", async () => {
    const dead = await receiving();
    dead.child.kill("SIGKILL");
    await dead.ended;
    expect(existsSync(dead.path)).toBe(true);
    const receiver = await receiving("--path", dead.path);
    const second = receive.start("--path", dead.path);
    expect(await second.ended).toEqual({ code: 2, signal: null });
    expect(second.err.lines).toEqual([
      `unix-receive: cannot listen at unix:${dead.path}: ` +
        "another server listens there; stop it first (EADDRINUSE)",
    ]);
    expect((await send(receiver.path, ["a,1"])).code).toBe(0);
    await shown(receiver);
  });

  it("at which a file stands is left alone", async () => {
    const path = pathOf(temporaryFolder());
    writeFileSync(path, "mine");
    const refused = receive.start("--path", path);
    expect(await refused.ended).toEqual({ code: 2, signal: null });
    expect(refused.err.lines).toEqual([expect.stringContaining("it was left alone")]);
    expect(statSync(path).size).toBe(4);
  });
});

describe("a broken record costs its own connection, and no other", () => {
  const good = (name: string): Buffer => packReading({ name, temperature: 1, whenMs: 0 });
  const record = (name: string, temperature: number, whenMs: bigint): Buffer => {
    const bytes = Buffer.alloc(RECORD_BYTES);
    bytes.writeUInt8(name.length, 0);
    bytes.write(name, 1, "latin1");
    bytes.writeDoubleBE(temperature, 24);
    bytes.writeBigInt64BE(whenMs, 32);
    return FRAMES.encode(bytes);
  };

  let receiver: Receiving;
  let other: Talk;

  beforeAll(async () => {
    receiver = await receiving("--format", "json");
    other = new Talk(receiver.path);
    other.socket.write(good("other"));
    await receiver.out.until(/other/);
  });

  it.each([
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "announces 1195725856 bytes"],
    ["a record too short", FRAMES.encode(Buffer.alloc(12)), "it has 12 bytes: a reading has 40"],
    ["one that is cut off", good("cut").subarray(0, 20), "ended 20 bytes into the frame"],
    ["a name that is not UTF-8", record("\xff", 1, 0n), "the name is not UTF-8"],
    ["a name that a terminal obeys", record("\x1b[2J", 1, 0n), "control characters"],
    ["no name", record("", 1, 0n), "the name is empty"],
    ["no temperature", record("a", NaN, 0n), "the temperature is no number"],
    ["no time", record("a", 1, 2n ** 62n), "the time is none"],
    ["no end", Buffer.alloc(0), "ended without saying that this was all"],
  ])("%s", async (_, bytes, why) => {
    const talk = new Talk(receiver.path);
    talk.socket.end(Buffer.concat([good("before"), bytes]));
    const said = await receiver.err.until(/ is cut off /);
    expect(said).toMatch(/^unix-receive: sender \d+ is cut off after 1 record: /);
    expect(said).toContain(why);
    // What was good before it was taken; there is no receipt for it.
    await receiver.out.until(/before/);
    expect((await talk.over()).length).toBe(0);
  });

  it("the other connection goes on, and has its receipt", async () => {
    other.socket.end(Buffer.concat([good("other"), END]));
    expect(await other.over()).toEqual(packReceipt(2));
    const names = (await shown(receiver)).map((line) => JSON.parse(line) as { name: string });
    expect(names.filter(({ name }) => name === "other")).toHaveLength(2);
    expect(names.filter(({ name }) => name === "before")).toHaveLength(names.length - 2);
  });
});

/** A plain socket at the receiver, and all that it hears. */
class Talk {
  readonly socket: Socket;
  readonly #heard: Buffer[] = [];
  readonly #closed: Promise<unknown>;

  constructor(path: string) {
    this.socket = connect({ path });
    this.socket.on("data", (chunk: Buffer) => this.#heard.push(chunk));
    this.socket.on("error", () => undefined);
    this.#closed = new Promise((resolve) => this.socket.on("close", resolve));
  }

  /** All that it has heard, once it is over. */
  async over(): Promise<Buffer> {
    await this.#closed;
    return Buffer.concat(this.#heard);
  }
}

describe("the receiver in memory", () => {
  it("reads a record when the one before it was printed, and cuts off who is idle", async () => {
    const clock = new SimulatedClock();
    const network = new MemoryNetwork(clock);
    const reactor = createReactor({ network, clock });
    const [printing, said]: [(() => void)[], string[]] = [[], []];
    const path = "/memory/records.sock";
    const receiver = await clock.run(
      Receiver.open(reactor, {
        ...{ path, mode: 0o600, maxSenders: 2, idleSeconds: 5 },
        show: () => new Promise((resolve) => printing.push(resolve)),
        complain: (why) => said.push(why),
      }),
    );
    const peer = network.dial({ path });
    const reading = packReading({ name: "a", temperature: 1, whenMs: 0 });
    peer.write(Buffer.concat([reading, reading, reading, END]));
    for (let printed = 0; printed < 3; printed++) {
      await clock.settle();
      expect([printing.length, peer.received.length]).toEqual([1, 0]);
      printing.pop()!();
    }
    await clock.settle();
    expect(peer.received).toEqual(packReceipt(3));
    await clock.advance(10_000);
    expect([said.length, peer.closed || peer.ended]).toEqual([1, true]);
    expect(said[0]).toMatch(/^sender 1 is cut off after 0 records: /);
    peer.destroy();
    await clock.run(receiver.close());
    await clock.run(reactor.close());
    expect(reactor.stats().open).toBe(0);
  });

  it("prints no faster than its output takes it, and is told when that is gone", async () => {
    const held: (() => void)[] = [];
    const stream = new Writable({
      highWaterMark: 8,
      write(_bytes, _encoding, written) {
        held.push(written);
      },
    });
    const gone: string[] = [];
    const output = new Output(stream, () => gone.push("gone"));
    const done: string[] = [];
    await output.print("1");
    void output.print("a long line").then(() => done.push("first"));
    void output.print("b").then(() => done.push("second"));
    await setImmediate();
    expect(done).toEqual([]);
    while (held.length > 0) {
      held.pop()!();
      await setImmediate();
    }
    expect(done).toEqual(["first", "second"]);
    const last = output.print("a long line");
    stream.destroy(new Error("EPIPE"));
    await last;
    await output.print("more");
    expect(gone).toEqual(["gone"]);
  });
});

describe("readings", () => {
  const names = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((name) => Buffer.byteLength(name) <= MAX_NAME_BYTES && !/\p{C}|\p{Z}/u.test(name));
  const readings = fc.record({
    name: names,
    temperature: fc.double({ min: -273.15, max: 1e9, noNaN: true }),
    whenMs: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  });

  it("survive the way over the wire, cut anywhere", () => {
    fc.assert(
      fc.property(fc.array(readings), fc.integer({ min: 1, max: 50 }), (sent, piece) => {
        const bytes = Buffer.concat([...sent.map(packReading), END, packReceipt(sent.length)]);
        const input = new FrameInput();
        const records: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += piece) {
          input.push(bytes.subarray(at, at + piece));
          for (;;) {
            const record = nextFrame(FRAMES, input, false);
            if (record === null) break;
            records.push(record as Buffer);
          }
        }
        expect(unpackReceipt(records.pop()!)).toBe(sent.length);
        expect(records.pop()).toEqual(Buffer.alloc(0));
        expect(records.map(unpackReading)).toEqual(sent);
      }),
    );
  });

  it("of any bytes are a reading or an error of one line, and never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(unpackReading(bytes).name).not.toBe("");
        } catch (error) {
          expect((error as Error).message).toMatch(/^[^\n]+$/);
        }
      }),
    );
    expect(() => unpackReceipt(Buffer.alloc(3))).toThrow("3 bytes, not 4");
  });

  it.each([
    ["cellar", "give name,temperature or name,temperature,time"],
    ["a,1,2026-01-01T12:00Z,x", "give name,temperature or name,temperature,time"],
    [",1", "the name is empty"],
    [`${"x".repeat(24)},1`, "the name has 24 bytes, over 23"],
    ["a\x1b[2J,1", "the name has control characters"],
    ["a,", 'the temperature "" is no number such as -12.5'],
    ["a,1e5", 'the temperature "1e5" is no number'],
    [`a,${"9".repeat(50)}`, `the temperature "${"9".repeat(40)}..." is no number`],
    ["a,-274", "the temperature is below -273.15"],
    ["a,1,now", 'the time "now" is none: give one such as 2026-01-01T12:00:00Z'],
    ["a,1,2026-13-01T12:00Z", 'the time "2026-13-01T12:00Z" is none'],
    ["a,1,", 'the time "" is none'],
  ])("%j are none: %s", (line, why) => {
    expect(() => readLine(line, 0)).toThrow(why);
  });

  it("without a time are of now, and are shown as they were written", () => {
    const reading = readLine(" my cellar , 8.15 ", Date.parse(NOON));
    expect(formatReading(reading, "json")).toBe(
      `{"name":"my cellar","temperature":8.15,"time":"${NOON}"}`,
    );
    expect(formatReading(reading, "table")).toBe(`${NOON}          8.2  my cellar`);
    expect(["", "  ", "# x", " # x", "x"].map(isBlank)).toEqual([true, true, true, true, false]);
  });
});

describe("the flags", () => {
  it.each([
    [readReceive, ["--mode", "8"], '--mode is "8": give three octal digits, such as 660'],
    [readReceive, ["--mode", "4755"], '--mode is "4755"'],
    [readReceive, ["--path", ""], "--path is empty: give a file name"],
    [readReceive, ["--format", "xml"], '--format is "xml": give one of table, json'],
    [readReceive, ["--max-senders", "0"], '--max-senders is "0"'],
    [readReceive, ["a,1"], "Unexpected argument 'a,1'"],
    [readSend, ["--path", ""], "--path is empty"],
    [readSend, ["--wait-seconds", "0"], '--wait-seconds is "0"'],
    [readSend, ["--mode", "600"], "Unknown option '--mode'"],
  ])("say on one line what is wrong (%#)", (read, args, why) => {
    expect(() => read(args)).toThrow(why);
  });

  it("have the same path unless told", () => {
    expect([readReceive([])!.path, readSend([])!.path]).toEqual(["records.sock", "records.sock"]);
    expect([readReceive(["--help"]), readSend(["--help"])]).toEqual([null, null]);
    expect(readSend(["a,1", "b,2"])!.lines).toEqual(["a,1", "b,2"]);
    expect(join(readReceive(["--path", "x"])!.path)).toBe("x");
  });
});
