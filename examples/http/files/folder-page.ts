/** A folder as a page. Names come from anybody: nothing of them is markup, and no link leads away. */
import type { Entry } from "../../files/file-store.ts";
import { escapeHtml } from "../server/error-page.ts";

/** Entries of a page. What a larger folder has beyond them is not shown, and the page says so. */
export const MAX_PAGE_ENTRIES = 10_000;

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th { text-align: start; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .25rem .5rem; }
td:first-child { overflow-wrap: anywhere; }
td + td, th + th { font-variant-numeric: tabular-nums; text-align: end; white-space: nowrap; }
a { text-decoration: none; }
a:hover { text-decoration: underline; }
`;

export const FOLDER_PAGE_FIELDS = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"],
  ["Cache-Control", "no-cache"],
] as const;

/** The first entries that clients are shown, sorted: folders first, then by name. */
export async function pageEntries(
  list: AsyncIterable<Entry>,
): Promise<{ readonly entries: readonly Entry[]; readonly more: boolean }> {
  const entries: Entry[] = [];
  let more = false;
  for await (const entry of list) {
    if (entry.name.startsWith(".")) continue;
    more = entries.length === MAX_PAGE_ENTRIES;
    if (more) break;
    entries.push(entry);
  }
  return { entries: entries.sort(inOrder), more };
}

function inOrder(one: Entry, other: Entry): number {
  if (one.kind !== other.kind) return one.kind === "folder" ? -1 : 1;
  return one.name < other.name ? -1 : 1;
}

/** `names`: where the folder is; of the root none. */
export function folderPage(
  names: readonly string[],
  { entries, more }: { readonly entries: readonly Entry[]; readonly more: boolean },
): string {
  const title = escapeHtml(`/${names.map((name) => `${name}/`).join("")}`);
  const parent = names.length === 0 ? [] : [row("../", "../", "", "")];
  const rows = [...parent, ...entries.map(entryRow)];
  return [
    '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${title}</title>\n<style>${STYLE}</style>\n<h1>${title}</h1>`,
    "<table>\n<tr><th>Name<th>Bytes<th>Changed (UTC)",
    ...rows,
    "</table>",
    ...(more ? [`<p>There is more: the first ${MAX_PAGE_ENTRIES} are shown.`] : []),
    "</html>\n",
  ].join("\n");
}

function entryRow({ name, kind, size, modifiedMs }: Entry): string {
  const slash = kind === "folder" ? "/" : "";
  const changed = new Date(modifiedMs).toISOString().slice(0, 16).replace("T", " ");
  // With "./" no name is taken for a scheme or a host.
  const link = `./${encodeURIComponent(name)}${slash}`;
  return row(link, name + slash, kind === "folder" ? "" : `${size}`, changed);
}

function row(link: string, name: string, size: string, changed: string): string {
  return `<tr><td><a href="${escapeHtml(link)}">${escapeHtml(name)}</a><td>${size}<td>${changed}`;
}
