/** What a person types, and what it is told: words in, an operation out; an outcome in, a line out. */
import type { Operation, Outcome, Why } from "./asking.ts";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES, TIME, type Asking } from "./wire.ts";

const NOTHING = Buffer.alloc(0);

/** Each with what stands behind it. */
const COMMANDS: Readonly<Record<string, { readonly kind: Asking; readonly form: string }>> = {
  get: { kind: "get", form: "get KEY" },
  set: { kind: "set", form: "set KEY VALUE" },
  del: { kind: "delete", form: "del KEY" },
  incr: { kind: "increment", form: "incr KEY" },
  time: { kind: "time", form: "time" },
};

const FORMS = Object.values(COMMANDS).map(({ form }) => form);

/** 0 done; 1 answered, but not with what was asked for; 3 not done; 4 nobody knows. */
type ExitCode = 0 | 1 | 3 | 4;

/** What is written where. */
export interface Told {
  readonly exitCode: ExitCode;
  /** For stdout if the exit code is 0, else for stderr. */
  readonly line: string;
}

/** A line as it is typed: the value of `set` is everything behind the key, to the last space. */
export function wordsOf(line: string): readonly string[] {
  const [, ...set] = /^\s*(set)\s+(\S+)\s(.*)$/su.exec(line) ?? [];
  return set.length > 0 ? set : line.split(/\s+/u).filter((word) => word !== "");
}

/** Throws an Error whose message is one line. */
export function operationOf(words: readonly string[]): Operation {
  const [name = "", key = "", value = "", ...more] = words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new Error(`there is no command "${printable(name)}": give one of ${FORMS.join(", ")}`);
  }
  const { kind, form } = command;
  const isRight = words.length === form.split(" ").length && more.length === 0;
  if (!isRight || (kind !== "time" && key === "")) throw new Error(`${name}: give ${form}`);
  return {
    kind,
    key: bounded(`the key of ${name}`, key, MAX_KEY_BYTES),
    value: bounded("the value", value, MAX_VALUE_BYTES),
  };
}

function bounded(what: string, text: string, most: number): Buffer {
  const bytes = text === "" ? NOTHING : Buffer.from(text);
  if (bytes.length <= most) return bytes;
  throw new Error(`${what} has ${bytes.length} bytes: ${most} fit into a datagram`);
}

/** `command` is what was asked, `where` the server. */
export function told(operation: Operation, outcome: Outcome, where: string): Told {
  const command = shownOperation(operation);
  switch (outcome.is) {
    case "answered":
      return toldAnswer(command, operation, outcome);
    case "not-done": {
      const verb = operation.kind === "get" || operation.kind === "time" ? "no answer" : "not done";
      return { exitCode: 3, line: `${command}: ${verb}: ${reason(outcome.why, where)}` };
    }
    case "unknown": {
      const line = `${command}: the outcome is unknown: ${reason(outcome.why, where)}`;
      return { exitCode: 4, line: `${line}; it took effect once or not at all, look with get` };
    }
  }
}

function toldAnswer(
  command: string,
  { kind }: Operation,
  { result, value }: Outcome & { readonly is: "answered" },
): Told {
  switch (result) {
    case "done":
      return { exitCode: 0, line: kind === "time" ? timeOf(value) : shownValue(kind, value) };
    case "absent":
      return { exitCode: 1, line: `${command}: there is no such key` };
    case "not-a-number":
      return { exitCode: 1, line: `${command}: its value is no whole number: set it to one` };
    case "out-of-range":
      return { exitCode: 1, line: `${command}: it would be more than 64 bits hold` };
    case "full":
      return { exitCode: 1, line: `${command}: the store is full: delete something` };
  }
}

function shownValue(kind: Asking, value: Buffer): string {
  if (kind === "set") return "set";
  return kind === "delete" ? "deleted" : printable(value.toString());
}

function timeOf(value: Buffer): string {
  const ms = value.length === TIME.size ? Number(TIME.unpack(value)[0]) : NaN;
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "a time that is none" : date.toISOString();
}

function reason(why: Why, where: string): string {
  if (typeof why !== "string") {
    if (why.code === "ECONNREFUSED") return `nobody receives at ${where} (${why.code})`;
    return `${where} cannot be reached (${why.code})`;
  }
  switch (why) {
    case "silence":
      return `no answer from ${where}`;
    case "busy":
      return `the server at ${where} remembers as many clients as it may: try again later`;
    case "restarted":
      return `the server at ${where} was started again, and what it knew is lost`;
    case "forgotten":
      return `the server at ${where} does not remember this client any more`;
    case "stranger":
      return `the server at ${where} sees this client at another address now`;
    case "other-version":
      return `the server at ${where} speaks another version of the protocol`;
    case "bad-request":
      return `the server at ${where} does not understand the request`;
  }
}

function shownOperation({ kind, key }: Operation): string {
  const name = Object.keys(COMMANDS).find((word) => COMMANDS[word]!.kind === kind)!;
  return kind === "time" ? name : `${name} ${printable(key.toString())}`;
}

/** What no terminal obeys: control characters, and those that turn text, as `\u{1b}`. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
