/** The system's clock: real time, so nothing here has a time as its mark but "not before". */
import { afterEach, describe, expect, it, vi } from "vitest";

import { createReactor, READABLE, type Clock, type Reactor, type ReactorOptions } from "iomux";

import { runScript } from "../support/child.ts";

let reactor: Reactor;

afterEach(() => reactor.close({ drainMs: 0 }));

function make(options: ReactorOptions = {}): Reactor {
  reactor = createReactor(options);
  return reactor;
}

/** Resolves with the time, in milliseconds, that a timer of the reactor really took. */
function took(delayMs: number): Promise<number> {
  return new Promise((resolve) => {
    const from = performance.now();
    reactor.setTimer(delayMs, () => resolve(performance.now() - from));
  });
}

describe("the system's clock", () => {
  it("13: timers round up: none fires before its time, at any fraction and phase", async () => {
    make();
    const delays = [0, 0.1, 0.5, 0.9, 1, 1.1, 2.5, 3, 4.999, 7.3];
    for (let round = 0; round < 15; round++) {
      // Out of step with Node's clock, which counts whole milliseconds.
      for (const from = performance.now(); performance.now() - from < (round % 7) / 7;);
      const times = await Promise.all(delays.map(took));
      delays.forEach((delay, i) => expect(times[i]).toBeGreaterThanOrEqual(delay));
    }
  });

  it("13: a clock that wakes too early is asked again, and the timer fires in time", async () => {
    const plain = make();
    let wakeUps = 0;
    const hasty: Clock = {
      now: () => performance.now(),
      immediate: (callback) => void setImmediate(callback),
      timer: (delayMs, callback) => {
        wakeUps++;
        const timeout = setTimeout(callback, Math.floor(delayMs / 2));
        return () => clearTimeout(timeout);
      },
      keepAlive: () => undefined,
    };
    await plain.close();
    make({ clock: hasty });
    expect(await took(40)).toBeGreaterThanOrEqual(40);
    expect(wakeUps).toBeGreaterThan(1);
  });

  it("13: poll and select wait at least timeoutMs; 0 does not wait", async () => {
    make();
    for (const timeoutMs of [0, 0.4, 5, 9.7]) {
      const from = performance.now();
      expect(await reactor.poll({ timeoutMs })).toEqual([]);
      expect(performance.now() - from).toBeGreaterThanOrEqual(timeoutMs);
      const again = performance.now();
      expect(await reactor.select([], [], [], { timeoutMs })).toEqual([[], [], []]);
      expect(performance.now() - again).toBeGreaterThanOrEqual(timeoutMs);
    }
  });

  it("timers fire in the order of their deadlines, then of their age", async () => {
    make();
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      const from = [6, 2, 4, 2, 0];
      from.forEach((delay, i) => reactor.setTimer(delay, () => order.push(i)));
      reactor.setTimer(6, resolve);
    });
    expect(order.indexOf(1)).toBeLessThan(order.indexOf(3));
    expect(order.slice(-2)).toEqual([2, 0]);
    expect(order).toHaveLength(5);
  });

  it("delays beyond what setTimeout takes (2^31 ms) neither fire at once nor reach setTimeout", async () => {
    make();
    const asked = vi.spyOn(globalThis, "setTimeout");
    const fired: number[] = [];
    const delays = [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];
    const timers = delays.map((delay, i) => reactor.setTimer(delay, () => fired.push(i)));
    for (const timer of timers.slice(0, 3)) timer.cancel();
    for (let i = 0; i < 5; i++) await took(2);
    const longest = Math.max(...asked.mock.calls.map(([, ms]) => ms ?? 0));
    asked.mockRestore();
    expect(fired).toEqual([]);
    expect(timers.map(({ active }) => active)).toEqual([false, false, false, true]);
    expect(longest).toBe(2 ** 31 - 1);
  });

  it("time never goes back, and a timer sees it pass", async () => {
    make();
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      await took(0);
      times.push(performance.now());
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("a handler is called for bytes of another process, in real time", async () => {
    make();
    const listener = await reactor.listen({ port: 0 });
    const read = new Promise<string>((resolve) => {
      reactor.register(listener, READABLE, () => {
        const peer = listener.accept()!;
        reactor.register(peer, READABLE, (channel) => {
          const bytes = channel.read();
          if (bytes !== null && bytes.length > 0) resolve(bytes.toString());
          channel.close();
        });
      });
    });
    const { port } = listener.localAddress as { port: number };
    const child = await runScript(
      `require("net").connect(${port}, "127.0.0.1", function () { this.write("hi"); console.log("up"); })`,
    );
    expect(await read).toBe("hi");
    await child.kill("SIGKILL");
  });
});
