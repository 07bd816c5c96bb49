/** Large buffers that transfers share, and the pieces that files are moved in. */
import { describe, expect, test } from "vitest";

import { SimulatedClock } from "iomux/testing";

import { BufferPool, LARGE_BYTES, SLOW_MS, SMALL_BYTES } from "../../examples/files/buffer-pool.ts";
import { FileSink, MAX_PIECES } from "../../examples/files/file-sink.ts";
import { FileSource, TRIAL_BYTES } from "../../examples/files/file-source.ts";
import { AsciiReceiver, AsciiSender } from "../../examples/ftp/ascii.ts";
import { ListingSource } from "../../examples/ftp/server/listing-source.ts";
import type { Entry, Upload } from "../../examples/files/file-store.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { file } from "./ftp-client.ts";

const MIB = 1024 * 1024;

function pooled(buffers: number): { pool: BufferPool; clock: SimulatedClock } {
  const clock = new SimulatedClock();
  const pool = new BufferPool({
    maxBytes: buffers * LARGE_BYTES,
    now: () => clock.now(),
    setTimer: (delayMs, callback) => {
      const cancel = clock.timer(delayMs, callback);
      return {
        cancel: () => {
          cancel();
          return true;
        },
      };
    },
  });
  return { pool, clock };
}

/** Where a promise is, without waiting for it. */
function watched<T>(promise: Promise<T>): { value: T | "pending" } {
  const state: { value: T | "pending" } = { value: "pending" };
  void promise.then((value) => {
    state.value = value;
  });
  return state;
}

describe("the pool", () => {
  test("has as many large buffers as fit into its bytes, and makes none before it is asked", () => {
    const { pool } = pooled(2.9);
    const buffers = [pool.takeNow(), pool.takeNow(), pool.takeNow()];
    expect(buffers.map((buffer) => buffer?.length)).toEqual([LARGE_BYTES, LARGE_BYTES, undefined]);
    expect(pool.taken).toBe(2);
    expect(pooled(0.99).pool.takeNow()).toBeNull();
  });

  test("gives a buffer that came back to the next who asks", () => {
    const { pool } = pooled(1);
    const buffer = pool.takeNow()!;
    pool.give(buffer);
    expect(pool.taken).toBe(0);
    expect(pool.takeNow()).toBe(buffer);
  });

  test("serves those who wait in their order, and nobody before them", async () => {
    const { pool, clock } = pooled(1);
    const buffer = pool.takeNow()!;
    const [first, second] = [watched(pool.take()), watched(pool.take())];
    expect(pool.takeNow()).toBeNull();
    pool.give(buffer);
    // Whoever comes now comes too late.
    expect(pool.takeNow()).toBeNull();
    await clock.settle();
    expect(first.value === buffer).toBe(true);
    expect(second.value).toBe("pending");
    pool.give(buffer);
    await clock.settle();
    expect(second.value).toBe(buffer);
    pool.give(buffer);
    expect(pool.taken).toBe(0);
  });

  test("SLOW_MS: who has one for long is not waited for, and nobody waits in vain", async () => {
    const { pool, clock } = pooled(1);
    const buffer = pool.takeNow()!;
    await clock.advance(SLOW_MS - 1);
    const waiting = watched(pool.take());
    await clock.advance(SLOW_MS - 1);
    expect(waiting.value).toBe("pending");
    await clock.advance(1);
    expect(waiting.value).toBeNull();
    // There is none to be expected now, and nothing to wait for.
    expect(await pool.take()).toBeNull();
    pool.give(buffer);
    expect(await pool.take()).toBe(buffer);
  });

  test("while somebody is quick, those who wait are served though others are slow", async () => {
    const { pool, clock } = pooled(2);
    pool.takeNow();
    await clock.advance(SLOW_MS);
    let quick = pool.takeNow()!;
    for (let turn = 0; turn < 10; turn++) {
      const next = watched(pool.take());
      await clock.advance(SLOW_MS / 2);
      pool.give(quick);
      await clock.settle();
      expect(next.value).toBe(quick);
      quick = next.value as Buffer;
    }
    expect(pool.taken).toBe(2);
  });

  test("a buffer that is lost is never given to anybody again, and another takes its place", async () => {
    const { pool, clock } = pooled(1);
    const buffer = pool.takeNow()!;
    const next = watched(pool.take());
    pool.lose(buffer);
    await clock.settle();
    expect(next.value).toHaveLength(LARGE_BYTES);
    expect(next.value === buffer).toBe(false);
    pool.give(next.value as Buffer);
    expect(pool.takeNow() === next.value).toBe(true);
    expect(pool.takeNow()).toBeNull();
  });

  test("no timer is left when nobody waits", async () => {
    const { pool, clock } = pooled(1);
    const buffer = pool.takeNow()!;
    const waiting = watched(pool.take());
    pool.give(buffer);
    await clock.settle();
    pool.give(waiting.value as Buffer);
    expect(clock.skip()).toBe(false);
  });
});

describe("a file that is read", () => {
  const content = Buffer.alloc(
    14 * MIB,
    "not the same in each of its lines, since these are odd\n",
  );

  async function source(options: { offset?: number; ascii?: boolean; buffers?: number } = {}) {
    const { offset = 0, ascii = false, buffers = 1 } = options;
    const store = new MemoryStore();
    const upload = await store.openUpload("/f", { kind: "new" });
    await upload.write(content);
    await upload.commit();
    const reader = await store.openReader("/f", offset);
    const { pool, clock } = pooled(buffers);
    const now = (): number => clock.now();
    const converter = ascii ? new AsciiSender() : null;
    return { source: new FileSource(reader, { offset, converter, pool, now }), pool, clock, store };
  }

  test("comes in small pieces until 8 MiB have left fast, and in large ones then", async () => {
    const { source: from, pool, store } = await source();
    const sizes: number[] = [];
    let at = 0;
    let readers = 0;
    for (let piece = await from.next(Infinity); piece !== null; piece = await from.next(Infinity)) {
      expect(piece.equals(content.subarray(at, at + piece.length))).toBe(true);
      at += piece.length;
      sizes.push(piece.length);
      readers = store.open.readers;
    }
    expect(at).toBe(content.length);
    // While the last piece leaves.
    expect(readers).toBe(0);
    const trial = TRIAL_BYTES / SMALL_BYTES;
    expect(new Set(sizes.slice(0, trial))).toEqual(new Set([SMALL_BYTES]));
    expect(new Set(sizes.slice(trial))).toEqual(new Set([LARGE_BYTES]));
    await from.close(false);
    expect([pool.taken, store.open.readers]).toEqual([0, 0]);
  });

  test("slow ones have small pieces, and fast ones if they become slow", async () => {
    const { source: from, pool, clock } = await source();
    for (let at = 0; at < 1.5 * TRIAL_BYTES; at += SMALL_BYTES) {
      expect(await from.next(Infinity)).toHaveLength(SMALL_BYTES);
      if (at === 0.75 * TRIAL_BYTES) await clock.advance(SLOW_MS);
    }
    await clock.advance(SLOW_MS);
    expect(await from.next(Infinity)).toHaveLength(SMALL_BYTES);
    expect(pool.taken).toBe(0);
    await from.close(false);
  });

  test("a large buffer is given back when its piece has left, and before the next is had", async () => {
    const { source: from, pool, clock } = await source();
    for (let at = 0; at < TRIAL_BYTES; at += SMALL_BYTES) await from.next(Infinity);
    expect(await from.next(Infinity)).toHaveLength(LARGE_BYTES);
    expect(pool.takeNow()).toBeNull();
    const other = watched(pool.take());
    const next = watched(from.next(Infinity));
    await clock.settle();
    expect(other.value).toHaveLength(LARGE_BYTES);
    expect(next.value).toBe("pending");
    pool.give(other.value as Buffer);
    await clock.settle();
    expect(next.value).toHaveLength(LARGE_BYTES);
    await from.close(false);
    expect(pool.taken).toBe(0);
  });

  test("a large buffer that somebody may still read is lost, and not given back", async () => {
    const { source: from, pool } = await source();
    for (let at = 0; at < TRIAL_BYTES; at += SMALL_BYTES) await from.next(Infinity);
    const piece = (await from.next(Infinity))!;
    await from.close(true);
    expect(pool.taken).toBe(0);
    expect(pool.takeNow()!.buffer).not.toBe(piece.buffer);
  });

  test("closed while it waits for a large buffer, it gives back what it gets", async () => {
    const { source: from, pool, clock } = await source();
    for (let at = 0; at < TRIAL_BYTES; at += SMALL_BYTES) await from.next(Infinity);
    const taken = pool.takeNow()!;
    const next = watched(from.next(Infinity));
    await clock.settle();
    await from.close(false);
    pool.give(taken);
    await clock.settle();
    expect(next.value).toBeNull();
    expect(pool.taken).toBe(0);
  });

  test("text is converted, and is never read into a large buffer", async () => {
    const { source: from, pool } = await source({ ascii: true });
    const pieces: Buffer[] = [];
    for (let piece = await from.next(Infinity); piece !== null; piece = await from.next(Infinity)) {
      pieces.push(Buffer.from(piece));
      expect(pool.taken).toBe(0);
    }
    expect(Buffer.concat(pieces).toString()).toBe(content.toString().replaceAll("\n", "\r\n"));
    await from.close(false);
  });

  test("from an offset; in pieces of the size that is asked for", async () => {
    const { source: from } = await source({ offset: content.length - 2500 });
    const pieces: string[] = [];
    for (let piece = await from.next(1000); piece !== null; piece = await from.next(1000)) {
      pieces.push(piece.toString());
    }
    expect(pieces.map((piece) => piece.length)).toEqual([1000, 1000, 500]);
    expect(pieces.join("")).toBe(content.subarray(-2500).toString());
    await from.close(false);
  });
});

describe("a listing", () => {
  const names = { format: "names", prefix: "" } as const;

  test("of more entries than may be listed is cut off, and says so", async () => {
    const entries: Entry[] = Array.from({ length: 4 }, (_, i) => file(`f${i}`));
    const of = (maxEntries: number) =>
      new ListingSource(entries.values(), { listing: names, nowMs: 0, maxEntries });
    const [whole, cut] = [of(4), of(3)];
    expect((await whole.next())!.toString()).toBe("f0\r\nf1\r\nf2\r\nf3\r\n");
    expect((await cut.next())!.toString()).toBe("f0\r\nf1\r\nf2\r\n");
    expect([await whole.next(), await cut.next()]).toEqual([null, null]);
    expect([whole.cutOff, cut.cutOff]).toEqual([false, true]);
  });

  test("comes in pieces of 16 KiB, so that a large folder is never in memory", async () => {
    let asked = 0;
    function* entries(): Generator<Entry> {
      while (asked < 10_000) yield file(`f${asked++}`);
    }
    const options = { listing: names, nowMs: 0, maxEntries: Infinity };
    const source = new ListingSource(entries(), options);
    let lines = 0;
    for (let piece = await source.next(); piece !== null; piece = await source.next()) {
      expect(piece.length).toBeLessThan(16 * 1024 + 300);
      lines += piece.toString().split("\r\n").length - 1;
      expect(asked).toBe(lines);
    }
    expect(lines).toBe(10_000);
  });
});

describe("a file that is written", () => {
  /** Each write, and what was done at the end; a write waits until it is let go. */
  class SlowUpload implements Upload {
    readonly path = "/f";
    readonly written: Buffer[] = [];
    readonly ends: string[] = [];
    go: (() => void)[] = [];
    fails = false;

    async write(bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
      await new Promise<void>((resolve) => this.go.push(resolve));
      if (this.fails) throw new Error("disk");
      this.written.push(Buffer.concat(bytes instanceof Uint8Array ? [bytes] : bytes));
    }
    sync(): Promise<void> {
      return Promise.resolve(void this.ends.push("sync"));
    }
    commit(): Promise<void> {
      return Promise.resolve(void this.ends.push("commit"));
    }
    discard(): Promise<void> {
      return Promise.resolve(void this.ends.push("discard"));
    }
  }

  function sinking(buffers = 1, ascii = false) {
    const upload = new SlowUpload();
    const { pool, clock } = pooled(buffers);
    const converter = ascii ? new AsciiReceiver() : null;
    return { upload, pool, clock, sink: new FileSink(upload, { pool, converter }) };
  }

  const fast = Buffer.alloc(32 * 1024, "f");

  test("small pieces are written as they come", async () => {
    const { upload, sink, pool } = sinking();
    const writing = sink.write(Buffer.from("small"));
    expect([sink.gathering, pool.taken]).toEqual([false, 0]);
    upload.go.shift()!();
    await writing;
    expect(upload.written.map(String)).toEqual(["small"]);
  });

  test("large ones are gathered while another one would fit, and written together", async () => {
    const { upload, sink, pool, clock } = sinking();
    const piece = Buffer.alloc(64 * 1024, "p");
    const fits = LARGE_BYTES / piece.length;
    for (let i = 1; i < fits; i++) expect(sink.write(piece)).toBeUndefined();
    expect([sink.gathering, pool.taken, upload.go.length]).toEqual([true, 1, 0]);
    const writing = sink.write(piece)!;
    expect(pool.taken).toBe(1);
    upload.go.shift()!();
    await writing;
    expect([upload.written[0]!.length, pool.taken, sink.gathering]).toEqual([
      LARGE_BYTES,
      0,
      false,
    ]);
    void sink.write(piece);
    const finishing = sink.finish();
    await clock.settle();
    upload.go.shift()!();
    await finishing;
    await sink.commit();
    expect(Buffer.concat(upload.written)).toEqual(Buffer.alloc(LARGE_BYTES + piece.length, "p"));
    expect([pool.taken, upload.ends]).toEqual([0, ["sync", "commit"]]);
  });

  test("many small ones are written before they are full: MAX_PIECES", async () => {
    const { upload, sink } = sinking();
    void sink.write(fast);
    for (let i = 2; i < MAX_PIECES; i++) expect(sink.write(Buffer.from("x"))).toBeUndefined();
    const writing = sink.write(Buffer.from("y"))!;
    upload.go.shift()!();
    await writing;
    expect(upload.written[0]).toHaveLength(fast.length + MAX_PIECES - 1);
  });

  test("while it is written, the buffer is nobody else's", async () => {
    const { upload, sink, pool } = sinking();
    void sink.write(fast);
    const flushing = sink.flush();
    expect(pool.takeNow()).toBeNull();
    upload.go.shift()!();
    await flushing;
    expect(pool.taken).toBe(0);
    expect(upload.written[0]!.equals(fast)).toBe(true);
  });

  test("without a buffer to be had it is written as it comes", async () => {
    const { upload, sink } = sinking(0);
    const writing = sink.write(fast)!;
    upload.go.shift()!();
    await writing;
    expect(upload.written[0]!.equals(fast)).toBe(true);
  });

  test("given up, it gives its buffer back; also if the disk has failed", async () => {
    const { upload, sink, pool } = sinking();
    void sink.write(fast);
    await sink.discard();
    expect([pool.taken, upload.ends]).toEqual([0, ["discard"]]);
    void sink.write(fast);
    upload.fails = true;
    const flushing = sink.flush();
    upload.go.shift()!();
    await expect(flushing).rejects.toThrow("disk");
    expect(pool.taken).toBe(0);
  });

  test("text is converted, a CR at the very end included", async () => {
    const { upload, sink } = sinking(1, true);
    for (const text of ["a\r", "\nb\r"]) {
      const writing = sink.write(Buffer.from(text));
      upload.go.shift()!();
      await writing;
    }
    const finishing = sink.finish();
    upload.go.shift()!();
    await finishing;
    expect(Buffer.concat(upload.written).toString()).toBe("a\nb\r");
  });
});
