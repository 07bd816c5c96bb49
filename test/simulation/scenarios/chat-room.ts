/** The chat room of `examples/chat` on a host of a simulated world, and what it tells. */
import assert from "node:assert/strict";
import diagnosticsChannel from "node:diagnostics_channel";
import { formatAddress, type DiagnosticsMessages, type Reactor } from "iomux";
import type { Random, SimulatedHost, Simulation } from "iomux/testing";

import { readSettings, type Settings } from "../../../examples/chat/flags.ts";
import { ChatServer } from "../../../examples/chat/server.ts";
import type { RoomCounts } from "../../../examples/chat/texts.ts";
import { publicLine } from "./chat-lines.ts";
import { PATH, PORT } from "./chat-member.ts";

/** What a room may report of the world. Anything else is a mistake of the room's. */
const CODES: ReadonlySet<unknown> = new Set([
  ...["IOMUX_TURNED_AWAY", "IOMUX_OVER_BUDGET", "IOMUX_SLOW_HANDLER"],
  ...["EMFILE", "ECONNABORTED"],
]);

/** Of one read of the network. */
const READ_BYTES = 64 * 1024;

/** Ends that no member brings about, and no flag: `/stats` has no words for them. */
const UNKNOWN_ENDS = /× (?:abort|lifetime|protocol|tls)\b/;

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
  /** The codes with which the room's channels have ended, by who was there; null: without one. */
  readonly #ends = new Map<string, (string | null)[]>();
  readonly #reactor: Reactor;
  readonly #random: Random;
  #chat!: ChatServer;
  #marks = 0;
  /** The turn in which it came to hold more than its budget. */
  #overIn: number | null = null;

  private constructor(world: Simulation) {
    this.host = world.host("room");
    this.#random = world.random.fork("room");
    this.settings = drawSettings(this.#random);
    this.#reactor = this.host.createReactor({
      maxBufferedBytes: this.settings.memoryBytes,
      onError: (error) => void this.reported.push(error),
    });
    diagnosticsChannel.subscribe("iomux:channel:close", this.#onClose);
  }

  readonly #onClose = (message: unknown): void => {
    const { descriptor } = message as DiagnosticsMessages["iomux:channel:close"];
    const { localAddress, remoteAddress } = descriptor;
    const here = [`${this.host.address}:${PORT}`, `unix:${PATH}`];
    if (!here.includes(formatAddress(localAddress))) return;
    const error: NodeJS.ErrnoException | null = descriptor.error;
    const codes = this.endsOf(formatAddress(remoteAddress));
    this.#ends.set(formatAddress(remoteAddress), [...codes, error?.code ?? null]);
  };

  /** How the room's channels with `address` have ended; none: it has let nobody in from there. */
  endsOf(address: string): readonly (string | null)[] {
    return this.#ends.get(address) ?? [];
  }

  /** The world is over. */
  forget(): void {
    diagnosticsChannel.unsubscribe("iomux:channel:close", this.#onClose);
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
    let steps = 0;
    world.always(() => {
      room.#assertBounds();
      // It makes a key of every name: too dear for every step.
      if (steps++ % 16 === 0) room.#chat.assertInvariants();
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
    const unknown = this.log.find((line) => UNKNOWN_ENDS.test(line));
    assert.equal(unknown, undefined, "connections end for a reason that is none of the room's");
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

  /** Memory is what the flags say, at every moment: over its bound for what one turn adds. */
  #assertBounds(): void {
    const { backlogBytes, memoryBytes, maxLineBytes } = this.settings;
    const { open, queuedBytes, unreadBytes, bufferedBytes, turns } = this.#reactor.stats();
    const { inputMark } = this.#reactor.limits;
    const unfinished = Math.max(READ_BYTES, 4 * maxLineBytes);
    const most = open * (backlogBytes + inputMark + READ_BYTES + unfinished);
    atMost("bufferedBytes", bufferedBytes, Math.min(most, memoryBytes + 2 * READ_BYTES));
    if (bufferedBytes <= memoryBytes) this.#overIn = null;
    else atMost("turns over the budget", turns - (this.#overIn ??= turns), 1);
    atMost("queuedBytes", queuedBytes, open * (backlogBytes / 4));
    atMost("unreadBytes", unreadBytes, open * (inputMark + READ_BYTES));
  }
}

function atMost(name: string, count: number, most: number): void {
  if (count > most) assert.fail(`${name}: ${count}, at most ${most}`);
}

function drawSettings(random: Random): Settings {
  const maxLineBytes = random.pick([64, 120, 2000]);
  const flags = {
    port: PORT,
    host: "0.0.0.0",
    path: PATH,
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
