/** Signals of real processes: what only a kernel shows. */
import { describe, expect, it } from "vitest";

import { runCase, type Outcome } from "../support/cases.ts";

const CASES = "test/node/input-cases.ts";

/** Runs a case, and sends it the signal that `answer` names for a line it says. */
function run(name: string, answer: Readonly<Record<string, NodeJS.Signals>>): Promise<Outcome> {
  return runCase(CASES, name, {
    onLine: (line, child) => {
      const signal = answer[line];
      if (signal !== undefined) child.kill(signal);
    },
  });
}

describe("signals of a process", () => {
  it("SIGINT and SIGTERM are told instead of ending it; closed, they end it again", async () => {
    const outcome = await run("a signal, then its default action", {
      ready: "SIGINT",
      "got SIGINT": "SIGTERM",
      closed: "SIGTERM",
    });
    expect(outcome).toEqual({
      lines: ["ready", "got SIGINT", "got SIGTERM", "closed"],
      code: null,
      signal: "SIGTERM",
    });
  });

  it("two descriptors of one signal both hear it", async () => {
    const { lines, code } = await run("two descriptors", { ready: "SIGUSR2" });
    // Who is first in a turn changes from turn to turn.
    expect(lines.sort()).toEqual(["first SIGUSR2", "ready", "second SIGUSR2"]);
    expect(code).toBe(0);
  });

  it("14: registered or not, they do not keep the process alive", async () => {
    const outcome = await run("signals alone", {});
    expect(outcome).toEqual({ lines: ["ready"], code: 0, signal: null });
  });

  it("one wakes a loop that waits for I/O, although nothing of the reactor keeps it alive", async () => {
    const outcome = await run("a signal, beside a server that is idle", { ready: "SIGHUP" });
    expect(outcome).toEqual({ lines: ["ready", "got SIGHUP"], code: 0, signal: null });
  });

  it("a poll that waits for one keeps the process alive, and answers it", async () => {
    const outcome = await run("a poll for signals", { ready: "SIGINT" });
    expect(outcome).toEqual({ lines: ["ready", "true SIGINT"], code: 0, signal: null });
  });

  it("a reactor that closes gives the default action back", async () => {
    const outcome = await run("a reactor that closes", { "ready closed": "SIGINT" });
    expect(outcome).toEqual({ lines: ["ready closed"], code: null, signal: "SIGINT" });
  });

  it("in a worker thread, where they do not come, they are refused", async () => {
    const { lines, code } = await run("a worker", {});
    expect(lines).toEqual([expect.stringMatching(/^IOMUX_UNSUPPORTED signals come to the main/)]);
    expect(code).toBe(0);
  });
});
