/**
 * What goes wrong in a simulation, and how often.
 *
 * Each fault has one probability, and which faults there are is drawn too: simulations with few
 * faults, each of them often, find what those with all of them never reach ("Swarm Testing", Groce and
 * others, ISSTA 2012).
 */
import { inspect } from "node:util";

import type { Random } from "./random.ts";

/** The probability of each fault, from 0 to 1. */
export interface FaultPlan {
  /** A segment travels in pieces. */
  readonly split: number;
  /** A segment takes up to `delayMs` longer, and those behind it too. */
  readonly delay: number;
  /** From a segment on one direction of a stream stands still for up to `stallMs`. */
  readonly stall: number;
  /** The network breaks the connection in place of carrying a segment. */
  readonly reset: number;
  /** What was on its way is lost when an end resets or is killed. */
  readonly loseOnReset: number;
  /** An end has only small buffers. */
  readonly smallBuffers: number;
  /** A connection is refused, or its host cannot be reached. */
  readonly refuse: number;
  /** Accepting fails: too many open files, or the peer has gone meanwhile. */
  readonly acceptFailure: number;
  /** A handler takes up to `handlerMs`. */
  readonly slowHandler: number;
  /** A datagram does not arrive. */
  readonly loseDatagram: number;
  /** A datagram arrives twice. */
  readonly duplicateDatagram: number;
  /** A datagram takes up to `delayMs` longer, and is overtaken. */
  readonly reorderDatagram: number;
}

/** Magnitudes, in milliseconds: the same in every plan. */
export const MAGNITUDES = Object.freeze({ delayMs: 200, stallMs: 5000, handlerMs: 20 });

/** Nothing goes wrong. */
export const NO_FAULTS: FaultPlan = Object.freeze({
  split: 0,
  delay: 0,
  stall: 0,
  reset: 0,
  loseOnReset: 0,
  smallBuffers: 0,
  refuse: 0,
  acceptFailure: 0,
  slowHandler: 0,
  loseDatagram: 0,
  duplicateDatagram: 0,
  reorderDatagram: 0,
});

/** The names of all faults. */
export const FAULTS = Object.keys(NO_FAULTS) as (keyof FaultPlan)[];

/** Those that happen to whole connections, or once in the life of an end: they may be frequent. */
const MOST: Readonly<Record<keyof FaultPlan, number>> = {
  split: 1,
  delay: 0.5,
  stall: 0.02,
  reset: 0.01,
  loseOnReset: 1,
  smallBuffers: 1,
  refuse: 0.5,
  acceptFailure: 0.2,
  slowHandler: 0.1,
  loseDatagram: 0.5,
  duplicateDatagram: 0.5,
  reorderDatagram: 0.5,
};

/** A plan of the swarm: each fault is there or not, and where it is, is rare or frequent. */
export function drawFaultPlan(seed: Random): FaultPlan {
  const random = seed.fork("fault plan");
  const drawn = FAULTS.map((fault) => {
    const present = random.chance(0.5);
    const rarity = random.pick([1, 0.3, 0.1]);
    return [fault, present ? MOST[fault] * rarity : 0] as const;
  });
  return Object.freeze(Object.fromEntries(drawn) as unknown as FaultPlan);
}

/** The plan with the given faults. Throws for what is no fault, and what is no probability. */
export function checkedFaultPlan(given: Partial<FaultPlan>): FaultPlan {
  if (typeof given !== "object" || (given as unknown) === null) {
    throw new TypeError(
      `faults is ${inspect(given)}: give "swarm", or a probability for each fault`,
    );
  }
  for (const [fault, probability] of Object.entries(given) as [string, unknown][]) {
    if (!Object.hasOwn(NO_FAULTS, fault)) {
      throw new TypeError(`there is no fault ${fault}: give one of ${FAULTS.join(", ")}`);
    }
    if (typeof probability === "number" && probability >= 0 && probability <= 1) continue;
    throw new RangeError(`fault ${fault} is ${String(probability)}: give a number from 0 to 1`);
  }
  return Object.freeze({ ...NO_FAULTS, ...given });
}

/** The faults of a plan, for people: `split 0.3, reset 0.001`, or `none`. */
export function formatFaultPlan(plan: FaultPlan): string {
  const present = FAULTS.filter((fault) => plan[fault] > 0);
  return present.map((fault) => `${fault} ${plan[fault]}`).join(", ") || "none";
}

/**
 * The smallest plan that `fails` still: faults are left out one after the other, as long as leaving
 * one out keeps the failure (a simple form of Zeller's delta debugging).
 */
export async function shrinkFaultPlan(
  plan: FaultPlan,
  fails: (plan: FaultPlan) => Promise<boolean>,
): Promise<FaultPlan> {
  let smallest = plan;
  for (let smaller = true; smaller;) {
    smaller = false;
    for (const fault of FAULTS.filter((name) => smallest[name] > 0)) {
      const without = Object.freeze({ ...smallest, [fault]: 0 });
      if (!(await fails(without))) continue;
      smallest = without;
      smaller = true;
    }
  }
  return smallest;
}
