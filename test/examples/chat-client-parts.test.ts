/** The client's parts that know no sockets, no terminal and no time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { BACKOFF, waitMs } from "../../examples/program/backoff.ts";
import { HELP, readSettings } from "../../examples/chat/client-flags.ts";
import { Joining } from "../../examples/chat/client-joining.ts";
import { LineSplitter, shown, type Line } from "../../examples/chat/client-lines.ts";
import { Outbox } from "../../examples/chat/client-outbox.ts";
import { CLIENT_TEXTS } from "../../examples/chat/client-texts.ts";

function split(maxBytes: number, ...pieces: Uint8Array[]): Line[] {
  const splitter = new LineSplitter(maxBytes);
  const lines: Line[] = [];
  for (const piece of pieces) {
    lines.push(...splitter.feed(piece));
    expect(splitter.heldBytes).toBeLessThanOrEqual(maxBytes + 1);
  }
  return [...lines, ...splitter.end()];
}

describe("lines", () => {
  test.each([
    ["a\nb\r\n\nc", ["a", "b", "", "c"], "LF and CR LF end a line, and so does the end"],
    ["1234\r\n1234\n", ["1234", "1234"], "a line may be as long as the limit, with either ending"],
    ["12345\nx", ["1234+", "x"], "of a longer one only the start is kept"],
    ["12345\r\n1234\rx\n", ["1234+", "1234+"], "a CR that ends nothing counts"],
    ["a\r", ["a"], "the last CR is no text"],
    ["", [], "nothing is no line"],
    ["\n", [""], "an empty line is one"],
    ["你好\n", ["你+"], "a cut does not leave half a character"],
    ["\ufeffa\n", ["\ufeffa"], "no byte is taken for a mark of the order"],
  ])("%j is %j: %s", (given, lines) => {
    const marked = split(4, Buffer.from(given)).map(({ text, cut }) => text + (cut ? "+" : ""));
    expect(marked).toEqual(lines);
  });

  test("are the same however the bytes were cut", () => {
    const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xe4, 0xbd, 0xa0, 0xff), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(60), { maxLength: 6 }), (all, cuts) => {
        const whole = Buffer.from(all);
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(split(5, ...pieces)).toEqual(split(5, whole));
        expect(split(5, ...all.map((byte) => Buffer.from([byte])))).toEqual(split(5, whole));
      }),
    );
  });

  test("that come byte by byte are joined before there are too many pieces", () => {
    const bytes = Buffer.from(`${"x".repeat(2000)}\n`);
    const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(split(4096, ...pieces)).toEqual([{ text: "x".repeat(2000), cut: false }]);
  });

  test("are shown without what a terminal would obey", () => {
    expect(shown({ text: "a\x1b[2Jb\x07", cut: false })).toBe("ab");
    expect(shown({ text: "a\x1b]0;half a title", cut: true })).toBe("a [...]");
  });
});

describe("back-off", () => {
  const limits = { firstMs: 100, factor: 3, maxMs: 1000, jitter: 0, attempts: 5 };

  test("multiplies up to the longest wait, and ends after the attempts", () => {
    const waits = [1, 2, 3, 4, 5, 6].map((attempt) => waitMs(limits, attempt, 0.5));
    expect(waits).toEqual([100, 300, 900, 1000, 1000, null]);
  });

  test("jitter makes a wait shorter, by its share at most", () => {
    const jittery = { ...limits, jitter: 0.25 };
    expect(waitMs(jittery, 1, 0)).toBe(75);
    expect(waitMs(jittery, 1, 0.5)).toBe(88);
    expect(waitMs(jittery, 1, 1)).toBe(100);
    expect(waitMs({ ...limits, jitter: 1 }, 4, 0)).toBe(0);
  });

  test("no attempts, no wait; and no overflow after many", () => {
    expect(waitMs({ ...limits, attempts: 0 }, 1, 0)).toBeNull();
    expect(waitMs({ ...limits, attempts: 1e6 }, 1e6, 1)).toBe(1000);
  });
});

describe("joining", () => {
  function asked(name: string | null): Joining {
    const joining = new Joining(name);
    joining.connected();
    expect(joining.hear("Name?").kind).toBe("question");
    return joining;
  }

  test("the first line is the question, in whatever language; an empty one is not", () => {
    const joining = new Joining("ann");
    expect(joining.answer()).toBeNull();
    joining.connected();
    expect(joining.answer()).toBeNull();
    expect(joining.hear("").kind).toBe("line");
    expect(joining.hear("你叫什么名字？").kind).toBe("question");
    expect(joining.answer()).toBe("ann");
    expect(joining.answer()).toBeNull();
    expect(joining.hear("你好，ann。").kind).toBe("joined");
    expect(joining.phase).toBe("joined");
  });

  test("the question again is a refusal, with the reason before it", () => {
    const joining = asked("ann");
    joining.answer();
    expect(joining.hear("Taken. Name?")).toEqual({ kind: "refused", name: "ann", why: "Taken." });
    expect(joining.answer()).toBeNull();
    joining.give("bob");
    expect(joining.answer()).toBe("bob");
    expect(joining.hear("Name?")).toEqual({ kind: "refused", name: "bob", why: "" });
  });

  test("a reason in a line of its own, before the question, is a refusal all the same", () => {
    const joining = asked("ann");
    joining.answer();
    expect(joining.hear("Taken.").kind).toBe("joined");
    expect(joining.hear("Name?").kind).toBe("refused");
    expect(joining.phase).toBe("asked");
  });

  test("somebody who says the question asks nothing", () => {
    const joining = asked("ann");
    joining.answer();
    joining.hear("Hello ann.");
    expect(joining.hear("bob says: Name?").kind).toBe("line");
  });

  test("what is said before the answer is no refusal", () => {
    const joining = asked(null);
    expect(joining.hear("That line was too long. Name?").kind).toBe("line");
  });

  test("the next connection is joined with the name that was taken last", () => {
    const joining = asked(null);
    joining.give("ann");
    joining.answer();
    joining.hear("Hello ann.");
    joining.disconnected();
    expect(joining.hear("Name?").kind).toBe("line");
    joining.connected();
    joining.hear("Name?");
    expect(joining.answer()).toBe("ann");
  });

  test("a new name is tried before the old one, however many were asked for", () => {
    const joining = asked("ann");
    joining.answer();
    joining.hear("Hello ann.");
    joining.renamed("eve");
    joining.renamed("eva");
    joining.connected();
    joining.hear("Name?");
    expect(joining.answer()).toBe("eva");
    joining.hear("Taken. Name?");
    expect(joining.answer()).toBe("ann");
    joining.hear("Taken. Name?");
    expect(joining.hasName).toBe(false);
  });
});

test("the outbox holds so many bytes, with the ends of lines, and no more", () => {
  const outbox = new Outbox(10);
  expect(outbox.offer("1234567890")).toBe("too-long");
  expect(outbox.offer("你")).toBe("taken");
  expect(outbox.offer("12345")).toBe("taken");
  expect([outbox.bytes, outbox.lines]).toEqual([10, 2]);
  expect(outbox.offer("")).toBe("full");
  expect(outbox.first()!.toString()).toBe("你\n");
  expect(outbox.shift()!.toString()).toBe("你\n");
  expect(outbox.offer("123")).toBe("taken");
  expect([outbox.shift(), outbox.shift(), outbox.shift()].map(String)).toEqual([
    "12345\n",
    "123\n",
    "null",
  ]);
  expect(outbox.bytes).toBe(0);
});

describe("flags", () => {
  test("without any the client goes to this machine", () => {
    expect(readSettings([])).toEqual({
      address: { host: "127.0.0.1", port: 9000 },
      name: null,
      locale: "en",
      retry: false,
      backoff: BACKOFF,
      connectMs: 10_000,
      endMs: 5000,
      queueBytes: 65_536,
      lineBytes: 8192,
    });
  });

  test("every flag sets what it says, and is explained", () => {
    const given = {
      ...{ host: "::1", port: "1", name: "张 三", locale: "zh", "retry-attempts": "0" },
      ...{ "retry-first-ms": "5", "retry-factor": "1.5", "retry-max-ms": "6", "retry-jitter": "0" },
      ...{ "connect-ms": "7", "end-ms": "8", "queue-bytes": "256", "line-bytes": "257" },
    };
    const flags = Object.entries(given).map(([flag, value]) => `--${flag}=${value}`);
    expect(readSettings([...flags, "--retry"])).toEqual({
      address: { host: "::1", port: 1 },
      name: "张 三",
      locale: "zh",
      retry: true,
      backoff: { attempts: 0, firstMs: 5, factor: 1.5, maxMs: 6, jitter: 0 },
      connectMs: 7,
      endMs: 8,
      queueBytes: 256,
      lineBytes: 257,
    });
    expect(readSettings(["--path", "/run/chat"])!.address).toEqual({ path: "/run/chat" });
    expect(readSettings(["--help", "--port", "0"])).toBeNull();
    for (const flag of [...Object.keys(given), "path", "retry", "help"]) {
      expect(HELP).toContain(`--${flag} `);
    }
  });

  test.each([
    [["--colour"], "Unknown option '--colour'"],
    [["9000"], "Unexpected argument '9000'"],
    [["--port", "0"], '--port is "0": give a whole number from 1 to 65535'],
    [["--port", "9e3"], '--port is "9e3"'],
    [["--host", ""], "--host is empty"],
    [["--path", ""], "--path is empty"],
    [["--path", "/x", "--port", "1"], "--path goes without --port and --host"],
    [["--name", " "], "--name is empty"],
    [["--name", "a\nb"], "--name has control characters"],
    [["--name", "a\x1b[31m"], "--name has control characters"],
    [["--name", "你".repeat(86)], "--name is longer than 255 bytes"],
    [["--locale", "de"], '--locale is "de": give one of en, zh'],
    [["--retry-factor", "0.5"], '--retry-factor is "0.5": give a number from 1 to 100'],
    [["--retry-jitter", "2"], '--retry-jitter is "2": give a number from 0 to 1'],
    [["--queue-bytes", "10"], '--queue-bytes is "10": give a whole number from 256'],
  ])("%j is one line that says what is wrong", (flags, why) => {
    expect(() => readSettings(flags)).toThrow(why);
    expect(() => readSettings(flags)).toThrow(/^[^\n]*$/);
  });
});

test("numbers are told as people say them", () => {
  const { en } = CLIENT_TEXTS;
  expect(en.again("lost", 2000, 1, 10)).toBe("lost, trying again in 2 s (attempt 1 of 10)");
  expect(en.again("lost", 27_460, 1, 10)).toContain("in 27.5 s");
  expect(en.again("lost", 3, 1, 10)).toContain("in 0.1 s");
  expect(en.gaveUp("lost", 1)).toBe("lost; gave up after 1 attempt");
  expect(en.gaveUp("lost", 0)).toBe("lost");
  expect(en.unsent(1)).toBe("1 line was not sent");
  expect(en.unsent(2)).toBe("2 lines were not sent");
});
