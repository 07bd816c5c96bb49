/** Files in the page: what `file-messages.ts` says, over HTTP. */
import type { Account } from "../accounts/accounts.ts";
import { RIGHTS, type Right } from "../accounts/rights.ts";
import type { BufferPool } from "../files/buffer-pool.ts";
import { StoreError, type FileStore } from "../files/file-store.ts";
import { homeStore, makeHome } from "../files/home-store.ts";
import { requestedPath, storePathOf } from "../http/files/file-path.ts";
import { pageEntries } from "../http/files/folder-page.ts";
import { StaticFiles } from "../http/files/static-files.ts";
import { STORE_REFUSALS } from "../http/files/store-refusals.ts";
import type { Handler } from "../http/server/handler.ts";
import { HttpError } from "../http/server/http-error.ts";
import type { HttpRequest } from "../http/server/http-request.ts";
import type { HttpResponse } from "../http/server/http-response.ts";
import type { FolderList } from "./file-messages.ts";
import type { Routes } from "./routes.ts";

/** Files come from anybody: they are saved, and never shown or run in the name of the console. */
export const FILE_FIELDS = [
  ["Content-Disposition", "attachment"],
  ["X-Content-Type-Options", "nosniff"],
  ["Content-Security-Policy", "sandbox; default-src 'none'"],
] as const;

export interface FileRoutesOptions {
  readonly store: FileStore;
  readonly pool: BufferPool;
  /** Whose home and rights a request has. */
  readonly accountOf: (request: HttpRequest) => Account;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970, on the clock of the disk. */
  readonly wallMs?: () => number;
  readonly maxUploadBytes?: number;
}

export function mountFiles(routes: Routes, options: FileRoutesOptions): void {
  const { store, accountOf } = options;
  const files = new StaticFiles({ ...options, under: "files", writable: true });
  const serve: Handler = (request, response) => {
    for (const [name, value] of FILE_FIELDS) response.field(name, value);
    return files.handle(request, response);
  };
  routes.get("/files/*", serve);
  routes.put("/files/*", serve);
  routes.delete("/files/*", serve);

  routes.get("/api/files/*", (request, response) =>
    answer(response, async () => {
      const { home, rights } = allowed(accountOf(request), "read");
      const names = namesIn(request);
      const { entries, more } = await pageEntries(listOf(homeStore(store, home), names));
      const list: FolderList = {
        path: names.length === 0 ? "/" : `${storePathOf(names)}/`,
        entries: entries.map(({ name, kind, size, modifiedMs }) => {
          return { name, kind, bytes: size, modifiedMs };
        }),
        more,
        rights: RIGHTS.filter((right) => rights.has(right)),
      };
      response.field("Cache-Control", "no-store").json(list);
    }),
  );

  routes.post("/api/folders/*", (request, response) =>
    answer(response, async () => {
      const { home } = allowed(accountOf(request), "write");
      const path = storePathOf(namesIn(request));
      await makeHome(store, home);
      await homeStore(store, home).makeFolder(path).catch(withoutParent);
      response.status(201).send();
    }),
  );

  routes.delete("/api/folders/*", (request, response) =>
    answer(response, async () => {
      const { home } = allowed(accountOf(request), "delete");
      await homeStore(store, home).removeFolder(storePathOf(namesIn(request)));
      response.status(204).send();
    }),
  );
}

/** Of `/api/files/...` and `/api/folders/...`, what is behind these two. */
function namesIn(request: HttpRequest): readonly string[] {
  return requestedPath(request, 2).names;
}

function allowed(account: Account, right: Right): Account {
  if (account.rights.has(right)) return account;
  throw new HttpError(403, "you have no right to do this here");
}

/** A home that nobody has put anything into is empty. */
async function* listOf(store: FileStore, names: readonly string[]): ReturnType<FileStore["list"]> {
  try {
    yield* store.list(storePathOf(names));
  } catch (error) {
    const isNew = error instanceof StoreError && error.code === "not-found" && names.length === 0;
    if (!isNew) throw error;
  }
}

function withoutParent(error: unknown): never {
  if (error instanceof StoreError && error.code === "not-found") {
    throw new HttpError(409, "there is no such folder to put it in");
  }
  throw error;
}

/** What the store refuses says why. */
async function answer(response: HttpResponse, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof StoreError) || error.code === "failed") throw error;
    response.refuse(...STORE_REFUSALS[error.code]);
  }
}
