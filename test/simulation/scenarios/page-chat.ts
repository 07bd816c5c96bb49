/**
 * A room with members of both kinds, on a network that fails: those with a connection of their own,
 * and pages whose streams break off again and again. Promises: all see one order; a page misses
 * nothing and sees nothing twice; what was answered with 204 was said once; nothing is left open.
 */
import assert from "node:assert/strict";
import type { Reactor } from "iomux";
import type { MemorySocket, Random, Scenario, SimulatedHost, Simulation } from "iomux/testing";

import { readSettings } from "../../../examples/chat/flags.ts";
import { ChatServer } from "../../../examples/chat/server.ts";
import type { Joined, Line, Over } from "../../../examples/console/chat-messages.ts";
import { mountChat } from "../../../examples/console/chat-routes.ts";
import { HttpServer } from "../../../examples/http/server/http-server.ts";
import { readAnswers, type Answer } from "../../support/http-talk.ts";
import { eventsOf } from "../../support/page-visitor.ts";

const CHAT_PORT = 9000;
const HTTP_PORT = 8080;
const PAGES = 3;
const MEMBERS = 2;
const LINES = 8;
/** After which a page takes a silent stream for a dead one: more than a heart beat. */
const SILENCE_MS = 20_000;
const PATIENCE_MS = 10_000;
const LAST = "the end of it";

class SimulatedPage {
  readonly #world: Simulation;
  readonly #home: SimulatedHost;
  readonly #to: SimulatedHost;
  readonly #random: Random;
  readonly #id: number;
  /** As which it has joined. */
  name: string;
  /** What it was told, each line once. */
  readonly lines: Line[] = [];
  /** Texts that the server has answered with 204, and those of which nobody knows. */
  readonly said: string[] = [];
  token: string | null = null;
  over: Over | null = null;
  /** The server knew its token no more. */
  unknown = false;
  hasHeardAll = false;
  #lastId = 0;

  constructor(world: Simulation, id: number, to: SimulatedHost) {
    this.#world = world;
    this.#id = id;
    this.#to = to;
    this.#home = world.host(`page ${id}`);
    this.#random = world.random.fork(`page ${id}`);
    this.name = `P${id}`;
  }

  get isOver(): boolean {
    return this.over !== null || this.unknown;
  }

  async live(): Promise<void> {
    await this.#world.sleep(this.#random.integer(0, 500));
    for (let tries = 0; this.token === null; tries++) {
      // Whether a join that broke off was one, the name tells no more.
      const name = `${this.name}${"x".repeat(tries)}`;
      const answer = await this.#post("join", { name });
      if (answer?.status !== 200) {
        await this.#world.sleep(this.#random.integer(10, 500));
        continue;
      }
      const joined = JSON.parse(answer.body.toString()) as Joined;
      this.token = joined.member;
      assert.equal(joined.name, name);
      this.name = name;
    }
    await Promise.all([this.#listen(), this.#speak()]);
  }

  async #speak(): Promise<void> {
    for (let line = 0; line < LINES && !this.isOver; line++) {
      const text = `p${this.#id}:${line}`;
      const answer = await this.#post("say", { member: this.token, text });
      if (answer?.status === 204) this.said.push(text);
      await this.#world.sleep(this.#random.integer(0, 1500));
    }
  }

  /** Until it has heard the last line, or its membership is over. */
  async #listen(): Promise<void> {
    while (!this.isOver && !this.hasHeardAll) {
      const fields = this.#lastId === 0 ? "" : `Last-Event-ID: ${this.#lastId}\r\n`;
      const target = `/api/chat/events?member=${this.token!}`;
      await this.#follow(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      await this.#world.sleep(this.#random.integer(10, 2000));
    }
  }

  async #follow(request: string): Promise<void> {
    const socket = this.#home.dial({ host: this.#to.address, port: HTTP_PORT });
    socket.write(request);
    const { clock } = this.#world;
    // Its end may come at any moment.
    const until = clock.now() + this.#random.pick([50, 500, 5000, 100_000]);
    let [taken, bytes, heardAt] = [0, 0, clock.now()];
    while (clock.now() < Math.min(until, heardAt + SILENCE_MS)) {
      const gone = socket.closed || socket.ended;
      if (gone || socket.received.length > bytes) {
        const [answer] = readAnswers(socket.received, [], gone);
        this.unknown = answer?.status === 404;
        taken = this.#take(answer, taken);
      }
      if (gone || this.isOver || this.hasHeardAll) break;
      if (socket.received.length > bytes) [bytes, heardAt] = [socket.received.length, clock.now()];
      await this.#world.sleep(100);
    }
    if (!socket.closed) socket.destroy();
  }

  /** Answers how many events of this stream were taken. */
  #take(answer: Answer | undefined, taken: number): number {
    if (answer?.status !== 200) return taken;
    const events = eventsOf(answer.body.toString());
    for (const { event, id, data } of events.slice(taken)) {
      if (event === "over") this.over = data as Over;
      else {
        assert.equal(event, "line", "so little is kept: there is no gap");
        assert.equal(Number(id), this.#lastId + 1, `${this.name} misses lines, or has some twice`);
        this.#lastId++;
        this.lines.push(data as Line);
        this.hasHeardAll ||= (data as Line).text === `admin: ${LAST}`;
      }
    }
    return events.length;
  }

  /** Null: the answer did not come. */
  async #post(what: string, message: unknown): Promise<Answer | null> {
    const socket = this.#home.dial({ host: this.#to.address, port: HTTP_PORT });
    const body = JSON.stringify(message);
    socket.write(
      `POST /api/chat/${what} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const answer = (): Answer | undefined => readAnswers(socket.received)[0];
    const end = this.#world.clock.now() + PATIENCE_MS;
    while (answer()?.isWhole !== true && !socket.closed && !socket.ended) {
      if (this.#world.clock.now() >= end) break;
      await this.#world.sleep(20);
    }
    const got = answer();
    if (!socket.closed) socket.destroy();
    return got?.isWhole === true ? got : null;
  }
}

async function speakAsMember(world: Simulation, id: number, to: SimulatedHost): Promise<string[]> {
  const random = world.random.fork(`member ${id}`);
  const home = world.host(`member ${id}`);
  const socket: MemorySocket = home.dial({ host: to.address, port: CHAT_PORT });
  socket.write(`M${id}\n`);
  for (let line = 0; line < LINES; line++) {
    await world.sleep(random.integer(0, 1500));
    if (!socket.closed) socket.write(`m${id}:${line}\n`);
  }
  const heard = (): string[] => socket.received.toString().split("\n").slice(0, -1);
  const end = world.clock.now() + 60_000;
  while (!socket.closed && !socket.ended && !heard().includes(`admin: ${LAST}`)) {
    if (world.clock.now() > end) break;
    await world.sleep(100);
  }
  if (!socket.closed) socket.destroy();
  return heard();
}

/** The room, and what went to all in it, in its order. */
async function openRoom(reactor: Reactor, transcript: string[]): Promise<ChatServer> {
  const flags = `--port ${CHAT_PORT} --host 0.0.0.0 --lines-per-second 0 --max-per-address 0 --joins-per-second 0 --history-lines 0`;
  return ChatServer.open(reactor, {
    settings: readSettings(flags.split(" "))!,
    transcript: true,
    log: (line) => {
      if (isPublic(line)) transcript.push(line);
    },
    minuteOfDay: () => 605,
    onShutdown: () => undefined,
  });
}

function isPublic(line: string): boolean {
  return / joined the chat$| left the chat$| says: |^admin: /.test(line);
}

function check(page: SimulatedPage, transcript: readonly string[]): void {
  const told = page.lines.map(({ text }) => text).filter(isPublic);
  // What was said before it came is not told: no history is kept.
  const from = transcript.indexOf(`${page.name} joined the chat`) + 1;
  const due = transcript.slice(from, from + told.length);
  assert.deepEqual(told, due, `${page.name} hears another order`);
  assert.ok(page.isOver || page.hasHeardAll, `${page.name} waits in vain`);
  for (const { text, own } of page.lines) {
    assert.equal(own, text.startsWith(`${page.name} says: `), `${text} is another's`);
  }
  for (const text of page.said) {
    const times = transcript.filter((line) => line.endsWith(` says: ${text}`)).length;
    assert.equal(times, 1, `${text} was said ${times} times`);
  }
}

export const pageChat: Scenario = {
  name: "page-chat",
  run: async (world) => {
    const there = world.host("room");
    const reactor = there.createReactor({ onError: () => undefined });
    const transcript: string[] = [];
    const chat = await openRoom(reactor, transcript);
    const server = new HttpServer(reactor, { onError: () => undefined, wallMs: () => 0 });
    const page = mountChat(server, { chat, reactor, wallMs: () => 0 });
    await server.listen({ port: HTTP_PORT, host: "0.0.0.0" });
    world.always(() => {
      const { open, bufferedBytes } = reactor.stats();
      assert.ok(bufferedBytes <= open * 256 * 1024, `${bufferedBytes} bytes for ${open}`);
    });
    const pages = Array.from({ length: PAGES }, (_, id) => new SimulatedPage(world, id, there));
    const living = pages.map((one) => one.live());
    const members = Array.from({ length: MEMBERS }, (_, id) => speakAsMember(world, id, there));
    await world.sleep(15_000);
    chat.assertInvariants();
    chat.administrator({ kind: "line", text: LAST });
    transcript.push(`admin: ${LAST}`);
    await Promise.all(living);
    for (const heard of await Promise.all(members)) {
      let at = -1;
      for (const line of heard.filter(isPublic)) {
        at = transcript.indexOf(line, at + 1);
        assert.notEqual(at, -1, `a member hears ${line} out of order`);
      }
    }
    for (const one of pages) check(one, transcript);
    await chat.end(1000);
    page.close();
    await server.close({ drainMs: 1000 });
    assert.equal(chat.counts.members, 0);
    await reactor.close();
    const { open, timers } = reactor.stats();
    assert.deepEqual({ open, timers }, { open: 0, timers: 0 });
  },
};
