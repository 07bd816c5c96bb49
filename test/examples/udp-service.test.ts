/** The UDP service without sockets: once only, refusals, and every limit. */
import { describe, expect, it, test } from "vitest";

import { Random } from "iomux/testing";

import { DEFAULT_LIMITS, LIMITS, type ServiceLimits } from "../../examples/udp/limits.ts";
import { Service } from "../../examples/udp/service.ts";
import { Store } from "../../examples/udp/store.ts";
import type { Source } from "../../examples/udp/tickets.ts";
import {
  decodeAnswer,
  encode,
  HEADER,
  KINDS,
  MAX_DATAGRAM_BYTES,
} from "../../examples/udp/wire.ts";
import {
  MAX_KEY_BYTES,
  MAX_VALUE_BYTES,
  NO_TICKET,
  TIME,
  WELCOME,
} from "../../examples/udp/wire.ts";
import type { Asking, Kind, Message } from "../../examples/udp/wire.ts";

const HOME: Source = { host: "192.0.2.1", port: 4000 };
const WALL_MS = 1_767_225_600_000;

function open(limits: Partial<ServiceLimits> = {}, incarnation = 99n): Service {
  return new Service({ incarnation, secret: Buffer.alloc(32, 7), wallMs: () => WALL_MS, limits });
}

function hello(service: Service, client = 1n, source = HOME, nowMs = 0): Message {
  const value = Buffer.alloc(WELCOME.size);
  return decodeAnswer(service.receive(encode({ kind: "hello", client, value }), source, nowMs)!)!;
}

/** Who has a ticket. */
class Client {
  readonly service: Service;
  readonly source: Source;
  readonly client: bigint;
  readonly ticket: Message["ticket"];

  constructor(service: Service, client = 1n, { source = HOME, nowMs = 0 } = {}) {
    const welcome = hello(service, client, source, nowMs);
    expect(welcome.kind).toBe("welcome");
    [this.service, this.source, this.client, this.ticket] = [
      service,
      source,
      client,
      welcome.ticket,
    ];
  }

  request(kind: Asking, number: number, key = "", value = ""): Buffer {
    const { client, ticket } = this;
    return encode({
      kind,
      client,
      ticket,
      number,
      key: Buffer.from(key),
      value: Buffer.from(value),
    });
  }

  send(bytes: Buffer, nowMs = 0, source = this.source): string | null {
    const answer = this.service.receive(bytes, source, nowMs);
    this.service.assertInvariants();
    if (answer === null) return null;
    const { kind, value } = decodeAnswer(answer)!;
    return value.length === 0 ? kind : `${kind} ${value.toString()}`;
  }

  ask(kind: Asking, number: number, key = "", value = ""): string | null {
    return this.send(this.request(kind, number, key, value));
  }
}

describe("a request", () => {
  it("is answered: get, set, delete, increment, time", () => {
    const client = new Client(open());
    expect(client.ask("get", 1, "a")).toBe("absent");
    expect(client.ask("set", 2, "a", "one")).toBe("done");
    expect(client.ask("get", 3, "a")).toBe("done one");
    expect(client.ask("increment", 4, "a")).toBe("not-a-number");
    expect(client.ask("delete", 5, "a")).toBe("done");
    expect(client.ask("delete", 6, "a")).toBe("absent");
    expect(client.ask("increment", 7, "a")).toBe("done 1");
    expect(client.ask("set", 8, "a", `${2n ** 63n - 1n}`)).toBe("done");
    expect(client.ask("increment", 9, "a")).toBe("out-of-range");
    const answer = client.service.receive(client.request("time", 10), HOME, 0)!;
    expect(TIME.unpack(decodeAnswer(answer)!.value)).toEqual([BigInt(WALL_MS)]);
  });

  it("that comes again takes effect once, and has the same answer, byte for byte", () => {
    const { service, ...client } = new Client(open());
    const add = new Client(service).request("increment", 1, "n");
    const first = service.receive(add, client.source, 0);
    for (const nowMs of [1, 500, 59_000]) expect(service.receive(add, HOME, nowMs)).toEqual(first);
    expect(service.store.get(Buffer.from("n"))!.toString()).toBe("1");
    expect(service.stats).toMatchObject({ executed: 1, repeated: 3 });
  });

  it("that comes behind a newer one of its client takes no effect, and has no answer", () => {
    const client = new Client(open());
    const [first, second] = [1, 2].map((number) => client.request("increment", number, "n"));
    expect(client.send(second!)).toBe("done 1");
    expect(client.send(first!)).toBeNull();
    expect(client.send(second!)).toBe("done 1");
    expect(client.service.stats).toMatchObject({ stale: 1, repeated: 1 });
  });

  it("that comes when its client is forgotten is refused, for ever", () => {
    const client = new Client(open());
    const add = client.request("increment", 1, "n");
    expect(client.send(add)).toBe("done 1");
    for (const nowMs of [60_000, 10_000_000]) expect(client.send(add, nowMs)).toBe("forgotten");
    expect(client.service.store.get(Buffer.from("n"))!.toString()).toBe("1");
  });

  it("of another incarnation is refused, and told so by the new one", () => {
    const before = new Client(open());
    const add = before.request("increment", 1, "n");
    const after = open({}, 100n);
    const answer = decodeAnswer(after.receive(add, HOME, 0)!)!;
    expect(answer).toMatchObject({ kind: "restarted", number: 1, ticket: { incarnation: 100n } });
    expect(after.store.keys).toBe(0);
  });
});

describe("who claims to be somebody else", () => {
  it.each([
    ["from another address", { ...HOME, host: "192.0.2.2" }],
    ["from another port", { ...HOME, port: 4001 }],
  ])("with a ticket, %s, is refused; nothing happens", (_, source) => {
    const client = new Client(open());
    expect(client.send(client.request("increment", 1, "n"), 0, source)).toBe("stranger");
    expect(client.service.store.keys).toBe(0);
    expect(client.service.sessions.count).toBe(0);
  });

  it("with a seal that was guessed, or of another client, is refused", () => {
    const service = open();
    const [one, other] = [new Client(service, 1n), new Client(service, 2n)];
    const guessed = { ...one.ticket, seal: Buffer.alloc(16) };
    for (const ticket of [guessed, other.ticket, { ...one.ticket, issued: 5n }]) {
      const bytes = encode({ kind: "time", client: 1n, ticket, number: 1 });
      expect(one.send(bytes)).toBe("stranger");
    }
  });

  it("gets no answer that was given to the same number at another address", () => {
    const service = open();
    const [one, other] = [
      new Client(service),
      new Client(service, 1n, { source: { ...HOME, port: 9 } }),
    ];
    one.ask("set", 1, "secret", "x");
    expect(one.ask("get", 2, "secret")).toBe("done x");
    expect(other.ask("get", 2, "nothing")).toBe("absent");
  });

  it("costs no memory: a flood of hellos", () => {
    const service = open();
    for (let i = 0; i < 10_000; i++)
      hello(service, BigInt(i), { host: `192.0.2.${i % 256}`, port: 1 });
    expect(service.sessions).toMatchObject({ count: 0, bytes: 0 });
  });
});

describe("amplification", () => {
  /** Everything that may come from who has no genuine ticket. */
  function unproven(random: Random): Buffer {
    const kind = random.pick(Object.keys(KINDS) as Kind[]);
    const value = Buffer.alloc(random.pick([0, WELCOME.size, 100]));
    const key = Buffer.alloc(random.pick([0, 1, 200]));
    const incarnation = random.pick([0n, 99n]);
    const ticket = { ...NO_TICKET, incarnation };
    const bytes = encode({ kind, client: 1n, ticket, number: random.integer(0, 2), key, value });
    if (random.chance(0.5)) bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
    return random.chance(0.3) ? bytes.subarray(0, random.integer(0, bytes.length)) : bytes;
  }

  it("nobody without a genuine ticket is sent more bytes than it sent: factor 1", () => {
    const [service, random] = [open(), new Random("amplification")];
    const asker = new Client(service);
    asker.ask("set", 1, "k", "x".repeat(MAX_VALUE_BYTES));
    let answered = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = unproven(random);
      const answer = service.receive(bytes, { host: "203.0.113.9", port: 53 }, 0);
      if (answer !== null) answered++;
      expect(answer?.length ?? 0).toBeLessThanOrEqual(bytes.length);
    }
    expect(answered).toBeGreaterThan(1000);
    expect(service.stats.executed).toBe(1);
  });

  it("who has a ticket is sent one datagram of 1,200 bytes at most", () => {
    const client = new Client(open());
    const key = "k".repeat(MAX_KEY_BYTES);
    const set = client.request("set", 1, key, "v".repeat(MAX_VALUE_BYTES));
    expect(set).toHaveLength(MAX_DATAGRAM_BYTES);
    expect(client.send(set)).toBe("done");
    const answer = client.service.receive(client.request("get", 2, key), HOME, 0)!;
    expect(answer).toHaveLength(HEADER.size + MAX_VALUE_BYTES);
    expect(answer.length).toBeLessThanOrEqual(MAX_DATAGRAM_BYTES);
  });

  it("an answer is never answered, so that two servers cannot talk for ever", () => {
    const [one, other] = [open(), open({}, 100n)];
    const answer = one.receive(encode({ kind: "time", client: 1n, number: 1 }), HOME, 0)!;
    expect(decodeAnswer(answer)!.kind).toBe("restarted");
    expect(other.receive(answer, HOME, 0)).toBeNull();
    expect(other.stats.foreign).toBe(1);
  });
});

describe("what is no request", () => {
  const sound = encode({ kind: "get", client: 5n, number: 1, key: Buffer.from("k") });
  const changed = (at: number, byte: number): Buffer => {
    const bytes = Buffer.from(sound);
    bytes[at] = byte;
    return bytes;
  };

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a line of text", Buffer.from("hello\n")],
    ["a header that is cut off", sound.subarray(0, HEADER.size - 1)],
    ["another magic", changed(0, 0x41)],
    ["more than 1,200 bytes", Buffer.concat([sound, Buffer.alloc(1200)])],
  ])("is met with silence: %s", (_, bytes) => {
    expect(open().receive(bytes, HOME, 0)).toBeNull();
  });

  it.each([
    ["another version", changed(2, 2), "other-version"],
    ["an unknown kind", changed(3, 0x7f), "bad-request"],
    ["a length that is not that of the key", changed(48, 2), "bad-request"],
    ["bytes behind its end", Buffer.concat([sound, Buffer.alloc(1)]), "bad-request"],
    ["an end that is missing", sound.subarray(0, -1), "bad-request"],
    ["number 0", encode({ kind: "time", client: 5n }), "bad-request"],
    ["no key", encode({ kind: "get", client: 5n, number: 1 }), "bad-request"],
    [
      "a value over 893 bytes",
      encode({
        kind: "set",
        client: 5n,
        number: 1,
        key: sound.subarray(-1),
        value: Buffer.alloc(894),
      }),
      "bad-request",
    ],
    ["a hello without room for the welcome", encode({ kind: "hello", client: 5n }), "bad-request"],
  ])("is refused if it is of this protocol: %s", (_, bytes, kind) => {
    const answer = decodeAnswer(open().receive(bytes, HOME, 0)!);
    expect(answer).toMatchObject({ kind, client: 5n });
  });
});

describe("limits", () => {
  const at = (n: number): Source => ({ host: `192.0.2.${n}`, port: 1 });

  it("clients: who is new is refused before anything happens; nobody is forgotten for it", () => {
    const service = open({ clients: 2 });
    const clients = [1, 2, 3].map((n) => new Client(service, BigInt(n), { source: at(n) }));
    const answers = clients.map((client) => client.ask("increment", 1, "n"));
    expect(answers).toEqual(["done 1", "done 2", "busy"]);
    expect(hello(service, 4n, at(4)).kind).toBe("busy");
    expect(clients.map((client) => client.ask("increment", 1, "n"))).toEqual(answers);
    expect(hello(service, 4n, at(4), 60_000).kind).toBe("welcome");
  });

  it("clientsPerAddress: others are let in; an IPv6 network of 64 bits is one address", () => {
    const service = open({ clientsPerAddress: 1 });
    const first = new Client(service, 1n, { source: { host: "2001:db8::1", port: 1 } });
    expect(first.ask("time", 1)).toMatch(/^done /);
    expect(hello(service, 2n, { host: "2001:db8::2", port: 2 }).kind).toBe("busy");
    expect(hello(service, 2n, { host: "2001:db8:0:1::2", port: 2 }).kind).toBe("welcome");
  });

  it("rememberedBytes: a request whose answer might not be remembered is not done", () => {
    const service = open({ rememberedBytes: MAX_DATAGRAM_BYTES + HEADER.size - 1 });
    const [one, other] = [1n, 2n].map((id) => new Client(service, id));
    expect(one!.ask("set", 1, "k", "v")).toBe("done");
    expect(other!.ask("increment", 1, "n")).toBe("busy");
    expect(service.store.keys).toBe(1);
    // Its own last answer gives way.
    expect(one!.ask("delete", 2, "k")).toBe("done");
    expect(other!.send(other!.request("increment", 1, "n"), 60_000)).toBe("forgotten");
    expect(service.sessions.bytes).toBe(0);
  });

  it("rememberMs: from the last request of a client on, not a moment less", () => {
    const client = new Client(open({ rememberMs: 20_000 }));
    const add = (number: number): Buffer => client.request("increment", number, "n");
    expect(client.send(add(1), 0)).toBe("done 1");
    expect(client.send(add(1), 19_999)).toBe("done 1");
    expect(client.send(add(2), 39_998)).toBe("done 2");
    expect(client.send(add(2), 59_998)).toBe("forgotten");
    expect(client.service.sessions.count).toBe(0);
  });

  it("ticketMs: a ticket that was not used so long is refused", () => {
    const service = open({ ticketMs: 1000 });
    const [soon, late] = [1n, 2n].map((id) => new Client(service, id, { nowMs: 500 }));
    expect(soon!.send(soon!.request("increment", 1, "n"), 1499)).toBe("done 1");
    expect(late!.send(late!.request("increment", 1, "n"), 1500)).toBe("forgotten");
    expect(soon!.send(soon!.request("increment", 2, "n"), 5000)).toBe("done 2");
  });

  it("ticketMs must be less than rememberMs, or requests could take effect twice", () => {
    expect(() => open({ ticketMs: 5000, rememberMs: 5000 })).toThrow("give less than rememberMs");
  });

  it("keys: another is refused, and what is there can be changed and deleted", () => {
    const client = new Client(open({ keys: 1 }));
    expect(client.ask("set", 1, "a", "1")).toBe("done");
    expect(client.ask("set", 2, "b", "1")).toBe("full");
    expect(client.ask("increment", 3, "b")).toBe("full");
    expect(client.ask("increment", 4, "a")).toBe("done 2");
    expect(client.ask("delete", 5, "a")).toBe("done");
    expect(client.ask("set", 6, "b", "1")).toBe("done");
  });

  it("storeBytes: keys and values together", () => {
    const store = new Store({ keys: 10, storeBytes: 10 });
    const set = (key: string, value: string): boolean =>
      store.set(Buffer.from(key), Buffer.from(value));
    expect([set("ab", "12345678"), set("c", ""), set("ab", "1234567"), set("c", "")]).toEqual([
      ...[true, false, true, true],
    ]);
    expect(store.bytes).toBe(10);
    expect([set("c", "1"), set("ab", "1"), set("c", "1")]).toEqual([false, true, true]);
    store.assertInvariants();
  });

  test("all of them are named by a test here, and have a default", () => {
    const named = ["clients", "clientsPerAddress", "rememberedBytes", "rememberMs", "ticketMs"];
    expect(Object.keys(LIMITS)).toEqual([...named, "keys", "storeBytes"]);
    expect(open().limits).toEqual(DEFAULT_LIMITS);
  });
});
