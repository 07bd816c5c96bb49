/** Files on their way to the server: one after the other, each with its progress. */
import { signal } from "@preact/signals";

import { loginNeeded } from "../api.ts";
import { texts } from "../texts/texts.ts";
import { folder, list, look, whyRefused } from "./folder-state.ts";
import { encoded, filePath, type Folder } from "./paths.ts";

const MAX_UPLOADS = 200;

type UploadState =
  "waiting" | "asking" | "sending" | "finishing" | "done" | "skipped" | "cancelled" | "failed";

export interface Upload {
  readonly id: number;
  readonly file: File;
  readonly into: Folder;
  readonly state: UploadState;
  readonly sent: number;
  /** Why it has failed. */
  readonly why: string;
}

export const uploads = signal<readonly Upload[]>([]);

let nextId = 1;
let running = false;
let request: XMLHttpRequest | null = null;
let answer: ((replace: boolean) => void) | null = null;

const OVER: readonly UploadState[] = ["done", "skipped", "cancelled", "failed"];

export function isOver({ state }: Upload): boolean {
  return OVER.includes(state);
}

/** Answers what is wrong with them, or nothing. */
export function upload(files: readonly File[]): string {
  const waiting = uploads.peek().filter((one) => !isOver(one)).length;
  if (waiting + files.length > MAX_UPLOADS) return texts.peek().files.tooMany(MAX_UPLOADS);
  const into = folder.peek();
  const added = files.map((file): Upload => {
    return { id: nextId++, file, into, state: "waiting", sent: 0, why: "" };
  });
  uploads.value = [...uploads.peek(), ...added];
  void run();
  return "";
}

/** What was asked of the upload that is `asking`. */
export function answerQuestion(replace: boolean): void {
  answer?.(replace);
}

export function cancel(id: number): void {
  const one = uploads.peek().find((other) => other.id === id);
  if (one === undefined || isOver(one)) return;
  update(id, { state: "cancelled" });
  if (one.state === "sending" || one.state === "finishing") request?.abort();
  if (one.state === "asking") answer?.(false);
}

export function hideOver(): void {
  uploads.value = uploads.peek().filter((one) => !isOver(one));
}

async function run(): Promise<void> {
  if (running) return;
  running = true;
  try {
    for (let next = firstWaiting(); next !== undefined; next = firstWaiting()) await send(next);
  } finally {
    running = false;
  }
}

function firstWaiting(): Upload | undefined {
  return uploads.peek().find(({ state }) => state === "waiting");
}

async function send(one: Upload): Promise<void> {
  // What is known to be there is asked for before it is sent, and the server knows better.
  let replace = false;
  if (isKnown(one)) {
    replace = await ask(one);
    if (!replace) return;
  }
  let status = await put(one, replace);
  if (status === 412 && !replace) {
    if (!(await ask(one))) return;
    status = await put(one, true);
  }
  if (status >= 200 && status < 300) update(one.id, { state: "done", sent: one.file.size });
  if (encoded(one.into) === encoded(folder.peek())) void look();
}

function isKnown({ file, into }: Upload): boolean {
  if (encoded(into) !== encoded(folder.peek())) return false;
  return (
    list.peek()?.entries.some(({ name, kind }) => name === file.name && kind === "file") === true
  );
}

async function ask(one: Upload): Promise<boolean> {
  const { files } = texts.peek();
  if (list.peek()?.rights.includes("write") === false) {
    fail(one, files.mayNotReplace);
    return false;
  }
  update(one.id, { state: "asking" });
  const replace = await new Promise<boolean>((resolve) => (answer = resolve));
  answer = null;
  if (stateOf(one) === "cancelled") return false;
  update(one.id, { state: replace ? "waiting" : "skipped" });
  return replace;
}

/** The status of the answer; 0: there was none, and the upload says so. */
function put(one: Upload, replace: boolean): Promise<number> {
  const { id, file, into } = one;
  update(id, { state: "sending", sent: 0 });
  return new Promise((resolve) => {
    const sending = (request = new XMLHttpRequest());
    sending.open("PUT", filePath(into, file.name));
    sending.setRequestHeader("Accept", "application/json");
    if (!replace) sending.setRequestHeader("If-None-Match", "*");
    sending.upload.onprogress = ({ loaded }) => {
      update(id, { sent: Math.min(loaded, file.size) });
    };
    sending.upload.onload = () => {
      if (stateOf(one) === "sending") update(id, { state: "finishing", sent: file.size });
    };
    sending.onloadend = () => {
      request = null;
      const { status } = sending;
      const settled = (status >= 200 && status < 300) || (status === 412 && !replace);
      if (status === 401) loginNeeded.value = true;
      if (!settled && stateOf(one) !== "cancelled") {
        fail(one, whyRefused(status, reasonIn(sending.responseText)));
      }
      resolve(status);
    };
    sending.send(file);
  });
}

function fail(one: Upload, why: string): void {
  update(one.id, { state: "failed", why });
}

function stateOf({ id }: Upload): UploadState | undefined {
  return uploads.peek().find((one) => one.id === id)?.state;
}

function update(id: number, change: Partial<Upload>): void {
  uploads.value = uploads.peek().map((one) => (one.id === id ? { ...one, ...change } : one));
}

/** Of `{"why": ...}`, and of what the files' own refusals say. */
function reasonIn(text: string): string {
  try {
    const { why, error } = JSON.parse(text) as { why?: unknown; error?: unknown };
    return typeof why === "string" ? why : typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}
