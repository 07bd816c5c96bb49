/** The UDP server and its client as processes, over real sockets. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import { readClientSettings } from "../../examples/udp/client-flags.ts";
import { LIMITS } from "../../examples/udp/limits.ts";
import { readServerSettings } from "../../examples/udp/server-flags.ts";
import { flagOf } from "../../examples/program/flags.ts";
import { programCommand } from "../support/program-command.ts";
import { cleanUp, finish } from "./programs.ts";
import { openUdpServer, runUdpClient, runUdpServer, udpClient } from "./udp-process.ts";
import type { UdpServer } from "./udp-process.ts";

const LONG = { timeout: 60_000 };
/** Nobody receives there: it was somebody's a moment ago. */
async function deadPort(): Promise<number> {
  const socket = await boundSocket();
  const { port } = socket.address();
  socket.close();
  return port;
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

interface Relay {
  readonly address: Pick<UdpServer, "host" | "port">;
  readonly asked: Buffer[];
}

/** Between a client and its server: `carry` says what becomes of datagram number n, from 1. */
async function relay(
  server: UdpServer,
  carry: (way: "there" | "back", n: number, deliver: () => void) => void,
): Promise<Relay> {
  const [front, back] = [await boundSocket(), await boundSocket()];
  onTestFinished(() => [front, back].forEach((socket) => socket.close()));
  const asked: Buffer[] = [];
  let client: RemoteInfo;
  let answers = 0;
  front.on("message", (bytes, from) => {
    client = from;
    asked.push(bytes);
    carry("there", asked.length, () => back.send(bytes, server.port, server.host));
  });
  back.on("message", (bytes) => {
    carry("back", ++answers, () => front.send(bytes, client.port, client.address));
  });
  return { address: { host: "127.0.0.1", port: front.address().port }, asked };
}

afterAll(cleanUp);

describe("the programs", LONG, () => {
  it.each(["127.0.0.1", "::1"])("speak with each other at %s", async (host) => {
    const server = await openUdpServer("--host", host);
    expect(server.host).toBe(host);
    const lines = "set greeting  hello  world\nget greeting\nincr n\n\n incr n \ndel n\ntime\n";
    const { code, out, err } = await udpClient(server, [], lines);
    const said = out.toString().split("\n");
    expect(said.slice(0, 5)).toEqual(["set", " hello  world", "1", "2", "deleted"]);
    expect(new Date(said[5]!).toISOString()).toBe(said[5]);
    expect([code, err]).toEqual([0, ""]);
    expect(await udpClient(server, ["get", "greeting"])).toMatchObject({ code: 0, err: "" });
    server.child.kill("SIGINT");
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.out.lines.at(-1)).toBe("7 requests, 0 copies, 0 that were none. Bye.");
    expect(server.err.lines).toEqual([]);
  });

  it("the outcome tells the exit code, and one line says why; of several the highest", async () => {
    const server = await openUdpServer("--keys", "1");
    const of = async (...args: string[]) => {
      const { code, out, err } = await udpClient(server, args);
      return [code, out.toString(), err];
    };
    expect(await of("set", "k", "-", "x y")).toEqual([0, "set\n", ""]);
    expect(await of("get", "k")).toEqual([0, "- x y\n", ""]);
    expect(await of("get", "nothing")).toEqual([
      ...[1, "", "udp-client: get nothing: there is no such key\n"],
    ]);
    const wrong = "udp-client: incr k: its value is no whole number: set it to one\n";
    expect(await of("incr", "k")).toEqual([1, "", wrong]);
    const full = "udp-client: set l: the store is full: delete something\n";
    expect(await of("set", "l", "1")).toEqual([1, "", full]);
    const { code, err } = await udpClient(server, [], `get\nget x\n${"x".repeat(3000)}\nget k\n`);
    expect([code, err.split("\n")]).toEqual([
      2,
      [
        "udp-client: get: give get KEY",
        "udp-client: get x: there is no such key",
        "udp-client: a line has over 2048 bytes",
        "",
      ],
    ]);
  });

  it("control characters of a value are shown, not obeyed", async () => {
    const server = await openUdpServer();
    const { out } = await udpClient(server, [], "set k \x1b[31mred\u202e\nget k\n");
    expect(out.toString()).toBe("set\n\\u{1b}[31mred\\u{202e}\n");
  });

  it("where nobody receives, nothing is done, and that is said", async () => {
    const port = await deadPort();
    const { code, err } = await udpClient({ host: "127.0.0.1", port }, [
      "--tries",
      "2",
      "incr",
      "n",
    ]);
    const why = `nobody receives at 127.0.0.1:${port} (ECONNREFUSED)`;
    expect([code, err]).toEqual([3, `udp-client: incr n: not done: ${why}\n`]);
  });

  it("a name that there is not is one line", async () => {
    const { code, err } = await udpClient({ host: "no.such.invalid", port: 1 }, ["time"]);
    expect([code, err.split("\n")]).toEqual([3, [expect.stringContaining("no.such.invalid"), ""]]);
  });
});

describe("between client and server", LONG, () => {
  it("everything comes twice, and the answer to the request is lost once: it is done once", async () => {
    const server = await openUdpServer();
    const { address, asked } = await relay(server, (way, n, deliver) => {
      // The answers to two hellos, then those to two copies of the request.
      if (way === "back" && (n === 3 || n === 4)) return;
      deliver();
      if (way === "there") deliver();
    });
    const { code, out } = await udpClient(address, ["incr", "n"]);
    expect([code, out.toString()]).toEqual([0, "1\n"]);
    expect(asked).toHaveLength(3);
    expect(asked[2]).toEqual(asked[1]);
    expect((await udpClient(server, ["get", "n"])).out.toString()).toBe("1\n");
  });

  it("no answer to the request comes through: the outcome is unknown, and it was done once", async () => {
    const server = await openUdpServer();
    const { address } = await relay(server, (way, n, deliver) => {
      if (way === "there" || n === 1) deliver();
    });
    const { code, err } = await udpClient(address, ["--tries", "4", "incr", "n"]);
    const why = `no answer from 127.0.0.1:${address.port}`;
    const then = "it took effect once or not at all, look with get";
    expect([code, err]).toEqual([
      ...[4, `udp-client: incr n: the outcome is unknown: ${why}; ${then}\n`],
    ]);
    expect((await udpClient(server, ["get", "n"])).out.toString()).toBe("1\n");
  });

  it("the server is killed and started again: a change is in doubt, a look is not", async () => {
    const before = await openUdpServer();
    const client = runUdpClient(before);
    client.child.stdin!.write("incr n\n");
    await client.out.until("1");
    before.child.kill("SIGKILL");
    await before.ended;
    await openUdpServer("--port", `${before.port}`);
    client.child.stdin!.write("incr n\n");
    await client.err.until(/^udp-client: incr n: the outcome is unknown: .* was started again/);
    client.child.stdin!.write("get n\n");
    await client.err.until("udp-client: get n: there is no such key");
    client.child.stdin!.end("incr n\n");
    await client.out.until("1");
    expect(await client.ended).toEqual({ code: 4, signal: null });
  });
});

describe("flags", LONG, () => {
  it("a port that is taken, and what is no address, are one line", async () => {
    const { port } = await openUdpServer();
    const taken = runUdpServer("--port", `${port}`);
    expect(await taken.ended).toMatchObject({ code: 2 });
    expect(taken.err.lines).toEqual([expect.stringMatching(/^udp-server: .*EADDRINUSE/)]);
    const named = runUdpServer("--host", "localhost");
    expect(await named.ended).toMatchObject({ code: 2 });
    expect(named.err.lines).toEqual([expect.stringContaining("give an IP address")]);
  });

  const wrong = (args: string[], read: (args: readonly string[]) => unknown): string => {
    try {
      read(args);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    [["--ticket-ms", "60000"], "--ticket-ms is not less than --remember-ms"],
    [["--clients", "0"], '--clients is "0": give'],
    [["--port", "65536"], '--port is "65536": give'],
    [["--colour"], "Unknown option '--colour'"],
    [["word"], "Unexpected argument 'word'"],
  ])("of the server that are wrong are told: %j", (args, line) => {
    const told = wrong(args, readServerSettings);
    expect(told.startsWith(line), told).toBe(true);
    expect(told).not.toContain("\n");
  });

  it.each([
    [["fly"], 'there is no command "fly": give one of get KEY, set KEY VALUE, '],
    [["toString"], 'there is no command "toString"'],
    [["set", "k"], "set: give set KEY VALUE"],
    [["get", "k", "l"], "get: give get KEY"],
    [["get", ""], "get: give get KEY"],
    [["time", "now"], "time: give time"],
    [["get", "k".repeat(256)], "the key of get has 256 bytes: 255 fit"],
    [["set", "k", "ä".repeat(447)], "the value has 894 bytes: 893 fit"],
    [["--host", "", "time"], "--host is empty"],
    [["--port", "0", "time"], '--port is "0": give'],
    [["--tries", "0", "time"], '--tries is "0": give'],
    [["--timeout", "x", "time"], '--timeout is "x": give'],
  ])("of the client that are wrong are told: %j", (args, line) => {
    const told = wrong(args, readClientSettings);
    expect(told.startsWith(line), told).toBe(true);
    expect(told).not.toContain("\n");
  });

  it("--help lists all of them", async () => {
    for (const name of ["udp-server", "udp-client"] as const) {
      const command = [...programCommand(`examples/${name}.ts`), "--help"];
      const { code, out, err } = await finish(process.execPath, command);
      expect([code, err]).toEqual([0, ""]);
      const flags = name === "udp-client" ? ["tries", "timeout"] : Object.keys(LIMITS).map(flagOf);
      for (const flag of ["host", "port", ...flags]) expect(out.toString()).toContain(`--${flag} `);
    }
  });
});
