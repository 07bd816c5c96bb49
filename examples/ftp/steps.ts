/**
 * How a command goes on. A handler answers a step, and each way through the steps ends with one
 * final reply: so there is no command without one, and none with two.
 */
import type { Answers, Question } from "./effects.ts";
import type { StoreErrorCode } from "../files/file-store.ts";
import { reply, type Reply } from "./replies.ts";

export type Step =
  | { readonly kind: "final"; readonly reply: Reply }
  /** The session is over after it. */
  | { readonly kind: "farewell"; readonly reply: Reply }
  /** TLS begins after it. */
  | { readonly kind: "secure"; readonly reply: Reply }
  /** 1yz: the final one is still to come. */
  | { readonly kind: "preliminary"; readonly reply: Reply; readonly next: Step }
  | Asked;

export interface Asked {
  readonly kind: "ask";
  readonly question: Question;
  /** Called with the answer to that question. */
  readonly then: (answer: never) => Step;
}

export function final(code: number, ...lines: readonly [string, ...string[]]): Step {
  return { kind: "final", reply: reply(code, ...lines) };
}

export function ask<K extends keyof Answers>(
  question: Question & { readonly kind: K },
  then: (answer: Answers[K]) => Step,
): Step {
  return { kind: "ask", question, then };
}

const STORE_REPLIES: Readonly<Record<StoreErrorCode, readonly [number, string]>> = {
  "not-found": [550, "There is no such file or folder"],
  exists: [550, "There is one already"],
  "not-a-file": [550, "That is not a file"],
  "not-a-folder": [550, "That is not a folder"],
  "not-empty": [550, "The folder is not empty"],
  forbidden: [550, "That is not permitted"],
  full: [452, "There is no room left"],
  "bad-name": [553, "That name is not allowed"],
  "past-end": [554, "The file ends before the offset of REST"],
  changed: [451, "The file was changed meanwhile"],
  failed: [451, "The server could not do it"],
};

export function storeFailed(code: StoreErrorCode): Step {
  const [number, text] = STORE_REPLIES[code];
  return final(number, text);
}
