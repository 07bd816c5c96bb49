/** PUT and DELETE of files. Nobody sees a file before it is whole, and a broken one is never seen. */
import type { BufferPool } from "../../files/buffer-pool.ts";
import { FileSink } from "../../files/file-sink.ts";
import { makeHome } from "../../files/home-store.ts";
import type { Rights } from "../../accounts/rights.ts";
import { StoreError, type FileStore, type Upload } from "../../files/file-store.ts";
import type { UploadMode } from "../../files/file-store.ts";
import { HttpError } from "../server/http-error.ts";
import type { HttpRequest } from "../server/http-request.ts";
import type { HttpResponse } from "../server/http-response.ts";
import { validatorsOf } from "./entity-tag.ts";
import type { Look, Lookups } from "./lookups.ts";
import { hasCondition, verdictOf } from "./preconditions.ts";

/** Bytes of an upload, unless said. */
export const MAX_UPLOAD_BYTES = 16 * 1024 ** 3;

export interface UploadSettings {
  readonly store: FileStore;
  readonly lookups: Lookups;
  readonly pool: BufferPool;
  readonly maxUploadBytes: number;
}

/** Who wants it, and where. */
export interface Wanted {
  readonly path: string;
  readonly home: string;
  readonly rights: Rights;
}

export class Uploads {
  readonly #settings: UploadSettings;

  constructor(settings: UploadSettings) {
    this.#settings = settings;
  }

  /** Throws HttpError, StoreError, and what the body rejects with: then nothing has changed. */
  async put(request: HttpRequest, response: HttpResponse, wanted: Wanted): Promise<void> {
    checkContent(request);
    const { store } = this.#settings;
    if (wanted.home !== "/") await makeHome(store, wanted.home);
    const mode = modeOf(request, wanted.rights);
    const upload = await store.openUpload(wanted.path, mode).catch((error: unknown) => {
      throw refusalOf(error, mode, request);
    });
    try {
      // Looked at once the upload knows what it will replace: if that changes, it will not.
      const old = await this.#lookFor(wanted.path);
      checkConditions(request, old);
      await this.#checkRoom(request, wanted.path);
      await this.#receive(request, upload);
      await upload.commit();
      response.status(old === null ? 201 : 204).send();
    } catch (error) {
      throw refusalOf(error, mode, request);
    } finally {
      await upload.discard();
    }
  }

  /** Throws HttpError and StoreError. */
  async remove(request: HttpRequest, response: HttpResponse, { path }: Wanted): Promise<void> {
    const look = await this.#settings.lookups.look(path);
    if (look.entry.kind === "folder") throw new StoreError("not-a-file", path);
    checkConditions(request, look);
    await this.#settings.store.remove(path);
    response.status(204).send();
  }

  async #lookFor(path: string): Promise<Look | null> {
    try {
      return await this.#settings.lookups.look(path);
    } catch (error) {
      if (error instanceof StoreError && error.code === "not-found") return null;
      throw error;
    }
  }

  /** What cannot fit is refused before it is sent. */
  async #checkRoom({ body }: HttpRequest, path: string): Promise<void> {
    const free = body.length === null ? null : await this.#settings.store.freeBytes();
    if (free !== null && body.length! > free) throw new StoreError("full", path);
  }

  async #receive({ body }: HttpRequest, upload: Upload): Promise<void> {
    const { pool, maxUploadBytes } = this.#settings;
    body.allow(maxUploadBytes);
    const sink = new FileSink(upload, { pool });
    try {
      for await (const bytes of body) await sink.write(bytes);
      await sink.finish();
    } catch (error) {
      await sink.discard();
      throw error;
    }
  }
}

/** RFC 9110, sections 14.5 and 8.4: a part of a file is not the file, nor is one in a coding. */
function checkContent({ fields }: HttpRequest): void {
  if (fields.has("content-range")) {
    throw new HttpError(400, "a file is uploaded whole: leave out Content-Range");
  }
  const coding = fields.get("content-encoding")?.toLowerCase() ?? "identity";
  if (coding !== "identity") {
    throw new HttpError(415, "a file is kept as it comes: leave out Content-Encoding");
  }
}

/**
 * What the upload may take the place of. With conditions it is the very file that they were held
 * against, or nothing: `resume` from the first byte on ends with `changed` if it is another one.
 */
function modeOf({ fields }: HttpRequest, rights: Rights): UploadMode {
  if (!rights.has("write") || fields.get("if-none-match")?.trim() === "*") return { kind: "new" };
  return hasCondition(fields) ? { kind: "resume", offset: 0 } : { kind: "replace" };
}

function checkConditions({ method, fields }: HttpRequest, look: Look | null): void {
  const current = look && validatorsOf(look.entry, look.lookedAtMs);
  const nowMs = look?.lookedAtMs ?? 0;
  if (verdictOf(method, fields, { current, nowMs }) === 412) throw conditionFailed();
}

function conditionFailed(): HttpError {
  return new HttpError(412, "the file is not in the state that the conditions name");
}

/** What the store says of an upload, as far as it means something else than for other requests. */
function refusalOf(error: unknown, mode: UploadMode, { fields }: HttpRequest): unknown {
  if (!(error instanceof StoreError)) return error;
  switch (error.code) {
    case "not-found":
    case "not-a-folder":
      return new HttpError(409, "there is no such folder to put it in");
    case "exists":
      if (mode.kind === "new" && fields.has("if-none-match")) return conditionFailed();
      return new HttpError(403, "it is there, and you may not overwrite it");
    case "changed":
      return conditionFailed();
    default:
      return error;
  }
}
