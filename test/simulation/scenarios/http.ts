/**
 * An HTTP server: under any faults answers come in order, whole or visibly broken, and in the end
 * every descriptor is given back.
 */
import assert from "node:assert/strict";

import type { Reactor } from "iomux";
import type { Scenario, SimulatedHost, Simulation } from "iomux/testing";

import type { HttpResponse } from "../../../examples/http/server/http-response.ts";
import { HttpServer } from "../../../examples/http/server/http-server.ts";
import { readAnswers } from "../../support/http-talk.ts";

const PORT = 8000;
const CLIENTS = 4;
const REQUESTS = 12;
/** Windows of two bytes, and stalls of seconds, are slow: what that costs has tests of its own. */
const PATIENT = { headMs: 1e8, bodyMs: 1e8, idleMs: 1e8, writeProgressMs: 1e8 };
/** Milliseconds that a client waits for all of its answers. */
const PATIENCE_MS = 600_000;
/** The last request of these clients is answered by a handler that fails behind its head. */
const UNLUCKY = [2, 3];

interface Asked {
  readonly text: string;
  /** What the body must be; of a broken one what comes is its beginning. */
  readonly body: string;
  /** Its answer can only be broken off. */
  readonly fails: boolean;
}

function bodyOf(client: number, request: number): string {
  return `${client}.${request};`.repeat(1 + ((request * 7919) % 3000));
}

/** Answers of every kind, in turn. */
function ask(client: number, request: number): Asked {
  const body = bodyOf(client, request);
  const fails = request === REQUESTS;
  if (fails)
    return { text: `GET /fails/${client}/${request} HTTP/1.1\r\nHost: a\r\n\r\n`, body, fails };
  const kind = ["sent", "pieces", "later", "echo", "chunks", "unread"][request % 6]!;
  const head = `${request % 6 < 3 ? "GET" : "POST"} /${kind}/${client}/${request} HTTP/1.1\r\nHost: a\r\n`;
  switch (kind) {
    case "echo":
      return { text: `${head}Content-Length: ${body.length}\r\n\r\n${body}`, body, fails };
    case "chunks": {
      const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      return { text: `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`, body, fails };
    }
    case "unread":
      return { text: `${head}Content-Length: 100\r\n\r\n${"u".repeat(100)}`, body, fails };
    default:
      return { text: `${head}\r\n`, body, fails };
  }
}

/** A server, and how many of its handlers are not done. */
interface Site {
  readonly server: HttpServer;
  handlers: number;
}

async function open(reactor: Reactor): Promise<Site> {
  const server = new HttpServer(reactor, {
    limits: { maxOutputBytes: 16_384, answerMs: 0, ...PATIENT },
    onError: () => undefined,
    wallMs: () => reactor.now(),
  });
  type Place = Readonly<Record<"client" | "request", string>>;
  const site = { server, handlers: 0 };
  const body = ({ client, request }: Place): string => bodyOf(Number(client), Number(request));
  server
    .get("/sent/:client/:request", ({ params }, response) => {
      response.send(body(params));
    })
    .get("/pieces/:client/:request", async ({ params }, response) => {
      site.handlers++;
      try {
        response.start();
        await writePieces(response, Buffer.from(body(params)));
        response.end();
      } finally {
        site.handlers--;
      }
    })
    .get("/fails/:client/:request", async ({ params }, response) => {
      const bytes = Buffer.from(body(params));
      // In chunks, or of a length that is not reached.
      if (params.client === "2") response.start();
      else response.start(bytes.length);
      await writePieces(response, bytes.subarray(0, bytes.length >> 1));
      throw new Error("it fails behind its head");
    })
    .get("/later/:client/:request", ({ params }, response) => {
      reactor.setTimer(20, () => {
        response.send(body(params));
      });
    })
    .post("/unread/:client/:request", ({ params }, response) => {
      response.send(body(params));
    });
  for (const kind of ["echo", "chunks"]) {
    server.post(`/${kind}/:client/:request`, async (request, response) => {
      response.send(await request.body.bytes());
    });
  }
  await server.listen({ port: PORT, host: "0.0.0.0" });
  return site;
}

async function writePieces(response: HttpResponse, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 1000) {
    await response.write(bytes.subarray(at, at + 1000));
  }
}

async function client(world: Simulation, number: number, to: SimulatedHost): Promise<void> {
  const socket = world.host(`client ${number}`).dial({ host: to.address, port: PORT });
  const asked = Array.from(
    { length: REQUESTS + (UNLUCKY.includes(number) ? 1 : 0) },
    (_, request) => ask(number, request),
  );
  // Half of them ask for all at once, the others for one after the other.
  const answers = (): ReturnType<typeof readAnswers> => readAnswers(socket.received);
  const over = (): boolean => socket.closed || socket.ended;
  const until = async (holds: () => boolean): Promise<void> => {
    const end = world.clock.now() + PATIENCE_MS;
    // Who waits in vain takes fewer steps for it.
    for (let pauseMs = 10; !holds() && !over() && world.clock.now() < end; pauseMs *= 1.05) {
      await world.sleep(pauseMs);
    }
  };
  if (number % 2 === 0) {
    socket.write(asked.map(({ text }) => text).join(""));
  }
  for (const [request, { text }] of asked.entries()) {
    if (number % 2 === 1 && !over()) socket.write(text);
    await until(() => answers()[request]?.isWhole === true);
  }
  const heard = answers();
  for (const [request, answer] of heard.entries()) {
    assert.equal(answer.status, 200, `answer ${request} of client ${number}`);
    const { body: want, fails } = asked[request]!;
    const got = answer.body.toString();
    assert.ok(!(fails && answer.isWhole), `a part looks whole to client ${number}`);
    assert.ok(answer.isWhole ? got === want : want.startsWith(got), `body ${number}.${request}`);
  }
  const whole = heard.filter(({ isWhole }) => isWhole).length;
  assert.ok(over() || whole === REQUESTS, `client ${number} waits for ${REQUESTS - whole} answers`);
  assert.ok(over() || asked.length === REQUESTS, `client ${number} is not told of the failure`);
  if (!socket.closed) socket.end();
}

export const http: Scenario = {
  name: "http",
  run: async (world) => {
    const there = world.host("there");
    const reactor = there.createReactor({ onError: () => undefined });
    const site = await open(reactor);
    const { server } = site;
    const numbers = Array.from({ length: CLIENTS }, (_, number) => number);
    await Promise.all(numbers.map((number) => client(world, number, there)));
    await server.close({ drainMs: 60_000 });
    server.assertInvariants();
    const { connections, running } = server.stats();
    assert.deepEqual({ connections, running }, { connections: 0, running: 0 });
    // A writer hears of the end as soon as promises have run.
    await world.sleep(1);
    assert.equal(site.handlers, 0, "handlers wait for ever");
    assert.equal(reactor.stats().bufferedBytes, 0);
    await reactor.close();
  },
};
