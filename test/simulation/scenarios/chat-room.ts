/** The chat room of `examples/chat` on a host of a simulated world, and what it tells. */
import assert from "node:assert/strict";
import type { Reactor } from "iomux";
import type { Random, SimulatedHost, Simulation } from "iomux/testing";

import { readSettings, type Settings } from "../../../examples/chat/flags.ts";
import { ChatServer } from "../../../examples/chat/server.ts";
import type { RoomCounts } from "../../../examples/chat/texts.ts";
import { publicLine } from "./chat-lines.ts";
import { PORT } from "./chat-member.ts";

/** What a room may report of the world. Anything else is a mistake of the room's. */
const CODES: ReadonlySet<unknown> = new Set([
  ...["IOMUX_TURNED_AWAY", "IOMUX_OVER_BUDGET", "IOMUX_SLOW_HANDLER"],
  ...["EMFILE", "ECONNABORTED"],
]);

/** Of one read of the network. */
const READ_BYTES = 64 * 1024;

export class SimulatedRoom {
  readonly host: SimulatedHost;
  readonly settings: Settings;
  /** What went to all, in its order. */
  readonly transcript: string[] = [];
  /** What else the administrator was told. */
  readonly log: string[] = [];
  /** What the reactor reported. */
  readonly reported: Error[] = [];
  /** What the room counted until it was ended. */
  counts!: RoomCounts;
  /** Lines that were left out for slow readers. */
  droppedLines = 0;
  readonly #reactor: Reactor;
  readonly #random: Random;
  #chat!: ChatServer;
  #marks = 0;

  private constructor(world: Simulation) {
    this.host = world.host("room");
    this.#random = world.random.fork("room");
    this.settings = drawSettings(this.#random);
    this.#reactor = this.host.createReactor({
      maxBufferedBytes: this.settings.memoryBytes,
      onError: (error) => void this.reported.push(error),
    });
  }

  static async open(world: Simulation): Promise<SimulatedRoom> {
    const room = new SimulatedRoom(world);
    const { settings } = room;
    room.#chat = await ChatServer.open(room.#reactor, {
      settings,
      transcript: true,
      log: (line) => {
        if (publicLine(line) === null) room.log.push(line);
        else room.transcript.push(line);
      },
      minuteOfDay: () => 605,
      onShutdown: () => undefined,
    });
    world.always(() => {
      room.#chat.assertInvariants();
      room.#assertBounds();
    });
    return room;
  }

  /** The administrator says a line to all, which is not shown again at the terminal. */
  announce(): void {
    const line = `m0:${this.#marks++}`;
    this.transcript.push(`admin: ${line}`);
    this.command(line);
  }

  command(text: string): void {
    this.#chat.administrator({ kind: "line", text });
  }

  /** Everybody is sent home, and nothing of the room is left. */
  async end(drainMs: number): Promise<void> {
    this.counts = this.#chat.counts;
    this.command("/stats");
    const told = this.log.findLast((line) => line.startsWith("Connections: "))!;
    // To say goodbye may take the place of two more.
    this.droppedLines = Number(/(\d+) lines were left out/.exec(told)![1]) + 2;
    await this.#chat.end(drainMs);
    const { members, nameless } = this.#chat.counts;
    assert.equal(members + nameless, 0, "the room is closed, and has members still");
    this.#chat.assertInvariants();
    await this.#reactor.close();
    for (const error of this.reported) {
      const { code } = error as Error & { readonly code?: unknown };
      assert.ok(CODES.has(code), `the room reports ${error.stack ?? error.message}`);
    }
  }

  /** Memory is what the flags say, at every moment. */
  #assertBounds(): void {
    const { backlogBytes, memoryBytes, maxLineBytes } = this.settings;
    const { open, queuedBytes, unreadBytes, bufferedBytes } = this.#reactor.stats();
    const { inputMark } = this.#reactor.limits;
    const waiting = Math.min(open * (backlogBytes + inputMark + READ_BYTES), memoryBytes);
    const unfinished = open * Math.max(READ_BYTES, 4 * maxLineBytes);
    atMost("bufferedBytes", bufferedBytes, Math.min(waiting + unfinished, memoryBytes));
    atMost("queuedBytes", queuedBytes, open * (backlogBytes / 4));
    atMost("unreadBytes", unreadBytes, open * (inputMark + READ_BYTES));
  }
}

function atMost(name: string, bytes: number, most: number): void {
  assert.ok(bytes <= most, `${name} is ${bytes}, at most ${most}`);
}

function drawSettings(random: Random): Settings {
  const maxLineBytes = random.pick([64, 120, 2000]);
  const flags = {
    port: PORT,
    host: "0.0.0.0",
    "max-line-bytes": maxLineBytes,
    "max-name-length": 8,
    "name-tries": 3,
    "lines-per-second": random.pick([0, 0, 0, 20]),
    "mute-seconds": 2,
    "max-members": random.pick([4, 1000, 1000]),
    "max-per-address": random.pick([0, 0, 2]),
    "joins-per-second": random.pick([0, 5]),
    "join-seconds": random.pick([0, 5]),
    "idle-seconds": random.pick([0, 20]),
    "stall-seconds": random.pick([0, 10]),
    "memory-bytes": random.pick([65_536, 268_435_456]),
    "history-lines": random.pick([0, 5, 100]),
    "history-bytes": 1000,
    "backlog-policy": random.pick(["close", "close", "drop-newest", "drop-oldest", "pause-source"]),
    "backlog-bytes": maxLineBytes === 2000 ? 40_000 : 8192,
  };
  return readSettings(Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]))!;
}
