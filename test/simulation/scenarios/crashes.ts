/**
 * Hosts that crash in mid-traffic, some of them while nothing passes, and come back: who survives is
 * told within its limit of silence, and keeps nothing of the dead; the dead do nothing any more; who
 * comes back is let in and answered again.
 */
import assert from "node:assert/strict";
import { lines, serve, type Connection, type Reactor, type Server } from "iomux";
import type { Random, Scenario, SimulatedHost, Simulation } from "iomux/testing";

const PORT = 9000;
const PATH = "/run/it";
const HOMES = 2;
/** Of every connection, on either side. */
const SILENCE_MS = 1000;
const LINGER_MS = 500;
/** Silence is looked at when what was thought of before is over; handlers may be slow. */
const TOLD_MS = 2 * SILENCE_MS + LINGER_MS + 1000;
const LIMITS = { idleMs: SILENCE_MS, writeProgressMs: SILENCE_MS, framer: () => lines() };
/** Who comes back tries again and again: so long at most. */
const PATIENCE_MS = 120_000;
/** What a reactor reports of a world in which accepting fails, handlers are slow, and guests many. */
const EXPECTED = /^(EMFILE|ECONNABORTED|IOMUX_SLOW_HANDLER|IOMUX_TURNED_AWAY)$/;

/** A process on a host, until that crashes. */
class Life {
  readonly number: number;
  readonly host: SimulatedHost;
  readonly reactor: Reactor;
  readonly random: Random;
  /** Its connections. */
  server!: Server<Buffer, never>;
  dead = false;
  /** What its callbacks have found: the reactor catches what they throw. */
  readonly #found: Error[] = [];

  constructor(world: Simulation, host: SimulatedHost, number: number) {
    this.number = number;
    this.host = host;
    this.random = world.random.fork(`${host.name} ${number}`);
    const onError = (error: Error & { code?: string }): void => {
      if (!EXPECTED.test(error.code ?? "")) this.#found.push(error);
    };
    this.reactor = host.createReactor({ lingerMs: LINGER_MS, onError });
  }

  crash(): void {
    this.dead = true;
    this.host.crash();
  }

  assertAlive(): void {
    assert.ok(!this.dead, `process ${this.number} of ${this.host.name} goes on after its crash`);
  }

  check(): void {
    for (const error of this.#found) throw error;
    this.server.assertInvariants();
  }

  /** In order: nothing is left of anybody. */
  async end(world: Simulation): Promise<void> {
    await this.server.close({ drainMs: 1000 });
    await world.sleep(2 * LINGER_MS);
    this.check();
    const { open, timers, bufferedBytes } = this.reactor.stats();
    assert.deepEqual({ open, timers, bufferedBytes }, { open: 0, timers: 0, bufferedBytes: 0 });
    await this.reactor.close();
  }
}

/** Of the other end; "" for a Unix path. */
function hostOf({ remoteAddress }: Pick<Connection, "remoteAddress">): string {
  return remoteAddress !== null && "host" in remoteAddress ? remoteAddress.host : "";
}

/** Answers each line with itself, its own number, and as many bytes as are asked for. */
async function serveOn(world: Simulation, host: SimulatedHost, number: number): Promise<Life> {
  const life = new Life(world, host, number);
  const listen = [{ port: PORT, host: "0.0.0.0" }, { path: PATH }];
  life.server = await serve<Buffer, never>(
    life.reactor,
    { ...LIMITS, listen, maxConnectionsPerAddress: 1 },
    {
      frame: (connection, line) => {
        life.assertAlive();
        const size = Number(line.toString().split(" ").at(-1));
        connection.send(Buffer.from(`${number} ${line.toString()} ${"x".repeat(size)}\n`));
      },
      close: () => {
        life.assertAlive();
      },
      turnedAway: (why, address) => {
        life.assertAlive();
        assert.equal(why, "max-connections-per-address");
        const known = [...life.server.connections].map(hostOf);
        const who = hostOf({ remoteAddress: address });
        assert.ok(known.includes(who), `${who} was turned away, and has no connection`);
      },
    },
  );
  return life;
}

interface Talk {
  /** What was asked last, and not answered yet. */
  asked: string;
  /** Which process has answered. */
  service: number;
}

/** Asks, waits for the answer, asks again; and connects anew whenever a connection is lost. */
class Guest {
  readonly life: Life;
  /** The number of the process that has answered last. */
  answeredBy = 0;
  readonly #address: { host: string; port: number };
  readonly #size: number;
  #server!: Server<Buffer, Talk>;
  #count = 0;
  #leaving = false;

  constructor(world: Simulation, life: Life, to: SimulatedHost) {
    this.life = life;
    this.#address = { host: to.address, port: PORT };
    // A window of a few bytes takes its time.
    this.#size = world.faults.smallBuffers > 0 ? 10 : 2000;
  }

  async start(): Promise<void> {
    const { life } = this;
    this.#server = await serve<Buffer, Talk>(life.reactor, LIMITS, {
      frame: (connection, line) => {
        this.#answered(connection, line.toString());
      },
      close: () => {
        life.assertAlive();
        if (!this.#leaving) this.#later(500, () => this.#connect());
      },
    });
    life.server = this.#server as unknown as Server<Buffer, never>;
    this.#connect();
  }

  #later(mostMs: number, callback: () => void): void {
    const { random, reactor } = this.life;
    if (!reactor.closing) reactor.setTimer(random.integer(1, mostMs), callback);
  }

  #connect(): void {
    this.life.assertAlive();
    if (this.#leaving) return;
    const channel = this.life.reactor.connect(this.#address, { timeoutMs: SILENCE_MS });
    const connection = this.#server.take(channel);
    connection.data = { asked: "", service: 0 };
    this.#ask(connection);
  }

  #ask(connection: Connection<Buffer, Talk>): void {
    const { host, number, random } = this.life;
    const asked = `${host.name}/${number} ${this.#count++} ${random.integer(0, this.#size)}`;
    connection.data.asked = asked;
    connection.send(Buffer.from(`${asked}\n`));
  }

  #answered(connection: Connection<Buffer, Talk>, line: string): void {
    this.life.assertAlive();
    const talk = connection.data;
    const [, service, asked, filler] = /^(\d+) (.*) (x*)$/.exec(line) ?? [];
    assert.equal(asked, talk.asked, `${line.slice(0, 40)} was not asked`);
    assert.equal(filler!.length, Number(talk.asked.split(" ").at(-1)));
    assert.ok([0, Number(service)].includes(talk.service), "two processes on one connection");
    talk.service = this.answeredBy = Number(service);
    this.#later(100, () => {
      if (connection.state === "open") this.#ask(connection);
    });
  }

  async end(world: Simulation): Promise<void> {
    this.#leaving = true;
    // Who is about to connect finds that it is leaving.
    await world.sleep(600);
    await this.life.end(world);
  }
}

class Town {
  readonly #world: Simulation;
  readonly #random: Random;
  readonly #there: SimulatedHost;
  readonly #guests: Guest[] = [];
  /** Who is yet to be told of a crash. */
  readonly #mourning: Promise<void>[] = [];
  #service!: Life;
  #lives = 0;

  constructor(world: Simulation) {
    this.#world = world;
    this.#random = world.random.fork("town");
    this.#there = world.host("there");
  }

  async open(): Promise<void> {
    this.#service = await serveOn(this.#world, this.#there, ++this.#lives);
    for (let n = 0; n < HOMES; n++) await this.#moveIn(n);
    let steps = 0;
    this.#world.always(() => {
      if (steps++ % 8 !== 0) return;
      this.#service.check();
      for (const { life } of this.#guests) life.check();
    });
  }

  async #moveIn(n: number): Promise<void> {
    const life = new Life(this.#world, this.#world.host(`home ${n}`), ++this.#lives);
    this.#guests[n] = new Guest(this.#world, life, this.#there);
    await this.#guests[n].start();
  }

  /** A host crashes, and comes back; in some worlds it cannot tell the others. */
  async crash(): Promise<void> {
    const n = this.#random.integer(0, HOMES - 1);
    const guest = this.#guests[n]!;
    const cut = this.#random.chance(0.5);
    if (cut) this.#world.partition(this.#there, guest.life.host);
    if (cut) await this.#world.sleep(this.#random.integer(0, 100));
    const ours = this.#random.chance(0.5);
    const survivors = ours ? this.#guests.map(({ life }) => life) : [this.#service];
    const { address } = (ours ? this.#service : guest.life).host;
    for (const life of survivors) {
      for (const connection of life.server.connections) {
        // Who is still connecting may find the next process there.
        const stands = connection.channel.state !== "connecting" && hostOf(connection) === address;
        if (stands) this.#mourning.push(this.#told(life, connection));
      }
    }
    (ours ? this.#service : guest.life).crash();
    if (ours) await this.#checkPath();
    await this.#world.sleep(this.#random.integer(0, this.#random.pick([10, 5000])));
    if (cut) this.#world.heal(this.#there, guest.life.host);
    if (ours) this.#service = await serveOn(this.#world, this.#there, ++this.#lives);
    else await this.#moveIn(n);
  }

  /** What a dead process leaves behind is refused, and no reason not to listen there again. */
  async #checkPath(): Promise<void> {
    const socket = this.#there.dial({ path: PATH });
    while (!socket.closed) await this.#world.sleep(1);
    assert.equal((socket.error as NodeJS.ErrnoException).code, "ECONNREFUSED");
  }

  /** A connection whose other end is dead is over once it was silent for long enough. */
  async #told(life: Life, connection: Pick<Connection, "state" | "channel">): Promise<void> {
    const { channel } = connection;
    let heardBytes = channel.bytesIn;
    // It may crash itself, and never know.
    for (let silentMs = 0; connection.state !== "closed" && !life.dead; silentMs += 250) {
      assert.ok(silentMs <= TOLD_MS, `fd ${channel.fd} is open ${silentMs} ms after a crash`);
      await this.#world.sleep(250);
      if (channel.bytesIn > heardBytes) silentMs = 0;
      heardBytes = channel.bytesIn;
    }
  }

  /** Everybody is answered by the process that is there now. */
  async recover(): Promise<void> {
    const { number } = this.#service;
    for (const guest of this.#guests) guest.answeredBy = 0;
    const left = (): Guest[] => this.#guests.filter(({ answeredBy }) => answeredBy !== number);
    for (let ms = 0; left().length > 0; ms += 100) {
      const [who] = left().map(({ life }) => life.host.name);
      assert.ok(ms <= PATIENCE_MS, `${who} is not answered for ${ms} ms`);
      await this.#world.sleep(100);
    }
    await Promise.all(this.#mourning);
  }

  async end(): Promise<void> {
    for (const guest of this.#guests) await guest.end(this.#world);
    await this.#service.end(this.#world);
  }
}

export const crashes: Scenario = {
  name: "crashes",
  run: async (world) => {
    const town = new Town(world);
    await town.open();
    for (let left = world.random.integer(1, 3); left > 0; left--) {
      await world.sleep(world.random.integer(0, world.random.pick([100, 2000])));
      await town.crash();
    }
    await town.recover();
    await town.end();
  },
};
