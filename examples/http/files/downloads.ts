/** GET and HEAD of files: what is there, what of it is wanted, and how it is sent. */
import { randomBytes } from "node:crypto";

import type { BufferPool } from "../../files/buffer-pool.ts";
import { StoreError, type Entry, type FileStore } from "../../files/file-store.ts";
import { formatDate } from "../http-date.ts";
import type { ResponseFields } from "../response-head.ts";
import type { HttpRequest } from "../server/http-request.ts";
import type { HttpResponse } from "../server/http-response.ts";
import { contentTypeOf } from "./content-type.ts";
import { validatorsOf, type Validators } from "./entity-tag.ts";
import { FileBody, isStillOf } from "./file-body.ts";
import { KeptFiles, WHOLE_BYTES, type KeptFile } from "./kept-files.ts";
import type { Look, Lookups } from "./lookups.ts";
import { mayBeInParts, verdictOf } from "./preconditions.ts";
import { codingFor, copiesOf, type Coding } from "./precompressed.ts";
import { ByteRanges, contentRange, lengthOf, unsatisfiedRange, wantedOf } from "./ranges.ts";
import type { Piece, Range } from "./ranges.ts";

export interface DownloadSettings {
  readonly store: FileStore;
  readonly lookups: Lookups;
  readonly pool: BufferPool;
  /** Bytes of small files in memory. */
  readonly keptBytes: number;
  /** Compressed copies of files are sent where clients take them. */
  readonly precompressed: boolean;
  readonly now: () => number;
}

/** What is sent: a file, or a compressed copy of it. */
interface Representation {
  readonly path: string;
  /** What it is kept by. A copy is something else if it is asked for by its own name. */
  readonly key: string;
  readonly look: Look;
  readonly validators: Validators;
  readonly contentType: string;
  /** Of its head, whichever part of it is sent. */
  readonly fields: ResponseFields;
}

interface KeptRepresentation extends KeptFile {
  readonly representation: Representation;
}

/** How often a file that changes while it is opened is looked at again. */
const TRIES = 3;

export class Downloads {
  readonly #settings: DownloadSettings;
  readonly #kept: KeptFiles<KeptRepresentation>;

  constructor(settings: DownloadSettings) {
    this.#settings = settings;
    this.#kept = new KeptFiles(settings.keptBytes);
  }

  /** The file at `path`, which was seen there. Throws StoreError before anything is sent. */
  async send(
    path: string,
    look: Look,
    { request, response }: { readonly request: HttpRequest; readonly response: HttpResponse },
  ): Promise<void> {
    for (let now = look, tries = 1; ; tries++) {
      try {
        await this.#send(path, now, request, response);
        return;
      } catch (error) {
        const hasChanged = error instanceof StoreError && error.code === "changed";
        if (!hasChanged || response.headSent || tries === TRIES) throw error;
        now = await this.#settings.lookups.look(path);
        if (now.entry.kind !== "file") throw error;
      }
    }
  }

  async #send(
    path: string,
    look: Look,
    request: HttpRequest,
    response: HttpResponse,
  ): Promise<void> {
    const chosen = await this.#choose(path, look, request);
    if (chosen === null) {
      response.field("Vary", "Accept-Encoding");
      response.refuse(406, "the file is there in codings only that Accept-Encoding does not take");
      return;
    }
    const { validators } = chosen;
    const { entry } = chosen.look;
    // A file that is kept was looked at long ago, too.
    const { lookedAtMs: nowMs } = look;
    const verdict = verdictOf(request.method, request.fields, { current: validators, nowMs });
    if (verdict === 412) {
      response.refuse(412, "the file is not in the state that the conditions name");
      return;
    }
    if (verdict === 304) {
      // Section 15.4.5: only what helps to update a stored answer.
      setFields(
        response,
        chosen.fields.filter(([name]) => FIELDS_OF_304.has(name)),
      );
      response.status(304).send();
      return;
    }
    // Section 14.2: no other method has ranges.
    const mayBePart = request.method === "GET" && mayBeInParts(request.fields, validators, nowMs);
    const wanted = wantedOf(mayBePart ? request.fields.get("range") : null, entry.size);
    if (wanted === "unsatisfiable") {
      response.field("Content-Range", unsatisfiedRange(entry.size));
      response.refuse(416, `the file has ${entry.size} bytes, and none of those`);
      return;
    }
    await this.#answer(chosen, answerOf(wanted, chosen), response);
  }

  /** Null: the client takes nothing that is there. */
  async #choose(path: string, look: Look, request: HttpRequest): Promise<Representation | null> {
    const kept = this.#kept.get(path, look.entry);
    const file = kept?.representation ?? this.#represent(path, look);
    const accepted = this.#settings.precompressed ? request.fields.get("accept-encoding") : null;
    if (accepted === null) return file;
    const copies = [...copiesOf(path, accepted)].map(async ([coding, copy]) => {
      const there = await this.#lookFor(copy);
      // One that is older than the file was made of another.
      const fits = there?.entry.kind === "file" && there.entry.modifiedMs >= look.entry.modifiedMs;
      return fits ? ([coding, copy, there] as const) : null;
    });
    const there = (await Promise.all(copies)).filter((copy) => copy !== null);
    const coding = codingFor(
      accepted,
      there.map(([coding]) => coding),
    );
    if (coding === null || coding === "identity") return coding && file;
    const [, copy, itsLook] = there.find(([its]) => its === coding)!;
    return this.#represent(copy, itsLook, { coding, type: file.contentType });
  }

  async #lookFor(path: string): Promise<Look | null> {
    try {
      return await this.#settings.lookups.look(path);
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  #represent(
    path: string,
    look: Look,
    copy: { readonly coding: Coding; readonly type: string } | null = null,
  ): Representation {
    const validators = validatorsOf(look.entry, look.lookedAtMs, copy?.coding);
    const contentType = copy?.type ?? contentTypeOf(look.entry.name);
    const fields: [string, string][] = [["Content-Type", contentType]];
    if (copy !== null) fields.push(["Content-Encoding", copy.coding]);
    if (this.#settings.precompressed) fields.push(["Vary", "Accept-Encoding"]);
    if (validators.tag !== null) fields.push(["ETag", validators.tag]);
    if (validators.isDated) fields.push(["Last-Modified", formatDate(validators.modifiedMs)]);
    fields.push(["Accept-Ranges", "bytes"], ["X-Content-Type-Options", "nosniff"]);
    const key = copy === null ? path : `${path}\0${copy.coding}`;
    return { path, key, look, validators, contentType, fields };
  }

  /** Nothing is set before the bytes are there: the file may have changed by then. */
  async #answer(
    representation: Representation,
    { status, fields, pieces }: Answer,
    response: HttpResponse,
  ): Promise<void> {
    const { path, look } = representation;
    const isSmall = look.entry.size <= WHOLE_BYTES;
    if (response.wantsBody && isSmall) {
      const bytes = await this.#bytesOf(representation);
      setFields(response.status(status), fields);
      response.send(cut(bytes, pieces));
      return;
    }
    const body = new FileBody(this.#settings, { path, entry: look.entry, pieces });
    try {
      if (response.wantsBody) await body.open();
      setFields(response.status(status), fields);
      response.start(pieces.reduce((sum, piece) => sum + lengthOfPiece(piece), 0));
      if (response.wantsBody) await body.sendTo(response);
      response.end();
    } finally {
      await body.close();
    }
  }

  /** All of a small file. Throws StoreError; `changed`: it is in another state by now. */
  async #bytesOf(representation: Representation): Promise<Buffer> {
    const { path, key, look, validators } = representation;
    const kept = this.#kept.get(key, look.entry);
    if (kept !== null) return kept.bytes;
    const bytes = await this.#read(path, look.entry);
    const { entry } = await this.#settings.lookups.look(path);
    if (!isStillOf(look.entry, entry)) throw new StoreError("changed", path);
    if (validators.tag !== null) {
      this.#kept.keep(key, { entry: look.entry, bytes, representation });
    }
    return bytes;
  }

  async #read(path: string, { size }: Entry): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(size);
    if (size === 0) return bytes;
    const reader = await this.#settings.store.openReader(path, 0);
    try {
      for (let filled = 0; filled < size;) {
        const count = await reader.read(bytes.subarray(filled));
        if (count === 0) throw new StoreError("changed", path);
        filled += count;
      }
      return bytes;
    } finally {
      await reader.close();
    }
  }
}

interface Answer {
  readonly status: 200 | 206;
  readonly fields: ResponseFields;
  readonly pieces: readonly Piece[];
}

const FIELDS_OF_304: ReadonlySet<string> = new Set(["ETag", "Vary"]);

function answerOf(
  wanted: readonly Range[] | "whole",
  { look: { entry }, contentType, fields }: Representation,
): Answer {
  const { size } = entry;
  if (wanted === "whole") {
    return { status: 200, fields, pieces: size === 0 ? [] : [{ start: 0, end: size - 1 }] };
  }
  if (wanted.length === 1) {
    const part = ["Content-Range", contentRange(wanted[0]!, size)] as const;
    return { status: 206, fields: [...fields, part], pieces: wanted };
  }
  const boundary = randomBytes(18).toString("hex");
  const parts = new ByteRanges(wanted, { size, contentType, boundary });
  const type = ["Content-Type", parts.contentType] as const;
  return { status: 206, fields: [...fields, type], pieces: parts.pieces };
}

function setFields(response: HttpResponse, fields: ResponseFields): void {
  for (const [name, value] of fields) response.field(name, value);
}

function lengthOfPiece(piece: Piece): number {
  return typeof piece === "string" ? piece.length : lengthOf(piece);
}

function cut(bytes: Buffer, pieces: readonly Piece[]): Buffer {
  const buffers = pieces.map((piece) =>
    typeof piece === "string" ? Buffer.from(piece) : bytes.subarray(piece.start, piece.end + 1),
  );
  return buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers);
}
