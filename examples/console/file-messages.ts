/**
 * What the console and its page say to each other of files. Types only.
 *
 * - `GET /api/files/FOLDER/`: 200 `FolderList`; 404, 403.
 * - `GET /files/PATH`: the file, always as an attachment: what is in it never runs here.
 * - `PUT /files/PATH`, `DELETE /files/PATH`: as everywhere on the HTTP server; 403, 409, 412, 507.
 * - `POST /api/folders/PATH`: makes a folder: 201. `DELETE /api/folders/PATH`: removes it, if it is
 *   empty: 204. 403, 404, 409, 507.
 *
 * Refusals are `Refused` (`session-messages.ts`); those of `/files/` too, for who accepts JSON only.
 */

export interface FileRow {
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly bytes: number;
  /** Since 1970. */
  readonly modifiedMs: number;
}

export interface FolderList {
  /** Begins and ends with `/`. */
  readonly path: string;
  readonly entries: readonly FileRow[];
  /** There are more than are told. */
  readonly more: boolean;
  /** What whoever asks may do here. */
  readonly rights: readonly ("read" | "create" | "write" | "delete")[];
}
