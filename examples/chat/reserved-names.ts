/** Names that would be taken for the administrator, or for the room itself. */

const RESERVED = new Set(
  [
    "admin administrator root operator moderator owner host",
    "server system service room chat everyone everybody all nobody",
    "管理员 管理員 系统管理员 系統管理員 群主 房主 版主 主持人 客服",
    "服务器 伺服器 系统 系統 系统消息 系統訊息 聊天室 所有人 全体成员 全體成員",
  ].flatMap((names) => names.split(" ")),
);

/** A letter of a reserved name, and Cyrillic, Greek and Armenian ones that look like it. */
const LOOK_ALIKES = new Map(
  "aАаΑαɑ bВΒ cСс dԁ eЕеΕε hНһΗհ iІіΙι lӏ mМмΜ nΝո oОоΟοօ pРрΡρ sЅѕ tТтΤτ uυս vνѵ yУуΥ"
    .split(" ")
    .flatMap(([letter, ...others]) => others.map((other) => [other, letter!] as const)),
);

/** Whether `name` reads as a reserved one: `Admin`, `a d m i n`, `[ádmin]` and `аdmin`. */
export function isReserved(name: string): boolean {
  const letters = name.normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "");
  const latin = Array.from(letters, (letter) => LOOK_ALIKES.get(letter) ?? letter).join("");
  return RESERVED.has(latin.toUpperCase().toLowerCase());
}
