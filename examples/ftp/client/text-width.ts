/** Columns of a terminal: a Chinese character takes two of them, an accent none (UAX #11). */

const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

function columnsOfCharacter(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** As much of its beginning as `columns` have room for. */
export function cutText(text: string, columns: number): string {
  let taken = 0;
  let room = columns;
  for (const character of text) {
    room -= columnsOfCharacter(character);
    if (room < 0) break;
    taken += character.length;
  }
  return text.slice(0, taken);
}

/** The beginning and the end of what is wider than `columns`. */
export function shortenText(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  const head = cutText(text, Math.ceil((columns - 1) / 2));
  const room = columns - 1 - columnsOf(head);
  const characters = Array.from(text);
  let from = characters.length;
  for (let taken = 0; from > 0; from--) {
    taken += columnsOfCharacter(characters[from - 1]!);
    if (taken > room) break;
  }
  return cutText(`${head}~${characters.slice(from).join("")}`, columns);
}
