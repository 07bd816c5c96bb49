/**
 * The driver: the parent. He starts the conductor and is told of him by signals, but for two things
 * that signals cannot tell: that she is ready for them, and that she is gone. For these there is a
 * line, a pair of sockets that both keep open while they live.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";

import { READABLE, type Channel, type Reactor, type Signals } from "iomux";

import { DRIVER, signalsOf, type Signal } from "./duties.ts";
import type { Locale, Texts } from "./texts.ts";

const CONDUCTOR = fileURLToPath(new URL("./conductor.ts", import.meta.url));

export interface DriverOptions {
  readonly locale: Locale;
  readonly texts: Texts;
  readonly say: (line: string) => void;
}

/** How a conductor was lost, or null: she has left in order. */
export type Loss = string | null;

export class Driver {
  readonly #options: DriverOptions;
  readonly #signals: Signals;
  readonly #conductor: ChildProcess;
  readonly #line: Channel;
  #ready = false;
  /** What she is told as soon as she can hear it. */
  #untold: Signal | null = null;

  private constructor(reactor: Reactor, options: DriverOptions) {
    this.#options = options;
    // Before there is anybody who could send one: the default action of SIGUSR1 is to end.
    this.#signals = reactor.signals(signalsOf(DRIVER));
    reactor.register(this.#signals, READABLE, () => {
      this.#hear();
    });
    const node = [...process.execArgv, CONDUCTOR, options.locale];
    this.#conductor = spawn(process.execPath, node, {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    this.#line = reactor.register(this.#conductor.stdio[3] as Socket, READABLE, (line) => {
      const bytes = line.read();
      if (bytes?.length === 0) line.close();
      else if (bytes !== null) this.#begin();
    }).descriptor;
  }

  /** Drives until the conductor has gone. Rejects if there is none to be had. */
  static async drive(reactor: Reactor, options: DriverOptions): Promise<Loss> {
    const driver = new Driver(reactor, options);
    const how = await driver.#gone();
    // Her last words may have come with the news that she is gone.
    driver.#hear();
    if (how === null) driver.#say(options.texts.endOfWork);
    return how;
  }

  /** Waits until she has ended, was waited for (so that she is no zombie), and all has come. */
  async #gone(): Promise<Loss> {
    const how = await new Promise<Loss>((resolve, reject) => {
      this.#conductor.on("error", reject);
      this.#conductor.on("exit", (code, signal) => {
        resolve(code === 0 ? null : (signal ?? `exit status ${code}`));
      });
    });
    await this.#line.closed;
    return how;
  }

  #begin(): void {
    if (this.#ready) return;
    this.#ready = true;
    const { texts, say } = this.#options;
    const pids = [process.pid, this.#conductor.pid!] as const;
    say(texts.aboard(...pids));
    for (const line of texts.howTo(...pids)) say(line);
    if (this.#untold !== null) this.#tell(this.#untold);
  }

  #hear(): void {
    for (let name = this.#signals.read(); name !== null; name = this.#signals.read()) {
      const duty = DRIVER[name as Signal]!;
      if (duty === "nothing" || duty === "leaves") continue;
      if ("says" in duty) this.#say(this.#options.texts[duty.says]);
      else this.#tell(duty.tells);
    }
  }

  #say(what: string): void {
    const { driver, colon } = this.#options.texts;
    this.#options.say(`${driver}${colon}${what}`);
  }

  #tell(signal: Signal): void {
    // Before she listens it would be her end. Ctrl-Z may have stopped her before that.
    if (this.#ready) this.#conductor.kill(signal);
    else this.#untold = signal;
    this.#conductor.kill("SIGCONT");
  }
}
