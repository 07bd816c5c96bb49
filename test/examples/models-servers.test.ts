/** Every server model answers rightly, serves as many at a time as it says, and ends whole. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { MODELS, type Model } from "../../examples/models/flags.ts";
import { Programs, type Child } from "../../examples/models/programs.ts";
import { stateOf, treeOf } from "../../examples/models/process-tree.ts";
import {
  decodeAnswer,
  encodeRequest,
  FrameReader,
  type Answer,
  type Request,
} from "../../examples/models/protocol.ts";
import { LOADS, questionOf } from "../../examples/models/samples.ts";

const onLinux = process.platform === "linux";
const stop = new AbortController();
let programs: Programs;

beforeAll(async () => {
  programs = await Programs.build(stop.signal);
});
afterAll(() => programs.end());

/** A client that waits for what it is answered. */
class Caller {
  readonly socket: Socket;
  /** Fulfilled when the connection is over, however it ended. */
  readonly closed: Promise<void>;
  readonly #reader = new FrameReader();
  readonly #answers: Answer[] = [];
  #hear = (): void => {};

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.#answers.push(...this.#reader.push(chunk).map((frame) => decodeAnswer(frame)!));
      this.#hear();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", () => {
        this.#hear();
        resolve();
      });
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  send(...requests: readonly Request[]): this {
    this.socket.write(Buffer.concat(requests.map(encodeRequest)));
    return this;
  }

  get answered(): number {
    return this.#answers.length;
  }

  /** The first `count` answers; rejects if the connection closes before. */
  async hear(count: number): Promise<Answer[]> {
    while (this.#answers.length < count) {
      if (this.socket.closed) throw new Error(`closed after ${this.#answers.length} answers`);
      await new Promise<void>((resolve) => (this.#hear = resolve));
    }
    return this.#answers.slice(0, count);
  }
}

async function start(model: Model, workers = 8): Promise<{ server: Child; port: number }> {
  const server = await programs.start(model, [programs.files, String(workers)]);
  onTestFinished(() => server.stop());
  return { server, port: await server.port() };
}

const echo = (text: string): Request => ({ kind: "echo", payload: Buffer.from(text) });
const questions = LOADS.flatMap((load) => [0, 1, 2].map((number) => questionOf(load, 1, number)));

describe.each(MODELS)("the server model %s", (model) => {
  it("answers every kind of request rightly, also those that come together", async () => {
    const { port } = await start(model);
    const answers = await new Caller(port).send(...questions).hear(questions.length);
    const wrong = questions.filter(({ expected }, i) => !answers[i]!.payload.equals(expected));
    expect(wrong.map(({ kind }) => kind)).toEqual([]);
    expect(answers.every(({ ok }) => ok)).toBe(true);
  });

  it("sends what it owes to a client that has ended its side, then closes", async () => {
    const { port } = await start(model);
    const caller = new Caller(port).send(...questions);
    caller.socket.end();
    expect(await caller.hear(questions.length)).toHaveLength(questions.length);
    await caller.closed;
  });

  it("refuses what it cannot do, and goes on", async () => {
    const { port } = await start(model);
    const name = Buffer.from("../secret");
    const caller = new Caller(port).send({ kind: "file", payload: name }, echo("still there"));
    const [refused, answered] = await caller.hear(2);
    expect(refused).toMatchObject({ ok: false });
    expect(answered).toEqual({ ok: true, payload: Buffer.from("still there") });
  });

  it("closes a connection that sends no frames, and serves the next one", async () => {
    const { port } = await start(model);
    const broken = new Caller(port);
    broken.socket.write("GET / HTTP/1.1\r\n\r\n");
    await broken.closed;
    expect(await new Caller(port).send(echo("next")).hear(1)).toHaveLength(1);
  });

  it("outlives a client that is gone in the middle of a request", async () => {
    const { port } = await start(model);
    const gone = new Caller(port).send(echo("answered"));
    await gone.hear(1);
    gone.socket.write(encodeRequest(echo("never whole")).subarray(0, 7));
    gone.socket.resetAndDestroy();
    expect(await new Caller(port).send(echo("next")).hear(1)).toHaveLength(1);
  });

  it(`serves ${model === "iterative" ? "one client at a time" : "clients side by side"}`, async () => {
    const { port } = await start(model);
    const first = new Caller(port).send(echo("first"));
    await first.hear(1);
    const second = new Caller(port).send(echo("second"));
    if (model === "iterative") {
      // What the first one is answered now came after the second one's request.
      await once(second.socket, "connect");
      await first.send(echo("again"), ...questions).hear(2 + questions.length);
      expect(second.answered).toBe(0);
      first.socket.end();
    }
    expect(await second.hear(1)).toEqual([{ ok: true, payload: Buffer.from("second") }]);
  });

  it.runIf(onLinux)("leaves no process and no zombie behind", async () => {
    const { server, port } = await start(model);
    const callers = [0, 1].map((i) => new Caller(port).send(echo(`${i}`)));
    await callers[0]!.hear(1);
    const tree = treeOf(server.pid);
    expect(tree.length).toBeGreaterThanOrEqual(model === "processes" ? 2 : 1);
    await server.stop();
    expect(tree.map(stateOf)).toEqual(tree.map(() => null));
  });
});

describe("servers with a worker for each client", () => {
  it.each(["processes", "threads"] as const)("%s: who comes later waits", async (model) => {
    const { port } = await start(model, 1);
    const first = new Caller(port).send(echo("first"));
    await first.hear(1);
    const second = new Caller(port).send(echo("second"));
    await once(second.socket, "connect");
    // Far more work than the start of another one, which would have answered by the end of it.
    const most = Buffer.of(0, 0x0f, 0x42, 0x40);
    const long = Array.from({ length: 4 }, () => ({ kind: "work" as const, payload: most }));
    await first.send(...long).hear(1 + long.length);
    expect(second.answered).toBe(0);
    first.socket.end();
    expect(await second.hear(1)).toHaveLength(1);
  });

  it.runIf(onLinux)("processes: one ends with its client, and is waited for", async () => {
    const { server, port } = await start("processes");
    const caller = new Caller(port).send(echo("first"));
    await caller.hear(1);
    const [, child] = treeOf(server.pid);
    caller.socket.end();
    await caller.closed;
    // A second client's process starts, serves and ends after the first one's has.
    while (stateOf(child!) !== null) await new Caller(port).send(echo("next")).hear(1);
    expect(treeOf(server.pid).map(stateOf)).not.toContain("Z");
  });
});

describe("programs that are measured", () => {
  it.each(["iterative", "processes"])("end if their parent is gone already: %s", async (name) => {
    const child = fork(join(programs.files, `../${name}.mjs`), [programs.files, "1"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    child.disconnect();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("say in one line that one has ended instead of answering", async () => {
    const { server } = await start("iterative");
    const asked = server.ask("anything", 60_000);
    process.kill(server.pid, "SIGKILL");
    await expect(asked).rejects.toThrow('iterative did not answer "anything": it has ended');
  });

  it("say in one line that one does not answer in time", async () => {
    const { server } = await start("iterative");
    const asked = server.ask("anything", 1);
    await expect(asked).rejects.toThrow('iterative did not answer "anything": 1 ms are over');
  });

  it("are given up when all is stopped", async () => {
    const stopping = new AbortController();
    const stopped = await Programs.build(stopping.signal);
    onTestFinished(() => stopped.end());
    const server = await stopped.start("iterative", [stopped.files]);
    const asked = server.ask("anything", 60_000);
    stopping.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    await expect(stopped.start("iterative", [stopped.files])).rejects.toThrow("enough");
  });
});

describe("the load", () => {
  /** A server of the test's own; answers what it listens on. */
  async function serveBadly(hear: (socket: Socket, frame: Buffer) => void): Promise<number> {
    const server = createServer((socket) => {
      const reader = new FrameReader();
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => {
        for (const frame of reader.push(chunk)) hear(socket, frame);
      });
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    return (server.address() as AddressInfo).port;
  }

  const question = { clients: 3, load: "echo", requests: 5, warmMs: 1, mostWarmMs: 50 };
  const times = { measureMs: 50, limitMs: 200 };

  async function visit(port: number): Promise<Record<string, unknown>> {
    const load = await programs.start("load");
    onTestFinished(() => load.stop());
    return load.ask("visit", 30_000, { port, ...question, ...times });
  }

  it("counts answers that are wrong", async () => {
    const port = await serveBadly((socket, frame) => {
      socket.write(Buffer.concat([Buffer.of(0, 0, 0, frame.length, 0), frame.subarray(1).fill(1)]));
    });
    const { answers, wrong } = (await visit(port)) as { answers: number; wrong: number };
    expect(wrong).toBeGreaterThanOrEqual(answers);
    expect(wrong).toBeGreaterThan(0);
  });

  it("does not wait for ever for a server that is silent", async () => {
    const visits = await visit(await serveBadly(() => {}));
    expect(visits).toMatchObject({ answers: 0, answeredClients: 0, wrong: 0 });
    expect(visits.p50).toMatchObject({ over: true });
  });

  it("counts connections that break, and comes again", async () => {
    const visits = await visit(await serveBadly((socket) => void socket.resetAndDestroy()));
    expect(visits.failed).toBeGreaterThanOrEqual(3);
  });
});
