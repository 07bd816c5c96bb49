/** What is said of an error: a small page, or JSON, or a line, as the peer accepts. */
import Negotiator from "negotiator";

import { phraseOf } from "../status.ts";

const TYPES = ["text/html", "application/json", "text/plain"] as const;

export interface ErrorPage {
  readonly type: string;
  readonly body: string;
}

/** `accept` is the field as it came; what it has none of is answered with a page all the same. */
export function errorPage(status: number, reason: string | null, accept: string | null): ErrorPage {
  // An error without a message has an empty one.
  const why = reason === "" ? null : reason;
  const headers = accept === null ? {} : { accept };
  const type = new Negotiator({ headers }).mediaType([...TYPES]);
  const title = `${status} ${phraseOf(status)}`;
  switch (type) {
    case "application/json":
      return { type, body: `${JSON.stringify({ status, why: why ?? phraseOf(status) })}\n` };
    case "text/plain":
      return { type: "text/plain; charset=utf-8", body: `${title}${lineOf(why)}\n` };
    default:
      return { type: "text/html; charset=utf-8", body: pageOf(title, why) };
  }
}

function lineOf(why: string | null): string {
  return why === null ? "" : `: ${why}`;
}

function pageOf(title: string, why: string | null): string {
  const text = why === null ? "" : `<p>${escapeHtml(why)}.</p>\n`;
  return (
    `<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n` +
    `<title>${escapeHtml(title)}</title>\n<h1>${escapeHtml(title)}</h1>\n${text}</html>\n`
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" },
};

/** Text that is no markup, between tags and in attributes with quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
