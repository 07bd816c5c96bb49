/** A password from a terminal, where it is not shown, or from a pipe. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Its first line. Rejects with one line if there is none. */
export async function askPassword(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const terminal = stdin.isTTY;
  if (terminal) stderr.write(question);
  // What is typed is echoed by nobody: the terminal is in raw mode, and this shows nothing.
  const nowhere = new Writable({
    write: (_, __, done) => {
      done();
    },
  });
  const lines = createInterface({ input: stdin, output: nowhere, terminal });
  try {
    const line = await new Promise<string | null>((resolve) => {
      lines.once("line", resolve).once("close", () => {
        resolve(null);
      });
    });
    if (line === null || line === "") throw new Error("no password was given");
    return line;
  } finally {
    lines.close();
    if (terminal) stderr.write("\n");
  }
}
