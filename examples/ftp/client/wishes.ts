/**
 * What an operation may wish for, what it is given, and how it fails: the words between a dialogue
 * with a server, which wishes, and a session, which grants.
 */
import type { Reply } from "../replies.ts";

export type Wish =
  /** A command, without its ending. Answered by the next reply, whatever its code. */
  | { readonly kind: "say"; readonly line: string }
  /** The reply that follows a preliminary one. */
  | { readonly kind: "hear" }
  /** TLS on the control connection. */
  | { readonly kind: "secure" }
  /** A data connection to that port of the server, with TLS if data is protected. */
  | { readonly kind: "connect"; readonly port: number; readonly secure: boolean }
  /** Everything that comes over it as lines. */
  | { readonly kind: "read-lines" }
  /** All that comes is received, or all that there is is sent. */
  | { readonly kind: "move" }
  /** The server knows no offset: it is moved from its beginning, and what is there is forgotten. */
  | { readonly kind: "begin-anew" };

/** How a data connection ended; `unconfirmed`: in order perhaps, or cut off by somebody. */
export type Moved = "whole" | "unconfirmed" | "broken";

/** What each wish is answered with. */
export interface Given {
  readonly say: Reply;
  readonly hear: Reply;
  readonly secure: null;
  readonly connect: boolean;
  readonly "read-lines": { readonly lines: readonly string[]; readonly moved: Moved };
  readonly move: Moved;
  readonly "begin-anew": null;
}

export type Operation<T> = Generator<Wish, T, Given[Wish["kind"]]>;

/** One wish, and what it is given. */
export function* wish<K extends Wish["kind"]>(
  wanted: Wish & { readonly kind: K },
): Operation<Given[K]> {
  return (yield wanted) as Given[K];
}

/** What a refusal was of: the same code means several things. */
export type Step = "greeting" | "tls" | "login" | "read" | "write" | "folder" | "moved" | "other";

/** The server has said no, or something that makes no sense here. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly step: Step;
  readonly what: string;
  readonly reply: Reply;

  constructor(what: string, reply: Reply, step: Step = "other") {
    super(`${what}: the server says ${reply.code} ${reply.lines.join(" / ")}`);
    this.step = step;
    this.what = what;
    this.reply = reply;
  }
}

/** Data could not be moved, or not all of it. */
export class TransferError extends Error {
  override readonly name = "TransferError";
}
