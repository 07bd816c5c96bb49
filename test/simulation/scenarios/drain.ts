/**
 * A server at a port and at a path that SIGTERM ends in mid-traffic, and a second one at once: who
 * is told the end in order has every answer that was given, whole; nobody comes in any more; the
 * process has nothing left to live for, and another one may take its place.
 */
import assert from "node:assert/strict";
import { lines, READABLE, serve, type Connection, type Reactor, type Server } from "iomux";
import type { Address, SignalName } from "iomux";
import type { MemorySocket, Random, Scenario, SimulatedHost, Simulation } from "iomux/testing";

const PORT = 9000;
const PATH = "/run/it";
const CLIENTS = 6;
/** What turns may add to a deadline: handlers that are slow. */
const SLACK_MS = 1000;
/** How long an answer may take. */
const ANSWER_MS = 300;

/** A process that serves until it is told to end. */
class Service {
  /** The signals that it heard, in their order. */
  readonly heard: SignalName[] = [];
  /** When it was first told to end; -1: it was not. */
  endingAt = -1;
  /** When nothing of it was left; -1: something is. */
  overAt = -1;
  readonly drainMs: number;
  readonly reactor: Reactor;
  /** What was given to each client; and its connection. */
  readonly #given = new Map<number, string>();
  readonly #connections = new Map<number, Connection>();
  readonly #world: Simulation;
  readonly #random: Random;
  #server!: Server;

  constructor(world: Simulation, host: SimulatedHost) {
    this.#world = world;
    this.#random = world.random.fork("service");
    this.drainMs = this.#random.pick([1, 300, 3000]);
    this.reactor = host.createReactor({
      closesPerTurn: this.#random.pick([1, 128]),
      acceptQueue: this.#random.pick([1, 1024]),
      onError: () => undefined,
    });
    const signals = this.reactor.signals(["SIGHUP", "SIGTERM"]);
    this.reactor.register(signals, READABLE, () => {
      for (let name = signals.read(); name !== null; name = signals.read()) this.#hear(name);
    });
  }

  async listen(): Promise<void> {
    const listen = [{ port: PORT, host: "0.0.0.0" }, { path: PATH }];
    this.#server = await serve(
      this.reactor,
      { listen, framer: () => lines(), maxOutputBytes: 300_000 },
      {
        frame: async (connection, line) => {
          const [client = 0, size = 0] = line.toString().split(" ").map(Number);
          this.#connections.set(client, connection);
          if (this.#random.chance(0.2)) {
            await this.#world.sleep(this.#random.integer(1, ANSWER_MS));
          }
          this.#answer(connection, client, `${line.toString()} ${"x".repeat(size)}\n`);
        },
      },
    );
  }

  #answer(connection: Connection, client: number, answer: string): void {
    if (!connection.send(Buffer.from(answer))) return;
    this.#given.set(client, this.givenTo(client) + answer);
  }

  #hear(name: SignalName): void {
    this.heard.push(name);
    if (name === "SIGHUP") return;
    if (this.endingAt < 0) void this.#end();
    else void this.reactor.close({ drainMs: 0 });
  }

  async #end(): Promise<void> {
    this.endingAt = this.#world.clock.now();
    await this.#server.close({ drainMs: this.drainMs, answerMs: 200 });
    await this.reactor.close({ drainMs: 0 });
    this.overAt = this.#world.clock.now();
  }

  givenTo(client: number): string {
    return this.#given.get(client) ?? "";
  }

  /** Whether a client was cut off, or broke off: without a word, on a Unix path. */
  lost(client: number): boolean {
    return (this.#connections.get(client)?.error ?? null) !== null;
  }
}

/** Asks until it is told the end, or ends by itself; some read nothing for a while. */
class Client {
  readonly socket: MemorySocket;
  readonly #number: number;
  readonly #world: Simulation;
  readonly #random: Random;
  /** Whether it waits for the end, and reads all the time. */
  readonly attentive: boolean;

  constructor(world: Simulation, number: number, from: SimulatedHost, to: Address) {
    this.#number = number;
    this.#world = world;
    this.#random = world.random.fork(`client ${number}`);
    this.attentive = this.#random.chance(0.6);
    this.socket = from.dial(to);
  }

  async ask(): Promise<void> {
    const { socket } = this;
    const random = this.#random;
    // A window of a few bytes takes its time.
    const large = this.#world.faults.smallBuffers > 0 ? 300 : 30_000;
    if (!this.attentive) void this.#lookAway();
    let asks = this.attentive ? Infinity : random.integer(0, 20);
    while (!socket.ended && !socket.closed && asks-- > 0) {
      const size = random.integer(0, random.pick([10, large]));
      socket.write(`${this.#number} ${size}\n`);
      await this.#world.sleep(random.integer(1, random.pick([10, 100])));
    }
    if (!socket.closed) socket.end();
    for (let left = 100; left > 0 && !socket.closed; left--) await this.#world.sleep(100);
    if (!socket.closed) socket.destroy();
  }

  async #lookAway(): Promise<void> {
    this.socket.pause();
    await this.#world.sleep(this.#random.integer(1, 3000));
    if (!this.socket.closed) this.socket.resume();
  }

  /** `calm`: the network and the service have given everybody the time that it takes. */
  check(service: Service, calm: boolean): void {
    const { received, ended, error, connected, remoteAddress } = this.socket;
    const heard = received.toString();
    const given = service.givenTo(this.#number);
    const who = `client ${this.#number} at ${remoteAddress.family}`;
    assert.ok(given.startsWith(heard), `${who} heard what it was not told`);
    // A Unix path knows no reset: who is cut off there sees an end too.
    const certain = remoteAddress.family !== "unix" || !service.lost(this.#number);
    const inOrder = ended && error === null;
    if (inOrder && certain) {
      assert.equal(heard.length, given.length, `${who} was told the end before its last answers`);
    }
    if (calm && this.attentive && connected && given !== "") {
      assert.ok(inOrder && certain, `${who} was cut off: ${error?.message ?? "with bytes left"}`);
    }
  }
}

/** SIGHUP now and then, SIGTERM at last, in some worlds twice. */
async function signal(world: Simulation, host: SimulatedHost, service: Service): Promise<void> {
  const random = world.random.fork("signals");
  const raise = async (name: SignalName, count: number): Promise<void> => {
    for (let left = count; left > 0 && service.overAt < 0; left--) {
      host.raise(name);
      await world.sleep(random.integer(0, random.pick([1, 200])));
    }
  };
  const heard = (name: SignalName): number => service.heard.filter((one) => one === name).length;
  await world.sleep(random.integer(0, random.pick([10, 2000])));
  const hangups = random.integer(0, 4);
  await raise("SIGHUP", hangups);
  await world.sleep(1);
  // One that comes again before it was read is heard once.
  assert.ok(heard("SIGHUP") <= hangups && (heard("SIGHUP") > 0 || hangups === 0), "SIGHUP");
  assert.ok(host.alive, "a process that serves has something to live for");
  const times = random.pick([1, 1, 2]);
  await raise("SIGTERM", times);
  await raise("SIGHUP", random.integer(0, 1));
  while (service.overAt < 0) await world.sleep(10);
  // A second one may come when the process hears none any more.
  const killed = host.network.unwatched.filter((name) => name === "SIGTERM").length;
  assert.equal(heard("SIGTERM") >= 1 && killed < times, true, "SIGTERM has killed it");
}

/** Nobody is let in, signals have their default action, and both addresses are free. */
async function checkGone(world: Simulation, host: SimulatedHost): Promise<void> {
  assert.ok(!host.alive, "something keeps the process alive");
  const sockets = [{ port: PORT }, { path: PATH }].map((address) => host.dial(address));
  host.raise("SIGTERM");
  while (sockets.some(({ closed }) => !closed)) await world.sleep(10);
  const codes = sockets.map(({ error }) => (error as NodeJS.ErrnoException).code);
  assert.deepEqual(codes, ["ECONNREFUSED", "ENOENT"]);
  assert.equal(host.network.unwatched.at(-1), "SIGTERM");
  const reactor = host.createReactor();
  for (const address of [{ port: PORT, host: "0.0.0.0" }, { path: PATH }]) {
    (await reactor.listen(address)).close();
  }
  await reactor.close();
}

export const drain: Scenario = {
  name: "drain",
  run: async (world) => {
    const there = world.host("there");
    const service = new Service(world, there);
    await service.listen();
    const clients: Client[] = [];
    const asking = Array.from({ length: CLIENTS }, async (_, n) => {
      await world.sleep(world.random.integer(0, 300));
      const near = n % 2 === 0;
      const from = near ? there : world.host(`here ${n}`);
      const to = near ? { path: PATH } : { port: PORT, host: there.address };
      clients[n] = new Client(world, n, from, to);
      await clients[n].ask();
    });
    await signal(world, there, service);
    const twice = service.heard.filter((name) => name === "SIGTERM").length > 1;
    const tookMs = service.overAt - service.endingAt;
    assert.ok(tookMs <= service.drainMs + SLACK_MS, `it took ${tookMs} ms, not ${service.drainMs}`);
    await Promise.all(asking);
    await checkGone(world, there);
    const { reset, stall, delay, smallBuffers, slowHandler } = world.faults;
    const quick = reset + stall + delay + smallBuffers + slowHandler === 0;
    const calm = quick && !twice && service.drainMs === 3000;
    for (const client of clients) client.check(service, calm);
  },
};
