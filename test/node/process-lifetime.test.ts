/** Promise 14 / H32 with real processes: which of them live, and which end by themselves. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { programCommand } from "../support/program-command.ts";

const CASES = programCommand("test/node/lifetime-cases.ts");

/** A server that echoes; what came on its last connection is kept. */
const heard: Buffer[] = [];
const server = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    heard.push(bytes);
    socket.write(bytes);
  });
  socket.on("end", () => socket.end());
  greet?.(socket);
});
let greet: ((socket: net.Socket) => void) | null = null;
let port = 0;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as net.AddressInfo);
});
afterAll(() => server.close());

interface Outcome {
  readonly lines: string[];
  readonly code: number | null;
}

/** Runs a case until its process ends by itself; `onLine` hears of each line. */
async function run(name: string, onLine: (line: string) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, [...CASES, name, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  let told = 0;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part: string) => {
    text += part;
    const lines = text.split("\n").slice(0, -1);
    while (told < lines.length) onLine(lines[told++]!);
  });
  // It ends by itself, or the test has failed.
  const stuck = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(stuck);
  return { lines: text.split("\n").slice(0, -1), code };
}

describe("14 / H32: the process", () => {
  it.each([
    ["nothing", []],
    ["a timer", ["fired"]],
    ["a poll", ["0"]],
    ["a select", ["3"]],
    ["a defer", ["deferred"]],
    ["unref'd registrations and timers", ["ready"]],
    ["an open channel, a listener, unregistered", ["ready"]],
    ["a wake before a timer that is far away", ["selected"]],
    ["what was written before the registration", ["ping"]],
    ["output without a registration, beside a server that is idle", ["flushed"]],
    ["a datagram that is not registered", ["bound"]],
    ["a datagram", ["came"]],
    ["a closed reactor", ["closed"]],
  ])("lives as long as it should: %s", async (name, lines) => {
    expect(await run(name)).toEqual({ lines, code: 0 });
  });

  it("lives as long as it should: a registration", async () => {
    let peer: net.Socket | undefined;
    greet = (socket) => (peer = socket);
    const outcome = await run("a registration", () => peer?.write("hello"));
    greet = null;
    expect(outcome).toEqual({ lines: ["registered", "hello"], code: 0 });
  });

  it("lives as long as it should: a listener", async () => {
    const outcome = await run("a listener", (line) => {
      if (line !== "accepted") net.connect(Number(line), "127.0.0.1").on("error", () => {});
    });
    expect(outcome).toEqual({ lines: [expect.stringMatching(/^\d+$/), "accepted"], code: 0 });
  });

  it("lives until the output of a channel that closes has left", async () => {
    heard.length = 0;
    expect(await run("output of a channel that closes")).toEqual({ lines: [], code: 0 });
    expect(Buffer.concat(heard).toString()).toBe("the last words");
  });
});
