import { spawn } from "node:child_process";
import { delimiter, join, resolve } from "node:path";

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly stdout: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Shows the command's output as it comes, instead of collecting it. */
  readonly live?: boolean;
  /** Flags of Node for the command and what it starts. */
  readonly nodeOptions?: string;
}

export const root = resolve(import.meta.dirname, "..");

const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter),
};

/** Runs a command to its end. A command that cannot be started is a failed one, not an exception. */
export function run(
  command: string,
  args: readonly string[],
  { cwd = root, live = false, nodeOptions = "" }: RunOptions = {},
): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { ...env, NODE_OPTIONS: `${env.NODE_OPTIONS ?? ""} ${nodeOptions}`.trim() },
    stdio: ["ignore", live ? 1 : "pipe", live ? 2 : "pipe"],
  });
  const out: Buffer[] = [];
  const all: Buffer[] = [];
  child.stdout?.on("data", (bytes: Buffer) => {
    out.push(bytes);
    all.push(bytes);
  });
  child.stderr?.on("data", (bytes: Buffer) => all.push(bytes));
  return new Promise((settle) => {
    const end = (ok: boolean): void => {
      settle({
        ok,
        stdout: Buffer.concat(out).toString(),
        output: Buffer.concat(all).toString(),
        seconds: (performance.now() - started) / 1000,
      });
    };
    child.on("error", (error) => {
      all.push(Buffer.from(`${command}: ${error.message}\n`));
      end(false);
    });
    child.on("close", (code) => end(code === 0));
  });
}
