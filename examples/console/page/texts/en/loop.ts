/** The view of the loop. What stands between asterisks is strong. */
import { formatCount } from "../../format/numbers.ts";

const many = (count: number, one: string, more: string): string =>
  `${formatCount(count)} ${count === 1 ? one : more}`;

export const LOOP = {
  title: "Loop",
  waits: (waiting: number) =>
    `One thread waits for *${many(waiting, "descriptor", "descriptors")}*.`,
  sentence: (waiting: number, ready: number, called: number) => {
    const wait = `One thread waits for *${many(waiting, "descriptor", "descriptors")}*. `;
    const were = `In this turn *${formatCount(ready)}* ${ready === 1 ? "was" : "were"} ready; `;
    if (ready === 0) return `${wait}In this turn *nobody* was ready: it was for timers and output.`;
    if (called < ready) return `${wait}${were}*${formatCount(called)}* got their call, one by one.`;
    return wait + were + (ready === 1 ? "its handler ran once." : "each handler ran once.");
  },
  whoWaits: "Who waits, and who is ready",
  whoIsCalled: "Who is called, one after the other",
  groupCount: (count: number, ready: number) =>
    ready === 0 ? formatCount(count) : `${formatCount(count)}, ${formatCount(ready)} ready`,
  noTurn: "Nobody has been called yet: the thread sleeps until somebody is ready.",
  turnNumber: (turn: string) => `Turn ${turn}, the busiest of this second`,
  calls: (count: number) => `Calls of this turn: ${formatCount(count)}`,
  more: (count: number) => `${formatCount(count)} calls more than fit here`,
  ran: "ran",
  rest: "timers, output, the loop itself",
  restAndMore: "the other calls, timers, output, the loop itself",
  earlier: "The turn before",
  later: "The turn after",
  explained: {
    question: "What am I looking at?",
    answer:
      "This server has no thread per connection. One thread asks the system which of its descriptors are ready, calls the handler of each of them, and asks again. Nothing waits for a slow peer, because nobody is called who has nothing to do.",
    words: [
      [
        "Descriptor",
        "A connection, a listener, or whatever else can be waited for. It has a number, its fd.",
      ],
      ["Ready", "There is something to read, there is room to write, or it has ended."],
      ["Handler", "The function that is called for it. It does what can be done now and returns."],
      [
        "Turn",
        "Once around: ask, call those that are ready. A handler that takes long makes all others wait.",
      ],
    ] as readonly (readonly [string, string])[],
  },
  figures: {
    open: "Open",
    registered: "Registered",
    timers: "Timers",
    bytesIn: "In",
    bytesOut: "Out",
    buffered: "Buffered",
    slow: "Slow handlers",
    spinning: "Spinning",
    refused: "Refused",
    shed: "Shed",
  },
  plots: {
    label: "The last five minutes",
    titles: {
      turns: "Turns per second",
      dispatches: "Dispatches per turn",
      turnLength: "Turn length",
      loopDelay: "Loop delay",
    },
    longest: (value: string) => `longest ${value}`,
    highest: (value: string) => `most: ${value}`,
    described: (title: string, now: string, highest: string) =>
      `${title} over the last five minutes: now ${now}, at most ${highest}`,
    ago: (seconds: number) => (seconds < 60 ? `−${seconds} s` : `−${seconds / 60} min`),
    now: "now",
  },
  incidents: {
    title: "Incidents",
    none: "None. Slow and spinning handlers, refusals and what was shed are told here.",
    kinds: {
      slow: "slow",
      spinning: "spinning",
      refused: "refused",
      overflow: "overflow",
      shed: "shed",
      dropped: "dropped",
    },
  },
  fd: (fd: number) => `fd ${fd}`,
};
