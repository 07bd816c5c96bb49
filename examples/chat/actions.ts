/**
 * What the room wants done, in this order.
 *
 * Everybody sees the same order because there is only one: carry the actions of a call before the
 * next call.
 */
export type Action<M> =
  | Tell<M>
  /** The member has joined: it did so within its time. */
  | { readonly kind: "established"; readonly member: M }
  /** The member gets what it was told, and is disconnected then. It has left already. */
  | { readonly kind: "disconnect"; readonly member: M }
  /** A line for the administrator. A transcript is what the members are told, too. */
  | { readonly kind: "console"; readonly text: string; readonly transcript: boolean }
  /** The administrator asks for the reactor's counters. */
  | { readonly kind: "stats" }
  /** The administrator asks how it stands with a member's connection. */
  | { readonly kind: "explain"; readonly member: M; readonly name: string }
  /** The administrator ends the room, so many seconds from now. */
  | { readonly kind: "shutdown"; readonly seconds: number };

export interface Tell<M> {
  readonly kind: "tell";
  readonly to: readonly M[];
  /** Whose doing it is. It does not hear it, though it may be in `to`. */
  readonly from: M | null;
  /** One line, without its end. */
  readonly text: string;
  /** It is what `from` said itself: who keeps no record of that may see it at its place. */
  readonly speech?: true;
  /** It was said before, and `text` begins with when: `[HH:MM]`. */
  readonly past?: true;
}
