/**
 * What a session is told, and what it wants done. All of it is data: no promise, socket or time.
 *
 * What must be answered is asked; one question at a time is open. Whoever carries the questions out
 * answers each exactly once, under its number, also when the session is over meanwhile.
 */
import type { DataAddress } from "./addresses.ts";
import type { Entry, StoreErrorCode, UploadMode } from "../files/file-store.ts";
import type { Listing } from "./listing.ts";
import type { Reply } from "./replies.ts";
import type { Rights } from "../accounts/rights.ts";

/** Who logged in. */
export interface Login {
  readonly name: string;
  /** A virtual path: the first current folder. */
  readonly home: string;
  readonly rights: Rights;
}

type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: StoreErrorCode };

/** What changes the library, and answers nothing but whether it did. */
export type Change =
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove" | "make-folder" | "remove-folder"; readonly path: string }
  | { readonly kind: "set-modified"; readonly path: string; readonly modifiedMs: number };

/** What goes over a data connection. */
export type Source =
  | { readonly kind: "retrieve"; readonly path: string; readonly offset: number }
  | { readonly kind: "store"; readonly path: string; readonly mode: UploadMode }
  /** The entries of a folder whose names match, or the one that is given. */
  | {
      readonly kind: "list";
      readonly from: { readonly folder: string; readonly pattern: string | null } | Entry;
      readonly listing: Listing;
    };

export interface Opened {
  /** Bytes of a file that is retrieved, all of it; 0 else. */
  readonly size: number;
  /** Where it is read from, or will be published: for STOU that is the store's choice. */
  readonly path: string;
}

/** How the data connection comes about. `passive`: the one listener that there is. */
export type Route = { readonly kind: "passive" } | ({ readonly kind: "active" } & DataAddress);

/** `no-connection`: nobody came in time or was there. `broken`: reset, stalled, unconfirmed.
 * `too-many`: a listing was cut off. */
export type Moved =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly why: "no-connection" | "no-tls" | "broken" | "too-many" | "aborted";
    }
  | { readonly ok: false; readonly why: "store"; readonly code: StoreErrorCode };

export type Question =
  | { readonly kind: "check-password"; readonly name: string; readonly password: string }
  | { readonly kind: "wait"; readonly ms: number }
  /** Once what was said has left. If it fails the connection is over. */
  | { readonly kind: "start-tls" }
  /** Opens the passive listener. There is none when this is asked. */
  | { readonly kind: "listen" }
  | { readonly kind: "entry"; readonly path: string }
  /** Those whose names match; null: all. */
  | {
      readonly kind: "entries";
      readonly path: string;
      readonly pattern: string | null;
      readonly max: number;
    }
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "free-bytes" }
  /** Opens a source. It is moved next, or dropped. */
  | { readonly kind: "open"; readonly source: Source }
  /**
   * Opens the data connection, moves all of what is open, and closes both and the listener. What is
   * stored is whole, under its name and synced, when the answer is ok.
   */
  | {
      readonly kind: "move";
      readonly route: Route;
      readonly secure: boolean;
      readonly ascii: boolean;
    };

export interface Answers {
  /** `busy`: too many logins at once. `wrong` comes after the same time, whoever was asked for. */
  readonly "check-password": Login | "wrong" | "busy";
  readonly wait: null;
  readonly "start-tls": null;
  /** Where clients reach the listener; null if there is no port or descriptor left. */
  readonly listen: DataAddress | null;
  readonly entry: Outcome<Entry>;
  readonly entries: Outcome<{
    readonly entries: readonly Entry[];
    /** Whether there are more than `max`. */
    readonly more: boolean;
    readonly nowMs: number;
  }>;
  readonly change: Outcome<null>;
  readonly "free-bytes": Outcome<number | null>;
  readonly open: Outcome<Opened>;
  readonly move: Moved;
}

export type Answer = {
  [K in keyof Answers]: { readonly to: K; readonly value: Answers[K] };
}[keyof Answers];

export type SessionEvent =
  /** One line of the control connection, without telnet's bytes and without its ending. */
  | { readonly kind: "line"; readonly bytes: Uint8Array }
  /** A line that is longer than lines may be. */
  | { readonly kind: "long-line" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  /** So many bytes more have gone over the data connection. */
  | { readonly kind: "moved"; readonly bytes: number }
  /** The listener or what was connected to it is closed, without having been used. */
  | { readonly kind: "data-closed" }
  | { readonly kind: "expired"; readonly what: "idle" | "login" }
  /** No new commands: what runs may finish. */
  | { readonly kind: "shutdown" }
  /** What runs may not finish either. */
  | { readonly kind: "deadline" }
  /** The client has sent all that it will, or is gone. */
  | { readonly kind: "ended" };

export type Effect =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  /** The listener, if there is one, and a connection that waits there. */
  | { readonly kind: "close-data" }
  /** Ends what is being opened or moved; the question stays open until it is answered. */
  | { readonly kind: "abort" }
  /** What is open is not moved: an upload is discarded. */
  | { readonly kind: "drop" }
  /** Once what was said has left. */
  | { readonly kind: "close" };
