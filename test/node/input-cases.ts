/** What `signals.test.ts` and `stdin.test.ts` run, each case in a process of its own. */
import net from "node:net";
import { createInterface } from "node:readline";
import { Worker, isMainThread } from "node:worker_threads";

import {
  createReactor,
  formatMask,
  READABLE,
  type Channel,
  type SignalName,
  type Signals,
} from "iomux";

const HOUR_MS = 3_600_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const reactor = createReactor();

/** Says the name of each signal that comes. */
function announce(signals: Signals, prefix: string, then: (name: SignalName) => void): void {
  reactor.register(signals, READABLE, () => {
    for (let name = signals.read(); name !== null; name = signals.read()) {
      say(`${prefix} ${name}`);
      then(name);
    }
  });
}

/** Reads `stdin` to its end, and says how much that was. */
function readToEnd(then: (channel: Channel) => void): void {
  const pieces: Buffer[] = [];
  reactor.register(process.stdin, READABLE, (channel) => {
    const bytes = channel.read();
    if (bytes === null) return;
    pieces.push(bytes);
    if (bytes.length > 0) return;
    const text = Buffer.concat(pieces).toString();
    const shown = text.length > 40 ? `${text.length} bytes` : JSON.stringify(text);
    say(`${shown} ${channel.endConfirmed ? "confirmed" : "not confirmed"}`);
    then(channel);
  });
}

/** Closes `stdin` once `count` bytes of it were read. */
function readSome(count: number, then: () => void): void {
  reactor.register(process.stdin, READABLE, (channel) => {
    const bytes = channel.read(count)!;
    say(`read ${bytes.toString().trim()}`);
    channel.close();
    then();
  });
}

const cases: Record<string, () => Promise<void> | void> = {
  "signals alone"() {
    announce(reactor.signals(["SIGINT", "SIGTERM"]), "got", () => {});
    say("ready");
  },

  "a signal, then its default action"() {
    const signals = reactor.signals(["SIGINT", "SIGTERM"]);
    reactor.setTimer(HOUR_MS, () => {});
    announce(signals, "got", (name) => {
      if (name !== "SIGTERM") return;
      signals.close();
      say("closed");
    });
    say("ready");
  },

  "two descriptors"() {
    const far = reactor.setTimer(HOUR_MS, () => {});
    const seen: string[] = [];
    for (const who of ["first", "second"]) {
      announce(reactor.signals(["SIGUSR2"]), who, () => {
        if (seen.push(who) === 2) far.cancel();
      });
    }
    say("ready");
  },

  // Nothing of the reactor keeps the process alive, and its loop waits for I/O.
  "a signal, beside a server that is idle": () => {
    const server = net.createServer();
    announce(reactor.signals(["SIGHUP"]), "got", () => server.close());
    server.listen(0, "127.0.0.1", () => {
      say("ready");
    });
  },

  async "a poll for signals"() {
    const signals = reactor.signals(["SIGINT"]);
    reactor.register(signals, READABLE);
    say("ready");
    const [answer] = await reactor.poll();
    say(`${answer![0].descriptor === signals} ${signals.read()}`);
  },

  async "a reactor that closes"() {
    const signals = reactor.signals(["SIGINT"]);
    setInterval(() => {}, HOUR_MS);
    await reactor.close();
    say(`ready ${signals.state}`);
  },

  "a worker"() {
    if (isMainThread) {
      new Worker(new URL(import.meta.url), { argv: ["a worker"] });
      return;
    }
    try {
      reactor.signals(["SIGINT"]);
    } catch (error) {
      say(`${(error as { code: string }).code} ${(error as Error).message}`);
    }
  },

  "stdin to its end"() {
    readToEnd((channel) => {
      channel.close();
    });
  },

  "stdin to its end, and the reactor closes"() {
    readToEnd(() => void reactor.close().then(() => say("closed")));
  },

  "stdin that cannot be read"() {
    reactor.register(process.stdin, READABLE, (channel, ready) => {
      say(`${formatMask(ready)} ${(channel.error as NodeJS.ErrnoException).code}`);
    });
  },

  "stdin, unref'd"() {
    reactor.register(process.stdin, READABLE, () => {}).unref();
    say("ready");
  },

  "stdin, adopted and not registered"() {
    reactor.adopt(process.stdin);
    say("ready");
  },

  "stdin, closed in the middle"() {
    readSome(4, () => say("closed"));
    say("ready");
  },

  "stdin, closed while it is paused at its mark"() {
    const small = createReactor({ inputMark: 4 });
    small.register(process.stdin, READABLE, (channel) => {
      if (channel.unread < 8) return;
      channel.read(1);
      channel.close();
      say(`closed ${process.stdin.readableLength}`);
    });
    say("ready");
  },

  "stdin, closed at once"() {
    reactor.adopt(process.stdin).close();
    say(`closed ${process.stdin.destroyed}`);
  },

  "stdin, then readline"() {
    readSome(4, () => {
      createInterface({ input: process.stdin })
        .on("line", (line) => {
          say(`line ${line}`);
        })
        .on("close", () => {
          say("end");
        });
    });
    say("ready");
  },

  "stdin, then its data, then the reactor again"() {
    readSome(4, () => {
      process.stdin.on("data", function onData(bytes: Buffer) {
        say(`data ${bytes.toString().trim()}`);
        process.stdin.off("data", onData).pause();
        readToEnd((channel) => {
          channel.close();
        });
      });
      process.stdin.resume();
    });
    say("ready");
  },

  async "stdin, much, and slowly"() {
    const slow = createReactor({ inputMark: 4096 });
    const channel = slow.adopt(process.stdin);
    let total = 0;
    let most = 0;
    slow.register(channel, READABLE, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, channel.unread);
      const bytes = channel.read(1000)!;
      total += bytes.length;
      if (bytes.length > 0) return;
      say(`${total} ${most <= 4096 + 65_536 ? "bounded" : most}`);
      channel.close();
    });
  },
};

await cases[process.argv[2]!]!();
