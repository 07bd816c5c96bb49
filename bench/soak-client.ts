/** A client of the soak: random operations on a few names that all clients share. */
import { once } from "node:events";
import type { Socket } from "node:net";

import { Random } from "iomux/testing";

import { answer } from "./child.ts";
import { judge, record, type Verdict } from "./soak-files.ts";
import { Forgotten, Lost, Session } from "./soak-session.ts";

export interface Task {
  /** No other task has it. */
  readonly number: number;
  readonly seed: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly operations: number;
  /** A name that only one client at a time has, to append to; null: nothing is appended. */
  readonly own: string | null;
  /** The client is killed so many milliseconds into operation number `at`; null: it lives. */
  readonly kill: { readonly at: number; readonly afterMs: number } | null;
}

export interface Done {
  /** How often each was done. */
  readonly counts: Record<string, number>;
  /** What must not be. */
  readonly problems: readonly string[];
  /** What was downloaded, and was not whole. */
  readonly faulty: readonly Verdict[];
}

const NAMES = Array.from({ length: 24 }, (_, i) => `file ${i}`);
const FOLDERS = ["a", "b", "c"];
/** A file that has more is begun anew. */
const LARGE_BYTES = 4 * 1024 * 1024;

class Client {
  readonly #task: Task;
  readonly #random: Random;
  readonly #counts: Record<string, number> = {};
  readonly #problems: string[] = [];
  readonly #faulty: Verdict[] = [];
  #session: Session | null = null;

  constructor(task: Task) {
    this.#task = task;
    this.#random = new Random(task.seed);
  }

  async run(): Promise<Done> {
    const { operations, kill } = this.#task;
    for (let i = 0; i < operations; i++) {
      if (i === kill?.at) setTimeout(() => process.kill(process.pid, "SIGKILL"), kill.afterMs);
      await this.#operate();
    }
    if (kill !== null) await new Promise(() => undefined);
    await this.#session?.quit().catch(() => undefined);
    return { counts: this.#counts, problems: this.#problems, faulty: this.#faulty };
  }

  async #operate(): Promise<void> {
    const { port, isSecure } = this.#task;
    const [what, operation] = this.#random.pick(OPERATIONS);
    try {
      this.#session ??= await Session.open(port, isSecure);
      const result = await operation(this.#session, this.#random, this.#task, this.#faulty);
      this.#count(`${what} ${result.slice(0, 3)}`);
    } catch (error) {
      this.#session?.reset();
      this.#session = null;
      this.#count(`${what} lost`);
      if (error instanceof Lost) return;
      const why = error instanceof Forgotten ? error.message : String(error);
      this.#problems.push(`${what}: ${why}`);
    }
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }
}

type Operation = (
  session: Session,
  random: Random,
  task: Task,
  faulty: Verdict[],
) => Promise<string>;

function pathOf(random: Random): string {
  const name = random.pick(NAMES);
  return random.chance(0.3) ? `${random.pick(FOLDERS)}/${name}` : name;
}

function sizeOf(random: Random): number {
  return random.pick([0, 1000, 50_000, 300_000, 2_000_000]) + random.integer(0, 999);
}

async function transfer(session: Session, command: string): Promise<Socket | string> {
  const data = await session.connectData();
  const first = await session.ask(command);
  if (first.startsWith("150")) return session.protect(data);
  data.destroy();
  return first;
}

async function put(session: Session, command: string, bytes: Buffer): Promise<string> {
  const data = await transfer(session, command);
  if (typeof data === "string") return data;
  data.end(bytes);
  data.resume();
  return session.reply();
}

/** All that came, and the last reply. */
async function get(session: Session, command: string): Promise<[Buffer, string]> {
  const data = await transfer(session, command);
  if (typeof data === "string") return [Buffer.alloc(0), data];
  const pieces: Buffer[] = [];
  data.on("data", (piece: Buffer) => pieces.push(piece));
  if (!data.destroyed) await once(data, "close");
  return [Buffer.concat(pieces), await session.reply()];
}

/** Ends the data connection as nobody does who has said all. */
function breakOff(data: Socket): void {
  if (data.connecting || !("encrypted" in data)) data.resetAndDestroy();
  else data.destroy();
}

async function store(session: Session, random: Random, { number }: Task): Promise<string> {
  const path = pathOf(random);
  return put(session, `STOR ${path}`, record("begins", sizeOf(random), number, random));
}

/** To a file that nobody else writes: what is there when the command comes is what was seen before. */
async function append(session: Session, random: Random, task: Task): Promise<string> {
  const { own, number } = task;
  if (own === null) return store(session, random, task);
  const size = await session.ask(`SIZE ${own}`);
  const goesOn = size.startsWith("213") && Number(size.slice(4)) < LARGE_BYTES;
  const [verb, kind] = goesOn ? (["APPE", "appended"] as const) : (["STOR", "begins"] as const);
  return put(session, `${verb} ${own}`, record(kind, sizeOf(random), number, random));
}

const retrieve: Operation = async (session, random, _, faulty) => {
  const [bytes, last] = await get(session, `RETR ${pathOf(random)}`);
  const verdict = judge(bytes);
  if (last.startsWith("226") && verdict.is !== "whole") faulty.push(verdict);
  return last;
};

async function list(session: Session, random: Random): Promise<string> {
  const [, last] = await get(session, random.pick(["LIST", "NLST", "MLSD"]));
  return last;
}

async function breakUpload(session: Session, random: Random, { number }: Task): Promise<string> {
  const data = await transfer(session, `STOR ${pathOf(random)}`);
  if (typeof data === "string") return data;
  const bytes = record("begins", sizeOf(random) + 1000, number, random);
  data.write(bytes.subarray(0, random.integer(0, bytes.length - 1)));
  await new Promise((resolve) => setTimeout(resolve, random.integer(0, 20)));
  const how = random.pick(["data", "control", "both", "ABOR"]);
  if (how === "ABOR") {
    const last = await session.ask("ABOR");
    data.destroy();
    return `${last}, ${await session.reply()}`;
  }
  breakOff(data);
  if (how !== "data") session.reset();
  return session.reply();
}

async function breakDownload(session: Session, random: Random): Promise<string> {
  const data = await transfer(session, `RETR ${pathOf(random)}`);
  if (typeof data === "string") return data;
  data.pause();
  await new Promise((resolve) => setTimeout(resolve, random.integer(0, 20)));
  breakOff(data);
  if (random.chance(0.5)) session.reset();
  return session.reply();
}

/** Both ends come at once, as those of a client that is killed; under TLS in mid-handshake. */
async function breakAtOnce(session: Session, random: Random): Promise<string> {
  const path = pathOf(random);
  const data = await transfer(session, `${random.pick(["STOR", "RETR"])} ${path}`);
  if (typeof data === "string") return data;
  breakOff(data);
  session.reset();
  return session.reply();
}

async function rename(session: Session, random: Random): Promise<string> {
  const found = await session.ask(`RNFR ${pathOf(random)}`);
  return found.startsWith("350") ? session.ask(`RNTO ${pathOf(random)}`) : found;
}

async function leave(session: Session, random: Random): Promise<string> {
  if (random.chance(0.5)) await session.quit();
  session.reset();
  throw new Lost("it has left");
}

const OPERATIONS: readonly (readonly [string, Operation])[] = [
  ...Array.from({ length: 4 }, () => ["put", store] as const),
  ...Array.from({ length: 2 }, () => ["append", append] as const),
  ...Array.from({ length: 5 }, () => ["get", retrieve] as const),
  ["list", list],
  ["break put", breakUpload],
  ["break get", breakDownload],
  ...Array.from({ length: 2 }, () => ["break at once", breakAtOnce] as const),
  ["rename", rename],
  ["remove", (session, random) => session.ask(`DELE ${pathOf(random)}`)],
  ["make folder", (session, random) => session.ask(`MKD ${random.pick(FOLDERS)}`)],
  ["remove folder", (session, random) => session.ask(`RMD ${random.pick(FOLDERS)}`)],
  ["leave", leave],
];

answer({ run: (task: Task) => new Client(task).run() });
