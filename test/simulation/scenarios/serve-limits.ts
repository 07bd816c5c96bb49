/**
 * A server all of whose limits are low, and clients that ask for more than they read, are silent,
 * leave, or come too often: every connection is closed once, for a reason that holds; what is held,
 * how fast it goes and who is let in stay within the limits at every step; what a client has
 * received is what its policy promises; all counters agree.
 */
import assert from "node:assert/strict";
import {
  broadcast,
  formatAddress,
  lines,
  OUTPUT_POLICIES,
  serve,
  type CloseReason,
  type Connection,
  type Reactor,
  type Server,
  type ServerLimits,
  type SocketAddress,
  type TurnedAway,
} from "iomux";
import type { MemorySocket, Random, Scenario, Simulation } from "iomux/testing";

import { assertRate, frameOf, LEAST_BYTES, Member, type Rules } from "./limits-member.ts";

const PORT = 9000;
const HOSTS = 3;
/** Lines of a client that wants to see the server choke. */
const MOST_ASKED = 15;
const FAREWELL = "not now\n";
/** How long a client that reads, and has sent all of its lines, waits for something to come. */
const PATIENCE_MS = 120_000;
const EXPECTED = /^(EMFILE|ECONNABORTED|IOMUX_SLOW_HANDLER|IOMUX_TURNED_AWAY|IOMUX_OVER_BUDGET)$/;

/** Each limit is there or not: those that are always there would hide the others. */
function drawLimits(random: Random): Partial<ServerLimits> {
  const maxOutputBytes = random.integer(100, random.pick([1000, 100_000, 100_000]));
  const softOutputBytes = random.chance(0.4)
    ? random.integer(1, random.pick([50, maxOutputBytes]))
    : 0;
  const most = softOutputBytes > 0 ? softOutputBytes : maxOutputBytes;
  const sometimes = (least: number, ...mosts: readonly number[]): number =>
    random.chance(0.3) ? random.integer(least, random.pick(mosts)) : 0;
  const perSecond = random.chance(0.3);
  return {
    maxOutputBytes,
    softOutputBytes,
    softOutputMs: random.integer(1, random.pick([10, 3000])),
    ...(random.chance(0.5) ? { highWaterMark: random.integer(1, most) } : {}),
    maxConnections: random.chance(0.5) ? random.integer(1, 5) : 100,
    maxConnectionsPerAddress: sometimes(1, 2),
    acceptsPerSecond: sometimes(1, 1, 5),
    handshakeMs: sometimes(1, 100, 3000),
    idleMs: sometimes(1, 100, 3000),
    writeProgressMs: random.chance(0.5) ? random.integer(1, random.pick([100, 3000])) : 0,
    lifetimeMs: sometimes(1, 100, 3000, 20_000),
    bytesPerSecond: perSecond ? sometimes(20, 100) : 0,
    framesPerSecond: perSecond ? sometimes(1, 20) : 0,
    serverBytesPerSecond: perSecond ? sometimes(50, 200) : 0,
    serverFramesPerSecond: perSecond ? sometimes(3, 30) : 0,
    framesPerTurn: random.pick([1, 2, 128]),
  };
}

class Serving {
  readonly reactor: Reactor;
  server!: Server;
  readonly members = new Map<Connection, Member>();
  /** Where those came from that were turned away. */
  readonly turnedAway = new Set<string>();
  readonly #world: Simulation;
  readonly #random: Random;
  readonly #rules: Rules;
  readonly #reportedCounts = { turnedAway: 0 };
  readonly #failures: Error[] = [];
  readonly #turnedAwayFor: Partial<Record<TurnedAway, number>> = {};
  readonly #closedFor: Partial<Record<CloseReason, number>> = {};
  /** Those of which `close` was not told. */
  readonly #standing = new Set<Member>();
  #droppedFrames = 0;
  readonly #openedAt: number[] = [];
  #number = 0;
  #handled = 0;
  #bytesHandled = 0;
  /** What came or was sent in this step, and what the loop may have held since the last ones. */
  #sentBytes = 0;
  #addedBefore = 0;
  #bytesIn = 0;

  constructor(world: Simulation) {
    const random = world.random.fork("limits");
    this.#world = world;
    this.#random = world.random.fork("server");
    const inputMark = random.pick([10, 1000, 64 * 1024]);
    this.reactor = world.host("there").createReactor({
      inputMark,
      maxBufferedBytes: random.pick([300, 3000, 30_000, 1_000_000, 1_000_000, 1_000_000]),
      lingerMs: random.pick([100, 10_000]),
      onError: (error) => {
        this.#reported(error);
      },
    });
    const policy = random.pick(OUTPUT_POLICIES);
    const limits = drawLimits(random);
    const slackMs = world.faults.slowHandler > 0 ? 1000 : 1;
    const now = (): number => world.clock.now();
    this.#rules = { limits: limits as ServerLimits, policy, inputMark, slackMs, now };
  }

  #reported(error: Error & { code?: string }): void {
    if (!EXPECTED.test(error.code ?? "")) this.#failures.push(error);
    if (error.code !== "IOMUX_TURNED_AWAY") return;
    this.#reportedCounts.turnedAway += Number(/away (\d+) peers/.exec(error.message)?.[1] ?? 1);
  }

  async start(): Promise<void> {
    const { limits, policy } = this.#rules;
    const where = { listen: { port: PORT, host: "0.0.0.0" }, framer: () => lines() };
    const last = this.#random.chance(0.5);
    this.server = await serve(
      this.reactor,
      { ...limits, ...where, outputPolicy: policy },
      {
        open: (connection) => {
          this.#open(connection);
        },
        frame: (connection, line) => this.#answer(this.members.get(connection)!, line),
        drain: (connection) => {
          this.members.get(connection)!.look();
        },
        close: (connection, reason) => {
          this.#close(this.members.get(connection)!, reason);
        },
        turnedAway: (why, address, channel) => {
          this.#turnAway(why, address);
          if (this.#random.chance(0.5)) channel.write(Buffer.from(FAREWELL));
        },
        ...(last ? { expire: this.#expire } : {}),
      },
    );
    (this.#rules as { limits: ServerLimits }).limits = this.server.limits;
    this.#world.always(() => {
      this.check();
    });
  }

  readonly #expire = (connection: Connection, reason: "handshake" | "idle" | "lifetime"): void => {
    const member = this.members.get(connection)!;
    member.expired = true;
    member.judge(reason);
    this.#send(member, null);
  };

  #open(connection: Connection): void {
    const { limits, now } = this.#rules;
    const member = new Member(connection, hostOf(connection.remoteAddress), this.#rules);
    this.members.set(connection, member);
    this.#standing.add(member);
    this.#openedAt.push(now());
    // Handlers that are slow have seen the first one a little earlier.
    const elapsedMs = now() - this.#openedAt[0]! + this.#rules.slackMs;
    assertRate(this.members.size, limits.acceptsPerSecond, elapsedMs, "accepted");
  }

  #close(member: Member, reason: CloseReason): void {
    member.close(reason);
    this.#standing.delete(member);
    this.#closedFor[reason] = (this.#closedFor[reason] ?? 0) + 1;
    this.#droppedFrames += member.connection.droppedFrames;
  }

  #turnAway(why: TurnedAway, address: SocketAddress | null): void {
    const { limits } = this.server;
    this.turnedAway.add(formatAddress(address));
    this.#turnedAwayFor[why] = (this.#turnedAwayFor[why] ?? 0) + 1;
    const { size } = this.server.connections;
    const there = this.#openFrom(hostOf(address));
    if (why === "max-connections") assert.equal(size, limits.maxConnections);
    if (why === "max-connections-per-address") assert.equal(there, limits.maxConnectionsPerAddress);
    if (why !== "accepts-per-second") return;
    // A whole second's worth must have come before.
    assert.ok(this.members.size >= limits.acceptsPerSecond && limits.acceptsPerSecond > 0);
    const since = this.#openedAt.at(-limits.acceptsPerSecond)!;
    const ms = this.#rules.now() - since;
    assert.ok(ms <= 1000 + this.#rules.slackMs, `turned away after ${ms} ms of few`);
  }

  #openFrom(host: string): number {
    return [...this.server.connections].filter((one) => hostOf(one.remoteAddress) === host).length;
  }

  /** A line says how many frames of how many bytes are wanted. */
  #answer(member: Member, line: Buffer): Promise<void> | undefined {
    const { serverFramesPerSecond, serverBytesPerSecond } = this.server.limits;
    member.handle(line);
    const elapsedMs = this.#rules.now() - this.#openedAt[0]!;
    assertRate(++this.#handled, serverFramesPerSecond, elapsedMs, "frames");
    assertRate((this.#bytesHandled += line.length + 1), serverBytesPerSecond, elapsedMs, "bytes");
    const [count, size] = line.toString().split(" ").map(Number) as [number, number];
    const random = this.#random;
    for (let n = 0; n < count; n++) {
      const another = random.chance(0.2) ? random.pick([...this.#standing]) : member;
      this.#send(another, member, size);
    }
    if (!random.chance(0.1)) return undefined;
    member.answering = true;
    return this.#world.sleep(random.integer(0, 500)).then(() => {
      member.answering = false;
      member.stir();
    });
  }

  #send(member: Member, source: Member | null, size = LEAST_BYTES): void {
    const { connection } = member;
    if (connection.state !== "open") return;
    const { backlog: before, droppedFrames: dropped } = connection;
    const number = this.#number++;
    const frame = frameOf(number, size);
    const from = source === null ? {} : { source: source.connection };
    member.look();
    let taken: boolean;
    if (this.#random.chance(0.2) && this.#rules.policy !== "drop-oldest") {
      const others = new Set([connection]);
      taken = broadcast(others, frame, from) === 1;
      assert.ok(!taken || connection.droppedFrames === dropped, "a frame was dropped for another");
    } else taken = connection.send(frame, from);
    member.offered(number, size, before, taken);
    this.#sentBytes += size;
    if (source !== null && member.hasBacklog) source.waitsFor.add(member);
  }

  memberOf({ localAddress }: MemorySocket): Member | undefined {
    const address = formatAddress(localAddress);
    return [...this.members.values()].find(
      ({ connection }) => formatAddress(connection.remoteAddress) === address,
    );
  }

  /** Whether output waits for it. */
  chokesOn(socket: MemorySocket): boolean {
    const backlog = this.memberOf(socket)?.connection.backlog ?? 0;
    return backlog > this.server.limits.softOutputBytes;
  }

  /** What must hold at every step. */
  check(): void {
    for (const failure of this.#failures) throw failure;
    this.server.assertInvariants();
    for (const member of this.#standing) member.check();
    const { limits } = this.server;
    const { connections, closed, backlog, turnedAway, droppedFrames } = this.server.stats();
    assert.equal(connections, this.#standing.size, "accepted is not closed and open");
    assertCounts(closed, this.#closedFor);
    assertCounts(turnedAway, this.#turnedAwayFor);
    const standing = [...this.#standing].map(({ connection }) => connection);
    assert.equal(
      backlog,
      standing.reduce((sum, one) => sum + one.backlog, 0),
    );
    assert.equal(
      droppedFrames,
      standing.reduce((sum, one) => sum + one.droppedFrames, this.#droppedFrames),
    );
    assert.ok(connections <= limits.maxConnections, `${connections} connections`);
    if (limits.maxConnectionsPerAddress > 0) {
      for (const { address } of this.#standing) {
        assert.ok(this.#openFrom(address) <= limits.maxConnectionsPerAddress, address);
      }
    }
    this.#checkBudget();
  }

  #checkBudget(): void {
    const { bufferedBytes, bytesIn, queuedBytes } = this.reactor.stats();
    const added = bytesIn - this.#bytesIn + this.#sentBytes;
    const most = this.reactor.limits.maxBufferedBytes + added + this.#addedBefore;
    assert.ok(bufferedBytes <= most, `the loop holds ${bufferedBytes} bytes, of at most ${most}`);
    assert.ok(bufferedBytes >= queuedBytes, `${bufferedBytes} bytes counted, ${queuedBytes} wait`);
    this.#addedBefore = added;
    this.#bytesIn = bytesIn;
    this.#sentBytes = 0;
  }

  /** All clients have gone. */
  async end(): Promise<void> {
    await this.server.close({ drainMs: 30_000 });
    // What is reported together with others is told by then.
    await this.#world.sleep(3000);
    this.check();
    const { connections, turnedAway } = this.server.stats();
    assert.equal(connections, 0);
    for (const { reasons } of this.members.values()) assert.equal(reasons.length, 1);
    const away = Object.values(turnedAway).reduce((total, count) => total + count, 0);
    assert.equal(this.#reportedCounts.turnedAway, away, "who was turned away was not reported");
    const { bufferedBytes, queuedBytes, timers } = this.reactor.stats();
    const left = { bufferedBytes, queuedBytes, timers };
    assert.deepEqual(left, { bufferedBytes: 0, queuedBytes: 0, timers: 0 }, "something is left");
    await this.reactor.close();
  }
}

/** Every reason is counted as often as it was told. */
function assertCounts(counted: Readonly<Record<string, number>>, told: Record<string, number>) {
  for (const [reason, count] of Object.entries(counted)) {
    assert.equal(count, told[reason] ?? 0, `${reason} is counted ${count} times`);
  }
}

function hostOf(address: SocketAddress | null): string {
  assert.ok(address !== null && address.family !== "unix");
  return address.host;
}

/** Asks, reads or does not, and leaves in any way, or waits until it is sent away. */
async function client(world: Simulation, serving: Serving, n: number): Promise<void> {
  const random = world.random.fork(`client ${n}`);
  await world.sleep(random.integer(0, random.pick([1, 1000, 5000])));
  const host = world.host(`here ${n % HOSTS}`);
  const socket = host.dial({ host: world.host("there").address, port: PORT });
  if (random.chance(0.5)) socket.pause();
  let asked = random.chance(0.4)
    ? await choke(world, serving, socket)
    : await ask(world, socket, random);
  await world.sleep(random.integer(0, random.pick([10, 5000, 30_000])));
  socket.resume();
  const leaves = random.pick(["end", "end", "end", "reset", "destroy"] as const);
  if (leaves === "end") asked += await untilEnd(world, serving, socket, random.chance(0.5));
  else socket[leaves]();
  heard(serving, socket, asked);
}

async function ask(world: Simulation, socket: MemorySocket, random: Random): Promise<number> {
  // A window of a few bytes takes its time.
  const large = world.faults.smallBuffers > 0 ? 500 : 50_000;
  const mostBytes = random.pick([20, large / 10, large]);
  const mostPauseMs = random.pick([1, 100, 1000]);
  let asked = 0;
  for (let left = random.integer(0, 10); left > 0 && !socket.closed; left--) {
    socket.write(`${random.integer(1, 3)} ${random.integer(LEAST_BYTES, mostBytes)}\n`);
    asked++;
    await world.sleep(random.chance(0.5) ? 0 : random.integer(0, mostPauseMs));
  }
  return asked;
}

/** Reads nothing, and asks until all buffers between us are full. */
async function choke(world: Simulation, serving: Serving, socket: MemorySocket): Promise<number> {
  // A window of a few bytes takes its time, here too.
  const large = world.faults.smallBuffers > 0 ? 2000 : 50_000;
  const size = Math.min(large, Math.max(LEAST_BYTES, serving.server.limits.maxOutputBytes >> 2));
  socket.pause();
  let asked = 0;
  while (asked < MOST_ASKED && !socket.closed && !serving.chokesOn(socket)) {
    socket.write(`1 ${size}\n`);
    asked++;
    await world.sleep(10);
  }
  return asked;
}

/** Ends, in some worlds with a line that has no end; answers how many lines that were. */
async function untilEnd(
  world: Simulation,
  serving: Serving,
  socket: MemorySocket,
  asksOnce: boolean,
): Promise<number> {
  const { bytesPerSecond, serverBytesPerSecond } = serving.server.limits;
  // At a rate of bytes the line end that is missing would count.
  const asks = asksOnce && !socket.closed && bytesPerSecond + serverBytesPerSecond === 0;
  if (!socket.closed) socket.end(asks ? `1 ${LEAST_BYTES}` : "");
  let heardBytes = 0;
  for (let silentMs = 0; !socket.ended && !socket.closed; silentMs += 500) {
    await world.sleep(500);
    if (socket.received.length > heardBytes) silentMs = 0;
    heardBytes = socket.received.length;
    assert.ok(silentMs < PATIENCE_MS, "a client waits for ever");
  }
  if (!socket.closed) socket.destroy();
  return asks ? 1 : 0;
}

function heard(serving: Serving, socket: MemorySocket, asked: number): void {
  const { received, error, ended } = socket;
  const address = formatAddress(socket.localAddress);
  const member = serving.memberOf(socket);
  if (member === undefined) {
    assert.ok(FAREWELL.startsWith(received.toString()), `it was told ${received.toString()}`);
    assert.ok(received.length === 0 || serving.turnedAway.has(address), "it is known to nobody");
    return;
  }
  const whole = ended && error === null;
  member.assertHeard(received, whole);
  const answered = whole && member.connection.reason === "end";
  if (answered) assert.equal(member.handled, asked, "not all that it asked was handled");
}

export const serveLimits: Scenario = {
  name: "serve-limits",
  run: async (world) => {
    const serving = new Serving(world);
    await serving.start();
    const count = world.random.integer(2, 7);
    await Promise.all(Array.from({ length: count }, (_, n) => client(world, serving, n)));
    await serving.end();
  },
};
