/** The trace of turns: what its lines say, and that only NODE_DEBUG=iomux makes them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { programCommand } from "../support/program-command.ts";

const PROGRAM = programCommand("test/unit/traced-program.ts");

async function run(NODE_DEBUG: string): Promise<{ stdout: string; lines: string[] }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, PROGRAM, {
    env: { ...process.env, NODE_DEBUG },
  });
  return { stdout, lines: stderr.split("\n").filter((line) => line.includes("turn")) };
}

describe("NODE_DEBUG=iomux", () => {
  it("prints a line for each call of a handler and for each turn", async () => {
    const { stdout, lines } = await run("iomux");
    expect(stdout).toBe("hello\n");
    const said = lines.map((line) => /^IOMUX \d+: turn \d+: (.*)$/.exec(line)![1]);
    expect(said).toContain("fd 1 READABLE, onPeer: 0.00 ms, took 1");
    expect(said).toContain("fd 2 READABLE, (unnamed): 1.50 ms, read 5, wrote 5 bytes");
    expect(said).toContain("1 ready, 1 called, 0 timers, 1.50 ms, 5 bytes in, 5 bytes out");
    expect(said).toContain("0 ready, 0 called, 1 timers, 0.00 ms, 0 bytes in, 0 bytes out");
    const turns = lines.map((line) => Number(/turn (\d+)/.exec(line)![1]));
    expect(turns).toEqual([...turns].sort((a, b) => a - b));
  });

  it("prints nothing without it, or with others", async () => {
    for (const others of ["", "net"]) {
      const { stdout, lines } = await run(others);
      expect(stdout).toBe("hello\n");
      expect(lines.filter((line) => line.startsWith("IOMUX"))).toEqual([]);
    }
  });
});
