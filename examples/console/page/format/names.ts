/** Names that others have chosen, as they are shown: what cannot be seen is written out. */

/**
 * What turns the direction of a text, what has no width, and what ends a line: with these a name
 * looks like another one.
 */
const UNSEEN = /[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** `a\u202egpj.exe` is `a‹U+202E›gpj.exe`. */
export function shownName(name: string): string {
  return name.replace(UNSEEN, (character) => {
    return `‹U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}
