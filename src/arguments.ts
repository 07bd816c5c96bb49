/** Checks of what callers give: misuse throws at once, before anything was changed. */
import { IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** Throws unless `value` is a function or absent. */
export function checkFunction<F>(value: F, what: string): F {
  if (value !== undefined && value !== null) requireFunction(value, what);
  return value;
}

export function requireFunction(value: unknown, what: string): void {
  if (typeof value === "function") return;
  const message = `${what} must be a function, not ${value === null ? "null" : typeof value}`;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

/** Throws unless `options` is an object whose `signal`, if there is one, can be aborted. */
export function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    const what = options === null ? "null" : typeof options;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", `options must be an object, not ${what}`);
  }
  const { signal } = options as { readonly signal?: unknown };
  if (signal === undefined || signal instanceof AbortSignal) return;
  const what = typeof signal === "object" ? "another object" : typeof signal;
  const message = `option signal must be an AbortSignal, not ${what}`;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

/** Throws for an option that does not exist: most often one that is spelt wrong. */
export function checkNames(options: object, names: ReadonlySet<string>): void {
  const unknown = Object.keys(options).find((name) => !names.has(name));
  if (unknown === undefined) return;
  const message = `there is no option ${unknown}: give one of ${[...names].join(", ")}`;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

/** Throws unless `value` is a label: any text. */
export function checkLabel(value: unknown, what = "option label"): asserts value is string {
  if (typeof value !== "string") throw wrongType(value, what, "a string");
}

/** Throws unless `value` is a time in milliseconds: finite, not negative. */
export function checkMs(value: unknown, name: string): asserts value is number {
  if (typeof value !== "number") {
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", `${name} must be a number, not ${typeof value}`);
  }
  if (!(value >= 0) || value === Infinity) {
    throw new IomuxRangeError("IOMUX_BAD_RANGE", `${name} is ${value}: give milliseconds from 0`);
  }
}

/** Throws unless `value` is true, false, or left out. */
export function checkFlag(value: unknown, name: string): void {
  if (value === undefined || typeof value === "boolean") return;
  const message = `option ${name} must be true or false, not ${typeof value}`;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

/** Throws for a backlog, `noDelay` or `keepAlive` that no socket takes. */
export function checkSocketOptions(options: {
  readonly backlog?: unknown;
  readonly noDelay?: unknown;
  readonly keepAlive?: unknown;
}): void {
  const { backlog } = options;
  for (const name of ["noDelay", "keepAlive"] as const) checkFlag(options[name], name);
  if (backlog === undefined) return;
  if (typeof backlog !== "number") {
    const message = `option backlog must be a number, not ${typeof backlog}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (Number.isInteger(backlog) && backlog >= 1 && backlog <= 0x7fffffff) return;
  const message = `option backlog is ${backlog}: give a whole number from 1`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

/** Throws unless `value` is a whole number from `least` to `most`. */
export function checkWhole(
  value: unknown,
  what: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== "number") throw wrongType(value, what, "a number");
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const message = `${what} is ${value}: give a whole number ${range}`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

/** Throws unless `value` is one of `choices`. */
export function checkChoice(value: unknown, what: string, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  const types = [...new Set(choices.map((choice) => typeof choice))];
  if (!types.includes(typeof value)) throw wrongType(value, what, `a ${types.join(" or a ")}`);
  const shown = typeof value === "string" ? `"${value}"` : String(value);
  const message = `${what} is ${shown}: give one of ${choices.join(", ")}`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function wrongType(value: unknown, what: string, type: string): IomuxTypeError {
  const given = value === null ? "null" : typeof value;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", `${what} must be ${type}, not ${given}`);
}
