/** The measurement: each model under each load, in a new process each time. */
import type { Cost, Zombie } from "./cost-process.ts";
import type { Model, Settings } from "./flags.ts";
import type { Stay, StayQuestion, Visits, VisitsQuestion } from "./load/crowd.ts";
import { cpuOfTree, measureTree, type TreeMemory } from "./process-tree.ts";
import type { Child, Programs } from "./programs.ts";
import { LOADS, type Load } from "./samples.ts";

/** Milliseconds that a crowd may take to be answered, all staying, and that nobody new may be. */
const STAY_MS = 15_000;
const STALL_MS = 2000;
/** Milliseconds of a load if nobody at all is answered. */
const SILENT_MS = 10_000;
/** Of the time that is measured, before that. */
const WARM_SHARE = 0.2;
/** Milliseconds that a process has to answer, over what it was told that it may take. */
const SPARE_MS = 10_000;
const COST_MS = 60_000;

/** Or one line that says why there is no such figure. */
type Measured<T> = T | { readonly trouble: string };

export interface StayFigures extends Stay {
  /** Of the server's processes before anybody came, and with all clients there. */
  readonly before: TreeMemory | null;
  readonly after: TreeMemory | null;
}

export interface VisitsFigures extends Visits {
  /** Milliseconds of CPU of all the server's processes, for each of all answers. */
  readonly cpuMs: number | null;
}

export interface Figures {
  readonly model: Model;
  readonly clients: number;
  readonly stay: Measured<StayFigures>;
  readonly loads: Readonly<Record<Load, Measured<VisitsFigures>>>;
}

export interface Costs {
  readonly program: Cost;
  readonly process: Cost;
  readonly thread: Cost;
  readonly zombie: Zombie;
}

export type Progress = (line: string) => void;

/**
 * Calls `progress` before each step. Rejects when it is stopped. The models take turns, so that
 * whatever else the machine does meanwhile falls on all of them.
 */
export async function measureModels(
  programs: Programs,
  settings: Settings,
  progress: Progress,
  signal: AbortSignal,
): Promise<Figures[]> {
  const crowd = await programs.start("load");
  const all = settings.models.flatMap((model) =>
    settings.clients.map((clients) => ({ model, clients, stay: NOTHING, loads: {} }) as Draft),
  );
  for (const count of settings.clients) {
    for (const what of ["stay", ...LOADS] as const) {
      for (const figures of all.filter(({ clients }) => clients === count)) {
        const { model } = figures;
        progress(`${model}, ${count} ${count === 1 ? "client" : "clients"}: ${what}`);
        const measured = <T>(measure: (server: Child) => Promise<T>): Promise<Measured<T>> =>
          withServer(programs, [model, settings], measure, signal);
        if (what === "stay") {
          figures.stay = await measured((server) => measureStay(crowd, server, count));
        } else {
          const asked = { clients: count, load: what, settings };
          figures.loads[what] = await measured((server) => measureVisits(crowd, server, asked));
        }
      }
    }
  }
  await crowd.stop();
  return all;
}

/** Figures that are still being measured. */
interface Draft extends Figures {
  stay: Figures["stay"];
  loads: Record<Load, Measured<VisitsFigures>>;
}

const NOTHING = { trouble: "not measured" };

/** What goes wrong with one server is its figure, and costs no other. */
async function withServer<T>(
  programs: Programs,
  [model, { workers }]: readonly [Model, Settings],
  measure: (server: Child) => Promise<T>,
  signal: AbortSignal,
): Promise<Measured<T>> {
  let server: Child | null = null;
  try {
    server = await programs.start(model, [programs.files, String(workers)]);
    return await measure(server);
  } catch (error) {
    signal.throwIfAborted();
    return { trouble: (error as Error).message };
  } finally {
    await server?.stop();
  }
}

async function measureStay(crowd: Child, server: Child, clients: number): Promise<StayFigures> {
  const port = await server.port();
  const before = measureTree(server.pid);
  const question: StayQuestion = { port, clients, stallMs: STALL_MS, limitMs: STAY_MS };
  try {
    const stay = await crowd.ask<Stay>("stay", STAY_MS + SPARE_MS, question);
    return { ...stay, before, after: measureTree(server.pid) };
  } finally {
    await crowd.ask("leave", SPARE_MS);
  }
}

async function measureVisits(
  crowd: Child,
  server: Child,
  what: { readonly clients: number; readonly load: Load; readonly settings: Settings },
): Promise<VisitsFigures> {
  const { clients, load, settings } = what;
  const measureMs = settings.seconds * 1000;
  const question: VisitsQuestion = {
    ...{ port: await server.port(), clients, load, requests: settings.requests },
    ...{ warmMs: measureMs * WARM_SHARE, mostWarmMs: measureMs },
    ...{ measureMs, limitMs: Math.max(measureMs, SILENT_MS) },
  };
  const before = cpuOfTree(server.pid);
  const limitMs = measureMs + question.limitMs + SPARE_MS;
  const visits = await crowd.ask<Visits>("visit", limitMs, question);
  const after = cpuOfTree(server.pid);
  const known = before !== null && after !== null && visits.allAnswers > 0;
  return { ...visits, cpuMs: known ? (after - before) / visits.allAnswers : null };
}

export async function measureCosts(
  programs: Programs,
  count: number,
  progress: Progress,
): Promise<Costs> {
  progress("what a process, a thread and a zombie cost");
  const child = await programs.start("cost-process");
  const ask = (what: string): Promise<Cost> => child.ask<Cost>(what, COST_MS, { count });
  const costs = {
    program: await ask("programs"),
    process: await ask("processes"),
    thread: await ask("threads"),
    zombie: await child.ask<Zombie>("zombie", COST_MS),
  };
  await child.stop();
  return costs;
}
