/** Output of one connection: what becomes one piece, and that nothing overtakes anything. */
import { beforeEach, expect, test } from "vitest";

import { highWaterMark, Outbox } from "../../examples/http/server/outbox.ts";

const MAX_BYTES = 100;

let sent: string[];
let backlog: number;
let outbox: Outbox;
beforeEach(() => {
  sent = [];
  backlog = 0;
  const output = {
    get backlog(): number {
      return backlog;
    },
    send: (bytes: Uint8Array): boolean => {
      sent.push(Buffer.from(bytes).toString("latin1"));
      return true;
    },
  };
  outbox = new Outbox(output, MAX_BYTES);
});

test("texts become one piece behind a cork, and one each without", () => {
  outbox.push("one ");
  outbox.cork();
  outbox.push("two ");
  outbox.push("three\xe9");
  expect(sent).toEqual(["one "]);
  expect([outbox.empty, outbox.bytes]).toEqual([false, 10]);
  outbox.uncork();
  expect(sent).toEqual(["one ", "two three\xe9"]);
  expect([outbox.empty, outbox.bytes]).toEqual([true, 0]);
});

test("bytes do not overtake the text before them", () => {
  outbox.cork();
  outbox.push("text");
  outbox.push(Buffer.from("bytes"));
  outbox.push("more");
  outbox.uncork();
  expect(sent).toEqual(["text", "bytes", "more"]);
});

test("text behind a cork counts: whoever writes on has to wait", () => {
  outbox.cork();
  outbox.push("x".repeat(highWaterMark(MAX_BYTES)));
  expect(outbox.full).toBe(true);
});

test("text has the limit of bytes, and leaves as there is room", () => {
  backlog = MAX_BYTES - 10;
  outbox.cork();
  outbox.push("0123456789".repeat(4));
  outbox.uncork();
  expect(sent).toEqual(["0123456789"]);
  backlog = 0;
  outbox.drained();
  expect(sent.join("")).toBe("0123456789".repeat(4));
});

test("text that waits is gone with the connection", () => {
  outbox.cork();
  outbox.push("lost");
  outbox.clear();
  outbox.uncork();
  expect(sent).toEqual([]);
});
