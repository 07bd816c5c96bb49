/**
 * This page's member of the room. It stays while other views are shown, and while the page is loaded
 * again: its token is kept as long as the window.
 */
import { signal } from "@preact/signals";

import type { Gap, Join, Joined, Leave, Line, Over, Say } from "../../chat-messages.ts";
import { ApiError, ask, postJson } from "../api.ts";
import { keepInWindow, keptInWindow } from "../kept.ts";
import { ShownLines, type ShownLine } from "./shown-lines.ts";

export type Membership =
  | { readonly state: "out"; readonly ended: "no" | "ended" | "elsewhere" }
  | { readonly state: "in"; readonly live: boolean };

/** What a line that was not said is due to. */
export type SayProblem = "too-fast" | "too-long" | "not-said";

/** Lines that come at once are shown at once. */
const GATHER_MS = 30;
/** After an answer that no browser tries again by itself. */
const RETRY_MS = 3000;
const KEPT_AS = "chat";

export const membership = signal<Membership>({ state: "out", ended: "no" });
export const shownLines = signal<readonly ShownLine[]>([]);

const lines = new ShownLines();
let token: string | null = null;
let stream: EventSource | null = null;
let gathering = false;

/** Throws ApiError. */
export async function join(name: string): Promise<void> {
  const joined = (await postJson<Joined>("/api/chat/join", { name } satisfies Join))!;
  lines.clear();
  shownLines.value = lines.lines;
  enter(joined);
}

/** After the page was loaded again. */
export function resume(): void {
  const joined = keptMember();
  if (token === null && joined !== null) enter(joined);
}

function enter(joined: Joined): void {
  token = joined.member;
  keepMember(joined);
  membership.value = { state: "in", live: false };
  listen();
}

export function leave(): void {
  const left = token;
  goOut("no");
  if (left === null) return;
  // Whoever is not heard leaves all the same: nobody listens any more.
  void postJson("/api/chat/leave", { member: left } satisfies Leave).catch(() => undefined);
}

let saying: Promise<unknown> = Promise.resolve();

/** One line after the other, in the order in which they were said. Null: it was said. */
export function say(text: string): Promise<SayProblem | null> {
  const said = saying.then(() => sayNow(text));
  saying = said;
  return said;
}

async function sayNow(text: string): Promise<SayProblem | null> {
  if (token === null) return "not-said";
  try {
    await postJson("/api/chat/say", { member: token, text } satisfies Say);
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) goOut("ended");
    if (error.status === 413) return "too-long";
    return error.status === 429 ? "too-fast" : "not-said";
  }
}

function listen(): void {
  stream?.close();
  const opened = new EventSource(`/api/chat/events?member=${token!}`);
  stream = opened;
  const on = (name: string, apply: (event: MessageEvent<string>) => void): void => {
    opened.addEventListener(name, (event) => {
      if (stream === opened) apply(event as MessageEvent<string>);
    });
  };
  on("line", (event) => {
    lines.addLine(Number(event.lastEventId), JSON.parse(event.data) as Line);
    gather();
  });
  on("gap", (event) => {
    lines.addGap(Number(event.lastEventId), JSON.parse(event.data) as Gap);
    gather();
  });
  on("over", (event) => {
    goOut((JSON.parse(event.data) as Over).kind);
  });
  opened.onopen = () => {
    setLive(opened, true);
  };
  opened.onerror = () => {
    setLive(opened, false);
    // The browser comes again by itself, unless the answer was no stream.
    if (opened.readyState === EventSource.CLOSED) void lookWhy(opened);
  };
}

/** Whether this member is still there; if nobody knows, the stream is opened again in a while. */
async function lookWhy(closed: EventSource): Promise<void> {
  try {
    await ask(`/api/chat/events?member=${token!}`, { method: "HEAD" });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 && stream === closed) goOut("ended");
  }
  setTimeout(() => {
    if (stream === closed) listen();
  }, RETRY_MS);
}

function setLive(of: EventSource, live: boolean): void {
  const { value } = membership;
  if (stream === of && value.state === "in") membership.value = { state: "in", live };
}

function gather(): void {
  if (gathering) return;
  gathering = true;
  setTimeout(show, GATHER_MS);
}

function show(): void {
  gathering = false;
  shownLines.value = lines.lines;
}

function goOut(ended: "no" | "ended" | "elsewhere"): void {
  stream?.close();
  stream = null;
  token = null;
  if (ended !== "elsewhere") keepMember(null);
  show();
  membership.value = { state: "out", ended };
}

function keptMember(): Joined | null {
  try {
    return JSON.parse(keptInWindow(KEPT_AS) ?? "null") as Joined | null;
  } catch {
    return null;
  }
}

function keepMember(joined: Joined | null): void {
  keepInWindow(KEPT_AS, joined && JSON.stringify(joined));
}
