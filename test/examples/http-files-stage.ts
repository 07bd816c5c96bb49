/** Files over a store in memory, and an exchange that needs no connection. */
import { StoreError, type FileStore } from "../../examples/files/file-store.ts";
import type { Right } from "../../examples/accounts/rights.ts";
import { Accounts } from "../../examples/accounts/accounts.ts";
import { BufferPool } from "../../examples/files/buffer-pool.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { Fields } from "../../examples/http/fields.ts";
import { StaticFiles, type StaticFilesOptions } from "../../examples/http/files/static-files.ts";
import { HttpError } from "../../examples/http/server/http-error.ts";
import type { HttpRequest, RequestBody } from "../../examples/http/server/http-request.ts";
import type { HttpResponse } from "../../examples/http/server/http-response.ts";
import { put } from "./files-stores.ts";

/** Sun, 06 Nov 1994 08:49:37 GMT: the date of the RFC's examples. Half a second later. */
export const CHANGED_MS = 784_111_777_500;
export const CHANGED = "Sun, 06 Nov 1994 08:49:37 GMT";
export const EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT";
export const LATER = "Sun, 06 Nov 1994 08:49:38 GMT";

export interface Asked {
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: readonly Buffer[] | string;
  /** The body breaks off behind what there is of it. */
  readonly broken?: boolean;
  readonly from?: string;
  readonly secure?: boolean;
  /** Runs whenever bytes of the answer leave. */
  readonly onBytes?: (bytes: number) => void | Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whole, or broken off in a way that shows. */
  readonly isWhole: boolean;
  /** Whether the handler has thrown, but for a refusal. */
  readonly threw: boolean;
  /** Whether the body of the request was asked for. */
  readonly bodyRead: boolean;
  /** Who the log says that it was. */
  readonly account: string | null;
}

export class Stage {
  readonly store: FileStore;
  readonly files: StaticFiles;
  readonly pool: BufferPool;
  wallMs = CHANGED_MS;

  constructor(store?: FileStore, options: Partial<StaticFilesOptions> = {}) {
    this.store = store ?? new MemoryStore({ nowMs: () => this.wallMs });
    const now = (): number => this.wallMs;
    this.pool = new BufferPool({
      maxBytes: 2 ** 22,
      now,
      setTimer: () => ({ cancel: () => true }),
    });
    this.files = new StaticFiles({
      store: this.store,
      pool: this.pool,
      now,
      wallMs: now,
      ...options,
    });
  }

  /** Files that were changed at `CHANGED_MS`, long ago by now; folders as far as they are missing. */
  async fill(files: Readonly<Record<string, string>>): Promise<this> {
    this.wallMs = CHANGED_MS;
    for (const [path, text] of Object.entries(files)) {
      const names = path.split("/").slice(1, -1);
      for (const [i] of names.entries()) {
        const folder = `/${names.slice(0, i + 1).join("/")}`;
        await this.store.makeFolder(folder).catch((error: unknown) => {
          if (!(error instanceof StoreError) || error.code !== "exists") throw error;
        });
      }
      await put(this.store, path, text);
      await this.store.setModified(path, CHANGED_MS);
    }
    this.wallMs += 60 * 60 * 1000;
    return this;
  }

  async ask(method: string, target: string, asked: Asked = {}): Promise<Answer> {
    const request = requestOf(method, target, asked);
    const response = new FakeResponse(method, asked.onBytes);
    let threw = false;
    try {
      await this.files.handle(request, response);
      if (!response.ended) response.broken = true;
    } catch (error) {
      threw = !(error instanceof HttpError);
      if (response.headSent) response.broken = true;
      else if (error instanceof HttpError) response.refuse(error.status, error.message);
      else response.refuse(500, String(error));
    }
    return {
      status: response.code,
      fields: Object.fromEntries(response.fields),
      body: Buffer.concat(response.sent).toString(),
      isWhole: !response.broken,
      threw,
      bodyRead: (request.body as FakeBody).asked,
      account: request.account?.name ?? null,
    };
  }

  get(target: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask("GET", target, { fields });
  }
}

/** A stage whose files were changed long ago. */
export function stage(
  files: Readonly<Record<string, string>> = {},
  options: Partial<StaticFilesOptions> = {},
): Promise<Stage> {
  return new Stage(undefined, options).fill(files);
}

class FakeBody implements RequestBody {
  readonly trailers = null;
  readonly #pieces: readonly Buffer[];
  readonly #broken: boolean;
  asked = false;
  maxBytes: number | null = 1024;

  constructor(pieces: readonly Buffer[], broken: boolean) {
    this.#pieces = pieces;
    this.#broken = broken;
  }

  get length(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0) + (this.#broken ? 1 : 0);
  }

  allow(maxBytes: number | null): void {
    this.maxBytes = maxBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    this.asked = true;
    if (this.maxBytes !== null && this.length > this.maxBytes) throw new HttpError(413);
    yield* this.#pieces;
    if (this.#broken) throw new Error("the peer is gone");
  }

  bytes = (): never => unused();
  text = (): never => unused();
  json = (): never => unused();
  discard = (): never => unused();
}

function unused(): never {
  throw new Error("not for files");
}

function requestOf(method: string, target: string, asked: Asked): HttpRequest {
  const [path = "", query] = target.split("?");
  const fields = Fields.of(Object.entries(asked.fields ?? {}));
  const { body = [], broken = false, from = "192.0.2.1", secure = false } = asked;
  const form = {
    form: "origin",
    raw: target,
    path,
    query: query ?? null,
    authority: null,
  } as const;
  const pieces = typeof body === "string" ? [Buffer.from(body)] : body;
  return {
    method,
    path,
    params: {},
    query: new URLSearchParams(query),
    head: {
      method,
      target: form,
      version: "1.1",
      fields,
      host: "files.example",
      keepAlive: true,
      expectsContinue: false,
      upgrade: null,
      bodyBytes: null,
    },
    fields,
    host: "files.example",
    fd: 1,
    remoteAddress: { family: "IPv4", host: from, port: 40_000 },
    secure,
    signal: new AbortController().signal,
    account: null,
    body: new FakeBody(pieces, broken),
  };
}

const HIGH_WATER_MARK = 64 * 1024;

/** Fails for what a connection would not send. Bytes are read when they leave, not before. */
class FakeResponse implements HttpResponse {
  readonly fields = new Map<string, string>();
  readonly sent: Buffer[] = [];
  readonly #method: string;
  readonly #onBytes: (bytes: number) => void | Promise<void>;
  #borrowed: Uint8Array[] = [];
  #promised: number | null = null;
  #given = 0;
  code = 200;
  headSent = false;
  ended = false;
  broken = false;

  constructor(method: string, onBytes: Asked["onBytes"] = () => undefined) {
    this.#method = method;
    this.#onBytes = onBytes;
  }

  get wantsBody(): boolean {
    return this.#method !== "HEAD" && this.code !== 204 && this.code !== 304;
  }

  status(code: number): this {
    if (this.headSent) throw new Error("the head is sent");
    this.code = code;
    return this;
  }

  field(name: string, value: string | readonly string[]): this {
    if (this.headSent) throw new Error("the head is sent");
    if (typeof value !== "string" || /[\r\n]/.test(value)) throw new Error("no field");
    this.fields.set(name.toLowerCase(), value);
    return this;
  }

  send(body: string | Uint8Array = ""): void {
    const bytes = Buffer.from(body as string);
    this.start(bytes.length);
    if (this.wantsBody) this.sent.push(bytes);
    this.#given = bytes.length;
    this.end();
  }

  redirect(url: string, code = 302): void {
    this.status(code).field("Location", url).send();
  }

  refuse(code: number, why = ""): void {
    this.status(code).send(why);
  }

  start(bodyBytes?: number): void {
    if (this.headSent) throw new Error("the head is sent");
    this.headSent = true;
    this.#promised = bodyBytes ?? null;
    if (bodyBytes !== undefined && this.code !== 204 && this.code !== 304) {
      this.fields.set("content-length", `${bodyBytes}`);
    }
  }

  write(bytes: string | Uint8Array): Promise<void> | undefined {
    this.#given += bytes.length;
    const before = this.#borrowed.reduce((sum, one) => sum + one.length, 0);
    const isFull = before + bytes.length >= HIGH_WATER_MARK;
    const piece = isFull && typeof bytes !== "string" ? bytes : Buffer.from(bytes as string);
    if (this.wantsBody) this.#borrowed.push(piece);
    return isFull ? this.#leave() : undefined;
  }

  async #leave(): Promise<void> {
    const leaving = this.#borrowed;
    this.#borrowed = [];
    for (const piece of leaving) {
      await this.#onBytes(piece.length);
      this.sent.push(Buffer.from(piece));
    }
  }

  end(): void {
    if (this.ended) throw new Error("it is ended");
    if (this.wantsBody && this.#promised !== null && this.#given !== this.#promised) {
      throw new Error(`${this.#given} bytes of ${this.#promised}`);
    }
    this.sent.push(...this.#borrowed.map((piece) => Buffer.from(piece)));
    this.ended = true;
  }

  abort(): void {
    this.broken = true;
    this.ended = true;
  }

  json = (): never => unused();
  events = (): never => unused();
  upgrade = (): never => unused();
}

/** Accounts in which everybody has all rights. */
export function anybody(rights: readonly Right[] = ["read", "write", "delete"]): Accounts {
  return new Accounts([], { anonymous: { home: "/", rights } });
}
