/** The bus: two processes that tell each other things by signals. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { afterAll, describe, expect, it, test } from "vitest";

import { CONDUCTOR, DRIVER } from "../../examples/bus/duties.ts";
import { readSettings } from "../../examples/bus/flags.ts";
import { LOCALES, localeOf, type Locale } from "../../examples/bus/texts.ts";
import { programCommand } from "../support/program-command.ts";
import { runInTerminal } from "./chat-process.ts";
import { cleanUp, finish, run, type Running } from "./programs.ts";

const COMMAND = programCommand("examples/driver-and-conductor.ts");
const { zh, en } = LOCALES;

afterAll(cleanUp);

/** The bus, with both aboard. */
class Bus {
  readonly running: Running;
  readonly driver: number;
  readonly conductor: number;

  private constructor(running: Running, driver: number, conductor: number) {
    this.running = running;
    this.driver = driver;
    this.conductor = conductor;
  }

  static async start(locale: Locale, running?: Running): Promise<Bus> {
    const bus = running ?? run(process.execPath, [...COMMAND, "--locale", locale]);
    const aboard = await bus.out.until(/\d+.*\d+/);
    const [driver, conductor] = aboard.match(/\d+/g)!.map(Number) as [number, number];
    await bus.out.until(/kill -TSTP/);
    return new Bus(bus, driver, conductor);
  }

  hears(line: string): Promise<string> {
    return this.running.out.until(line);
  }

  get complaints(): readonly string[] {
    return this.running.err.lines;
  }

  /** Everything that was said since both were aboard, once both are gone. */
  async over(status: number | string = 0): Promise<string[]> {
    const { code, signal } = await this.running.ended;
    expect([code ?? signal, this.running.out.rest]).toEqual([status, ""]);
    // She is not even left as a zombie, unless there was nobody to wait for her.
    if (signal === null) expect(existsSync(`/proc/${this.conductor}`)).toBe(false);
    return this.running.out.lines.slice(4);
  }
}

const count = (lines: readonly string[], line: string): number =>
  lines.filter((said) => said === line).length;

describe.concurrent.each(["zh", "en"] as const)("in %s", (locale) => {
  const texts = LOCALES[locale];
  const driver = (what: string): string => `${texts.driver}${texts.colon}${what}`;
  const lastStop = `${texts.conductor}${texts.colon}${texts.lastStop}`;

  it("SIGINT and SIGQUIT to the conductor make the driver speak; SIGTSTP to him ends it", async () => {
    const bus = await Bus.start(locale);
    for (const [signal, what] of [
      ["SIGINT", texts.off],
      ["SIGQUIT", texts.fast],
      ["SIGINT", texts.off],
    ] as const) {
      process.kill(bus.conductor, signal);
      await bus.hears(driver(what));
    }
    process.kill(bus.driver, "SIGTSTP");
    const off = driver(texts.off);
    const end = [lastStop, driver(texts.endOfWork)];
    expect(await bus.over()).toEqual([off, driver(texts.fast), off, ...end]);
    expect(bus.complaints).toEqual([]);
  });
});

const OFF = `司机：${zh.off}`;
const FAST = `司机：${zh.fast}`;
const END = ["售票员：到站了，请下车", "司机：人都下完了，收车"];

test("the words are those of the exercise", () => {
  expect([zh.off, zh.fast, zh.lastStop]).toEqual([
    ...["老司机开车了", "车速有点快，系好安全带", "到站了，请下车"],
  ]);
});

describe.concurrent("signals", () => {
  it("in bursts are answered at least once, at most as often as they were sent", async () => {
    const bus = await Bus.start("zh");
    const sent = 500;
    for (let i = 0; i < sent; i++) {
      process.kill(bus.conductor, "SIGINT");
      process.kill(bus.conductor, "SIGQUIT");
    }
    // The last request is answered too, though the ride is over.
    process.kill(bus.driver, "SIGTSTP");
    const said = await bus.over();
    for (const line of [OFF, FAST]) {
      expect(count(said, line)).toBeGreaterThanOrEqual(1);
      expect(count(said, line)).toBeLessThanOrEqual(sent);
    }
    expect(said.filter((line) => line !== OFF && line !== FAST)).toEqual(END);
  });

  it("that end it may come in a burst, and both leave once", async () => {
    const bus = await Bus.start("zh");
    for (let i = 0; i < 500; i++) process.kill(bus.driver, i % 2 === 0 ? "SIGTSTP" : "SIGTERM");
    expect(await bus.over()).toEqual(END);
  });

  it("that are meant for the other one are not answered twice, as with a whole group", async () => {
    const bus = await Bus.start("zh");
    for (const pid of [bus.driver, bus.conductor]) process.kill(pid, "SIGINT");
    await bus.hears(OFF);
    for (const pid of [bus.driver, bus.conductor]) process.kill(pid, "SIGQUIT");
    await bus.hears(FAST);
    for (const pid of [bus.conductor, bus.driver]) process.kill(pid, "SIGTSTP");
    expect(await bus.over()).toEqual([OFF, FAST, ...END]);
  });

  it("reach a conductor who was stopped: she is woken for the last stop", async () => {
    const bus = await Bus.start("zh");
    process.kill(bus.conductor, "SIGSTOP");
    process.kill(bus.driver, "SIGTSTP");
    expect(await bus.over()).toEqual(END);
  });

  it("before she is ready end nobody: SIGTERM to the driver waits for her", async () => {
    const running = run(process.execPath, COMMAND);
    const conductor = await childOf(running.child.pid!);
    process.kill(running.child.pid!, "SIGTERM");
    const bus = await Bus.start("en", running);
    expect(bus.conductor).toBe(conductor);
    expect(await bus.over()).toEqual([`Conductor: ${en.lastStop}`, `Driver: ${en.endOfWork}`]);
  });
});

/** The conductor's process, as soon as there is one; the driver has his handlers by then. */
async function childOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    const conductor = children.find((child) => commandOf(child).includes("bus/conductor."));
    if (conductor !== undefined) return Number(conductor);
    await setImmediate();
  }
}

function commandOf(pid: string): string {
  const path = `/proc/${pid}/cmdline`;
  return pid !== "" && existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe.concurrent("one of them is killed", () => {
  it.each(["SIGKILL", "SIGTERM", "SIGHUP"] as const)(
    "the conductor, by %s: the driver says so, and ends with status 1",
    async (signal) => {
      const bus = await Bus.start("zh");
      process.kill(bus.conductor, signal);
      expect(await bus.over(1)).toEqual([]);
      expect(bus.complaints).toEqual([`driver-and-conductor: 售票员不见了（${signal}），停车`]);
    },
  );

  it.each(["SIGKILL", "SIGHUP"] as const)(
    "the driver, by %s: the conductor says so, and ends",
    async (signal) => {
      const bus = await Bus.start("zh");
      process.kill(bus.driver, signal);
      // The pipe is over only when both have let go of it.
      expect(await bus.over(signal)).toEqual([]);
      expect(bus.complaints).toEqual([zh.driverLost]);
    },
  );

  it("both, by SIGHUP, as when their terminal is gone: nobody stays behind", async () => {
    const bus = await Bus.start("zh");
    for (const pid of [bus.driver, bus.conductor]) process.kill(pid, "SIGHUP");
    // The pipe is over only when both have let go of it.
    expect(await bus.over("SIGHUP")).toEqual([]);
  });
});

const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" && spawnSync("script", ["--version"]).error !== undefined;

describe.skipIf(absent)("real peer: script, which makes a terminal", () => {
  it("Ctrl-C, Ctrl-\\ and Ctrl-Z reach both, and each is answered once", async () => {
    const running = runInTerminal([process.execPath, ...COMMAND, "--locale", "en"]);
    const said: string[] = [];
    running.out.onLine = (line) => {
      const words = /(Driver|Conductor): .*(?=\r)/.exec(line)?.[0];
      if (words !== undefined) said.push(words);
    };
    const expected = [
      ["\x03", `Driver: ${en.off}`],
      ["\x1c", `Driver: ${en.fast}`],
      ["\x03", `Driver: ${en.off}`],
      ["\x1a", `Conductor: ${en.lastStop}`],
    ] as const;
    await running.out.until(/kill -TSTP/);
    for (const [key, words] of expected) {
      running.child.stdin!.write(key);
      await running.out.until(new RegExp(words));
    }
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(said).toEqual([...expected.map(([, words]) => words), `Driver: ${en.endOfWork}`]);
  });
});

describe("the parts", () => {
  it("nobody tells the other what that one does not hear", () => {
    for (const [from, to] of [
      [DRIVER, CONDUCTOR],
      [CONDUCTOR, DRIVER],
    ] as const) {
      for (const duty of Object.values(from)) {
        if (typeof duty === "object" && "tells" in duty) expect(to).toHaveProperty(duty.tells);
      }
    }
  });

  it.each([
    [{ LANG: "zh_CN.UTF-8" }, "zh"],
    [{ LANG: "C.UTF-8" }, "en"],
    [{}, "en"],
    [{ LANG: "zh_CN.UTF-8", LC_ALL: "en_US.UTF-8" }, "en"],
    [{ LANG: "de_DE", LC_MESSAGES: "zh_TW" }, "zh"],
    [{ LANG: "zh", LC_ALL: "" }, "zh"],
  ] as const)("the language of %j is %s, unless a flag says another", (env, locale) => {
    expect(localeOf(env)).toBe(locale);
    expect(readSettings([], env)).toEqual({ locale });
    expect(readSettings(["--locale", "zh"], env)).toEqual({ locale: "zh" });
  });

  it.each([
    [["--locale", "fr"], '--locale is "fr": give one of en, zh'],
    [["fast"], "Unexpected argument 'fast'"],
  ])("%j are answered in one clear line, with exit status 2", async (args, message) => {
    const { code, out, err } = await finish(process.execPath, [...COMMAND, ...args]);
    expect([code, out.toString()]).toEqual([2, ""]);
    expect(err).toMatch(/^driver-and-conductor: .*\n$/);
    expect(err).toContain(message);
  });
});
