/**
 * Bugs that are planted here, one at a time, in the classes under the reactor and in the file and
 * HTTP servers, are found by the scenarios within 1,000 seeds: so are real ones of their kind.
 */
import { afterEach, describe, expect, it } from "vitest";

import { createSimulation, FAULTS, searchSeeds, type Failure, type Scenario } from "iomux/testing";

import { KeptLines } from "../../examples/console/kept-lines.ts";
import { State } from "../../examples/ftp/state.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { Exchanges } from "../../examples/http/server/exchanges.ts";
import { Outbox } from "../../examples/http/server/outbox.ts";
import { DatagramClient } from "../../examples/udp/datagram-client.ts";
import { Sessions } from "../../examples/udp/sessions.ts";
import { Tickets } from "../../examples/udp/tickets.ts";
import { BufferedChannel } from "../../src/channel.ts";
import { ChannelOutput } from "../../src/channel-output.ts";
import { Dispatcher } from "../../src/reactor/dispatch.ts";
import { Loop } from "../../src/reactor/loop.ts";
import type { Entry } from "../../src/registration.ts";
import { filesAccounts } from "./scenarios/files-accounts.ts";
import { heldEcho } from "./scenarios/held-echo.ts";
import { http } from "./scenarios/http.ts";
import { pageChat } from "./scenarios/page-chat.ts";
import { serveEcho } from "./scenarios/serve-echo.ts";
import { udp } from "./scenarios/udp.ts";

const SEEDS = 1000;

const replaced: (() => void)[] = [];
afterEach(() => {
  for (const restore of replaced.splice(0)) restore();
});

/** Replaces a method until the end of the test. */
function replace<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  bug: (original: T[K]) => T[K],
): void {
  const original = prototype[name];
  prototype[name] = bug(original);
  replaced.push(() => {
    prototype[name] = original;
  });
}

/** What methods that are not public are called with. */
interface Settling {
  call(entry: Entry, ready: number, before: number): void;
  settled(entry: Entry, before: number): void;
}

interface Bug {
  readonly name: string;
  /** What finds it. */
  readonly scenario: Scenario;
  /** How it is found. */
  readonly error: RegExp;
  plant(): void;
}

const BUGS: readonly Bug[] = [
  {
    name: "a lost wake-up: bytes come while the handler of the same fd is pending, twice running",
    scenario: heldEcho,
    error: /it is not over after/,
    plant: () => {
      const calls = new WeakMap<Entry, { bytes: number; came: number }>();
      const bytesOf = ({ descriptor }: Entry): number => (descriptor as BufferedChannel).bytesIn;
      const dispatcher = Dispatcher.prototype as unknown as Settling;
      replace(dispatcher, "call", (call) => {
        return function (this: Settling, entry, ready, before) {
          calls.set(entry, { bytes: bytesOf(entry), came: calls.get(entry)?.came ?? 0 });
          call.call(this, entry, ready, before);
        };
      });
      replace(dispatcher, "settled", (settled) => {
        return function (this: Settling, entry, before) {
          const last = calls.get(entry)!;
          last.came = bytesOf(entry) === last.bytes ? 0 : last.came + 1;
          if (last.came < 2) settled.call(this, entry, before);
        };
      });
    },
  },
  {
    name: "a stale registration called: it was unregistered after the turn had collected it",
    scenario: heldEcho,
    error: /a stale registration was called/,
    plant: () => {
      replace(Loop.prototype, "forget", (forget) => {
        return function (this: Loop, entry, closed, reason) {
          forget.call(this, entry, closed, reason);
          if (entry.listed && entry.collected !== 0 && !closed) entry.active = true;
        };
      });
    },
  },
  {
    name: "a byte dropped at a short write: less than half was taken",
    scenario: heldEcho,
    error: /it heard other bytes/,
    plant: () => {
      replace(ChannelOutput.prototype, "take", (take) => {
        return function (this: ChannelOutput, bytes, copy) {
          const taken = take.call(this, bytes, copy);
          return taken > 0 && taken < bytes.length / 2 ? taken + 1 : taken;
        };
      });
    },
  },
  {
    name: "a double close: the connection was lost while it was closing, with output left",
    scenario: heldEcho,
    error: /Loop: -1 holds/,
    plant: () => {
      replace(BufferedChannel.prototype, "finalize", (finalize) => {
        return function (this: BufferedChannel) {
          const racing = this.state === "closing" && this.error !== null && this.queued > 0;
          finalize.call(this);
          if (!racing) return;
          this.state = "closing";
          finalize.call(this);
        };
      });
    },
  },
  {
    name: "a way out of a home: a file that is not in it is looked for in the root",
    scenario: filesAccounts,
    error: /was shown what is not to be seen/,
    plant: () => {
      replace(MemoryStore.prototype, "openReader", (openReader) => {
        return async function (this: MemoryStore, path, offset) {
          const fromRoot = path.replace(/^(\/deep)?\/\w+/, "");
          return openReader
            .call(this, path, offset)
            .catch(() => openReader.call(this, fromRoot, offset));
        };
      });
    },
  },
  {
    name: "a right too many: who may create files may also write to them",
    scenario: filesAccounts,
    error: /was changed|is not what was sent/,
    plant: () => {
      replace(State.prototype, "may", (may) => {
        return function (this: State, right) {
          return may.call(this, right === "write" ? "create" : right);
        };
      });
    },
  },
  {
    name: "a leaked descriptor: the channel was aborted with bytes unread",
    scenario: heldEcho,
    error: /1 left open: tcp/,
    plant: () => {
      replace(BufferedChannel.prototype, "abort", (abort) => {
        return function (this: BufferedChannel, reason) {
          if (this.state === "open" && this.unread > 0) this.finalize();
          else abort.call(this, reason);
        };
      });
    },
  },
  {
    name: "an answer out of order: bytes overtake the text before them",
    scenario: http,
    error: /body \d|answer \d|no status line|no field|has no end/,
    plant: () => {
      let overtaking = false;
      replace(Outbox.prototype, "push", (push) => {
        return function (this: Outbox, bytes) {
          overtaking = typeof bytes !== "string";
          push.call(this, bytes);
          overtaking = false;
        };
      });
      replace(Outbox.prototype, "flush", (flush) => {
        return function (this: Outbox) {
          if (!overtaking) flush.call(this);
        };
      });
    },
  },
  {
    name: "a body cut that looks whole: its handler failed, and the last chunk was sent",
    scenario: http,
    error: /a part looks whole/,
    plant: () => {
      replace(Exchanges.prototype, "cutOff", (cutOff) => {
        return function (this: Exchanges, error) {
          let last: Buffer | null = null;
          try {
            last = this.protocol.end();
          } catch {
            cutOff.call(this, error);
          }
          if (last !== null) this.outbox.push(last);
        };
      });
    },
  },
  {
    name: "a connection not given back: its answer failed while output waited",
    scenario: http,
    error: /is not told of the failure/,
    plant: () => {
      replace(Exchanges.prototype, "cutOff", (cutOff) => {
        return function (this: Exchanges, error) {
          if (this.outbox.bytes === 0) cutOff.call(this, error);
        };
      });
    },
  },
  {
    name: "a handler left waiting: the connection was lost before its output had left",
    scenario: http,
    error: /handlers wait for ever/,
    plant: () => {
      replace(Outbox.prototype, "clear", () => () => undefined);
    },
  },
  {
    name: "a line lost between two streams: it was told while the page was away",
    scenario: pageChat,
    error: /misses lines, or has some twice/,
    plant: () => {
      replace(KeptLines.prototype, "after", (after) => {
        return function (this: KeptLines, id) {
          return after.call(this, id > 0 && id < this.last ? id + 1 : id);
        };
      });
    },
  },
  {
    name: "a copy of a datagram taken for a request: its number is not remembered",
    scenario: udp,
    error: /took effect twice/,
    plant: () => {
      replace(Sessions.prototype, "remember", (remember) => {
        return function (this: Sessions, session, _number, answer) {
          remember.call(this, session, session.number, answer);
        };
      });
    },
  },
  {
    name: "a copy that comes when its client is forgotten: an old ticket is taken for new",
    scenario: udp,
    error: /took effect twice/,
    plant: () => {
      replace(Tickets.prototype, "isNew", () => () => true);
    },
  },
  {
    name: "a client forgotten too soon: its ticket is new still",
    scenario: udp,
    error: /took effect twice/,
    plant: () => {
      replace(Sessions.prototype, "expire", (expire) => {
        return function (this: Sessions, nowMs) {
          expire.call(this, nowMs + 58_000);
        };
      });
    },
  },
  {
    name: "a request made again though its outcome was unknown",
    scenario: udp,
    error: /took effect twice/,
    plant: () => {
      replace(DatagramClient.prototype, "ask", (ask) => {
        return async function (this: DatagramClient, operation) {
          const outcome = await ask.call(this, operation);
          return outcome.is === "unknown" ? ask.call(this, operation) : outcome;
        };
      });
    },
  },
];

/** How it fails in the simulation that was found: what is told of it, byte for byte. */
async function failureIn(
  scenario: Scenario,
  { seed, simulation: found }: Failure,
): Promise<string> {
  const world = createSimulation({ ...scenario.options, seed, faults: found.faults });
  try {
    await world.run((simulation) => scenario.run(simulation));
  } catch (error) {
    return (error as Error).message;
  }
  return "it does not fail again";
}

/** Every fault is as it was drawn, or left out. */
function expectSmaller(failure: Failure, scenario: Scenario): void {
  const { seed } = failure;
  const drawn = createSimulation({ ...scenario.options, seed, faults: "swarm" }).faults;
  for (const fault of FAULTS) expect([0, drawn[fault]]).toContain(failure.simulation.faults[fault]);
}

describe("a bug that is planted is found", () => {
  it.for(BUGS)("$name", async ({ scenario, error, plant }, { annotate }) => {
    plant();
    const failure = await searchSeeds(scenario, { count: SEEDS });
    if (failure === null) return expect.fail(`not found with ${SEEDS} seeds`);
    await annotate(`found with seed ${failure.seed}`);
    expect(failure.error.message).toMatch(error);
    expectSmaller(failure, scenario);
    expect(await failureIn(scenario, failure)).toBe(failure.error.message);
  });

  it.each([serveEcho, heldEcho, http])(
    "$name finds nothing where none is planted",
    async (scenario) => {
      expect(await searchSeeds(scenario, { count: 50 })).toBeNull();
    },
  );
});
