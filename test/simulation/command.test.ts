/** `npm run sim`: what it tries, what it prints, and how it ends. */
import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";

import { programCommand, ROOT, sourceCommand } from "../support/program-command.ts";

const FAILING = ["--from", "test/simulation/failing-scenarios.ts"];

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs it with `SEED=seed`, or without. */
function sim(seed: string | undefined, ...flags: string[]): Promise<Ended> {
  const env = { ...process.env, SEED: seed };
  // It loads these scenarios as they are written.
  const command = (flags.includes("--from") ? sourceCommand : programCommand)("tools/simulate.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [...command, ...flags], { cwd: ROOT, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const ECHO = ["--scenario", "serve-echo"];

describe("npm run sim", () => {
  it("tries the seeds from SEED on, and says that nothing failed", async () => {
    const { code, out } = await sim("7", ...ECHO, "--seeds", "20");
    expect(out).toBe("serve-echo: seeds 7 to 26: nothing failed\n");
    expect(code).toBe(0);
  });

  it("draws the first seed, so that no two searches are the same", async () => {
    const [one, two] = await Promise.all([
      sim(undefined, ...ECHO, "--seeds", "1"),
      sim(undefined, ...ECHO, "--seeds", "1"),
    ]);
    expect(one.out).toMatch(/^serve-echo: seed \d+: nothing failed\n$/);
    expect(one.out).not.toBe(two.out);
  });

  it("replays the simulation of SEED, event for event", async () => {
    const [one, two] = await Promise.all([
      sim("7", ...ECHO, "--trace"),
      sim("7", ...ECHO, "--trace"),
    ]);
    expect(one.out).toMatch(/^seed 7, faults: /);
    expect(one.out).toMatch(/\n +[\d.]+ 10\.0\.0\.2:32768 > 10\.0\.0\.1:9000 data \d+\n/);
    expect(one.out).toMatch(/\n +[\d.]+ there: fd 2 READABLE \(channel 10\.0\.0\.2:32768\)\n/);
    expect(one.out).toBe(two.out);
  });

  it("tells of a failure, and how to see it again with the fewest faults: there it fails too", async () => {
    const { code, out } = await sim("1", ...FAILING, "--seeds", "100");
    expect(code).toBe(1);
    expect(out).toMatch(/^impatient: seed (\d+): it took more than a second\n/);
    expect(out).toContain("the last events:\n");
    expect(out).toContain("what is open:\n");
    const again =
      /SEED=(\d+) npm run sim -- (--from \S+) --scenario impatient --faults "(.*)" --trace\n$/;
    const [, seed, from, plan] = again.exec(out)!;
    // Only these two hold up a stream for so long.
    expect(plan).toMatch(/^(delay|stall) [\d.]+$/);
    const second = await sim(seed, ...from!.split(" "), "--faults", plan!, "--trace");
    expect(second.code).toBe(1);
    expect(second.out).toContain(`seed ${seed}, faults: ${plan}\n  1.000 `);
    expect(second.out).toContain(`seed ${seed}: it took more than a second\n`);
  });

  it.each([
    [["--seeds", "x"], '--seeds is "x": give a whole number'],
    [["--seeds", "0"], "--seeds is 0: give at least 1"],
    [["--faults", "splitt 1"], "there is no fault splitt: give one of split,"],
    [["--faults", "split 7"], "fault split is 7: give a number from 0 to 1"],
    [["--faults", "split"], 'has "split": give a fault and a number'],
    [["--scenario", "nothing"], "there is no scenario nothing: give one of "],
    [["--from", "missing.ts"], "missing.ts"],
    [["--from", "tools/run.ts"], "tools/run.ts exports no SCENARIOS"],
    [["--bad"], "Unknown option '--bad'"],
    [["bad"], "Unexpected argument 'bad'"],
  ])("%j is refused in one line", async (flags, message) => {
    const { code, out, err } = await sim(undefined, ...flags);
    expect(err).toContain(message);
    expect(err).toMatch(/^sim: [^\n]+\n$/);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("a wrong SEED too", async () => {
    const { code, err } = await sim("abc");
    expect(err).toBe('sim: SEED is "abc": give a whole number from 0\n');
    expect(code).toBe(2);
  });

  it("--help says what there is", async () => {
    const { code, out } = await sim(undefined, "--help");
    expect(out).toContain("--scenario NAME");
    expect(code).toBe(0);
  });
});
