/** What is noticed of the real world: from start() to stop(), and nothing of before or after. */
import { afterEach, expect, it } from "vitest";

import { RealWatch } from "../../src/testing/real-watch.ts";

const timers: NodeJS.Timeout[] = [];
afterEach(() => {
  for (const timer of timers.splice(0)) clearTimeout(timer);
});

function begin(): void {
  timers.push(setTimeout(() => undefined, 1e6));
}

it("what is begun while it watches is found, once", () => {
  const watch = new RealWatch();
  watch.start();
  begin();
  expect(watch.found()).toMatch(/^a real timer \(Timeout\), begun at .*real-watch\.test/);
  expect(watch.found()).toBeNull();
  watch.stop();
});

it("what is begun after stop() is not", () => {
  const watch = new RealWatch();
  watch.start();
  watch.stop();
  begin();
  expect(watch.found()).toBeNull();
});

it("what was begun before stop() and not asked for is forgotten", () => {
  const watch = new RealWatch();
  watch.start();
  begin();
  watch.stop();
  watch.start();
  expect(watch.found()).toBeNull();
  watch.stop();
});
