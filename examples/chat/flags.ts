/** The chat room's flags: arguments in, settings out, or one line that says what is wrong. */
import { parseArgs } from "node:util";

import { minBacklogBytes } from "./server.ts";

const MAX_LINE_BYTES = 1024 * 1024;
const MAX_BACKLOG_BYTES = 1024 * 1024 * 1024;

export const HELP = `A chat room for nc.

  npm start -- [flags]

  --port N             TCP port to listen on; 0 lets the system choose (9000)
  --host ADDRESS       address to listen on (127.0.0.1: this machine only)
  --path FILE          listen on a Unix-domain socket instead of TCP
  --max-line-bytes N   longest line that a member may send (4096)
  --backlog-bytes N    output that may wait for a member; who reads too slowly
                       for it is disconnected (262144, more for longer lines)
  --help               this text

SIGINT or SIGTERM ends the chat: members are told, output drains, exit status 0.
A second one ends it at once. Wrong flags and addresses: exit status 2.
`;

const FLAGS = {
  port: { type: "string" },
  host: { type: "string" },
  path: { type: "string" },
  "max-line-bytes": { type: "string" },
  "backlog-bytes": { type: "string" },
  help: { type: "boolean", default: false },
} as const;

export interface Settings {
  readonly address: { readonly path: string } | { readonly port: number; readonly host: string };
  readonly maxLineBytes: number;
  readonly backlogBytes: number;
}

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): Settings | null {
  const values = parse(args);
  if (values.help) return null;
  const { path, port, host } = values;
  if (path !== undefined && (port ?? host) !== undefined) {
    throw new Error("--path goes without --port and --host");
  }
  const line = values["max-line-bytes"] ?? "4096";
  const maxLineBytes = wholeNumber("--max-line-bytes", line, 1, MAX_LINE_BYTES);
  const least = minBacklogBytes(maxLineBytes);
  const backlog = values["backlog-bytes"] ?? `${Math.max(262_144, least)}`;
  const backlogBytes = wholeNumber("--backlog-bytes", backlog, least, MAX_BACKLOG_BYTES);
  const tcp = { port: wholeNumber("--port", port ?? "9000", 0, 65535), host: host ?? "127.0.0.1" };
  return { address: path === undefined ? tcp : { path }, maxLineBytes, backlogBytes };
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new Error(`${flag} is "${text}": give a whole number from ${least} to ${most}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (error) {
    // Node explains a wrong flag at length; the first sentence says it.
    throw new Error((error as Error).message.split(/\n|\. /, 1)[0], { cause: error });
  }
}
