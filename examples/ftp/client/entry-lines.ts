/** What stands in a folder, in lines for people. */
import { shownName } from "./shown-name.ts";
import type { RemoteEntry } from "./remote-entry.ts";

/** Size in bytes, time of the last change in this machine's zone, name; folders end with a slash. */
export function entryLines(entries: readonly RemoteEntry[]): string[] {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sizes = sorted.map(({ size }) => (size === null ? "-" : String(size)));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  return sorted.map((entry, i) => {
    return `${sizes[i]!.padStart(width)}  ${formatTime(entry.modifiedMs)}  ${nameOf(entry)}`;
  });
}

const KINDS: Readonly<Record<RemoteEntry["kind"], string>> = {
  file: "file",
  folder: "folder",
  link: "link",
  other: "neither file nor folder",
};

/** `path` as it was typed: servers tell a name only. */
export function infoLines(path: string, { kind, size, modifiedMs }: RemoteEntry): string[] {
  return [
    `name:     ${shownName(path)}`,
    `kind:     ${KINDS[kind]}`,
    `size:     ${size === null ? "not told" : `${size} bytes`}`,
    `changed:  ${modifiedMs === null ? "not told" : formatTime(modifiedMs)}`,
  ];
}

function nameOf({ name, kind }: RemoteEntry): string {
  return kind === "folder" ? `${shownName(name)}/` : shownName(name);
}

function formatTime(timeMs: number | null): string {
  const time = new Date(timeMs ?? NaN);
  if (Number.isNaN(time.getTime())) return "-".padEnd(16);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
