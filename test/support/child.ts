/** Processes of the tests' own: JavaScript given as text, that prints one line when it is ready. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Child {
  readonly process: ChildProcess;
  /** The first line that it printed. */
  readonly firstLine: string;
  /** Ends it by `signal` and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Runs `script` in plain Node; resolves once it has printed a line. */
export async function runScript(script: string, ...args: string[]): Promise<Child> {
  const child = spawn(process.execPath, ["-e", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const gone = once(child, "exit").then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const [firstLine] = (await Promise.race([
    once(lines, "line"),
    gone.then(() => {
      throw new Error("the script ended before it printed a line");
    }),
  ])) as [string];
  return {
    process: child,
    firstLine,
    async kill(signal) {
      child.kill(signal);
      if (signal !== "SIGSTOP") await gone;
    },
  };
}
