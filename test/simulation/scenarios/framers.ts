/**
 * Frames of every framer there and back: they are equal and in order, whatever pieces they travel
 * in; one that is over-long is refused with its reason; a framer may change between two frames
 * whose bytes came together.
 */
import assert from "node:assert/strict";
import {
  connect,
  serve,
  type AsyncConnection,
  type CloseReason,
  type Reactor,
  type Server,
} from "iomux";
import type { Random, Scenario, Simulation } from "iomux/testing";

import { FRAMINGS, LINES, RAW, type Framing } from "../framings.ts";

const PORT = 9000;
const CLIENTS = 3;

/** What one client does: first lines, then what the line says. */
interface Plan {
  readonly framing: Framing;
  readonly before: readonly Buffer[];
  readonly after: readonly Buffer[];
  /** Whether a frame over the limit comes last. */
  readonly overrun: boolean;
}

function planOf(random: Random): Plan {
  const framing = random.pick([...FRAMINGS, RAW]);
  const frames = (of: Framing): Buffer[] =>
    Array.from({ length: random.integer(0, 8) }, () => of.draw(random));
  const overrun = framing.tooLong !== null && random.chance(0.3);
  return { framing, before: frames(LINES), after: frames(framing), overrun };
}

/** Lines that begin so change the framer. */
const UPGRADE = "!";

function framingOf(line: Buffer): Framing {
  const name = line.toString().slice(1);
  return [...FRAMINGS, RAW].find((framing) => framing.name === name)!;
}

interface Serving {
  readonly reactor: Reactor;
  readonly server: Server<Buffer, Framing>;
  readonly refused: string[];
  readonly reasons: CloseReason[];
}

async function start(world: Simulation): Promise<Serving> {
  const reactor = world.host("there").createReactor({ onError: () => undefined });
  const [refused, reasons]: [string[], CloseReason[]] = [[], []];
  const options = { listen: { port: PORT, host: "0.0.0.0" }, framer: () => LINES.make() };
  const server = await serve<Buffer, Framing>(reactor, options, {
    open: (connection) => {
      connection.data = LINES;
    },
    frame: (connection, frame) => {
      const framing = connection.data;
      connection.send(framing.encode(Buffer.from(frame)), {});
      if (framing !== LINES || !frame.toString().startsWith(UPGRADE)) return;
      connection.data = framingOf(frame);
      connection.upgrade(connection.data.make());
    },
    refused: (_, { code }) => {
      refused.push(code);
    },
    close: (connection, reason) => {
      reasons.push(reason);
      const { code } = (connection.error ?? {}) as { code?: string };
      if (reason === "protocol" && code !== undefined) refused.push(code);
    },
  });
  return { reactor, server, refused, reasons };
}

/** Frames come back in order; answers how many did before something broke. */
async function hear(connection: AsyncConnection, frames: readonly Buffer[]): Promise<number> {
  for (const [heard, expected] of frames.entries()) {
    const frame = await connection.read();
    if (frame === null) return heard;
    assert.ok(frame.equals(expected), `frame ${heard} is another one`);
  }
  return frames.length;
}

async function hearRaw(connection: AsyncConnection, frames: readonly Buffer[]): Promise<number> {
  const all = Buffer.concat(frames);
  for (let at = 0; at < all.length;) {
    const piece = await connection.read();
    if (piece === null) return 0;
    assert.ok(piece.equals(all.subarray(at, at + piece.length)), `byte ${at} is another one`);
    at += piece.length;
  }
  return frames.length;
}

async function listenTo(connection: AsyncConnection, plan: Plan): Promise<number> {
  const { framing, before, after } = plan;
  const lines = [...before, Buffer.from(`${UPGRADE}${framing.name}`)];
  const heard = await hear(connection, lines);
  if (heard < lines.length) return heard;
  connection.upgrade(framing.make());
  return heard + (await (framing === RAW ? hearRaw : hear)(connection, after));
}

function streamOf({ framing, before, after, overrun }: Plan): Buffer {
  return Buffer.concat([
    ...before.map((line) => LINES.encode(line)),
    LINES.encode(Buffer.from(`${UPGRADE}${framing.name}`)),
    ...after.map((frame) => framing.encode(frame)),
    ...(overrun
      ? [framing.tooLong!, ...(framing.goesOn ? [framing.encode(Buffer.from("x"))] : [])]
      : []),
  ]);
}

/** Whether all came back that was sent. */
async function client(world: Simulation, n: number, plan: Plan): Promise<boolean> {
  const host = world.host(`here ${n}`);
  const reactor = host.createReactor({ onError: () => undefined });
  try {
    const address = { port: PORT, host: world.host("there").address };
    const connection = await connect(reactor, address, { framer: () => LINES.make() });
    const stream = streamOf(plan);
    const sending = send(world, connection, stream);
    const heard = await listenTo(connection, plan);
    await sending;
    connection.end();
    return heard === plan.before.length + 1 + plan.after.length;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return false;
  } finally {
    await reactor.close();
  }
}

/** In pieces, some of them together. */
async function send(world: Simulation, connection: AsyncConnection, stream: Buffer): Promise<void> {
  for (let at = 0; at < stream.length;) {
    const size = world.random.integer(1, world.random.pick([3, 100, 5000]));
    await connection.send(stream.subarray(at, at + size)).catch(() => false);
    at += size;
    if (world.random.chance(0.2)) await world.sleep(world.random.integer(0, 20));
  }
}

export const framers: Scenario = {
  name: "framers",
  run: async (world) => {
    const { reactor, server, refused, reasons } = await start(world);
    const plans = Array.from({ length: CLIENTS }, () => planOf(world.random));
    const whole = await Promise.all(plans.map((plan, n) => client(world, n, plan)));
    await server.close();
    await reactor.close();
    const { reset, refuse, acceptFailure } = world.faults;
    const overruns = plans.filter(({ overrun }) => overrun).length;
    for (const code of refused) assert.equal(code, "IOMUX_FRAME_TOO_LONG");
    if (reset + refuse + acceptFailure > 0) {
      assert.ok(refused.length <= overruns, "a frame was refused that is not over-long");
      return;
    }
    assert.equal(refused.length, overruns, "an over-long frame is refused once");
    for (const [n, plan] of plans.entries()) {
      assert.ok(whole[n] === true || plan.overrun, `not all came back of ${plan.framing.name}`);
    }
    assert.equal(reasons.length, CLIENTS);
  },
};
