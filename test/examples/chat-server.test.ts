/** The chat on the in-memory network, where what happens in one turn can be arranged. */
import { createReactor, type Reactor } from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { chatLimits, ChatServer, minBacklogBytes } from "../../examples/chat/server.ts";
import { ENGLISH } from "../../examples/chat/texts.ts";

const MAX_LINE_BYTES = 400;
const BACKLOG = minBacklogBytes(MAX_LINE_BYTES);

let clock: SimulatedClock;
let network: MemoryNetwork;
let reactor: Reactor;
let chat: ChatServer;
/** What the operator is told. */
let logged: string[];
let dial: () => MemorySocket;

/** `capacity`: bytes that the kernel would hold for one direction of a connection. */
async function open(capacity: number): Promise<void> {
  clock = new SimulatedClock();
  network = new MemoryNetwork(clock, { capacity });
  logged = [];
  reactor = createReactor({ network, clock, ...chatLimits(BACKLOG) });
  const listener = await clock.run(reactor.listen({ port: 0 }));
  const log = (line: string): void => void logged.push(line);
  chat = new ChatServer(reactor, listener, { maxLineBytes: MAX_LINE_BYTES, texts: ENGLISH, log });
  dial = () => network.dial(listener.localAddress!);
}

async function join(name: string): Promise<MemorySocket> {
  const socket = dial();
  socket.write(`${name}\n`);
  await clock.settle();
  return socket;
}

function lines(socket: MemorySocket): string[] {
  return socket.received.toString().split("\n").slice(0, -1);
}

afterEach(async () => {
  reactor.assertInvariants();
  await clock.run(chat.end(0));
  reactor.assertInvariants();
});

describe("a member that does not read", () => {
  let before: MemorySocket;
  let stopped: MemorySocket;
  let after: MemorySocket;
  let speaker: MemorySocket;

  beforeEach(async () => {
    await open(256);
    before = await join("before");
    stopped = await join("stopped");
    after = await join("after");
    speaker = await join("speaker");
    stopped.pause();
  });

  /** Speaks in lines of 100 bytes until `done`. */
  async function speak(done: () => boolean): Promise<number> {
    let said = 0;
    for (; !done(); said++) {
      if (said > 1000) throw new Error("waited in vain");
      speaker.write(`${"x".repeat(96)}${said % 1000}\n`);
      await clock.settle();
    }
    return said;
  }

  test("is disconnected when the next line has no place, and nobody else is", async () => {
    const said = await speak(() => logged.length > 0);
    expect(said * 100).toBeLessThan(BACKLOG + 2 * 256 + 200);
    expect(logged).toEqual([
      expect.stringMatching(/^\d+ bytes wait for stopped, who does not read: disconnected \(127/),
    ]);
    expect(Number.parseInt(logged[0]!)).toBeLessThanOrEqual(BACKLOG);
    expect(Number.parseInt(logged[0]!)).toBeGreaterThan(BACKLOG - 150);
    expect(stopped.closed).toBe(false);
    stopped.resume();
    await clock.settle();
    expect(stopped.closed).toBe(true);
    expect(lines(after).filter((line) => line.includes("left"))).toEqual(["stopped left the chat"]);
  });

  test("is told of as gone in the same place to all, though it goes in mid-broadcast (H44)", async () => {
    const said = await speak(() => logged.length > 0);
    const ofBefore = lines(before).slice(lines(before).indexOf("after joined the chat") + 2);
    const ofAfter = lines(after).slice(lines(after).indexOf("speaker joined the chat") + 1);
    expect(ofBefore).toEqual(ofAfter);
    expect(ofBefore).toHaveLength(said + 1);
    expect(ofBefore.at(-1)).toBe("stopped left the chat");
  });

  test("has left once it ends its side, and gets what waits for it if it reads after all", async () => {
    await speak(() => reactor.stats().queuedBytes > 1000);
    const from = lines(after).length;
    stopped.end();
    await clock.settle();
    expect(lines(after).slice(from)).toEqual(["stopped left the chat"]);
    stopped.resume();
    await clock.settle();
    expect(stopped.ended).toBe(true);
    expect(stopped.error).toBeNull();
    expect(lines(stopped).slice(4)).toEqual(lines(after).slice(3, from));
    expect(logged).toEqual([]);
  });

  test("cannot hold up the end of the chat", async () => {
    await speak(() => reactor.stats().queuedBytes > 1000);
    for (const socket of [before, after, speaker]) socket.end();
    const closing = chat.end(2000);
    await clock.settle();
    await clock.advance(2000);
    const { cutOff } = await clock.run(closing);
    expect(cutOff.map(({ queued }) => queued > 1000)).toEqual([true]);
    expect(lines(after).at(-1)).toBe(ENGLISH.ending);
    expect(logged).toEqual([]);
  });
});

describe("in one turn", () => {
  beforeEach(() => open(1024 * 1024));

  test("many may speak, and nobody who reads is taken for a slow reader", async () => {
    const listening = await join("listening");
    const names = Array.from({ length: 40 }, (_, i) => `${i} ${"张".repeat(28)}`);
    const speakers: MemorySocket[] = [];
    for (const name of names) speakers.push(await join(name));
    const from = lines(listening).length;
    for (const speaker of speakers) for (let i = 0; i < 30; i++) speaker.write(`${i}\n`);
    await clock.settle();
    expect(logged).toEqual([]);
    const heard = lines(listening).slice(from);
    expect(heard).toHaveLength(40 * 30);
    for (const name of names) {
      const own = heard.filter((line) => line.startsWith(name));
      expect(own).toEqual(Array.from({ length: 30 }, (_, i) => `${name} says: ${i}`));
    }
  });

  test("a leave and a join with the same name are told in this order (H44)", async () => {
    const watcher = await join("watcher");
    const bob = await join("bob");
    const next = dial();
    await clock.settle();
    const from = lines(watcher).length;
    bob.end();
    next.write("bob\n");
    await clock.settle();
    if (!lines(next).at(-1)!.startsWith("Hello")) {
      expect(lines(next).at(-1)).toBe("The name bob is taken. What is your name?");
      next.write("bob\n");
      await clock.settle();
    }
    expect(lines(watcher).slice(from)).toEqual(["bob left the chat", "bob joined the chat"]);
  });

  test("who is reset while others speak has left, and is no slow reader", async () => {
    const ann = await join("ann");
    const bob = await join("bob");
    const eve = await join("eve");
    const from = lines(ann).length;
    bob.write("my last words\n");
    bob.reset();
    eve.write("hello\n");
    await clock.settle();
    expect(lines(ann).slice(from).sort()).toEqual([
      "bob left the chat",
      "bob says: my last words",
      "eve says: hello",
    ]);
    expect(logged).toEqual([]);
  });

  test("a newcomer during a broadcast sees all that comes after its welcome", async () => {
    const ann = await join("ann");
    const eve = await join("eve");
    const bob = dial();
    await clock.settle();
    for (let i = 0; i < 5; i++) ann.write(`${i}\n`);
    bob.write("bob\n");
    for (let i = 5; i < 10; i++) ann.write(`${i}\n`);
    await clock.settle();
    const ofEve = lines(eve);
    const afterJoin = ofEve.slice(ofEve.indexOf("bob joined the chat") + 1);
    expect(lines(bob).slice(2)).toEqual(afterJoin);
    expect(ofEve.filter((line) => line.startsWith("ann says"))).toHaveLength(10);
  });
});
