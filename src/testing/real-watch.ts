/**
 * Notices what is real while a simulation runs: a timer, a file, a thread, a socket of the machine.
 *
 * Node tells of each with async_hooks when it is begun. What has come to its end by the time that
 * every promise has run (a timer that was cleared, random bytes that were asked for at once) is no
 * wait. What the console does is let through: it is for whoever looks for a defect.
 *
 * https://nodejs.org/api/async_hooks.html
 */
// Node calls createHook experimental, and has had it unchanged since version 8.
// eslint-disable-next-line n/no-unsupported-features/node-builtins
import { AsyncResource, createHook } from "node:async_hooks";

/** What Node's own object has, as far as it is looked at. */
interface Resource {
  /** Of timers and immediates. */
  readonly _destroyed?: boolean;
  /** Of jobs in a thread; those that are done at once have none. */
  readonly ondone?: unknown;
  /** Of compression in a thread. */
  readonly cb?: unknown;
}

interface Begun {
  readonly type: string;
  readonly resource: Resource;
  readonly place: string;
}

/** Those of promises and of `process.nextTick`, which the simulation runs to their end itself. */
const TICK = "TickObject";
const PROMISE = "PROMISE";
const FRAMES = 50;

export class RealWatch {
  /** Calls of `process.nextTick` so far. */
  ticks = 0;
  #begun: Begun[] = [];
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === PROMISE) return;
      if (type === TICK) this.ticks++;
      else if (!(resource instanceof AsyncResource)) this.#note(type, resource);
    },
  });

  start(): void {
    this.#hook.enable();
  }

  stop(): void {
    this.#hook.disable();
    this.#begun = [];
  }

  #note(type: string, resource: Resource): void {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = FRAMES;
    const { stack = "" } = new Error();
    Error.stackTraceLimit = limit;
    const frames = stack.split("\n").slice(1);
    if (frames.some((frame) => frame.includes("node:internal/console"))) return;
    this.#begun.push({ type, resource, place: callerIn(frames) });
  }

  /** What was begun since the last call and is waited for; null: nothing is. */
  found(): string | null {
    if (this.#begun.length === 0) return null;
    const begun = this.#begun;
    this.#begun = [];
    const waiting = begun.find(({ type, resource }) => isWaiting(type, resource));
    if (waiting === undefined) return null;
    return `${kindOf(waiting.type)} (${waiting.type}), begun ${waiting.place}`;
  }
}

/** The first frame of the program; of one of its dependencies, if there is none. */
function callerIn(frames: readonly string[]): string {
  const files = frames.filter(
    (frame) => /[/\\]/.test(frame) && !frame.includes("node:") && !/real-watch\.[jt]s/.test(frame),
  );
  const own = files.find((frame) => !frame.includes("node_modules"));
  return (own ?? files[0] ?? "somewhere").trim();
}

function isWaiting(type: string, resource: Resource): boolean {
  if (type === "Timeout" || type === "Immediate") return resource._destroyed !== true;
  if (type === "ZLIB") return typeof resource.cb === "function";
  if (type.endsWith("REQUEST")) return resource.ondone !== undefined;
  return true;
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^Timeout$/, "a real timer"],
  [/^Immediate$/, "an immediate of the real loop"],
  [/^(FS|FILE|DIR|STAT)/, "a real file"],
  [/^(WORKER|MESSAGEPORT|ZLIB|.*REQUEST)$/, "a thread"],
  [/^(TCP|PIPE|UDP|TLS|GETADDRINFO|QUERY)/, "a real socket"],
  [/^PROCESS/, "a real process"],
  [/^SIGNAL/, "a real signal"],
];

function kindOf(type: string): string {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? "something real";
}
