/**
 * Virtual paths: absolute, "/" is the root of what an account sees, no `.`, no `..`, no empty
 * parts. What a client writes is resolved as text against the current folder; `..` at the root
 * stays there. Links play no part here: the store answers for those.
 */
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from "../files/path-limits.ts";

type PathProblem = "control" | "not-utf8" | "name-too-long" | "path-too-long";

export type Resolved =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly problem: PathProblem };

/** What `written` means in `folder`, itself a virtual path. "" is the folder. */
export function resolvePath(written: string, folder: string): Resolved {
  const parts = written.startsWith("/") ? [] : partsOf(folder);
  for (const part of written.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  for (const part of parts) {
    const problem = nameProblem(part);
    if (problem !== null) return { ok: false, problem };
  }
  const path = `/${parts.join("/")}`;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return { ok: false, problem: "path-too-long" };
  return { ok: true, path };
}

/** Why no client could say `name`, or null. For one part of a path. */
function nameProblem(name: string): PathProblem | null {
  if (/\p{Cc}/u.test(name)) return "control";
  if (/\p{Cs}/u.test(name)) return "not-utf8";
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? "name-too-long" : null;
}

/** Of the root: the root. */
export function parentOf(path: string): string {
  return `/${partsOf(path).slice(0, -1).join("/")}`;
}

/** The last part; of the root "/". */
export function nameOf(path: string): string {
  return partsOf(path).at(-1) ?? "/";
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** Whether a name in a listing may stand for several: it has `*` or `?`. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name);
}

/**
 * `*` is any text, `?` one character. As in a shell, neither begins with a dot. The time is at most
 * the product of both lengths: only the last `*` is ever tried again.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  const wanted = Array.from(pattern);
  const given = Array.from(name);
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let i = 0; i < given.length;) {
    if (wanted[at] === "*") {
      star = at++;
      taken = i;
    } else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === given[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++taken;
    } else return false;
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}
