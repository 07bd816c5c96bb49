/**
 * The code of the documents: every `ts` block is type-checked, and every one that is a complete
 * program (it begins with an import) is run and spoken to.
 *
 * `ts fragment` is neither. A block without an import is checked as if the names of FRAGMENT_NAMES
 * were there.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";

import { buildFiles } from "../support/program-build.ts";
import { blocksOf, documents, root, type Block } from "./markdown.ts";
import { Program } from "./program.ts";
import { SCRIPTS } from "./scripts.ts";

const FRAGMENT_NAMES = `
import * as net from "node:net";
import type { Buffer } from "node:buffer";
import { EDGE, ERROR, HANGUP, ONESHOT, PEER_CLOSED, PRIORITY, READABLE, WRITABLE } from "iomux";
import { createReactor, formatMask, type Address, type Channel, type Listener } from "iomux";
import type { Reactor, Registration } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";
declare const reactor: Reactor;
declare const listener: Listener;
declare const channel: Channel;
declare const registration: Registration<Channel>;
declare const socket: net.Socket;
declare const server: net.Server;
declare const address: Address;
declare const bytes: Buffer;
declare const chunk: Buffer;
declare const source: NodeJS.ReadableStream;
`;

// Inside the repository, so that "iomux" is found by its name.
mkdirSync(join(root, ".reports"), { recursive: true });
const folder = mkdtempSync(join(root, ".reports", "docs-code-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const blocks = documents().flatMap(blocksOf);
const code = blocks.filter(({ info }) => info === "ts");
const programs = code.filter(({ text }) => text.startsWith("import "));

function place({ file, line }: Block): string {
  return `${file}:${line}`;
}

function pathOf(block: Block): string {
  return join(folder, `${block.file.replaceAll(/[/.]/g, "-")}-${block.line}.ts`);
}

function nameOf({ mark }: Block): string | undefined {
  return /^program: (.*)$/.exec(mark ?? "")?.[1];
}

/** What the document says that the program prints. */
function printsOf(name: string): string[] {
  return blocks.filter(({ mark }) => mark === `prints: ${name}`).map(({ text }) => text);
}

for (const block of code) {
  const fragment = !programs.includes(block);
  // The names come behind the code, so that lines stay right; the code may hide some of them.
  writeFileSync(pathOf(block), fragment ? `{ ${block.text}}\n${FRAGMENT_NAMES}` : block.text);
}

const built = join(folder, "built");
await buildFiles(programs.map(pathOf), folder, built);

function builtPathOf(block: Block): string {
  return join(built, basename(pathOf(block), ".ts") + ".js");
}

function compilerOptions(): ts.CompilerOptions {
  const file = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const parsed = ts.parseJsonConfigFileContent(file.config, ts.sys, root);
  // A block shows one thing; what it does not use itself the reader may.
  return {
    ...parsed.options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnreachableCode: true,
  };
}

/** One whose types are wrong. */
const wrong = join(folder, "wrong.ts");
writeFileSync(wrong, 'import { createReactor } from "iomux";\ncreateReactor().poll(1);\n');

/** What is wrong with any of them, and where. */
const typeErrors = once((): string[] => {
  const checked = ts.createProgram([...code.map(pathOf), wrong], compilerOptions());
  return ts.getPreEmitDiagnostics(checked).map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, "\n");
    if (file === undefined) return text;
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
    const block = code.find((candidate) => pathOf(candidate) === file.fileName);
    return block === undefined
      ? `${file.fileName}: ${text}`
      : `${block.file}:${block.line + line + 1}: ${text}`;
  });
});

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

describe("the code of the documents", () => {
  it("is there", () => {
    expect(programs.length).toBeGreaterThanOrEqual(8);
    expect(programs.some(({ file }) => file === "README.md")).toBe(true);
  });

  it("is marked as ts, ts fragment, or as something else", () => {
    const others = blocks.filter(({ info }) => /^(ts|typescript)\b/.test(info));
    const wrong = others.filter(({ info }) => info !== "ts" && info !== "ts fragment");
    expect(wrong.map(place)).toEqual([]);
  });

  it("has correct types", { timeout: 60_000 }, () => {
    expect(typeErrors().filter((error) => !error.startsWith(wrong))).toEqual([]);
  });

  it("would not pass with a wrong type", { timeout: 60_000 }, () => {
    expect(typeErrors().filter((error) => error.startsWith(wrong))).toHaveLength(1);
  });
});

describe("the programs of the documents", () => {
  it("have a name each, and a script that speaks to them", () => {
    const names = programs.map((block) => nameOf(block) ?? `(${place(block)} has no name)`);
    expect([...names].sort()).toEqual(Object.keys(SCRIPTS).sort());
  });

  for (const block of programs) {
    const name = nameOf(block) ?? "";
    it(`${place(block)} ${name}`, async () => {
      const script = SCRIPTS[name];
      if (script === undefined) throw new Error(`${place(block)}: no script for ${name}`);
      const started: Program[] = [];
      try {
        await script({
          prints: printsOf(name),
          start(peerPort) {
            const program = new Program(builtPathOf(block), peerPort);
            started.push(program);
            return program;
          },
        });
        expect(started).not.toEqual([]);
        for (const program of started) expect(program.errors).toBe("");
      } finally {
        for (const program of started) await program.stop();
      }
    });
  }
});
