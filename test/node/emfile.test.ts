/** Promise 25 and H14 under a real limit: the server has a process of its own and 60 descriptors. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { programCommand } from "../support/program-command.ts";

/** Node raises the soft limit to the hard one, so it is the hard one that has to be low. */
const LIMIT = 60;

interface State {
  readonly turns: number;
  readonly accepted: number;
  readonly refused: number;
  readonly open: number;
  readonly filesLeft: number;
  readonly reports: { code: string; message: string; fd: number }[];
}

let server: ChildProcess | null = null;
const clients = new Set<Client>();

afterEach(() => {
  for (const client of clients) client.socket.destroy();
  clients.clear();
  server?.kill("SIGKILL");
});

async function start(reserve: number): Promise<number> {
  const args = [process.execPath, ...programCommand("test/node/emfile-server.ts")];
  server = spawn(
    "bash",
    ["-c", `ulimit -n ${LIMIT}; exec "$@"`, "bash", ...args, String(reserve)],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  const [port] = (await once(server, "message")) as [number];
  return port;
}

async function ask<T>(question: string): Promise<T> {
  server!.send(question);
  const [value] = (await once(server!, "message")) as [T];
  return value;
}

const state = (): Promise<State> => ask<State>("state");

/** The state once `holds` is true of it. */
async function stateWhen(holds: (now: State) => boolean): Promise<State> {
  for (const deadline = Date.now() + 15_000; ;) {
    const now = await state();
    if (holds(now)) return now;
    if (Date.now() > deadline)
      throw new Error(`waited in vain, at last for ${JSON.stringify(now)}`);
  }
}

/** A client that says hello: `answered` or `refused` is its fate. */
class Client {
  readonly socket: net.Socket;
  readonly fate: Promise<"answered" | "refused">;

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1");
    clients.add(this);
    this.fate = new Promise((resolve) => {
      this.socket.on("data", () => resolve("answered"));
      this.socket.on("end", () => resolve("refused"));
      this.socket.on("error", () => resolve("refused"));
    });
    this.socket.write("hello");
  }
}

async function dial(port: number, count: number): Promise<{ answered: Client[]; refused: number }> {
  const dialled = Array.from({ length: count }, () => new Client(port));
  const fates = await Promise.all(dialled.map(({ fate }) => fate));
  const answered = dialled.filter((_, i) => fates[i] === "answered");
  return { answered, refused: count - answered.length };
}

async function leave(group: readonly Client[]): Promise<void> {
  for (const { socket } of group) socket.end();
  await stateWhen(({ open }) => open === 1);
}

function counted({ reports }: State): number {
  return reports
    .map(({ message }) => /refused (a|\d+) connections?:/.exec(message)![1])
    .reduce((sum, count) => sum + (count === "a" ? 1 : Number(count)), 0);
}

describe("25, H14: a server under a hard limit of 60 open files", () => {
  it("refuses within reserveDescriptors, counts and reports it, and resumes by itself", async () => {
    const port = await start(8);
    const before = await state();
    const room = before.filesLeft - 8;
    expect(room).toBeGreaterThan(0);

    const { answered, refused } = await dial(port, 2 * LIMIT);
    const full = await stateWhen((now) => counted(now) === refused);
    expect([answered.length, full.accepted, full.refused]).toEqual([
      full.accepted,
      full.accepted,
      2 * LIMIT - full.accepted,
    ]);
    // The reserve is kept, to the last one or two that a probe cannot see.
    expect(full.accepted).toBeGreaterThanOrEqual(room - 2);
    expect(full.filesLeft).toBeGreaterThanOrEqual(7);
    expect(new Set(full.reports.map(({ code }) => code))).toEqual(
      new Set(["IOMUX_DESCRIPTOR_LIMIT"]),
    );
    expect(full.reports.length).toBeLessThan(10);
    expect(full.reports[0]).toMatchObject({ fd: 1 });
    expect(full.reports[0]!.message).toContain("ulimit -n");

    // No spin: neither in turns of ours nor in the loop below.
    const turns = (await state()).turns;
    expect((await ask<{ busyPart: number }>("busy part")).busyPart).toBeLessThan(0.5);
    expect((await state()).turns - turns).toBeLessThanOrEqual(2);

    await leave(answered);
    const again = await dial(port, 5);
    expect(again.answered).toHaveLength(5);
    expect((await state()).refused).toBe(refused);
  });

  it("with the reserve off: Node refuses in silence, without a spin, and resumes by itself", async () => {
    const port = await start(0);
    const { answered, refused } = await dial(port, 2 * LIMIT);
    const full = await state();
    expect(answered.length).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect([full.refused, full.reports]).toEqual([0, []]);
    expect((await ask<{ busyPart: number }>("busy part")).busyPart).toBeLessThan(0.5);
    await leave(answered);
    const again = await dial(port, 5);
    expect(again.answered).toHaveLength(5);
  });
});
