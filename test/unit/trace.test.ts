/** The trace of turns: what its lines say, and that only NODE_DEBUG=iomux makes them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

const PROGRAM = `
import { createReactor, EDGE, READABLE } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";
const clock = new SimulatedClock();
const network = new MemoryNetwork(clock);
const reactor = createReactor({ network, clock });
const listener = await clock.run(reactor.listen({ port: 9000 }));
reactor.register(listener, READABLE, function onPeer() {
  const peer = listener.accept();
  reactor.register(peer, READABLE, (channel) => {
    clock.spend(1.5);
    channel.write(channel.read());
    reactor.setTimer(0, () => channel.close());
  });
});
const peer = network.dial({ port: 9000 });
await clock.settle();
peer.write("hello");
await clock.settle();
console.log(peer.received.toString());
`;

async function run(NODE_DEBUG: string): Promise<{ stdout: string; lines: string[] }> {
  const flags = ["--import", "tsx", "--conditions=iomux-source", "--input-type=module"];
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...flags, "--eval", PROGRAM],
    { cwd: root, env: { ...process.env, NODE_DEBUG } },
  );
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
