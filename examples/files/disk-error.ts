/** What the system says, in the words of a store: the one place for it. */
import { StoreError, type StoreErrorCode } from "./file-store.ts";

// ELOOP and ENXIO are what no-follow and non-blocking opens say of what must not be opened.
const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOENT: "not-found",
  ELOOP: "not-found",
  ENXIO: "not-found",
  EEXIST: "exists",
  EISDIR: "not-a-file",
  ENOTDIR: "not-a-folder",
  ENOTEMPTY: "not-empty",
  EACCES: "forbidden",
  EPERM: "forbidden",
  EROFS: "forbidden",
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  ENAMETOOLONG: "bad-name",
  EILSEQ: "bad-name",
  EINVAL: "bad-name",
};

export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return null;
  return String(error.code);
}

/** What is not the system's stays as it is: it is a mistake of ours. */
export function toStoreError(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  const { syscall } = error as NodeJS.ErrnoException;
  const detail = `${code}: ${syscall ?? "?"}`;
  return new StoreError(CODES[code] ?? "failed", path, detail, { cause: error });
}

/** Runs `work`; what the system says is thrown as a `StoreError` about `path`. */
export async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error, path);
  }
}

/** `value`, or `instead` if the system says one of `codes`. */
export async function unless<T, U>(
  value: Promise<T>,
  codes: readonly string[],
  instead: U,
): Promise<T | U> {
  try {
    return await value;
  } catch (error) {
    if (codes.includes(systemCode(error) ?? "")) return instead;
    throw error;
  }
}

/** `value`, or `instead` if the system says anything against it. */
export async function unlessSystem<T, U>(value: Promise<T>, instead: U): Promise<T | U> {
  try {
    return await value;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return instead;
  }
}

/** Waits for all of them, also if one fails: what they use can be let go of then. */
export async function together(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
