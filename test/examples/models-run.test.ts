/** `npm run server-models` as it is run: all of it, and stopped in the middle. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { MODELS } from "../../examples/models/flags.ts";
import type { Costs, Figures } from "../../examples/models/measure.ts";
import { stateOf, treeOf } from "../../examples/models/process-tree.ts";
import { programCommand } from "../support/program-command.ts";
import { cleanUp, finish, run, temporaryFolder, type Running } from "./programs.ts";

afterAll(cleanUp);

const onLinux = process.platform === "linux";
const PROGRAM = programCommand("examples/server-models.ts");

function begin(...args: string[]): Running {
  return run("node", [...PROGRAM, "--out", temporaryFolder(), ...args]);
}

interface Tree {
  /** The program and all that it has started; what the loader of TypeScript runs is its own. */
  readonly pids: readonly number[];
  /** Where its programs were built. */
  readonly folder: string;
}

/** Once a process for a client runs. */
async function treeOfBusy({ child }: Running): Promise<Tree> {
  for (;;) {
    const pids = treeOf(child.pid!);
    for (const pid of pids) {
      const file = /\0(\S*)\/connection-process\.mjs\0/.exec(commandOf(pid));
      if (file === null) continue;
      const folder = file[1]!;
      const measured = pids.filter((one) => commandOf(one).includes(folder));
      return { pids: [child.pid!, ...measured], folder };
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => stateOf(pid) !== null)) await new Promise(setImmediate);
}

describe("npm run server-models", () => {
  it("measures every model under every load, and all answers are right", async () => {
    const out = temporaryFolder();
    const json = join(out, "figures.json");
    const args = ["--quick", "--out", out, "--json", json];
    const finished = await finish("node", [...PROGRAM, ...args]);
    expect(finished).toMatchObject({ code: 0, signal: null });
    expect(finished.out.toString()).toMatch(/\d+ answers: all were right/);

    const { figures, costs } = JSON.parse(readFileSync(json, "utf8")) as {
      figures: Figures[];
      costs: Costs;
    };
    expect(figures.map(({ model }) => model)).toEqual(MODELS);
    for (const { model, stay, loads } of figures) {
      expect(stay).toMatchObject({ carried: model === "iterative" ? 1 : 4, wrong: 0, failed: 0 });
      expect(Object.keys(loads)).toEqual(["echo", "file", "work", "blend"]);
      for (const visits of Object.values(loads)) {
        expect(visits).toMatchObject({ wrong: 0, failed: 0, answers: expect.any(Number) as never });
        expect((visits as { answers: number }).answers).toBeGreaterThan(0);
      }
    }
    for (const { ms } of [costs.program, costs.process, costs.thread])
      expect(ms).toBeGreaterThan(0);
    if (onLinux) expect(costs.zombie).toMatchObject({ state: "Z", bytes: 0, gone: true });

    const steps = finished.err.split("\n").filter((line) => line.includes("4 clients: "));
    expect(steps).toHaveLength(MODELS.length * 5);
    const charts = readdirSync(out).filter((name) => name.endsWith(".svg"));
    expect(charts).toHaveLength(5);
  }, 300_000);

  it.runIf(onLinux).each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s in the middle leaves no process, no zombie and no files",
    async (signal, code) => {
      const running = begin("--models", "processes", "--clients", "6", "--seconds", "60");
      await running.err.until("processes, 6 clients: echo");
      const { pids, folder } = await treeOfBusy(running);
      expect(existsSync(folder)).toBe(true);
      process.kill(running.child.pid!, signal);
      expect(await running.ended).toEqual({ code, signal: null });
      expect(running.err.lines.at(-1)).toBe(`server-models: stopped by ${signal}`);
      expect(pids.map(stateOf)).toEqual(pids.map(() => null));
      expect(existsSync(folder)).toBe(false);
    },
  );

  it.runIf(onLinux)("killed outright, its processes end by themselves", async () => {
    const running = begin("--models", "processes", "--clients", "6", "--seconds", "60");
    const { pids, folder } = await treeOfBusy(running);
    running.child.kill("SIGKILL");
    await running.ended;
    await allGone(pids);
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells its flags, and in one line what is wrong with them", async () => {
    const help = await finish("node", [...PROGRAM, "--help"]);
    expect(help.code).toBe(0);
    expect(help.out.toString()).toMatch(/^Server models, measured/);
    const wrong = await finish("node", [...PROGRAM, "--clients", "many"]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toBe(
      'server-models: --clients has "many": give whole numbers from 1 to 5000 (--help lists the flags)\n',
    );
    const nowhere = await finish("node", [...PROGRAM, "--out", "/dev/null/charts"]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.err.trimEnd().split("\n")).toHaveLength(1);
    expect(nowhere.err).toMatch(/^server-models: .*\/dev\/null\/charts/);
  });

  it("tells before it measures anything that the figures cannot be written", async () => {
    const folder = temporaryFolder();
    const args = ["--quick", "--out", folder, "--json", folder];
    const { code, out, err } = await finish("node", [...PROGRAM, ...args]);
    expect([code, out.toString()]).toEqual([2, ""]);
    expect(err).toMatch(/^server-models: .*EISDIR.*\n$/);
  });
});
