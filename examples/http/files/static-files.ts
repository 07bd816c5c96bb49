/**
 * Files of a store for clients of HTTP (RFC 9110): who may do what, and what a target means.
 *
 *     const files = new StaticFiles({ store, pool, now });
 *     server.any("/*", (request, response) => files.handle(request, response));
 */
import type { Account, Accounts } from "../../accounts/accounts.ts";
import type { BufferPool } from "../../files/buffer-pool.ts";
import type { Right } from "../../accounts/rights.ts";
import { StoreError, type FileStore } from "../../files/file-store.ts";
import { namesOf } from "../../files/store-path.ts";
import { KNOWN_METHODS } from "../server/router.ts";
import { HttpError } from "../server/http-error.ts";
import type { HttpRequest } from "../server/http-request.ts";
import type { HttpResponse } from "../server/http-response.ts";
import { BasicLogin, type Denial } from "./basic-login.ts";
import { Downloads } from "./downloads.ts";
import { requestedPath, storePathOf, targetOf, type FilePath } from "./file-path.ts";
import { folderPage, FOLDER_PAGE_FIELDS, pageEntries } from "./folder-page.ts";
import { KEPT_BYTES } from "./kept-files.ts";
import { Lookups, type Look } from "./lookups.ts";
import { STORE_REFUSALS } from "./store-refusals.ts";
import { MAX_UPLOAD_BYTES, Uploads } from "./uploads.ts";

export interface StaticFilesOptions {
  readonly store: FileStore;
  /** For large files, together with whoever else has it. */
  readonly pool: BufferPool;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970, on the clock of the disk. */
  readonly wallMs?: () => number;
  /** Null: anybody may read, and nothing else. */
  readonly accounts?: Accounts | null;
  /** Whose request it is, for who knows that already: in place of `accounts`. */
  readonly accountOf?: (request: HttpRequest) => Account;
  /** The name of the place in the tree of targets, `files` for those that begin with `/files/`. */
  readonly under?: string;
  readonly realm?: string;
  /** Passwords are taken over plain connections too: something in front of this does TLS. */
  readonly plainPasswords?: boolean;
  /** Folders without an index are shown as pages. */
  readonly listing?: boolean;
  /** Accounts that have the right may PUT and DELETE. */
  readonly writable?: boolean;
  readonly precompressed?: boolean;
  readonly keptBytes?: number;
  readonly maxUploadBytes?: number;
}

const INDEX = "index.html";

const EVERYBODY: Account = {
  name: "",
  home: "/",
  rights: new Set<Right>(["read"]),
  isAnonymous: true,
};

export class StaticFiles {
  readonly #store: FileStore;
  readonly #lookups: Lookups;
  readonly #login: BasicLogin | null;
  readonly #accountGiven: ((request: HttpRequest) => Account) | null;
  readonly #under: readonly string[];
  readonly #downloads: Downloads;
  readonly #uploads: Uploads | null;
  readonly #listing: boolean;

  constructor(options: StaticFilesOptions) {
    const { store, pool, now, wallMs = Date.now, accounts = null, listing = false } = options;
    const { keptBytes = KEPT_BYTES, maxUploadBytes = MAX_UPLOAD_BYTES } = options;
    const { realm = "files", plainPasswords: plain = false, precompressed = false } = options;
    const lookups = new Lookups(store, wallMs);
    this.#store = store;
    this.#lookups = lookups;
    this.#login = accounts && new BasicLogin({ accounts, realm, plain, now });
    this.#accountGiven = options.accountOf ?? null;
    this.#under = options.under === undefined ? [] : [options.under];
    this.#downloads = new Downloads({ store, lookups, pool, keptBytes, precompressed, now });
    this.#uploads =
      options.writable === true ? new Uploads({ store, lookups, pool, maxUploadBytes }) : null;
    this.#listing = listing;
  }

  /** Answers GET, HEAD and OPTIONS of files, and if they are writable PUT and DELETE. */
  async handle(request: HttpRequest, response: HttpResponse): Promise<void> {
    try {
      await this.#handle(request, response);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code === "failed") throw error;
      if (response.headSent) {
        response.abort(error);
        return;
      }
      const [status, why] = STORE_REFUSALS[error.code];
      response.refuse(status, why);
    }
  }

  async #handle(request: HttpRequest, response: HttpResponse): Promise<void> {
    const right = this.#rightFor(request.method);
    if (right === null) {
      this.#refuseMethod(request.method, response);
      return;
    }
    const account = await this.#accountFor(request, right);
    if ("status" in account) {
      for (const [name, value] of account.fields) response.field(name, value);
      response.refuse(account.status, account.why);
      return;
    }
    const path = requestedPath(request, this.#under.length);
    if (right === "read") await this.#read(path, account, { request, response });
    else await this.#write(path, account, { request, response });
  }

  /** Null: the method is not served. */
  #rightFor(method: string): Right | null {
    if (method === "GET" || method === "HEAD") return "read";
    if (this.#uploads === null) return null;
    if (method === "PUT") return "create";
    return method === "DELETE" ? "delete" : null;
  }

  /** RFC 9110 sections 15.5.6 and 15.6.2. */
  #refuseMethod(method: string, response: HttpResponse): void {
    if (!KNOWN_METHODS.includes(method)) {
      response.refuse(501);
      return;
    }
    const changes = this.#uploads === null ? "" : ", PUT, DELETE";
    response.field("Allow", `GET, HEAD, OPTIONS${changes}`);
    if (method === "OPTIONS") response.status(204).send();
    else response.refuse(405);
  }

  async #accountFor(request: HttpRequest, right: Right): Promise<Account | Denial> {
    if (this.#accountGiven !== null) {
      const account = this.#accountGiven(request);
      return isAllowed(account, right) ? account : FORBIDDEN;
    }
    if (this.#login === null) return right === "read" ? EVERYBODY : FORBIDDEN;
    const account = await this.#login.accountOf(request);
    if (account !== null && "status" in account) return account;
    // Who may not is named in the log as well.
    if (account?.isAnonymous === false) request.account = account;
    if (account !== null && isAllowed(account, right)) return account;
    return account === null || account.isAnonymous ? this.#login.challenge(request) : FORBIDDEN;
  }

  async #read(path: FilePath, { home }: Account, exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const at = storePathOf([...namesOf(home), ...path.names]);
    if (path.inFolder) {
      const index = at === "/" ? `/${INDEX}` : `${at}/${INDEX}`;
      const look = await this.#indexAt(index);
      if (look !== null) await this.#downloads.send(index, look, exchange);
      else await this.#sendPage(path, at, response);
      return;
    }
    const look = await this.#lookups.look(at);
    if (look.entry.kind === "file") {
      await this.#downloads.send(at, look, exchange);
      return;
    }
    const { query } = request.head.target;
    const target = targetOf({ names: [...this.#under, ...path.names], inFolder: true });
    response.redirect(query === null ? target : `${target}?${query}`, 301);
  }

  /** Null: there is no such file. */
  async #indexAt(path: string): Promise<Look | null> {
    try {
      const look = await this.#lookups.look(path);
      return look.entry.kind === "file" ? look : null;
    } catch (error) {
      const isMissing = error instanceof StoreError && STORE_REFUSALS[error.code][0] === 404;
      if (isMissing) return null;
      throw error;
    }
  }

  async #sendPage({ names }: FilePath, at: string, response: HttpResponse): Promise<void> {
    if (!this.#listing) throw new HttpError(404);
    const shown = await pageEntries(this.#store.list(at));
    for (const [name, value] of FOLDER_PAGE_FIELDS) response.field(name, value);
    response.send(folderPage(names, shown));
  }

  async #write(path: FilePath, account: Account, { request, response }: Exchange): Promise<void> {
    const { names, inFolder } = path;
    if (inFolder) throw new HttpError(409, "this is a folder: give the name of a file");
    const { home, rights } = account;
    const wanted = { path: storePathOf([...namesOf(home), ...names]), home, rights };
    if (request.method === "PUT") await this.#uploads!.put(request, response, wanted);
    else await this.#uploads!.remove(request, response, wanted);
  }
}

interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

const FORBIDDEN: Denial = { status: 403, why: "you have no right to do this here", fields: [] };

/** Who may write may create. */
function isAllowed({ rights }: Account, right: Right): boolean {
  return rights.has(right) || (right === "create" && rights.has("write"));
}
