/** The flags of `server-models.ts`: arguments in, settings out, or one line that says what is wrong. */
import { flagOf, Flags, limitsHelp, type Limits } from "../program/flags.ts";

/** The models, in the order of the course. The name of one is that of its file in `servers/`. */
export const MODELS = [
  ...(["iterative", "processes", "threads"] as const),
  ...(["multiplexed", "coroutines", "mixed"] as const),
];
export type Model = (typeof MODELS)[number];

const LIMITS = {
  requests: [20, 1, 10_000, "requests of a visit; then a client comes again"],
  workers: [100, 1, 1000, "processes or threads at a time; others wait"],
} as const satisfies Limits;

const MOST_CLIENTS = 5000;
const MOST_SECONDS = 60;
const [USUAL_SECONDS, QUICK_SECONDS] = [0.8, 0.1];

export interface Settings extends Readonly<Record<keyof typeof LIMITS, number>> {
  readonly models: readonly Model[];
  /** Ascending. */
  readonly clients: readonly number[];
  /** Measured for each load. */
  readonly seconds: number;
  /** The folder that charts go to. */
  readonly out: string;
  /** The file that figures go to, or null. */
  readonly json: string | null;
  /** Whether this is only to see that everything works. */
  readonly quick: boolean;
}

export const HELP = `Server models, measured: the same requests under six models.

  npm run server-models
  npm run server-models -- [--clients 1,10,100,500] [--models NAME,...]

  --models LIST         ${MODELS.slice(0, 3).join(", ")},
                        ${MODELS.slice(3).join(", ")}; default: all
  --clients LIST        how many there are, up to ${MOST_CLIENTS} (1,10,100,500)
  --seconds N           measured for each load and number of clients (0.8)
${limitsHelp(LIMITS)}
  --out DIR             charts (SVG) go there (.reports/server-models)
  --json FILE           all figures, for other programs
  --quick               4 clients and short times: does everything work?
  --help                this text

Tables go to standard output, progress to standard error. Ctrl-C stops it and
leaves no process behind. docs/server-models.md explains what it shows.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): Settings | null {
  const flags = new Flags(args, {
    named: ["models", "clients", "seconds", "out", "json", ...Object.keys(LIMITS).map(flagOf)],
    switches: ["quick", "help"],
  });
  if (flags.has("help")) return null;
  const quick = flags.has("quick");
  const clients = listOf(flags, "clients")?.map(readCount) ?? (quick ? [4] : [1, 10, 100, 500]);
  const models = listOf(flags, "models")?.map(readModel) ?? MODELS;
  return {
    ...flags.limits(LIMITS),
    models: MODELS.filter((model) => models.includes(model)),
    clients: [...new Set(clients)].sort((one, other) => one - other),
    seconds: readSeconds(flags.text("seconds"), quick ? QUICK_SECONDS : USUAL_SECONDS),
    out: flags.text("out") ?? ".reports/server-models",
    ...{ json: flags.text("json"), quick },
  };
}

function listOf(flags: Flags, flag: string): string[] | null {
  return flags.text(flag)?.split(",") ?? null;
}

function readCount(word: string): number {
  const count = /^\d{1,9}$/.test(word) ? Number(word) : 0;
  if (count >= 1 && count <= MOST_CLIENTS) return count;
  throw new Error(`--clients has "${word}": give whole numbers from 1 to ${MOST_CLIENTS}`);
}

function readModel(word: string): Model {
  const model = MODELS.find((candidate) => candidate === word);
  if (model !== undefined) return model;
  throw new Error(`--models has "${word}": give some of ${MODELS.join(", ")}`);
}

function readSeconds(word: string | null, usual: number): number {
  if (word === null) return usual;
  const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(word) ? Number(word) : 0;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new Error(`--seconds is "${word}": give a number over 0, up to ${MOST_SECONDS}`);
}
