/** The tour of readiness: what it prints is in its page, whoever the peer is, on every network. */
import { spawnSync } from "node:child_process";
import { connect, type Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";

import { createReactor } from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

import { HELP, readSettings } from "../../examples/readiness/flags.ts";
import { Stage } from "../../examples/readiness/stage.ts";
import { tour } from "../../examples/readiness/stations.ts";
import { blocksOf } from "../docs/markdown.ts";
import { programCommand } from "../support/program-command.ts";
import { cleanUp, finish, run, type Running } from "./programs.ts";

const COMMAND = programCommand("examples/readiness-tour.ts");

const page = blocksOf("docs/readiness.md").find(({ mark }) => mark === "tour")!.text;

afterAll(cleanUp);

describe("the tour prints what docs/readiness.md shows", () => {
  it("by itself, over TCP", async () => {
    const { code, out, err } = await finish(process.execPath, COMMAND);
    expect([out.toString(), err, code]).toEqual([page, "", 0]);
  });

  it("in memory", async () => {
    const { lines, left } = await tourInMemory();
    expect(lines.map((line) => `${line}\n`).join("")).toBe(page);
    expect(left).toBe(0);
  });
});

/** `die`: how the peer is gone that is to be killed. Answers the lines and what is open then. */
async function tourInMemory(
  die = (socket: MemorySocket): void => socket.reset(),
): Promise<{ lines: readonly string[]; left: number }> {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock);
  const reactor = createReactor({ network, clock });
  const lines: string[] = [];
  const touring = async (): Promise<void> => {
    const stage = await Stage.open(reactor, {
      listen: { port: 9000 },
      print: (line) => lines.push(line),
      dial: () => {
        const socket = network.dial({ port: 9000 });
        return {
          send: (text) => socket.write(text),
          stopReading: async () => socket.pause(),
          readOn: () => socket.resume(),
          end: () => socket.end(),
          die: () => die(socket),
        };
      },
    });
    await tour(stage);
    await reactor.close();
  };
  await clock.run(touring());
  reactor.assertInvariants();
  return { lines, left: reactor.stats().open };
}

const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" && spawnSync("nc", ["-h"]).error !== undefined;

/** Does what the tour asks of the person at nc. */
class Netcat {
  readonly #tour: Running;
  #nc: Running | null = null;

  constructor(tour: Running) {
    this.#tour = tour;
  }

  obey(line: string): void {
    const start = /^>> in another terminal: nc (.*) >\/dev\/null$/.exec(line);
    const typed = /^>> in nc: type (.*) and Enter$/.exec(line);
    if (start !== null) this.#nc = run("nc", start[1]!.split(" "));
    else if (typed !== null) this.#nc!.child.stdin!.write(`${typed[1]!}\n`);
    else if (line.includes("Ctrl-Z")) this.#stop();
    else if (line.includes("type fg")) this.#nc!.child.kill("SIGCONT");
    else if (line.includes("Ctrl-D")) this.#nc!.child.stdin!.end();
    else if (line.includes("kill -9")) this.#nc!.child.kill("SIGKILL");
    else throw new Error(`what is to be done? ${line}`);
  }

  #stop(): void {
    this.#nc!.child.kill("SIGSTOP");
    this.#tour.child.stdin!.write("\n");
  }
}

describe.skipIf(absent)("real peer: nc; it does what it is told", () => {
  it("and the tour prints the same", async () => {
    const running = run(process.execPath, [...COMMAND, "--nc", "--port", "0"]);
    const netcat = new Netcat(running);
    running.err.onLine = (line) => {
      netcat.obey(line);
    };
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.out.lines.map((line) => `${line}\n`).join("")).toBe(page);
  });
});

describe("a peer that ends too early ends the tour, in one line", () => {
  const hello = ">> in nc: type hello and Enter";
  const more = ">> in nc: type more and Enter";

  it.each([
    ["ends its side before anything", [hello], (socket: Socket) => socket.end()],
    ["ends its side after hello", [hello, more], (socket: Socket) => socket.end()],
    ["ends its side while edge waits", [hello, more, more], (socket: Socket) => socket.end()],
    [
      "ends its side while a oneshot is disarmed",
      [hello, more, more, more],
      (socket: Socket) => socket.end(),
    ],
    [
      "is reset while a oneshot is disarmed",
      [hello, more, more, more],
      (socket: Socket) => socket.resetAndDestroy(),
    ],
    ["is reset", [hello, more], (socket: Socket) => socket.resetAndDestroy()],
  ] as const)("it %s", async (_, asked, leave) => {
    const running = run(process.execPath, [...COMMAND, "--nc", "--port", "0"]);
    let [socket, left]: [Socket | null, number] = [null, asked.length];
    running.err.onLine = (line) => {
      const port = /nc -N 127.0.0.1 (\d+)/.exec(line)?.[1];
      if (port !== undefined) socket = connect({ port: Number(port), allowHalfOpen: true });
      else if (line !== asked.at(-left)) return;
      else if (--left === 0) leave(socket!);
      else socket!.write(line === hello ? "hello\n" : "more\n");
    };
    expect(await running.ended).toEqual({ code: 2, signal: null });
    socket!.destroy();
    expect(running.err.lines.slice(1)).toEqual([
      ...asked,
      "readiness-tour: the peer has ended too early: begin the tour again",
    ]);
  });
});

describe("a peer that was to be killed, and ends in order instead", () => {
  it("ends the tour too", async () => {
    const ending = tourInMemory((socket) => {
      socket.resume();
      socket.end();
    });
    await expect(ending).rejects.toThrow("the peer has ended too early: begin the tour again");
  });
});

describe("the flags of the tour", () => {
  it("name a port that is usual for who is to type it, and any other otherwise", () => {
    expect(readSettings([])).toEqual({ nc: false, port: 0 });
    expect(readSettings(["--nc"])).toEqual({ nc: true, port: 9000 });
    expect(readSettings(["--nc", "--port", "9100"])).toEqual({ nc: true, port: 9100 });
    expect(readSettings(["--help"])).toBeNull();
    expect(HELP.split("\n").every((line) => line.length <= 80)).toBe(true);
  });

  it.each([
    [["--port", "70000"], '--port is "70000": give a whole number from 0 to 65535'],
    [["--port", "1\n2"], '--port is "1\\x0a2": give a whole number from 0 to 65535'],
    [["--mode"], "Unknown option '--mode'"],
    [["edge"], "Unexpected argument 'edge'"],
  ])("%j are answered in one clear line, with exit status 2", async (args, message) => {
    const { code, out, err } = await finish(process.execPath, [...COMMAND, ...args]);
    expect([code, out.toString()]).toEqual([2, ""]);
    expect(err).toMatch(/^readiness-tour: .*\n$/);
    expect(err).toContain(message);
  });
});
