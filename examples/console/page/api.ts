/** Requests to the console. What it refuses arrives as `ApiError`, with its reason in one line. */
import { signal } from "@preact/signals";

import type { Refused } from "../session-messages.ts";

/** The console has answered 401: the login form is shown until somebody has logged in. */
export const loginNeeded = signal(false);

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The status of the answer; 0: there was none. */
  readonly status: number;

  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

/** Any request, with its answer if that is of the class 2xx. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { cache: "no-store", ...init });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError(0, "");
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== "/api/login") loginNeeded.value = true;
  throw new ApiError(response.status, await reason(response));
}

export async function getJson<T>(path: string, abort?: AbortSignal): Promise<T> {
  const response = await ask(path, abort === undefined ? {} : { signal: abort });
  return (await response.json()) as T;
}

/** The answer's JSON, or null if it has none (204). */
export async function postJson<T>(path: string, body: unknown): Promise<T | null> {
  const response = await ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.status === 204 ? null : ((await response.json()) as T);
}

/** `{"why": "..."}`, or the first line of a text; empty if neither came. */
async function reason(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  if (!(response.headers.get("content-type") ?? "").includes("json"))
    return text.split("\n", 1)[0]!.slice(0, 300);
  try {
    return (JSON.parse(text) as Partial<Refused>).why ?? "";
  } catch {
    return "";
  }
}
