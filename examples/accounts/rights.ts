/**
 * What an account may do.
 *
 * - `read`: list and download.
 * - `create`: upload to names that nothing has.
 * - `write`: the same, and overwrite, append, resume, make folders, rename, set times.
 * - `delete`: remove files and folders.
 */
export const RIGHTS = ["read", "create", "write", "delete"] as const;

export type Right = (typeof RIGHTS)[number];

export type Rights = ReadonlySet<Right>;
