/**
 * H22: the hard cap is hit in the middle of a broadcast that closes members while it walks their
 * table. H44: rooms: slow readers, names that come and go, lines too long, CR LF in two pieces.
 */
import { expect, it, onTestFailed } from "vitest";

import { broadcast, lines, OUTPUT_POLICIES, type Connection, type OutputPolicy } from "iomux";

import { Random } from "../support/seeds.ts";
import {
  frame,
  framesIn,
  onStillServers,
  serving,
  stuff,
  type Guest,
  type Serving,
} from "../support/serving.ts";
import type { World } from "../support/world.ts";

const LIMITS = { highWaterMark: 10_000, lowWaterMark: 1000, maxOutputBytes: 30_000 };
/** Over it, and reading nothing, 20 frames of 1000 bytes wait for a member. */
const FRAMES = 30;

/** In memory as many as H22 says; real ones cost megabytes of kernel memory each when stuck. */
function sizes(world: World): { members: number; stuck: number } {
  return world.network === "memory" ? { members: 1000, stuck: 100 } : { members: 200, stuck: 20 };
}

class Room {
  readonly table = new Map<number, Connection>();
  served!: Serving;
  guests: Guest[] = [];
  /** Every tenth member. */
  stuck: (Guest & { before: number })[] = [];
  quick: Guest[] = [];
  walking = false;
  closedWhileWalking = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async fill(outputPolicy: OutputPolicy): Promise<void> {
    this.served = await serving(
      this.#world,
      { ...LIMITS, outputPolicy },
      {
        open: (connection) => this.table.set(connection.fd, connection),
        close: (connection) => {
          if (this.walking) this.closedWhileWalking++;
          this.table.delete(connection.fd);
          this.say(frame(1000 + this.served.closed.size, 50));
        },
      },
    );
    const { members, stuck } = sizes(this.#world);
    this.guests = await this.served.joinAll(members);
    for (const [place, guest] of this.guests.entries()) {
      if (place % (members / stuck) !== 3) this.quick.push(guest);
      else this.stuck.push({ ...guest, before: await stuff(this.#world, guest) });
    }
  }

  say(bytes: Buffer, source?: Connection): number {
    this.walking = true;
    const taken = broadcast(this.table.values(), bytes, { source });
    this.walking = false;
    return taken;
  }

  async flushed(): Promise<void> {
    const idle = (): boolean => this.quick.every(({ connection }) => connection.backlog === 0);
    await this.#world.until(idle, "the quick ones to have everything");
    await this.#world.settle();
  }
}

onStillServers("H22", (world) => {
  it.each(OUTPUT_POLICIES)(
    "H22: %s: the cap is hit in the middle of a broadcast, and nobody else suffers",
    async (policy) => {
      const room = new Room(world());
      await room.fill(policy);
      const { table, served, stuck, quick, guests } = room;
      const speaker = quick[0]!.connection;
      const answers: number[] = [];
      const { maxOutputBytes, highWaterMark } = LIMITS;
      const bound = stuck.length * highWaterMark + quick.length * 10 * 1000 + maxOutputBytes;
      for (let i = 0; i < FRAMES; i++) {
        answers.push(room.say(frame(i, 1000), speaker));
        expect(served.bufferedBytes).toBeLessThanOrEqual(bound);
        for (const { connection } of stuck) {
          expect(connection.backlog).toBeLessThanOrEqual(maxOutputBytes);
        }
        if (i % 10 === 9) await room.flushed();
      }
      const all = Array.from({ length: FRAMES }, (_, i) => i);
      const closes = policy === "close" || policy === "pause-source";
      const everybody = guests.length;
      const late = policy === "drop-oldest" ? everybody : quick.length;
      expect(answers).toEqual(all.map((i) => (i < 20 ? everybody : late)));

      await room.flushed();
      const heard = quick.map(({ peer }) => framesIn(peer.received));
      expect(heard[0]!.filter((number) => number < 1000)).toEqual(all);
      expect(heard[0]!.length).toBe(FRAMES + (closes ? stuck.length : 0));
      for (const other of heard) expect(other).toEqual(heard[0]);

      expect(room.closedWhileWalking).toBe(0);
      expect([...table.values()]).toEqual(closes ? quick.map((q) => q.connection) : served.opened);
      expect([...served.closed.values()]).toEqual(
        Array(closes ? stuck.length : 0).fill(["overflow"]),
      );
      expect(served.server.connections.size).toBe(table.size);
      if (closes) return;
      const kept = policy === "drop-newest" ? all.slice(0, 20) : all.slice(10);
      for (const { connection, peer, before } of stuck.slice(0, 5)) {
        expect(connection.droppedFrames).toBe(10);
        peer.resume();
        await world().until(() => connection.backlog === 0, "the rest to leave");
        await world().settle();
        expect(framesIn(peer.received.subarray(before))).toEqual(kept);
      }
    },
  );

  it("H22: a table that is walked may be the server's own, which closing changes", async () => {
    const room = new Room(world());
    await room.fill("close");
    const { served, stuck, quick } = room;
    room.table.clear();
    const { connections } = served.server;
    for (let i = 0; i < 20; i++) broadcast(connections, frame(i, 1000));
    expect(broadcast(connections, frame(20, 1000))).toBe(quick.length);
    expect(connections.size).toBe(quick.length);
    expect(served.closed.size).toBe(0);
    await world().passes(1);
    expect([...served.closed.keys()]).toEqual(stuck.map(({ connection }) => connection));
    await room.flushed();
    for (const { peer } of quick) expect(framesIn(peer.received)).toHaveLength(21);
  });
});

onStillServers("H44", (world) => {
  it("H44: all hear the same in the same order, from when they came until they went", async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    onTestFailed(() => {
      console.error(`failed with SEED=${seed}`);
    });
    const random = new Random(seed);
    const said: string[] = [];
    const names = new Map<string, Connection>();
    const refused: string[] = [];
    const say = (text: string): void => {
      said.push(text);
      broadcast(names.values(), Buffer.from(`${text}\r\n`));
    };
    const nameOf = (connection: Connection): string | undefined =>
      [...names].find(([, owner]) => owner === connection)?.[0];
    const served = await serving(
      world(),
      { framer: () => lines({ maxBytes: 40 }), maxOutputBytes: 100_000 },
      {
        frame(connection, line) {
          const text = line.toString();
          const name = nameOf(connection);
          if (name !== undefined) say(`${name}: ${text}`);
          else if (names.has(text)) connection.send(Buffer.from("taken\r\n"));
          else {
            names.set(text, connection);
            say(`${text} joined`);
          }
        },
        refused: (connection, refusal) => refused.push(`${nameOf(connection)} ${refusal.code}`),
        close(connection) {
          const name = nameOf(connection);
          if (name === undefined) return;
          names.delete(name);
          say(`${name} left`);
        },
      },
    );
    const members: { name: string; guest: Guest; from: number; paused: boolean }[] = [];
    const gone: { heard: string[]; from: number }[] = [];
    let overLong = 0;
    for (let step = 0; step < 150; step++) {
      const member = random.pick(members.length === 0 ? [undefined] : members);
      const dice = random.number(10);
      if (member === undefined || (dice < 2 && members.length < 8)) {
        const name = `n${random.number(6)}`;
        const guest = await served.join();
        const from = said.length;
        if (names.has(name)) {
          guest.peer.write(`${name}\r\n`);
          await world().until(() => guest.peer.received.length > 0, "an answer");
          expect(guest.peer.received.toString()).toBe("taken\r\n");
          guest.peer.end();
          await world().until(() => guest.connection.state === "closed", "it to leave");
          continue;
        }
        guest.peer.write(name);
        await world().passes(random.number(3));
        guest.peer.write("\r");
        await world().passes(random.number(3));
        guest.peer.write("\n");
        await world().until(() => names.has(name), "the name");
        members.push({ name, guest, from, paused: false });
      } else if (dice === 2) {
        members.splice(members.indexOf(member), 1);
        const { guest, from } = member;
        guest.peer.resume();
        // Its name is free in the turn in which it leaves.
        guest.peer.end(`bye\r\n`);
        await world().until(() => guest.connection.state === "closed", "it to leave");
        gone.push({ heard: heardBy(guest), from });
      } else if (dice === 3) {
        member.paused = !member.paused;
        if (member.paused) member.guest.peer.pause();
        else member.guest.peer.resume();
      } else if (dice === 4) {
        overLong++;
        member.guest.peer.write(`${"x".repeat(41 + random.number(100))}\r\nafter\n`);
      } else {
        member.guest.peer.write(`${step}\r`);
        await world().passes(random.number(2));
        member.guest.peer.write("\n");
      }
    }
    for (const { guest } of members) guest.peer.resume();
    await world().settle();
    expect(refused.filter((entry) => entry.endsWith("IOMUX_FRAME_TOO_LONG"))).toHaveLength(
      overLong,
    );
    for (const { guest, from } of members) gone.push({ heard: heardBy(guest), from });
    for (const { heard, from } of gone) {
      const start = said.indexOf(heard[0]!, from);
      expect(heard.length).toBeGreaterThan(0);
      expect(heard).toEqual(said.slice(start, start + heard.length));
    }
  });
});

function heardBy({ peer }: Guest): string[] {
  const text = peer.received.toString();
  expect(text.endsWith("\r\n")).toBe(true);
  return text.split("\r\n").slice(0, -1);
}
