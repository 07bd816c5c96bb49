/**
 * What `src/node` builds on, measured again with plain Node and without iomux: when one of these
 * fails on a new Node, the code that rests on it has to change. The numbers are those of the
 * measurements that the design started from.
 */
import { describe, expect, it } from "vitest";

import { emptyWrite, noteErrors, pair, pass, stuff, until, watch } from "../support/raw-pair.ts";

/** From libuv 1.52 on (Node 24) a reset that comes together with data is told as one. */
const RESETS_ARE_TOLD = atLeast(process.versions.uv, [1, 52]);

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first, second] = version.split(".").map(Number) as [number, number];
  return first > major || (first === major && second >= minor);
}

/** What a socket tells after its data when a reset came together with it. */
const AFTER_RESET = RESETS_ARE_TOLD ? ["error ECONNRESET", "close"] : ["end"];

describe("node facts: ends", () => {
  it.each([1000, 30_000])(
    "F1: %i bytes and RST collected in one poll are a clean end, up to libuv 1.51",
    async (size) => {
      const { near, far } = await pair("tcp");
      const log = watch(near);
      near.resume();
      far.write(Buffer.alloc(size));
      far.resetAndDestroy();
      await until(() => log.includes("end") || log.includes("close"));
      await pass();
      expect(log).toEqual([`data ${size}`, ...AFTER_RESET]);
    },
  );

  it("F1: so are 100,000 bytes of which the last came with the RST", async () => {
    const { near, far } = await pair("tcp");
    const log = watch(near);
    near.resume();
    far.write(Buffer.alloc(40_000));
    await until(() => log[0] === "data 40000");
    far.write(Buffer.alloc(60_000));
    far.resetAndDestroy();
    await until(() => log.includes("end") || log.includes("close"));
    await pass();
    expect(log).toEqual(["data 100000", ...AFTER_RESET]);
  });

  it("F2: at that end an empty write is ECONNRESET; after FIN it is ok", async () => {
    for (const [act, answer] of [
      ["resetAndDestroy", "ECONNRESET"],
      ["end", "ok"],
    ] as const) {
      const { near, far } = await pair("tcp");
      const log = watch(near);
      near.resume();
      far.write(Buffer.alloc(1000));
      far[act]();
      await until(() => log.includes("end") || log.includes("close"));
      if (log.includes("end")) expect(await emptyWrite(near)).toBe(answer);
      else expect([RESETS_ARE_TOLD, log[1]]).toEqual([true, `error ${answer}`]);
    }
  });

  it("F2: after a reset the far address is gone unless it was read before; the near one stays", async () => {
    for (const before of [true, false]) {
      const { near, far } = await pair("tcp");
      noteErrors(near);
      if (before) expect(near.remoteAddress).toBe("127.0.0.1");
      far.write("x");
      far.resetAndDestroy();
      for (let i = 0; i < 20; i++) await pass();
      expect(near.remoteAddress).toBe(before ? "127.0.0.1" : undefined);
      expect(near.localAddress).toBe("127.0.0.1");
    }
  });

  it("F2b: with a write in flight, it fails before the next immediate after that end", async () => {
    const { near, far } = await pair("tcp");
    await stuff(near);
    const log = watch(near);
    let immediateAt = -1;
    near.on("end", () => setImmediate(() => (immediateAt = log.length)));
    near.resume();
    far.write(Buffer.alloc(1000));
    far.resetAndDestroy();
    await until(() => log.includes("close"));
    expect(log[0]).toBe("data 1000");
    const failed = log.findIndex((line) => /^error (ECONNRESET|EPIPE)$/.test(line));
    expect(failed).toBeGreaterThan(0);
    if (log.includes("end")) expect(failed).toBeLessThan(immediateAt);
  });

  it("F2b: with a write in flight and FIN, no write fails", async () => {
    const { near, far } = await pair("tcp");
    await stuff(near);
    const log = watch(near);
    near.resume();
    far.end(Buffer.alloc(1000));
    await until(() => log.includes("end"));
    for (let i = 0; i < 20; i++) await pass();
    expect(log).toEqual(["data 1000", "end"]);
  });

  it("F3: on Unix-domain sockets an empty write after a full close is EPIPE either way", async () => {
    const { near, far } = await pair("unix");
    const log = watch(near);
    near.resume();
    far.write("last");
    far.destroy();
    await until(() => log.includes("end"));
    expect(await emptyWrite(near)).toBe("EPIPE");
    const half = await pair("unix");
    const halfLog = watch(half.near);
    half.near.resume();
    half.far.end("last");
    await until(() => halfLog.includes("end"));
    expect(await emptyWrite(half.near)).toBe("ok");
  });

  it.each(["tcp", "unix"] as const)(
    "F5, %s: FIN: data, end, and close only after our end",
    async (family) => {
      const { near, far } = await pair(family);
      const log = watch(near);
      near.resume();
      far.end("bytes");
      await until(() => log.includes("end"));
      for (let i = 0; i < 10; i++) await pass();
      expect(log).toEqual(["data 5", "end"]);
      near.end();
      await until(() => log.includes("close"));
      expect(log).toEqual(["data 5", "end", "close"]);
    },
  );

  it("F5: RST alone, and RST after data was read: error, close, never end", async () => {
    for (const bytes of [0, 5]) {
      const { near, far } = await pair("tcp");
      const log = watch(near);
      near.resume();
      if (bytes > 0) far.write(Buffer.alloc(bytes));
      await until(() => bytes === 0 || log.length === 1);
      far.resetAndDestroy();
      await until(() => log.includes("close"));
      expect(log).toEqual([...(bytes > 0 ? ["data 5"] : []), "error ECONNRESET", "close"]);
    }
  });

  it.each(["tcp", "unix"] as const)(
    "F5, %s: a peer that closes with our data unread: ECONNRESET",
    async (family) => {
      const { near, far } = await pair(family);
      far.pause();
      const log = watch(near);
      near.resume();
      near.write(Buffer.alloc(1_000_000));
      for (let i = 0; i < 10; i++) await pass();
      far.destroy();
      await until(() => log.includes("close"));
      expect(log).toEqual([expect.stringMatching(/^error (ECONNRESET|EPIPE)$/), "close"]);
    },
  );

  it("F6: bytes in Node's own buffer can be read in the error handler", async () => {
    const { near, far } = await pair("tcp");
    let rescued = 0;
    near.on("error", () => {
      for (let chunk = near.read() as Buffer | null; chunk !== null;) {
        rescued += chunk.length;
        chunk = near.read() as Buffer | null;
      }
    });
    near.read(0);
    far.write(Buffer.alloc(10_000));
    await until(() => near.readableLength === 10_000);
    far.resetAndDestroy();
    await until(() => near.destroyed);
    await pass();
    expect(rescued).toBe(10_000);
  });
});

/** The stream machinery is passed by: a socket's own `push`, `_read`, `_write` and `_writev`. */
describe("node facts: below the streams", () => {
  const BYTES = "buffer" as BufferEncoding;

  it("a socket calls its own push with what it has read; false stops it, _read goes on", async () => {
    const { near, far } = await pair("tcp");
    const pushed: number[] = [];
    let goOn = false;
    const push = (chunk: Buffer | null): boolean => {
      if (chunk !== null) pushed.push(chunk.length);
      return goOn;
    };
    near.push = push;
    near.resume();
    far.write(Buffer.alloc(1000));
    await until(() => pushed.length === 1);
    far.write(Buffer.alloc(500));
    for (let i = 0; i < 20; i++) await pass();
    expect([pushed, near.readableLength]).toEqual([[1000], 0]);
    goOn = true;
    near._read(0);
    await until(() => pushed.length === 2);
    far.write(Buffer.alloc(7));
    await until(() => pushed.length === 3);
    expect(pushed).toEqual([1000, 500, 7]);
  });

  it("one read brings at most 64 KiB, and none comes after push has answered false", async () => {
    const { near, far } = await pair("tcp");
    const pushed: number[] = [];
    near.push = (chunk: Buffer | null): boolean => {
      if (chunk !== null) pushed.push(chunk.length);
      return false;
    };
    far.write(Buffer.alloc(1_000_000));
    near.resume();
    await until(() => pushed.length > 0);
    for (let i = 0; i < 20; i++) await pass();
    expect(pushed).toHaveLength(1);
    expect(pushed[0]).toBeLessThanOrEqual(65_536);
  });

  it("the end comes as push(null), and as 'end' once that is passed on", async () => {
    const { near, far } = await pair("tcp");
    const log = watch(near);
    const real = near.push.bind(near);
    near.push = (chunk: Buffer | null): boolean => {
      log.push(chunk === null ? "push null" : `push ${chunk.length}`);
      return chunk === null ? real(null) : true;
    };
    near.resume();
    far.end("bytes");
    await until(() => log.includes("end"));
    expect(log).toEqual(["push 5", "push null", "end"]);
  });

  it("_write answers in the call if the kernel takes all, later if it does not", async () => {
    const { near, far } = await pair("tcp");
    far.pause();
    const answers: string[] = [];
    let inside = true;
    const answered = (error?: Error | null): void => {
      answers.push(`${inside ? "in the call" : "later"} ${error ? "failed" : "ok"}`);
    };
    near._write(Buffer.alloc(1000), BYTES, answered);
    near._writev!([{ chunk: Buffer.alloc(10), encoding: BYTES }], answered);
    expect(answers).toEqual(["in the call ok", "in the call ok"]);
    near._write(Buffer.alloc(64_000_000), BYTES, answered);
    expect(answers).toHaveLength(2);
    inside = false;
    far.resume();
    await until(() => answers.length === 3);
    expect(answers[2]).toBe("later ok");
  });

  it("_write answers with the error of a connection that is reset, and destroys nothing itself", async () => {
    const { near, far } = await pair("tcp");
    const errors = noteErrors(near);
    far.pause();
    const answers: (string | undefined)[] = [];
    near._write(Buffer.alloc(64_000_000), BYTES, (error) => {
      answers.push((error as NodeJS.ErrnoException | null)?.code);
    });
    far.resetAndDestroy();
    await until(() => answers.length === 1);
    expect(answers[0]).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(errors).toEqual([]);
  });

  it("an empty _write confirms an end as an empty write does", async () => {
    for (const [act, answer] of [
      ["resetAndDestroy", "ECONNRESET"],
      ["end", undefined],
    ] as const) {
      const { near, far } = await pair("tcp");
      const log = watch(near);
      near.resume();
      far.write(Buffer.alloc(1000));
      far[act]();
      await until(() => log.includes("end") || log.includes("close"));
      if (!log.includes("end")) {
        expect([RESETS_ARE_TOLD, log[1]]).toEqual([true, `error ${String(answer)}`]);
        continue;
      }
      const code = await new Promise((resolve) => {
        near._write(Buffer.alloc(0), BYTES, (error) => {
          resolve((error as NodeJS.ErrnoException | null | undefined)?.code);
        });
      });
      expect(code).toBe(answer);
    }
  });
});
