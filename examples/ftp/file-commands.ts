/** Folders and files, without a data connection. */
import type { Handler } from "./access-commands.ts";
import type { Verb } from "./commands.ts";
import type { Change } from "./effects.ts";
import type { Entry } from "../files/file-store.ts";
import { factsOf, formatTime, longLine, parseTime } from "./listing.ts";
import { isPattern, parentOf, resolvePath } from "./paths.ts";
import { quoted } from "./replies.ts";
import type { State } from "./state.ts";
import { ask, final, storeFailed, type Step } from "./steps.ts";

export const FILES = {
  CWD: (state, written) => state.at(written, (path) => enter(state, path)),
  CDUP: (state) => enter(state, parentOf(state.folder)),
  PWD: ({ folder }) => final(257, `${quoted(folder)} is the current folder`),
  MKD: (state, written) =>
    state.at(written, (path) =>
      change({ kind: "make-folder", path }, () => final(257, `${quoted(path)} is made`)),
    ),
  RMD: (state, written) =>
    state.at(written, (path) =>
      change({ kind: "remove-folder", path }, () => final(250, "The folder is removed")),
    ),
  DELE: (state, written) =>
    state.at(written, (path) =>
      change({ kind: "remove", path }, () => final(250, "The file is removed")),
    ),
  RNFR: (state, written) =>
    state.at(written, (path) =>
      entryAt(path, () => {
        state.renameFrom = path;
        return final(350, "And its new name?");
      }),
    ),
  RNTO: (state, written) =>
    state.at(written, (to) =>
      change({ kind: "rename", from: state.renameFrom!, to }, () => final(250, "It is renamed")),
    ),
  SIZE: size,
  MDTM: modified,
  MFMT: setModified,
  MLST: facts,
  AVBL: (state, written) =>
    state.at(written, () =>
      ask({ kind: "free-bytes" }, (free) => {
        if (!free.ok) return storeFailed(free.code);
        return free.value === null
          ? final(550, "That is not known here")
          : final(213, String(free.value));
      }),
    ),
} satisfies Partial<Record<Verb, Handler>>;

export function entryAt(path: string, then: (entry: Entry) => Step): Step {
  return ask({ kind: "entry", path }, (entry) =>
    entry.ok ? then(entry.value) : storeFailed(entry.code),
  );
}

function change(wanted: Change, then: () => Step): Step {
  return ask({ kind: "change", change: wanted }, (done) =>
    done.ok ? then() : storeFailed(done.code),
  );
}

function enter(state: State, path: string): Step {
  return entryAt(path, ({ kind }) => {
    if (kind !== "folder") return storeFailed("not-a-folder");
    state.folder = path;
    return final(250, `${quoted(path)} is the current folder`);
  });
}

/** What RETR would send. With line ends converted, that is not known without reading it all. */
function size(state: State, written: string): Step {
  if (state.ascii) return final(550, "SIZE is known for TYPE I only");
  return state.at(written, (path) =>
    entryAt(path, (entry) =>
      entry.kind === "file" ? final(213, String(entry.size)) : storeFailed("not-a-file"),
    ),
  );
}

/**
 * Some clients set the time with `MDTM time path`. It may as well be the name of a file, which RFC
 * 3659 makes it: so that is looked for first.
 */
function modified(state: State, written: string): Step {
  return state.at(written, (path) =>
    ask({ kind: "entry", path }, (entry) => {
      if (entry.ok) return final(213, formatTime(entry.value.modifiedMs));
      const setting = entry.code === "not-found" && timeAndPath(written) !== null;
      if (!setting) return storeFailed(entry.code);
      if (!state.may("write")) return storeFailed("forbidden");
      return setModified(state, written);
    }),
  );
}

function setModified(state: State, argument: string): Step {
  const wanted = timeAndPath(argument);
  if (wanted === null) return final(501, "YYYYMMDDHHMMSS in UTC and a path are needed");
  const { modifiedMs, written } = wanted;
  return state.at(written, (path) =>
    change({ kind: "set-modified", path, modifiedMs }, () =>
      final(213, `Modify=${formatTime(modifiedMs)}; ${written}`),
    ),
  );
}

function timeAndPath(argument: string): { modifiedMs: number; written: string } | null {
  const [, time, written] = /^(\S+) (.+)$/su.exec(argument) ?? [];
  const modifiedMs = parseTime(time ?? "");
  return modifiedMs === null ? null : { modifiedMs, written: written! };
}

/** One line between two (RFC 3659 section 7.2); its space tells that it is no text. */
function facts(state: State, written: string): Step {
  return state.at(written, (path) =>
    entryAt(path, (entry) =>
      final(
        250,
        `Facts of ${path}`,
        ` ${factsOf(entry, state.facts, state.login!.rights)} ${path}`,
        "End",
      ),
    ),
  );
}

/** The names in a folder that match. */
interface Matching {
  readonly folder: string;
  readonly pattern: string | null;
}

/** A last part with `*` or `?` is a pattern, unless there is something of that very name. */
export function matchingOf(state: State, written: string): Matching | null {
  const [, before = "", pattern] = /^(.*\/)?([^/]*)$/su.exec(written)!;
  const folder = resolvePath(before, state.folder);
  return isPattern(pattern!) && folder.ok ? { folder: folder.path, pattern: pattern! } : null;
}

/** STAT with a path: a listing in a reply, as long as it may be. */
export function listInReply(state: State, written: string): Step {
  return state.at(written, (path) =>
    ask({ kind: "entry", path }, (entry) => {
      if (!entry.ok) {
        const matching = entry.code === "not-found" ? matchingOf(state, written) : null;
        return matching === null ? storeFailed(entry.code) : matchesInReply(state, matching, path);
      }
      if (entry.value.kind === "folder") {
        return matchesInReply(state, { folder: path, pattern: null }, path);
      }
      const { name, size: bytes, modifiedMs } = entry.value;
      return final(213, `${name}: ${bytes} bytes, modified ${formatTime(modifiedMs)}`);
    }),
  );
}

function matchesInReply(state: State, { folder, pattern }: Matching, what: string): Step {
  const { rights } = state.login!;
  const max = state.settings.limits.maxStatusEntries;
  return ask({ kind: "entries", path: folder, pattern, max }, (listed) => {
    if (!listed.ok) return storeFailed(listed.code);
    const { entries, more, nowMs } = listed.value;
    const lines = entries.slice(0, max).map((one) => longLine(one, rights, nowMs));
    const rest = more ? `There is more: LIST lists all of it` : "End";
    return final(212, `What is in ${what}`, ...lines, rest);
  });
}
