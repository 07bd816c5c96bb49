/** What `serve()` takes: misuse throws at once, with the option's name, and nothing stays bound. */
import net from "node:net";

import { describe, expect, it } from "vitest";

import {
  createReactor,
  DEFAULT_SERVER_LIMITS,
  OUTPUT_POLICIES,
  serve,
  type Address,
  type Server,
  type ServerLimits,
} from "iomux";

import { MemoryWorld } from "../support/memory-world.ts";
import { thrownBy } from "../support/crowd.ts";
import { onEveryServer } from "../support/serving.ts";
import type { World } from "../support/world.ts";

const NAMES = Object.keys(DEFAULT_SERVER_LIMITS) as (keyof ServerLimits)[];
/** Of which 0 makes no sense; of all others it is "no limit", or a value. */
const AT_LEAST_ONE = ["maxConnections", "maxOutputBytes", "softOutputMs", "highWaterMark"];
const FRACTIONS = NAMES.filter((name) => /Ms$|PerSecond$/.test(name));

async function started(world: World, options: object): Promise<Server> {
  const reactor = world.createReactor();
  return world.run(serve(reactor, options, {}));
}

function refusalOf(options: unknown, callbacks: unknown = {}): Error & { code?: string } {
  const world = new MemoryWorld("tcp");
  const reactor = world.createReactor();
  const refusal = thrownBy(() => void serve(reactor, options as never, callbacks as never));
  expect(reactor.stats()).toMatchObject({ open: 0, timers: 0, registered: 0 });
  expect(world.memory.descriptors).toBe(0);
  return refusal;
}

describe("limits of a server", () => {
  it("the defaults are in force, and frozen", async () => {
    const server = await started(new MemoryWorld("tcp"), {});
    expect(server.limits).toEqual(DEFAULT_SERVER_LIMITS);
    expect(Object.isFrozen(server.limits) && Object.isFrozen(DEFAULT_SERVER_LIMITS)).toBe(true);
  });

  it.each(NAMES)("23: %s is taken; undefined is the default", async (name) => {
    const world = new MemoryWorld("tcp");
    const value = DEFAULT_SERVER_LIMITS[name] + 1;
    const given = name === "softOutputBytes" ? 100_000 : value;
    expect((await started(world, { [name]: given })).limits[name]).toBe(given);
    const defaulted = await started(world, { [name]: undefined });
    expect(defaulted.limits).toEqual(DEFAULT_SERVER_LIMITS);
  });

  it.each(NAMES)("23: %s of a wrong type throws", (name) => {
    for (const value of ["1", null, true, {}, 1n]) {
      const refusal = refusalOf({ [name]: value });
      expect(refusal).toBeInstanceOf(TypeError);
      expect(refusal.code).toBe("IOMUX_BAD_ARGUMENT");
      expect(refusal.message).toBe(`option ${name} must be a number, not ${typeof value}`);
    }
  });

  it.each(NAMES)("23: %s out of range throws", (name) => {
    const values = [-1, -0.5, NaN, Infinity, -Infinity, 2 ** 60];
    if (!FRACTIONS.includes(name)) values.push(1.5);
    if (AT_LEAST_ONE.includes(name) || name === "framesPerTurn") values.push(0);
    for (const value of values) {
      const refusal = refusalOf({ [name]: value });
      expect(refusal).toBeInstanceOf(RangeError);
      expect(refusal.code).toBe("IOMUX_BAD_RANGE");
      expect(refusal.message).toContain(`option ${name} is ${value}: give a`);
    }
  });

  it.each(FRACTIONS)("23: %s may be a fraction", async (name) => {
    const server = await started(new MemoryWorld("tcp"), { [name]: 1.5 });
    expect(server.limits[name]).toBe(1.5);
  });

  it.each([
    [{ lowWaterMark: 2, highWaterMark: 1 }, "lowWaterMark 2 is over highWaterMark 1"],
    [{ highWaterMark: 2, maxOutputBytes: 1 }, "highWaterMark 2 is over maxOutputBytes 1"],
    [{ highWaterMark: 9, softOutputBytes: 8 }, "highWaterMark 9 is over softOutputBytes 8"],
    [{ softOutputBytes: 9, maxOutputBytes: 8 }, "softOutputBytes 9 is over maxOutputBytes 8"],
    [{ lowWaterMark: 70_000 }, "lowWaterMark 70000 is over highWaterMark 65536"],
  ])("23: marks in the wrong order throw: %o", (options, message) => {
    const refusal = refusalOf(options);
    expect(refusal.code).toBe("IOMUX_BAD_RANGE");
    expect(refusal.message).toBe(`${message}: set it to at most that`);
  });

  it.each([
    [{ maxOutputBytes: 1 }, { highWaterMark: 1, lowWaterMark: 0 }],
    [{ maxOutputBytes: 8000 }, { highWaterMark: 8000, lowWaterMark: 2000 }],
    [{ softOutputBytes: 4000 }, { highWaterMark: 4000, lowWaterMark: 1000 }],
    [{ highWaterMark: 400 }, { highWaterMark: 400, lowWaterMark: 100 }],
    [
      { highWaterMark: 400, lowWaterMark: 400 },
      { highWaterMark: 400, lowWaterMark: 400 },
    ],
    [{ highWaterMark: 200_000 }, { highWaterMark: 200_000, lowWaterMark: 16_384 }],
  ])("23: marks that are not given lower themselves: %o", async (options, marks) => {
    const { limits } = await started(new MemoryWorld("tcp"), options);
    expect(limits).toMatchObject({ ...options, ...marks });
  });
});

describe("options of a server", () => {
  it.each([
    [undefined, "options must be an object, not undefined"],
    [null, "options must be an object, not null"],
    ["9000", "options must be an object, not string"],
    [{ idleMS: 1 }, "there is no option idleMS: give one of maxConnections, "],
    [{ signal: AbortSignal.abort() }, "there is no option signal"],
    [{ framer: {} }, "option framer must be a function, not object"],
    [{ blockList: {} }, "option blockList.check must be a function, not undefined"],
    [{ blockList: null }, "option blockList.check must be a function, not undefined"],
    [{ blockList: "10.0.0.1" }, "option blockList.check must be a function, not undefined"],
    [{ noDelay: 1 }, "option noDelay must be true or false, not number"],
    [{ unref: 1 }, "option unref must be true or false, not number"],
    [{ keepAlive: "yes" }, "option keepAlive must be true or false, not string"],
    [{ backlog: "5" }, "option backlog must be a number, not string"],
    [{ listen: null }, "an address must be { port, host } or { path }, not null"],
    [{ listen: 9000 }, "an address must be { port, host } or { path }, not 9000"],
    [{ listen: [{ port: 0 }, { port: "x" }] }, 'port must be a number, not "x"'],
    [{ listen: [{ port: 0 }, { path: "" }] }, "path must be a file name"],
  ])("%o throws", (options, message) => {
    const refusal = refusalOf(options);
    expect(refusal).toBeInstanceOf(TypeError);
    expect(refusal.code).toBe("IOMUX_BAD_ARGUMENT");
    expect(refusal.message).toContain(message);
  });

  it.each([
    [
      { outputPolicy: "drop" },
      `option outputPolicy is drop: give one of ${OUTPUT_POLICIES.join()}`,
    ],
    [{ outputPolicy: null }, "option outputPolicy is null: give one of close,"],
    [{ backlog: 0 }, "option backlog is 0: give a whole number from 1"],
    [{ listen: { port: 65_536 } }, "port is 65536: give a whole number, 0 to 65535"],
    [{ listen: [{ port: 0 }, { port: -1 }] }, "port is -1: give a whole number, 0 to 65535"],
  ])("%o is out of range", (options, message) => {
    const refusal = refusalOf(options);
    expect(refusal).toBeInstanceOf(RangeError);
    expect(refusal.code).toBe("IOMUX_BAD_RANGE");
    expect(refusal.message.replaceAll(", ", ",")).toContain(message.replaceAll(", ", ","));
  });

  it.each(["open", "frame", "refused", "drain", "end", "close", "turnedAway"])(
    "callback %s must be a function",
    (name) => {
      const refusal = refusalOf({}, { [name]: "echo" });
      expect(refusal.code).toBe("IOMUX_BAD_ARGUMENT");
      expect(refusal.message).toBe(`callback ${name} must be a function, not string`);
    },
  );

  it.each([
    [undefined, "options must be an object, not undefined"],
    [{ onData: () => undefined }, "there is no option onData: give one of open, frame,"],
  ])("callbacks %o throw", (callbacks, message) => {
    const world = new MemoryWorld("tcp");
    const refusal = thrownBy(
      () => void serve(world.createReactor(), {}, callbacks as unknown as object),
    );
    expect(refusal).toMatchObject({ code: "IOMUX_BAD_ARGUMENT" });
    expect(refusal.message).toContain(message);
  });

  it.each([undefined, null, {}, net])("a reactor that is none throws", (reactor) => {
    expect(() => serve(reactor as never, {}, {})).toThrow(
      expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }),
    );
  });

  it.each(OUTPUT_POLICIES)("outputPolicy %s is taken", async (outputPolicy) => {
    const server = await started(new MemoryWorld("tcp"), { outputPolicy });
    expect(server.connections.size).toBe(0);
  });

  it("a closed reactor rejects, and nothing stays bound", async () => {
    const world = new MemoryWorld("tcp");
    const reactor = world.createReactor();
    const early = serve(reactor, { listen: [{ port: 0 }, { port: 0 }] }, {});
    const caught = early.catch((error: unknown) => error);
    void reactor.close();
    expect(await world.run(caught)).toMatchObject({ code: "IOMUX_REACTOR_CLOSED" });
    const late = serve(reactor, { listen: { port: 0 } }, {}).catch((error: unknown) => error);
    expect(await world.run(late)).toMatchObject({ code: "IOMUX_REACTOR_CLOSED" });
    await world.settle();
    expect(world.memory.descriptors).toBe(0);
  });

  it("a server of the operating system closes with `await using`", async () => {
    await using reactor = createReactor();
    await using server = await serve(reactor, { listen: { port: 0 } }, {});
    expect(server.addresses).toHaveLength(1);
  });
});

onEveryServer("addresses of a server", (world) => {
  it("several are bound; if one is in use none is, and the system's code is told", async () => {
    const reactor = world().createReactor();
    const busy = await world().run(reactor.listen(world().address()));
    const at = busy.localAddress!;
    const taken: Address = at.family === "unix" ? { path: at.path } : { port: at.port };
    const [first, last] = [world().address(), world().address()];
    const before = reactor.stats();
    const failed = serve(reactor, { listen: [first, taken, last] }, {});
    const error = await world().run(failed.catch((reason: unknown) => reason));
    expect(error).toMatchObject({ code: "EADDRINUSE" });
    await world().settle();
    expect(reactor.stats()).toMatchObject({ open: before.open, timers: before.timers });

    const server = await world().run(serve(reactor, { listen: [first, last] }, {}));
    expect(server.addresses).toHaveLength(2);
    expect(server.addresses.every((address) => address.family === at.family)).toBe(true);
    expect(reactor.stats().open).toBe(before.open + 2);
    await world().run(server.close());
    expect(reactor.stats().open).toBe(before.open);
  });
});
