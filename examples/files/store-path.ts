/** Which names and paths a store takes: the last line of defence, whatever its caller has checked. */
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from "./path-limits.ts";
import { StoreError } from "./file-store.ts";

/** Names of running uploads begin so. No client reaches them, in whichever case it writes them. */
export const UPLOAD_PREFIX = ".iomux-upload-";

// NUL, CR, LF and the other controls; and what no valid UTF-8 gives: half a surrogate pair, and the
// character that stands for broken bytes.
// eslint-disable-next-line no-control-regex -- they are what is refused
const UNFIT = /[\u0000-\u001f\u007f\ufffd/]|\p{Surrogate}/u;

/** False also for names on the disk that no client could write: these are not shown. */
export function isFit(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !UNFIT.test(name) &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES &&
    !name.toLowerCase().startsWith(UPLOAD_PREFIX)
  );
}

/**
 * The names of a virtual path; of the root none.
 *
 * @throws StoreError `bad-name` if it is not absolute, not normalised, too long or unfit.
 */
export function namesOf(path: string): string[] {
  if (path === "/") return [];
  const [first, ...names] = path.split("/");
  const isShort = Buffer.byteLength(path) <= MAX_PATH_BYTES;
  if (first !== "" || names.length === 0 || !isShort || !names.every(isFit)) {
    throw new StoreError("bad-name", path);
  }
  return names;
}

/** @throws StoreError `bad-name`; `code` if it is the root, which is always there. */
export function placeOf(path: string, code: "forbidden" | "not-a-file"): string[] {
  const names = namesOf(path);
  if (names.length === 0) throw new StoreError(code, path);
  return names;
}

/** `name`, cut so that `suffix` fits behind it. */
export function suffixed(name: string, suffix: string): string {
  let kept = name;
  while (Buffer.byteLength(kept + suffix) > MAX_NAME_BYTES) {
    kept = Array.from(kept).slice(0, -1).join("");
  }
  return kept + suffix;
}
