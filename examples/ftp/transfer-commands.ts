/**
 * What goes over a data connection. The source is opened first, so that a file that is not there is
 * told at once; then comes 150, the data connection, and the final reply.
 */
import type { Handler } from "./access-commands.ts";
import type { Verb } from "./commands.ts";
import type { Moved, Opened, Route, Source } from "./effects.ts";
import { entryAt, matchingOf } from "./file-commands.ts";
import type { UploadMode } from "../files/file-store.ts";
import type { Listing } from "./listing.ts";
import { nameOf } from "./paths.ts";
import { reply, type Reply } from "./replies.ts";
import type { State } from "./state.ts";
import { ask, final, storeFailed, type Step } from "./steps.ts";

export const TRANSFERS = {
  RETR: retrieve,
  STOR: store,
  STOU: storeUnique,
  APPE: append,
  REST: (state, offset) => {
    const bytes = /^\d+$/.test(offset) ? Number(offset) : NaN;
    if (!Number.isSafeInteger(bytes)) return final(501, "A number of bytes is needed");
    state.restart = bytes;
    return final(350, `The next transfer begins at ${bytes}`);
  },
  LIST: (state, argument) => list(state, withoutOptions(argument), "long"),
  NLST: (state, argument) => list(state, withoutOptions(argument), "names"),
  MLSD: listFacts,
} satisfies Partial<Record<Verb, Handler>>;

/** `LIST -la path`: clients think that they speak to `ls`. A name like that is `./-la`. */
export function withoutOptions(argument: string): string {
  return argument.replace(/^(?:-[A-Za-z1]*(?: +|$))+/, "");
}

interface Plan {
  readonly what: string;
  readonly source: Source;
  readonly ascii: boolean;
  /** 1yz, once the source is open. */
  readonly begins: (opened: Opened) => Reply;
  readonly ends?: (opened: Opened) => string;
}

/** Why there can be no transfer now, or null. Of the table's checks the last. */
export function transferObstacle(state: State): Step | null {
  if (state.aborting) return final(426, "ABOR came before it began");
  if (state.settings.tls === "data" && !state.protect) {
    return final(521, "Data must be protected here: PBSZ 0 and PROT P");
  }
  return state.data.kind === "none" ? final(425, "PASV, EPSV, PORT or EPRT comes before") : null;
}

function transfer(state: State, { what, source, ascii, begins, ends }: Plan): Step {
  // Things may have changed while the store was asked.
  const obstacle = transferObstacle(state);
  if (obstacle !== null) return obstacle;
  const running = { what, moving: false, aborted: false, bytes: 0 };
  state.transfer = running;
  return ask({ kind: "open", source }, (opened) => {
    if (!opened.ok) {
      state.transfer = null;
      return running.aborted ? failed(ABORTED) : storeFailed(opened.code);
    }
    if (running.aborted) {
      state.tell({ kind: "drop" });
      state.transfer = null;
      return failed(ABORTED);
    }
    running.moving = true;
    const route = state.data as Route;
    const next = ask({ kind: "move", route, secure: state.protect, ascii }, (moved) => {
      state.transfer = null;
      state.data = { kind: "none" };
      return moved.ok ? final(226, ends?.(opened.value) ?? "Done") : failed(moved);
    });
    return { kind: "preliminary", reply: begins(opened.value), next };
  });
}

type Failed = Extract<Moved, { readonly ok: false }>;

const ABORTED: Failed = { ok: false, why: "aborted" };

function failed(moved: Failed): Step {
  switch (moved.why) {
    case "no-connection":
      return final(425, "The data connection could not be made");
    case "no-tls":
      return final(522, "TLS failed on the data connection");
    case "broken":
      return final(426, "The data connection broke: nothing is certain of this transfer");
    case "too-many":
      return final(451, "The folder has more entries than are listed here");
    case "aborted":
      return final(426, "The transfer is broken off");
    case "store":
      return storeFailed(moved.code);
  }
}

const BYTES_ONLY = "REST counts bytes as they are: it needs TYPE I";

function retrieve(state: State, written: string): Step {
  const offset = state.restart;
  if (offset > 0 && state.ascii) return final(555, BYTES_ONLY);
  return state.at(written, (path) =>
    transfer(state, {
      what: `RETR ${path}`,
      source: { kind: "retrieve", path, offset },
      ascii: state.ascii,
      // Clients that show how much is done take the size from here.
      begins: ({ size }) => begins(state, state.ascii ? path : `${path} (${size} bytes)`),
    }),
  );
}

function store(state: State, written: string): Step {
  const offset = state.restart;
  if (offset > 0 && state.ascii) return final(555, BYTES_ONLY);
  if (offset > 0 && !state.may("write")) return storeFailed("forbidden");
  return upload(state, "STOR", written, offset > 0 ? { kind: "resume", offset } : fresh(state));
}

function fresh(state: State): UploadMode {
  return { kind: state.may("write") ? "replace" : "new" };
}

function append(state: State, written: string): Step {
  if (state.restart > 0) return final(503, "APPE begins at the end, and not where REST said");
  return upload(state, "APPE", written, { kind: "append" });
}

function upload(state: State, verb: Verb, written: string, mode: UploadMode): Step {
  return state.at(written, (path) =>
    transfer(state, {
      what: `${verb} ${path}`,
      source: { kind: "store", path, mode },
      ascii: state.ascii,
      begins: () => begins(state, path),
    }),
  );
}

/** The name stands in the first reply in the words of RFC 1123 section 4.1.2.9, and in the last. */
function storeUnique(state: State, written: string): Step {
  if (state.restart > 0) return final(503, "STOU makes a new file, and REST goes on with one");
  return state.at(written === "" ? "upload" : written, (path) =>
    transfer(state, {
      what: `STOU ${path}`,
      source: { kind: "store", path, mode: { kind: "unique" } },
      ascii: state.ascii,
      begins: ({ path }) => reply(150, `FILE: ${path}`),
      ends: ({ path }) => `FILE: ${path}`,
    }),
  );
}

function begins(state: State, what: string): Reply {
  return reply(150, `Opening ${state.ascii ? "ASCII" : "BINARY"} mode data connection for ${what}`);
}

function listFacts(state: State, written: string): Step {
  return state.at(written, (path) =>
    entryAt(path, ({ kind }) => {
      if (kind !== "folder") return final(501, "MLSD lists folders: MLST is for files");
      const listing: Listing = {
        format: "facts",
        facts: state.facts,
        rights: state.login!.rights,
      };
      return sendList(state, `MLSD ${path}`, { folder: path, pattern: null }, listing);
    }),
  );
}

type ListSource = (Source & { kind: "list" })["from"];

function list(state: State, written: string, format: "long" | "names"): Step {
  const what = format === "long" ? "LIST" : "NLST";
  const listing = (prefix: string): Listing =>
    format === "long" ? { format, rights: state.login!.rights } : { format, prefix };
  return state.at(written, (path) =>
    ask({ kind: "entry", path }, (entry) => {
      if (entry.ok && entry.value.kind === "folder") {
        const from = { folder: path, pattern: null };
        return sendList(state, `${what} ${path}`, from, listing(folderPrefix(written)));
      }
      const before = written.slice(0, written.lastIndexOf("/") + 1);
      if (entry.ok) return sendList(state, `${what} ${path}`, entry.value, listing(before));
      const from = entry.code === "not-found" ? matchingOf(state, written) : null;
      if (from === null) return storeFailed(entry.code);
      return sendList(state, `${what} ${path}`, from, listing(before));
    }),
  );
}

/** `NLST a` tells `a/b`, so that it can be got by that; `NLST` and `NLST .` tell `b`. */
function folderPrefix(written: string): string {
  if (written === "" || written === ".") return "";
  return written.endsWith("/") ? written : `${written}/`;
}

function sendList(state: State, what: string, from: ListSource, listing: Listing): Step {
  return transfer(state, {
    what,
    source: { kind: "list", from, listing },
    ascii: false,
    begins: () => reply(150, `The listing of ${nameOf(what.slice(5))} comes`),
  });
}
