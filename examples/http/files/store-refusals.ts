/** What a store says, as an answer. */
import type { StoreErrorCode } from "../../files/file-store.ts";

/** 507: RFC 4918, section 11.5. */
export const STORE_REFUSALS: Readonly<
  Record<StoreErrorCode, readonly [status: number, why?: string]>
> = {
  "not-found": [404],
  "not-a-folder": [404],
  "bad-name": [404],
  "not-a-file": [409, "this is a folder, not a file"],
  exists: [409, "the name is taken"],
  "not-empty": [409, "the folder is not empty"],
  forbidden: [403, "the system does not allow it"],
  full: [507, "no space is left"],
  "past-end": [503, "the file is changing: try again"],
  changed: [503, "the file is changing: try again"],
  failed: [500],
};
