/** What the operator sees is bounded, whether it is read or not. */
import { expect, test } from "vitest";

import { MAX_UNREAD_BYTES, OperatorLog } from "../../examples/program/operator-log.ts";

test("while nobody reads, lines are counted instead of kept, and the count is told", () => {
  const written: string[] = [];
  const output = {
    writableLength: 0,
    write(text: string): void {
      written.push(text);
      this.writableLength += text.length;
    },
  };
  const log = new OperatorLog(output, (lines) => `${lines} left out`);
  const line = "x".repeat(999);
  let mostUnread = 0;
  for (let i = 0; i < 1000; i++) {
    log.write(line);
    mostUnread = Math.max(mostUnread, output.writableLength);
  }
  expect(mostUnread).toBeGreaterThan(MAX_UNREAD_BYTES);
  expect(mostUnread).toBeLessThanOrEqual(MAX_UNREAD_BYTES + line.length + 1);
  const kept = written.length;
  output.writableLength = 0;
  log.write("here again");
  log.write("and again");
  expect(written.slice(kept)).toEqual([`${1000 - kept} left out\n`, "here again\n", "and again\n"]);
});
