/** A line on stderr for each turn, and for each call of a handler: `NODE_DEBUG=iomux`. */
import { debuglog } from "node:util";

import { BufferedChannel } from "../channel.ts";
import type { Counters } from "../host.ts";
import { formatMask } from "../mask.ts";
import type { Entry, ReadySource } from "../registration.ts";
import { nameOf } from "./dispatch.ts";

export class Trace {
  readonly #counters: Counters;
  readonly #print: (line: string) => void;
  /** The counters when the last turn had ended. */
  #before: Counters;
  #ready = 0;
  #began = 0;

  constructor(counters: Counters, print: (line: string) => void) {
    this.#counters = counters;
    this.#before = { ...counters };
    this.#print = print;
  }

  /** Null unless the environment asks for it, when the process starts. */
  static ifWanted(counters: Counters): Trace | null {
    const log = debuglog("iomux");
    if (!log.enabled) return null;
    return new Trace(counters, (line) => {
      log("%s", line);
    });
  }

  turnBegins(ready: number, now: number): void {
    this.#ready = ready;
    this.#began = now;
  }

  /** Bytes that came since the turn before started this one: they count as its own. */
  turnEnds(now: number): void {
    const { dispatches, timersFired, bytesIn, bytesOut } = this.#counters;
    const before = this.#before;
    this.#say(
      `${this.#ready} ready, ${dispatches - before.dispatches} called, ` +
        `${timersFired - before.timersFired} timers, ${ms(now - this.#began)}, ` +
        `${bytesIn - before.bytesIn} bytes in, ${bytesOut - before.bytesOut} bytes out`,
    );
    this.#before = { ...this.#counters };
  }

  /** Answers what is to be called when the handler has returned. */
  handlerBegins(entry: Entry, ready: number, now: number): (now: number) => void {
    const { descriptor } = entry;
    const read = unread(descriptor);
    const wrote = written(descriptor);
    const { progress } = descriptor;
    const called = `fd ${entry.fd} ${formatMask(ready)}, ${nameOf(entry)}`;
    return (ended) => {
      const moved =
        descriptor instanceof BufferedChannel
          ? `read ${read - unread(descriptor)}, wrote ${written(descriptor) - wrote} bytes`
          : `took ${descriptor.progress - progress}`;
      this.#say(`${called}: ${ms(ended - now)}, ${moved}`);
    };
  }

  #say(what: string): void {
    this.#print(`turn ${this.#counters.turns}: ${what}`);
  }
}

function ms(time: number): string {
  return `${time.toFixed(2)} ms`;
}

function unread(descriptor: ReadySource): number {
  return descriptor instanceof BufferedChannel ? descriptor.unread : 0;
}

function written(descriptor: ReadySource): number {
  return descriptor instanceof BufferedChannel ? descriptor.bytesOut + descriptor.queued : 0;
}
