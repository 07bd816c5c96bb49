/** The built page: a few files, read once, and sent only to browsers that do not have them. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { matchesWeakly, readTags } from "../http/files/entity-tag.ts";
import type { Handler } from "../http/server/handler.ts";
import type { Routes } from "./routes.ts";

const INDEX = "index.html";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Serves the files of `folder`, and its index at `/`. Throws with one line if there is no page.
 * Answers the patterns that it has: a page asks for a login itself, so that none is needed for it.
 */
export function mountPage(routes: Routes, folder: string | URL): readonly string[] {
  const at = typeof folder === "string" ? folder : fileURLToPath(folder);
  const names = namesOf(at);
  if (!names.includes(INDEX)) {
    throw new Error(`${at} has no page: build it with "npm run page"`);
  }
  const patterns = names.map((name) => (name === INDEX ? "/" : `/${name}`));
  names.forEach((name, i) => {
    const type = TYPES[path.extname(name)] ?? "application/octet-stream";
    routes.get(patterns[i]!, fileHandler(fs.readFileSync(path.join(at, name)), type));
  });
  return patterns;
}

function namesOf(folder: string): readonly string[] {
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function fileHandler(bytes: Buffer, type: string): Handler {
  const tag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return ({ fields }, response) => {
    // Asked again each time: a page of another version does not fit to what is told.
    response.field("ETag", tag).field("Cache-Control", "no-cache");
    const known = readTags(fields.get("if-none-match") ?? "");
    if (known === "*" || known?.some((theirs) => matchesWeakly(theirs, tag)) === true) {
      response.status(304).send();
    } else response.field("Content-Type", type).send(bytes);
  };
}
