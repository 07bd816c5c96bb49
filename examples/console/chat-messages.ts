/**
 * What the console and its page say to each other of the chat. Types only.
 *
 * - `POST /api/chat/join` with `Join`: 200 `Joined`, 409 (name taken, bad, room full), 429 (too many
 *   come at once): why, in the language of the room.
 * - `GET /api/chat/events?member=TOKEN`: events `line` with `Line`, each with an id that counts up;
 *   `Last-Event-ID` goes on behind it; without one it begins with the first that is kept. Event
 *   `gap` with `Gap`: so many were kept no longer.
 *   Event `over` with `Over`: the membership has ended; the page does not come again.
 *   404: nobody has this token (any more).
 * - `POST /api/chat/say` with `Say`: 204. 400: more than one line. 429: it was not heard, because
 *   too many wait. 404 as above.
 * - `POST /api/chat/leave` with `Leave`: 204.
 *
 * Refusals are `Refused` (`session-messages.ts`). A member whose page has no stream open for the time of grace leaves the room.
 */

export interface Join {
  readonly name: string;
}

export interface Joined {
  /** Says who it is in all that follows. A secret: whoever has it speaks as this member. */
  readonly member: string;
  readonly name: string;
}

export interface Say {
  readonly member: string;
  /** One line, or a command of the room (`/who`). */
  readonly text: string;
}

export interface Leave {
  readonly member: string;
}

export interface Line {
  /** What a TCP member would read. */
  readonly text: string;
  /** What this member said itself, which only it is told, at its place among the others. */
  readonly own: boolean;
  /** When it was told, in milliseconds since 1970. */
  readonly wallMs: number;
  /** It was said before, and `text` begins with when, on the room's clock: `[HH:MM]`. */
  readonly past?: true;
}

export interface Gap {
  readonly lines: number;
}

export interface Over {
  /** `elsewhere`: the membership goes on with another stream, which was opened later. */
  readonly kind: "ended" | "elsewhere";
  /** The last that was told to this member, or nothing. */
  readonly why: string;
}
