/** The UDP client without sockets and time: what it sends when, and what it says came of it. */
import { beforeEach, describe, expect, it } from "vitest";

import { Asker, BACKOFF, type Operation, type Step } from "../../examples/udp/asking.ts";
import { decodeRequest, encode, WELCOME } from "../../examples/udp/wire.ts";
import type { Kind, Message } from "../../examples/udp/wire.ts";

const NOTHING = Buffer.alloc(0);
const ADD: Operation = { kind: "increment", key: Buffer.from("n"), value: NOTHING };
const LOOK: Operation = { kind: "get", key: Buffer.from("n"), value: NOTHING };
const REMEMBER_MS = 60_000;

let ids: bigint;
let asker: Asker;

function createAsker({ tries = 8, timeoutMs = 10_000, random = 1 } = {}): Asker {
  ids = 0n;
  const newClient = (): bigint => ++ids;
  return new Asker({ tries, timeoutMs, backoff: BACKOFF, random: () => random, newClient });
}

beforeEach(() => {
  asker = createAsker();
});

/** The request of a step. */
function sent(step: Step | null): Message {
  if (step === null || !("send" in step)) throw new Error("nothing is sent");
  const read = decodeRequest(step.send);
  if (read.is !== "message") throw new Error(`it is ${read.is}`);
  return read;
}

function answer(kind: Kind, { client, number }: Message, value: Buffer = NOTHING): Buffer {
  const ticket = { incarnation: 99n, issued: 5n, seal: Buffer.alloc(16, 1) };
  return encode({ kind, client, ticket, number, value });
}

/** Asks and has its ticket: the request that is sent then. */
function begin(operation: Operation, nowMs = 0): Message {
  const first = sent(asker.ask(operation, nowMs));
  if (first.kind !== "hello") return first;
  return sent(asker.receive(answer("welcome", first, WELCOME.pack(REMEMBER_MS)), nowMs));
}

describe("a client asks", () => {
  it("for a ticket first, then with it; the next operations use the same one", () => {
    const first = begin(ADD);
    expect(first).toMatchObject({ kind: "increment", client: 1n, number: 1 });
    expect(first.ticket).toMatchObject({ incarnation: 99n, issued: 5n });
    const outcome = { is: "answered", result: "done", value: Buffer.from("7"), by: 99n };
    expect(asker.receive(answer("done", first, Buffer.from("7")), 1)).toEqual({ outcome });
    expect(begin(ADD, 2)).toMatchObject({ kind: "increment", client: 1n, number: 2 });
  });

  it("for another ticket when it could be forgotten before the request arrives", () => {
    asker.receive(answer("done", begin(ADD)), 0);
    expect(sent(asker.ask(ADD, REMEMBER_MS / 2 + 1))).toMatchObject({ kind: "hello", client: 2n });
  });

  it("one thing at a time", () => {
    begin(ADD);
    expect(() => asker.ask(ADD, 0)).toThrow("has not ended");
  });
});

describe("what is not answered", () => {
  it.each([
    ["all of", 1, [200, 400, 800, 1600, 2000, 2000]],
    ["half of", 0, [100, 200, 400, 800, 1000, 1000]],
  ])("is sent again, the same bytes, after %s the doubling wait", (_, random, waits) => {
    asker = createAsker({ tries: 6, random });
    let step = asker.ask(ADD, 0);
    const steps: Step[] = [];
    for (let nowMs = 0; "send" in step; step = asker.due((nowMs += step.waitMs))) steps.push(step);
    expect(steps.map((one) => "waitMs" in one && one.waitMs)).toEqual(waits);
    expect(new Set(steps.map((one) => "send" in one && one.send.toString("hex"))).size).toBe(1);
    expect(step).toEqual({ outcome: { is: "not-done", why: "silence" } });
  });

  it("the waits begin anew with the request", () => {
    const first = sent(asker.ask(ADD, 0));
    expect([asker.due(200), asker.due(600)]).toMatchObject([{ waitMs: 400 }, { waitMs: 800 }]);
    const welcome = answer("welcome", first, WELCOME.pack(REMEMBER_MS));
    expect(asker.receive(welcome, 700)).toMatchObject({ waitMs: 200 });
  });

  it("tries: hellos and requests together; then the outcome of a change is unknown", () => {
    asker = createAsker({ tries: 3 });
    const request = begin(ADD);
    expect(sent(asker.due(200))).toEqual(request);
    expect(asker.due(600)).toEqual({ outcome: { is: "unknown", why: "silence" } });
  });

  it("timeoutMs: no wait goes beyond it", () => {
    asker = createAsker({ timeoutMs: 500 });
    const steps = [asker.ask(LOOK, 0), asker.due(200)];
    expect(steps).toMatchObject([{ waitMs: 200 }, { waitMs: 300 }]);
    expect(asker.due(500)).toEqual({ outcome: { is: "not-done", why: "silence" } });
  });

  it("of a look is no harm: nothing was to be done", () => {
    asker = createAsker({ tries: 2 });
    begin(LOOK);
    expect(asker.due(200)).toEqual({ outcome: { is: "not-done", why: "silence" } });
  });

  it("is told with what was heard last: nobody is there, or the server is busy", () => {
    asker = createAsker({ tries: 1 });
    const first = sent(asker.ask(ADD, 0));
    asker.fail("ECONNREFUSED");
    expect(asker.due(200)).toEqual({ outcome: { is: "not-done", why: { code: "ECONNREFUSED" } } });
    expect(asker.receive(answer("busy", first), 1)).toBeNull();
    const second = sent(asker.ask(ADD, 300));
    expect(asker.receive(answer("busy", second), 301)).toBeNull();
    expect(asker.due(500)).toEqual({ outcome: { is: "not-done", why: "busy" } });
  });
});

describe("a server that has lost its memory", () => {
  it.each(["restarted", "stranger", "other-version"] as const)(
    "%s: a change has an unknown outcome, and the next one begins anew",
    (kind) => {
      expect(asker.receive(answer(kind, begin(ADD)), 1)).toEqual({
        outcome: { is: "unknown", why: kind },
      });
      if (kind !== "other-version") expect(sent(asker.ask(ADD, 2)).kind).toBe("hello");
    },
  );

  it.each(["restarted", "stranger"] as const)("%s: a look is asked again", (kind) => {
    const again = sent(asker.receive(answer(kind, begin(LOOK)), 1));
    expect(again).toMatchObject({ kind: "hello", client: 2n });
    const value = WELCOME.pack(REMEMBER_MS);
    expect(sent(asker.receive(answer("welcome", again, value), 2))).toMatchObject({
      ...{ kind: "get", client: 2n, number: 1 },
    });
  });

  it("forgotten: a change is asked again, by another client, as it was surely not done", () => {
    const step = asker.receive(answer("forgotten", begin(ADD)), REMEMBER_MS - 1);
    // Its time is over, but nothing has happened.
    expect(step).toEqual({ outcome: { is: "not-done", why: "forgotten" } });
    const again = asker.receive(answer("forgotten", begin(ADD, 100_000)), 100_001);
    expect(sent(again)).toMatchObject({ kind: "hello", client: 3n });
  });

  it("forgotten so late that it may have been done before: the outcome is unknown", () => {
    asker = createAsker({ timeoutMs: 1_000_000 });
    expect(asker.receive(answer("forgotten", begin(ADD)), REMEMBER_MS)).toEqual({
      outcome: { is: "unknown", why: "forgotten" },
    });
  });

  it("one that says so again and again is not asked for ever", () => {
    asker = createAsker({ tries: 8 });
    let count = 0;
    let step: Step = asker.ask(LOOK, 0);
    for (; "send" in step; count++) {
      const request = sent(step);
      const kind = request.kind === "hello" ? "welcome" : "restarted";
      const value = kind === "welcome" ? WELCOME.pack(REMEMBER_MS) : NOTHING;
      step = asker.receive(answer(kind, request, value), 0)!;
    }
    expect(count).toBe(8);
    expect(step).toEqual({ outcome: { is: "not-done", why: "restarted" } });
  });
});

describe("what is no answer", () => {
  it.each([
    ["of another client", { client: 7n }],
    ["to another request", { number: 2 }],
  ])("%s is passed over", (_, change) => {
    const request = begin(ADD);
    expect(asker.receive(answer("done", { ...request, ...change }), 1)).toBeNull();
    expect(asker.receive(answer("done", request), 1)).toMatchObject({ outcome: {} });
  });

  it("is passed over: rubbish, a request, a second welcome, an answer when nothing was asked", () => {
    const request = begin(ADD);
    const welcome = answer("welcome", { ...request, number: 0 }, WELCOME.pack(1));
    for (const bytes of [NOTHING, Buffer.from("hi"), encode(request), welcome]) {
      expect(asker.receive(bytes, 1)).toBeNull();
    }
    expect(asker.receive(answer("done", request), 1)).toMatchObject({ outcome: {} });
    expect(asker.receive(answer("done", request), 1)).toBeNull();
  });
});
