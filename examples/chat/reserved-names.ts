/** Names that would be taken for the administrator, or for the room itself. */
import { skeleton } from "./look-alikes.ts";

/** Who is called so has a say here: not to be had as any word of a name. */
const ROLES = new Set("admin admins administrator moderator sysadmin sysop superuser".split(" "));

/** Not to be had as a name, or as its first word. */
const RESERVED = new Set([
  ...ROLES,
  ...(
    "root operator owner host server system service room chat " + "everyone everybody all nobody"
  ).split(" "),
]);

/** Chinese has no spaces between words. Of these the first are roles. */
const CHINESE_ROLES = "管理员 管理員 群主 房主 版主 主持人 客服".split(" ");
const CHINESE_RESERVED = ("服务器 伺服器 系统 系統 聊天室 " + "所有人 全体成员 全體成員").split(
  " ",
);

/** Signs that are written for letters: `adm1n`. */
const SIGNS = new Map(
  ["0o", "1i", "3e", "4a", "5s", "7t", "@a", "$s", "!i", "|i"].map(
    ([sign, letter]) => [sign!, letter!] as const,
  ),
);

/** Whether `name` reads as a reserved one: `Admin`, `a d m i n`, `the ádmin`, `аdmin` and `adm1n`. */
export function isReserved(name: string): boolean {
  const plain = skeleton(name).normalize("NFKD").replace(/\p{M}/gu, "");
  const whole = plain.replace(/[^\p{L}\p{N}]/gu, "");
  const words = plain.split(/[^\p{L}\p{N}@$!|]+/u).filter((word) => word !== "");
  const first = words[0] === "the" ? words[1] : words[0];
  return (
    readings(whole).some((reading) => RESERVED.has(reading)) ||
    readings(first ?? "").some((reading) => RESERVED.has(reading)) ||
    words.some((word) => readings(word).some((reading) => ROLES.has(reading))) ||
    CHINESE_ROLES.some((role) => whole.includes(role)) ||
    CHINESE_RESERVED.some((reserved) => whole.startsWith(reserved))
  );
}

/** What a word can be read as. */
function readings(word: string): string[] {
  const letters = Array.from(word, (sign) => SIGNS.get(sign) ?? sign).join("");
  return [word.replace(/^\P{L}+|\P{L}+$/gu, ""), letters].flatMap((reading) => [
    reading,
    reading.replaceAll("rn", "m"),
  ]);
}
