/**
 * H25, H26: every interleaving of {arrive, read, modify, unregister}, in every mode, against a
 * model of ten lines. In memory only: there one step of the clock is one pass, so that between any
 * two steps there may, or may not, be a turn.
 */
import { expect, it } from "vitest";

import { createReactor, EDGE, ONESHOT, READABLE, type Channel, type Reactor } from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

const STEPS = ["arrive", "read", "modify", "unregister"] as const;
type Step = (typeof STEPS)[number];
const DEPTH = 4;

/** What must be told: the reference. */
class Model {
  readonly #mode: number;
  #coming = false;
  #unread = false;
  #pending = false;
  #armed = true;
  #registered = true;
  reports = 0;

  constructor(mode: number) {
    this.#mode = mode;
  }

  step(step: Step): void {
    if (step === "arrive") this.#coming = true;
    if (step === "read") this.#unread = false;
    if (step === "modify") [this.#armed, this.#pending] = [true, this.#unread];
    if (step === "unregister") this.#registered = false;
  }

  turn(): void {
    if (this.#coming) [this.#coming, this.#unread, this.#pending] = [false, true, true];
    const found = this.#unread && ((this.#mode & EDGE) === 0 || this.#pending);
    if (!this.#registered || !this.#armed || !found) return;
    this.reports++;
    this.#pending = false;
    if ((this.#mode & ONESHOT) !== 0) this.#armed = false;
  }
}

/** The real thing, driven by the same steps. */
class Subject {
  readonly clock = new SimulatedClock();
  readonly reactor: Reactor;
  readonly #peer: MemorySocket;
  readonly #channel: Channel;
  readonly #mode: number;
  reports = 0;

  constructor(mode: number) {
    const network = new MemoryNetwork(this.clock);
    this.reactor = createReactor({ network, clock: this.clock });
    const [source, peer] = network.pair();
    this.#peer = peer;
    this.#mode = mode;
    this.#channel = this.reactor.adopt(source as never);
    this.reactor.register(this.#channel, READABLE | mode, () => {
      this.reports++;
    });
  }

  step(step: Step): void {
    if (step === "arrive") this.#peer.write("x");
    if (step === "read") this.#channel.read();
    if (step === "modify" && this.reactor.has(this.#channel)) {
      this.reactor.modify(this.#channel, READABLE | this.#mode);
    }
    if (step === "unregister" && this.reactor.has(this.#channel)) {
      this.reactor.unregister(this.#channel);
    }
  }

  turn(): void {
    this.clock.pass();
    this.reactor.assertInvariants();
  }
}

function* sequences(depth: number): Generator<Step[]> {
  if (depth === 0) {
    yield [];
    return;
  }
  for (const before of sequences(depth - 1)) for (const step of STEPS) yield [...before, step];
}

/** Runs one interleaving: bit i of `gaps` says whether a turn comes after step i. */
function run(mode: number, steps: readonly Step[], gaps: number): [seen: number[], want: number[]] {
  const subject = new Subject(mode);
  const model = new Model(mode);
  const [seen, want]: [number[], number[]] = [[], []];
  const turn = (): void => {
    subject.turn();
    model.turn();
    seen.push(subject.reports);
    want.push(model.reports);
  };
  steps.forEach((step, place) => {
    subject.step(step);
    model.step(step);
    if ((gaps & (1 << place)) !== 0) turn();
  });
  turn();
  turn();
  return [seen, want];
}

it.each([
  ["level", 0],
  ["edge", EDGE],
  ["oneshot", ONESHOT],
  ["edge and oneshot", EDGE | ONESHOT],
])("8 / H25, H26: all interleavings of arrive, read, modify, unregister: %s", (_, mode) => {
  let count = 0;
  let reports = 0;
  for (const steps of sequences(DEPTH)) {
    for (let gaps = 0; gaps < 1 << DEPTH; gaps++) {
      const [seen, want] = run(mode, steps, gaps);
      if (seen.join() !== want.join()) {
        expect(seen, `${steps.join(", ")} with turns after ${gaps.toString(2)}`).toEqual(want);
      }
      count++;
      reports += seen.at(-1)!;
    }
  }
  expect(count).toBe(4 ** DEPTH * 2 ** DEPTH);
  expect(reports).toBeGreaterThan(1000);
});

it("8 / H25: bytes that come between the last read and the re-arming are told of", () => {
  for (const steps of [
    ["arrive", "read", "arrive", "modify"],
    ["arrive", "read", "modify", "arrive"],
    ["arrive", "arrive", "read", "modify", "arrive"],
  ] as Step[][]) {
    for (const mode of [EDGE, ONESHOT, EDGE | ONESHOT]) {
      const subject = new Subject(mode);
      for (const step of steps.slice(0, -2)) subject.step(step);
      subject.turn();
      const before = subject.reports;
      for (const step of steps.slice(-2)) subject.step(step);
      subject.turn();
      expect(subject.reports).toBe(before + 1);
    }
  }
});
