/** Standard input of real processes, whatever it is: what only a kernel shows. */
import { spawnSync, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { runCase, type CaseOptions, type Outcome } from "../support/cases.ts";

const CASES = "test/node/input-cases.ts";
const hasScript = spawnSync("script", ["--version"]).error === undefined;

const folder = mkdtempSync(join(tmpdir(), "iomux-stdin-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(name: string, options?: CaseOptions): Promise<Outcome> {
  return runCase(CASES, name, options);
}

/** Runs a case with a file of these bytes as its input. */
async function runWithFile(name: string, bytes: string | Buffer): Promise<Outcome> {
  const path = join(folder, "input");
  writeFileSync(path, bytes);
  const stdin = openSync(path, "r");
  const outcome = await run(name, { stdin });
  closeSync(stdin);
  return outcome;
}

function ended(...lines: string[]): Outcome {
  return { lines, code: 0, signal: null };
}

/** Writes to the process what belongs to the line that it said; `null` ends its input. */
function answering(
  answers: Readonly<Record<string, string | null>>,
): NonNullable<CaseOptions["onLine"]> {
  return (line: string, { stdin }: ChildProcess): void => {
    const answer = answers[line];
    if (answer === null) stdin!.end();
    else if (answer !== undefined) stdin!.write(answer);
  };
}

const inTerminal = `script -qefc 'eval "$command"' /dev/null`;

describe("15, 27: stdin", () => {
  it("may be a pipe", async () => {
    const shell = `printf 'from a pipe' | eval "$command"`;
    expect(await run("stdin to its end", { shell })).toEqual(ended('"from a pipe" confirmed'));
  });

  it("20: may be a socket: then its end could be a reset too", async () => {
    const outcome = await run("stdin to its end", { stdin: "from a socket", end: true });
    expect(outcome).toEqual(ended('"from a socket" not confirmed'));
  });

  it("may be a file", async () => {
    const outcome = await runWithFile("stdin to its end", "from a file");
    expect(outcome).toEqual(ended('"from a file" confirmed'));
  });

  it.each([
    ["/dev/null", "</dev/null"],
    ["closed, and Node opens /dev/null in its place", "0<&-"],
    ["a folder, for which Node makes an empty stream", "</"],
  ])("may be %s: it ends at once", async (_, redirection) => {
    const shell = `eval "$command" ${redirection}`;
    expect(await run("stdin to its end", { shell })).toEqual(ended('"" confirmed'));
  });

  it("may be open for writing only: that is an error with the system's code", async () => {
    const shell = 'eval "$command" 0>/dev/null';
    expect(await run("stdin that cannot be read", { shell })).toEqual(ended("ERROR|HANGUP EBADF"));
  });

  it.runIf(hasScript)("may be a terminal", async () => {
    const lines: string[] = [];
    const outcome = await run("stdin, then readline", {
      shell: inTerminal,
      stdin: "",
      onLine: (line, child) => {
        lines.push(line);
        answering({ ready: "abc\n", "read abc": "def\n", "line def": "\u0004" })(line, child);
      },
    });
    // The terminal echoes what is typed.
    expect(lines.filter((line) => !["abc", "def"].includes(line))).toEqual([
      "ready",
      "read abc",
      "line def",
      expect.stringContaining("end"),
    ]);
    expect(outcome.code).toBe(0);
  });

  it.runIf(hasScript)("may be a terminal, whose end is typed", async () => {
    const outcome = await run("stdin to its end", { shell: inTerminal, stdin: "abc\n\u0004" });
    expect(outcome.lines.at(-1)).toContain('"abc\\n" confirmed');
    expect(outcome.code).toBe(0);
  });
});

describe("19: stdin is read no faster than it is taken", () => {
  it("from a file", async () => {
    const outcome = await runWithFile("stdin, much, and slowly", Buffer.alloc(1_000_000, "x"));
    expect(outcome).toEqual(ended("1000000 bounded"));
  });

  it("from a pipe", async () => {
    const shell = 'head -c 1000000 /dev/zero | eval "$command"';
    expect(await run("stdin, much, and slowly", { shell })).toEqual(ended("1000000 bounded"));
  });
});

// In each of these somebody still holds the other end of stdin open, so that nothing comes of it.
describe("14: a process whose stdin stays open", () => {
  it.each([
    ["is unref'd", "stdin, unref'd", ["ready"]],
    ["is adopted and not registered", "stdin, adopted and not registered", ["ready"]],
    ["is closed, and was not destroyed", "stdin, closed at once", ["closed false"]],
  ])("ends by itself if it %s", async (_, name, lines) => {
    expect(await run(name, { stdin: "" })).toEqual(ended(...lines));
    expect(await run(name, { stdin: "some bytes" })).toEqual(ended(...lines));
  });

  it("lives while it is registered, and ends when it is closed with bytes unread", async () => {
    const onLine = answering({ ready: "abc\ndef\n" });
    const outcome = await run("stdin, closed in the middle", { stdin: "", onLine });
    expect(outcome).toEqual(ended("ready", "read abc", "closed"));
  });

  it("ends when it is closed while it is paused, although what is put back asks for more", async () => {
    const onLine = answering({ ready: "12345678" });
    const name = "stdin, closed while it is paused at its mark";
    expect(await run(name, { stdin: "", onLine })).toEqual(ended("ready", "closed 7"));
  });

  it.runIf(hasScript)("ends by itself when it is a terminal", async () => {
    for (const [name, said, typed] of [
      ["stdin, unref'd", "ready", {}],
      ["stdin, closed at once", "closed false", {}],
      ["stdin, closed in the middle", "closed", { ready: "abc\ndef\n" }],
    ] as const) {
      const onLine = answering(typed);
      const { lines, code } = await run(name, { shell: inTerminal, stdin: "", onLine });
      expect(lines).toContain(said);
      expect(code).toBe(0);
    }
  });
});

describe("27: what its channel has left of stdin", () => {
  it("is read on by readline, with what had been read ahead, and keeps the process alive", async () => {
    const onLine = answering({ ready: "abc\ndef\n", "line def": "ghi\n", "line ghi": null });
    const outcome = await run("stdin, then readline", { stdin: "", onLine });
    expect(outcome).toEqual(ended("ready", "read abc", "line def", "line ghi", "end"));
  });

  it("is read on by its own data event, and then by the reactor again", async () => {
    const onLine = answering({ ready: "abc\ndef\n", "data def": "ghi\n" });
    const outcome = await run("stdin, then its data, then the reactor again", {
      stdin: "",
      onLine: (line, child) => {
        onLine(line, child);
        if (line === "data def") child.stdin!.end();
      },
    });
    expect(outcome).toEqual(ended("ready", "read abc", "data def", '"ghi\\n" not confirmed'));
  });

  it("is left behind by a reactor that closes", async () => {
    const outcome = await run("stdin to its end, and the reactor closes", {
      stdin: "x",
      end: true,
    });
    expect(outcome).toEqual(ended('"x" not confirmed', "closed"));
  });
});
