/** As many clients as are asked for, and what becomes of them. */
import { Latencies, type Quantile } from "../latencies.ts";
import type { Load } from "../samples.ts";
import { Client } from "./client.ts";

/** Milliseconds between two looks at a crowd. */
const LOOK_MS = 20;

export interface VisitsQuestion {
  readonly port: number;
  readonly clients: number;
  readonly load: Load;
  /** On a connection. */
  readonly requests: number;
  /** Milliseconds that are not counted: at least, and at most until every client was answered. */
  readonly warmMs: number;
  readonly mostWarmMs: number;
  readonly measureMs: number;
  /** Milliseconds at most, if nobody is answered until then. */
  readonly limitMs: number;
}

export interface Visits {
  /** Answers to requests that count, in a second. */
  readonly perSecond: number;
  readonly answers: number;
  /** Those of all requests, and from the beginning. */
  readonly allAnswers: number;
  /** Clients that got any, before it was counted or while. */
  readonly answeredClients: number;
  readonly wrong: number;
  /** Connections that broke. */
  readonly failed: number;
  readonly p50: Quantile | null;
  readonly p99: Quantile | null;
}

/** Clients ask all the time, and come again when they have asked so many. */
export async function visit(question: VisitsQuestion): Promise<Visits> {
  const { clients: count, warmMs, mostWarmMs, measureMs, limitMs } = question;
  const latencies = new Latencies();
  const answeredClients = new Set<number>();
  let [counting, allAnswers, wrong, failed] = [false, 0, 0, 0];
  const clients = crowdOf(count, { ...question, stays: false }, (number) => ({
    answered(ms, { counted }, right) {
      allAnswers++;
      if (!right) wrong++;
      answeredClients.add(number);
      if (counting && counted) latencies.add(ms);
    },
    failed: () => failed++,
  }));
  await sleep(warmMs);
  const arrived = performance.now();
  while (answeredClients.size < count && performance.now() - arrived < mostWarmMs - warmMs) {
    await sleep(LOOK_MS);
  }
  counting = true;
  const begun = performance.now();
  await sleep(measureMs);
  while (latencies.answered === 0 && performance.now() - begun < limitMs) await sleep(LOOK_MS);
  counting = false;
  const seconds = (performance.now() - begun) / 1000;
  for (const client of clients) {
    const waits = client.leave();
    if (waits?.question.counted === true) latencies.addUnanswered(waits.ms);
  }
  const [p50, p99] = latencies.quantiles([0.5, 0.99]) as [Quantile | null, Quantile | null];
  const { answered: answers } = latencies;
  return {
    ...{ perSecond: answers / seconds, answers, allAnswers, p50, p99 },
    ...{ answeredClients: answeredClients.size, wrong, failed },
  };
}

export interface StayQuestion {
  readonly port: number;
  readonly clients: number;
  /** Milliseconds in which nobody new is answered: then the others never will be. */
  readonly stallMs: number;
  readonly limitMs: number;
}

export interface Stay {
  /** Clients that were answered while all others stayed. */
  readonly carried: number;
  /** Milliseconds until the last of them was answered. */
  readonly ms: number;
  /** Whether nobody new was answered any more; otherwise the time was up. */
  readonly stalled: boolean;
  readonly wrong: number;
  readonly failed: number;
}

let staying: readonly Client[] = [];

/** Clients come all at once, ask once, and stay until `leave()`. */
export async function stay({ port, clients, stallMs, limitMs }: StayQuestion): Promise<Stay> {
  const begun = performance.now();
  let [carried, wrong, failed, last] = [0, 0, 0, 0];
  const settings = { port, load: "echo", requests: 1, stays: true } as const;
  staying = crowdOf(clients, settings, () => ({
    answered(_, __, right) {
      carried++;
      if (!right) wrong++;
      last = performance.now() - begun;
    },
    failed: () => failed++,
  }));
  const stalled = (): boolean => performance.now() - begun > last + stallMs;
  while (carried < clients && !stalled() && performance.now() - begun < limitMs) {
    await sleep(LOOK_MS);
  }
  return { carried, ms: last, stalled: carried < clients && stalled(), wrong, failed };
}

export function leave(): void {
  for (const client of staying) client.leave();
  staying = [];
}

function crowdOf(
  count: number,
  settings: ConstructorParameters<typeof Client>[1],
  eventsOf: (number: number) => ConstructorParameters<typeof Client>[2],
): Client[] {
  const clients = Array.from({ length: count }, (_, i) => new Client(i, settings, eventsOf(i)));
  for (const client of clients) client.visit();
  return clients;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
