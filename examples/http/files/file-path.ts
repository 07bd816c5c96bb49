/** Which file a target means. The escapes of a path are undone once, name by name, and never again. */
import { isFit } from "../../files/store-path.ts";
import { HttpError } from "../server/http-error.ts";
import type { HttpRequest } from "../server/http-request.ts";

export interface FilePath {
  readonly names: readonly string[];
  /** It ends with a slash: what is in the folder is meant. */
  readonly inFolder: boolean;
}

/** Why there is no such file: `bad` for what is no path at all, `hidden` for what nobody is shown. */
export type NoFilePath = "bad" | "hidden";

// eslint-disable-next-line no-control-regex -- they are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * `path`: as it came, without the query. Dot segments are refused rather than resolved: clients
 * remove them (RFC 3986, section 5.2.4), and those that do not are looking for a way out. A name
 * that begins with a dot is as if it were not there.
 */
export function filePathOf(path: string): FilePath | NoFilePath {
  const [first, ...parts] = path.split("/");
  if (first !== "" || parts.length === 0) return "bad";
  const inFolder = parts.at(-1) === "";
  if (inFolder) parts.pop();
  const names: string[] = [];
  let isHidden = false;
  for (const part of parts) {
    const name = decoded(part);
    if (name === null || name === "." || name === "..") return "bad";
    if (name.startsWith(".") || !isFit(name)) isHidden = true;
    names.push(name);
  }
  return isHidden ? "hidden" : { names, inFolder };
}

/**
 * What the target of a request names, without its first `above` names: those of the place where
 * files are served. Throws HttpError for what is none, and for what nobody is shown.
 */
export function requestedPath({ head }: HttpRequest, above: number): FilePath {
  const path = filePathOf(head.target.path);
  if (path === "bad") throw new HttpError(400, "this is no path of a file");
  if (path === "hidden") throw new HttpError(404);
  return { ...path, names: path.names.slice(above) };
}

/** Null: it is not UTF-8 with whole escapes, or has what no name of a file may have. */
function decoded(part: string): string | null {
  try {
    const name = decodeURIComponent(part);
    return CONTROL.test(name) || name.includes("/") ? null : name;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** The virtual path of a store. */
export function storePathOf(names: readonly string[]): string {
  return `/${names.join("/")}`;
}

/** As a target. It begins with one slash only: two would name another server. */
export function targetOf({ names, inFolder }: FilePath): string {
  const path = storePathOf(names.map(encodeURIComponent));
  return inFolder && names.length > 0 ? `${path}/` : path;
}
