/**
 * The lines of the room in English, and what each of them tells.
 *
 * What a member says begins with a mark of its own: `m3:7` is the seventh line of member 3, `p3:8`
 * a private one; the administrator is 0. A name is common to all, or one member's own: `N3x2`.
 */

/** A line that goes to all. */
export type PublicLine =
  | { readonly kind: "said"; readonly name: string; readonly mark: string }
  | { readonly kind: "joined" | "left" | "removed"; readonly name: string }
  | { readonly kind: "renamed"; readonly name: string; readonly after: string };

const SAID = /^(?:(\S+) says:|\* (\S+)) (m\d+:\d+)(?: z*)?$/;
const ADMIN = /^admin: (m0:\d+)$/;
const MOVED = /^(\S+) (?:(joined|left) the chat|was (removed) by the administrator)$/;
const RENAMED = /^(\S+) is now called (\S+)$/;

/** Null: it does not go to all. */
export function publicLine(text: string): PublicLine | null {
  const said = SAID.exec(text);
  if (said !== null) return { kind: "said", name: (said[1] ?? said[2])!, mark: said[3]! };
  const admin = ADMIN.exec(text);
  if (admin !== null) return { kind: "said", name: "admin", mark: admin[1]! };
  const moved = MOVED.exec(text);
  if (moved !== null) {
    return { kind: (moved[2] ?? moved[3]) as "joined" | "left" | "removed", name: moved[1]! };
  }
  const renamed = RENAMED.exec(text);
  return renamed === null ? null : { kind: "renamed", name: renamed[1]!, after: renamed[2]! };
}

/** Whose mark that is, or whose name; null: anybody's. */
export function ownerOf(markOrName: string): number | null {
  const owner = /^(?:[mp](\d+):|N(\d+)x)/.exec(markOrName);
  return owner === null ? null : Number(owner[1] ?? owner[2]);
}

/** The last line of who is let go on purpose. */
export const FAREWELL =
  /^(?:(?:The administrator removed you.*|You gave no name.*|You were silent.*|.*too many tries\.|The chat is ending\.) )?Goodbye\.$/;

/** The only line of who is not let in. */
export const REFUSAL = /^(?:The chat is full: |Too many are )/;

const ANSWERS = [
  FAREWELL,
  REFUSAL,
  /(?:^|\. )What is your name\?$/,
  /^Hello \S+\. (?:Nobody else is here yet|Also here: .*)\.$/,
  /^\[\d\d:\d\d\] /,
  /^\[private\] (?:to )?\S+: p\d+:\d+$/,
  /^The chat ends in \d+ s\.$/,
  /^You (?:are now called \S+|may speak again|are muted for .*)\.$/,
  /^The administrator muted you for \d+ s\.$/,
  /^You read too slowly: \d+ lines were left out here\.$/,
  /^Here are \d+: .*\.$/,
  /^(?:Nothing was said yet|Nobody here is called \S+|The name \S+ is taken)\.$/,
  /^That line was (?:refused|dropped): .*\.$/,
  /^There is no command \/\S+ .*\.$/,
  /^\/[a-z]+ .*$/,
  /^Everything else is said to all\..*$/,
];

/** Whether the room answers so, to one member. */
export function isAnswer(text: string): boolean {
  return ANSWERS.some((answer) => answer.test(text));
}
