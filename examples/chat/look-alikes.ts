/**
 * Letters that look alike, of whatever alphabet, become the same one: a text's skeleton, as Unicode
 * Technical Standard 39 calls it. Two names with one skeleton are the same to the eye.
 *
 * Its table has thousands of pairs. This one has what a Latin name can be imitated with: in small
 * letters, but a letter whose capital is the look-alike counts too.
 */

/** A Latin letter, and those of other alphabets and small capitals that look like it. */
const LOOK_ALIKES =
  "aаαᴀɑ bвβʙ cсᴄϲ dԁᴅ eеεᴇҽ fꜰϝ gɡɢց hнһηհʜ iіιɪ jјᴊյϳ kкκᴋ lӏʟ mмμᴍ nνɴո oоοօᴏ pрρᴘ " +
  "qԛզ rʀ sѕꜱ tтτᴛ uսᴜ vѵᴠ wԝᴡ xхχ yуυүʏ zζᴢ";

/** Letters in circles and squares that Unicode does not take apart, and those that flags are made of. */
const FIRST_ENCLOSED = [0x1f150, 0x1f170, 0x1f1e6];

const LATIN = new Map([
  ...LOOK_ALIKES.split(" ").flatMap(([latin, ...others]) =>
    others.map((other) => [other, latin!] as const),
  ),
  ...FIRST_ENCLOSED.flatMap((first) =>
    Array.from("abcdefghijklmnopqrstuvwxyz", (latin, index) => {
      return [String.fromCodePoint(first + index), latin] as const;
    }),
  ),
]);

/** `text` in NFKC and small letters, with Latin ones for those that look like them. */
export function skeleton(text: string): string {
  const small = text.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD");
  return Array.from(small, (letter) => LATIN.get(letter) ?? letter)
    .join("")
    .normalize("NFKC");
}

/** Alphabets with letters that look alike. */
const ALPHABETS = [
  /\p{Script=Latin}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
];

/** Whether a word has letters of several alphabets that look alike, as nobody's does by accident. */
export function mixesAlphabets(text: string): boolean {
  return text
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .some((word) => ALPHABETS.filter((alphabet) => alphabet.test(word)).length > 1);
}
