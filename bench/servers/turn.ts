/**
 * Turns on the in-memory network: of all that is registered ten are ready, each with a byte that
 * nobody reads, so that level mode reports them every turn. No system call is made, no byte moves.
 */
import { createReactor, READABLE } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

import { answer, serverAnswers } from "../child.ts";

const READY = 10;

const clock = new SimulatedClock();
const network = new MemoryNetwork(clock);
const reactor = createReactor({ network, clock, spinTurns: Infinity });
let dispatched = 0;

async function register({ count }: { count: number }): Promise<void> {
  const everySo = count / READY;
  for (let i = 0; i < count; i++) {
    const [ours, theirs] = network.pair();
    reactor.register(reactor.adopt(ours as never), READABLE, () => {
      dispatched++;
    });
    if (i % everySo === 0) theirs.write("x");
  }
  await clock.settle(2).catch(() => undefined); // it never comes to rest: ten stay ready
}

/** Turns until there were `count` dispatches more. */
function dispatch({ count }: { count: number }): void {
  const end = dispatched + count;
  let turns = 0;
  for (; dispatched < end; turns++) clock.stepSync();
  if (turns !== count / READY) throw new Error(`${turns} turns for ${count} dispatches`);
}

answer({ ...serverAnswers, register, dispatch });
