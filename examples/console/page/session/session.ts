/** Who is logged in. */
import { signal } from "@preact/signals";

import type { Login, Session } from "../../session-messages.ts";
import { ApiError, getJson, loginNeeded, postJson } from "../api.ts";

/** Null: nobody, or nobody needs to. */
export const account = signal<string | null>(null);

/** Asks who is logged in; sets `loginNeeded` if nobody is who must be. */
export async function checkSession(): Promise<void> {
  try {
    account.value = (await getJson<Session>("/api/session")).account;
    loginNeeded.value = false;
  } catch (error) {
    // Without an answer nothing is known; the feed says that it tries again.
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Throws `ApiError` if it was refused. */
export async function logIn(login: Login): Promise<void> {
  await postJson("/api/login", login);
  await checkSession();
}

export async function logOut(): Promise<void> {
  await postJson("/api/logout", {}).catch(() => null);
  account.value = null;
  await checkSession();
}
