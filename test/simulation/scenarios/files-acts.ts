/** What visitors do, and what must be so when it is done. */
import assert from "node:assert/strict";
import type { Random } from "iomux/testing";

import { FIXED, linesOf } from "./files-library.ts";
import type { Sent } from "./files-uploads.ts";
import type { Said, Visitor } from "./files-visitor.ts";
import type { Wire } from "./files-wire.ts";

/** Milliseconds in which an end that was sent has come, whatever the network does. */
const ARRIVAL_MS = 600_000;

/** Names to which several visitors upload; and those that are renamed and removed too. */
export const COMMON = ["a", "b"] as const;
const PLAYTHINGS = ["x", "y"] as const;

/** What goes wrong in a transfer; most often nothing does. */
function disturbance(random: Random): string {
  if (random.chance(0.5)) return "none";
  return random.pick([
    ...(["reset data", "ABOR", "QUIT", "slow", "stand still", "kill", "kill"] as const),
    ...(["reset control", "end control", "STAT", "NOOP", "second", "read nothing"] as const),
  ]);
}

/** Does it; answers whether the transfer may go on as if nothing had been. */
async function disturb(visitor: Visitor, wire: Wire, how: string): Promise<boolean> {
  switch (how) {
    case "reset data":
      wire.reset();
      return false;
    case "ABOR":
      void visitor.say("ABOR");
      return false;
    case "QUIT":
    case "STAT":
    case "NOOP":
      void visitor.say(how);
      return true;
    case "second":
      void visitor.say("NLST");
      return true;
    case "read nothing":
      wire.pause();
      await visitor.world.sleep(visitor.random.integer(1, 1000));
      wire.reset();
      return false;
    case "slow":
      wire.pause();
      await visitor.world.sleep(visitor.random.integer(1, 5000));
      wire.resume();
      return true;
    case "kill":
      visitor.leave("kill");
      return false;
    case "reset control":
      visitor.leave("reset");
      return false;
    case "end control":
      visitor.leave("end");
      return false;
    default:
      return how !== "stand still";
  }
}

export async function logIn(visitor: Visitor): Promise<boolean> {
  await visitor.answer(visitor.greeting);
  if (visitor.over || visitor.random.chance(0.05)) return false;
  if (visitor.random.chance(0.1)) {
    await visitor.do("USER nobody");
    await visitor.do("PASS wrong");
  }
  await visitor.do(`USER v${visitor.id}`);
  const welcome = await visitor.do("PASS right");
  if (welcome?.code !== 230) return false;
  await visitor.do("TYPE I");
  return !visitor.over;
}

/**
 * 226: then all of it must be there. But a client that is told nothing for two seconds is believed to
 * have it: where the network is that slow, its end must have come in order too.
 */
export async function download(visitor: Visitor): Promise<void> {
  const { random, library } = visitor;
  const name = random.pick([...library.fixed, ...library.fixed, ...COMMON, ...PLAYTHINGS]);
  const ascii = random.chance(0.15) && name !== "huge";
  const offset = !ascii && random.chance(0.15) ? random.integer(0, 700) : 0;
  if (ascii) await visitor.do("TYPE A");
  const route = await visitor.arrange();
  if (route === null) return;
  if (offset > 0) await visitor.do(`REST ${offset}`);
  const command = visitor.say(`RETR ${name}`);
  const wire = await route.open(command);
  if (wire !== null) {
    const isPrompt = await receive(visitor, wire, command);
    const bytes = ascii ? textOf(wire.received, "\r\n", "\n") : wire.received;
    if (command.reply?.code === 226 && (wire.ended || isPrompt)) {
      const what = `${name} from ${offset}: 226, and ${wire.received.length} bytes`;
      assert.ok(isWhole(visitor, { name, bytes, offset }), what);
    }
  }
  route.close();
  if (ascii) await visitor.do("TYPE I");
}

function textOf(bytes: Buffer, end: string, wanted: string): Buffer {
  return Buffer.from(bytes.toString().replaceAll(end, wanted));
}

interface Downloaded {
  readonly name: string;
  readonly bytes: Buffer;
  readonly offset: number;
}

/** Whether this is all of what the name had, at some time. */
function isWhole({ library }: Visitor, { name, bytes, offset }: Downloaded): boolean {
  const isFixed = library.fixed.includes(name);
  const { contents, last } = library.store;
  const known = isFixed ? [last.get(`/${name}`)!] : [...contents.values()];
  return known.some((content) => content.subarray(offset).equals(bytes));
}

/** Answers whether the server hears at once of all that happens to it. */
async function receive(visitor: Visitor, wire: Wire, command: Said): Promise<boolean> {
  const how = disturbance(visitor.random);
  if (how === "stand still") wire.pause();
  const enough = visitor.random.integer(0, 20_000);
  const some = (): boolean => wire.bytesIn > enough || wire.over || command.reply !== null;
  const patience = visitor.random.pick([10, 100, ARRIVAL_MS]);
  if (how !== "read nothing") await wire.until(some, patience);
  await disturb(visitor, wire, how);
  await visitor.answer(command);
  // What it has told is on its way.
  if (!visitor.killed) wire.resume();
  await wire.until(() => wire.over, command.reply?.code === 226 ? ARRIVAL_MS : 1000);
  wire.close();
  return visitor.library.isPrompt && how !== "slow" && how !== "stand still";
}

/** 226: then it is there, whole. */
export async function upload(visitor: Visitor): Promise<void> {
  const { random } = visitor;
  const sort = random.pick(["STOR", "STOR", "STOR", "STOR", "STOU", "APPE", "REST"] as const);
  const shared = sort === "STOR" && random.chance(0.6);
  const name = shared ? random.pick([...COMMON, ...COMMON, ...PLAYTHINGS]) : visitor.ownName();
  const base = sort === "APPE" || sort === "REST" ? await begun(visitor, name) : Buffer.alloc(0);
  if (base === null || visitor.over) return;
  const kept = sort === "REST" ? random.integer(1, base.length) : base.length;
  const body = bodyOf(visitor);
  const content = Buffer.concat([base.subarray(0, kept), body]);
  const path = sort === "STOU" ? `/u${visitor.ownName()}` : `/${name}`;
  await send(visitor, sort, kept, { path, body, content });
}

/** A file of some bytes, to go on with. */
async function begun(visitor: Visitor, name: string): Promise<Buffer | null> {
  const body = linesOf(`${name} begun`, 500);
  const { published } = await send(visitor, "STOR", 0, { path: `/${name}`, body, content: body });
  return published && !visitor.over ? body : null;
}

function bodyOf(visitor: Visitor): Buffer {
  const { random, library } = visitor;
  const size = random.pick([0, 1, 500, 5000, library.roomy ? 200_000 : 3000]);
  return linesOf(visitor.ownName(), size);
}

async function send(
  visitor: Visitor,
  sort: "STOR" | "STOU" | "APPE" | "REST",
  offset: number,
  { path, body, content }: Pick<Sent, "path" | "body" | "content">,
): Promise<Sent> {
  const { random, library } = visitor;
  const unique = sort === "STOU";
  const sent: Sent = {
    ...{ path, unique, body, content },
    ...{ killed: false, published: false, told: false },
  };
  const ascii = sort !== "REST" && random.chance(0.15);
  if (ascii) await visitor.do("TYPE A");
  const route = await visitor.arrange();
  if (route === null || visitor.over) return sent;
  if (sort === "REST") await visitor.do(`REST ${offset}`);
  library.store.sent.push(sent);
  const command = visitor.say(`${sort === "REST" ? "STOR" : sort} ${path}`);
  const wire = await route.open(command);
  if (wire !== null) {
    const bytes = ascii ? textOf(body, "\n", "\r\n") : body;
    await deliver(visitor, wire, { command, sent, bytes });
    const isTold = command.reply?.code === 226;
    assert.ok(!isTold || library.store.has(sent), `${path}: 226, and it is not published`);
  }
  route.close();
  if (ascii) await visitor.do("TYPE I");
  return sent;
}

interface Delivery {
  readonly command: Said;
  readonly sent: Sent;
  readonly bytes: Buffer;
}

async function deliver(visitor: Visitor, wire: Wire, delivery: Delivery): Promise<void> {
  const { command, sent, bytes } = delivery;
  const { random } = visitor;
  const how = disturbance(random);
  const half = random.integer(0, bytes.length);
  wire.send(bytes.subarray(0, half));
  await wire.until(() => wire.sent || command.reply !== null, random.pick([10, 100, ARRIVAL_MS]));
  sent.killed = how === "kill" && !visitor.killed;
  const goesOn = await disturb(visitor, wire, how);
  if (goesOn) {
    wire.send(bytes.subarray(half));
    wire.end();
  }
  await visitor.answer(command);
  if (visitor.killed) return;
  // An end in order would say that this is all.
  if (goesOn) wire.close();
  else wire.reset();
}

/** 226, and an end in order: then what was there all the time is in it. */
export async function list(visitor: Visitor): Promise<void> {
  const { random, library } = visitor;
  const verb = random.pick(["LIST", "NLST", "MLSD"]);
  const route = await visitor.arrange();
  if (route === null) return;
  const command = visitor.say(verb);
  const wire = await route.open(command);
  if (wire !== null) {
    await receive(visitor, wire, command);
    if (command.reply?.code === 226 && wire.ended) {
      const names = wire.received.toString().trimEnd().split("\r\n");
      const missing = library.fixed.filter((name) => !names.some((line) => line.endsWith(name)));
      assert.deepEqual(missing, [], `${verb}: 226, and names are missing`);
      assert.ok(names.length <= library.settings.listingEntries, `${verb}: too many entries`);
    }
  }
  route.close();
}

/** What needs no data connection, or arranges one and forgets it. */
export async function potter(visitor: Visitor): Promise<void> {
  const { random } = visitor;
  const [from, to] = [random.pick(PLAYTHINGS), random.pick(PLAYTHINGS)];
  const fixed = random.pick(FIXED);
  switch (random.integer(0, 6)) {
    case 0:
      void visitor.say(`RNFR ${from}`);
      await visitor.do(`RNTO ${to}`);
      break;
    case 1:
      await visitor.do(`DELE ${from}`);
      break;
    case 2:
      await visitor.do(`SIZE ${fixed}`);
      await visitor.do(`MDTM ${fixed}`);
      break;
    case 3:
      await visitor.do("STAT /");
      break;
    case 4:
      (await visitor.arrange())?.close();
      break;
    case 5:
      for (let i = random.integer(1, 30); i > 0; i--) void visitor.say("NOOP");
      break;
    case 6:
      await visitor.world.sleep(random.integer(1, 30_000));
  }
}
