/** Which names may be had, and which of them are the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { checkName, nameKey } from "../../examples/chat/name.ts";

const MAX = 32;

describe("a name", () => {
  test.each([
    ["张三", "张三"],
    ["  Ann\u00a0\u3000 Lee\t", "Ann Lee"],
    ["Zoe\u0308", "Zoë"],
    ["مريم", "مريم"],
    ["नरेंद्र", "नरेंद्र"],
    ["ประยุทธ์", "ประยุทธ์"],
    ["Ελένη", "Ελένη"],
    ["Андрей", "Андрей"],
    ["한국", "한국"],
    ["O'Neil-2", "O'Neil-2"],
    ["007", "007"],
    ["🦊", "🦊"],
    ["Adminton", "Adminton"],
    ["Roommate", "Roommate"],
    ["Chandler", "Chandler"],
    ["Smooth Operator", "Smooth Operator"],
    ["Allison", "Allison"],
    ["小系统", "小系统"],
    ["Борис Boris", "Борис Boris"],
    ["α-male", "α-male"],
    ["user1", "user1"],
    ["佐藤Ken", "佐藤Ken"],
    ["n".repeat(MAX), "n".repeat(MAX)],
    ["🦊".repeat(MAX), "🦊".repeat(MAX)],
  ])("may be %j", (text, name) => {
    expect(checkName(text, MAX)).toEqual({ name, problem: null });
  });

  test.each([
    ["", "empty"],
    [" \t ", "empty"],
    ["\u3000", "empty"],
    ["n".repeat(MAX + 1), "too-long"],
    ["🦊".repeat(5000), "too-long"],
    ["a\u200bb", "unprintable"],
    ["a\u202eb", "unprintable"],
    ["a\u2066b", "unprintable"],
    ["a\u200fb", "unprintable"],
    ["a\u061cb", "unprintable"],
    ["a\u200d", "unprintable"],
    ["a\ufe0f", "unprintable"],
    ["a\u{e0041}", "unprintable"],
    ["a\x1b[31m", "unprintable"],
    ["a\u009bm", "unprintable"],
    ["a\nb", "unprintable"],
    ["\u3164", "unprintable"],
    ["\u2800", "unprintable"],
    ["\u0301a", "unprintable"],
    [`a${"\u0300".repeat(9)}`, "unprintable"],
    ["\ue000", "unprintable"],
    ["\ud800", "unprintable"],
    ["bob says: hi", "mark"],
    ["bob：", "mark"],
    ["bob∶", "mark"],
    ["bob꞉", "mark"],
    ["bobꓽ", "mark"],
    ["bobː", "mark"],
    ["bob˸", "mark"],
    ["bob։", "mark"],
    ["bob׃", "mark"],
    ["bob︰", "mark"],
    ['Ann "Lee"', "mark"],
    ["Ann ＂Lee＂", "mark"],
    ["“Ann”", "mark"],
    ["* bob", "beginning"],
    ["[private] bob", "beginning"],
    ["/who", "beginning"],
    ["／who", "beginning"],
    ["-", "beginning"],
    ["@dmin", "beginning"],
    ["⒜⒟⒨⒤⒩", "beginning"],
    // With a Cyrillic о, a Greek ν and an Armenian օ.
    ["Bоb", "mixed"],
    ["Daνe", "mixed"],
    ["Rօb Roe", "mixed"],
  ])("may not be %j: %s", (text, problem) => {
    expect(checkName(text, MAX)).toEqual({ name: null, problem });
  });

  test.each([
    ["admin", "Admin", "ADMIN", "ａｄｍｉｎ", "ádmin", "a d m i n", "admin.", "𝐚dmin", "admın"],
    ["Administrator", "server", "System", "root", "Ｓｅｒｖｅｒ"],
    ["管理员", "管理員", "管 理 员", "系统", "服务器", "聊天室"],
    ["Admin 2", "admin Bob", "System Message", "root-1", "The Server", "Host"],
    ["the admin", "The Admin", "your admin", "real_admin", "👑admin👑", "Bob (admin)", "admin1"],
    [
      "adm1n",
      "4dm1n",
      "the @dmin",
      "adm!n",
      "r00t",
      "5ystem",
      "adrnin",
      "the adm1n",
      "adm1nistrator",
    ],
    ["🅰🅳🅼🅸🅽", "🅐🅓🅜🅘🅝", "🄰🄳🄼🄸🄽", "ⒶⒹⓂⒾⓃ", "🇦🇩🇲🇮🇳", "ᴀᴅᴍɪɴ"],
    ["管理员小王", "我是管理员", "系统消息", "聊天室客服", "群主大人"],
    // With a Cyrillic а, м and і, a Greek ι and Ο.
    ["аdmin", "adмin", "admіn", "admιn", "rΟot", "ЅЕRVЕR"],
  ])("is refused as reserved, in every spelling: %s ...", (...spellings) => {
    for (const text of spellings) {
      expect(checkName(text, MAX), text).toEqual({ name: null, problem: "reserved" });
    }
  });

  test("has as many characters as the limit says", () => {
    expect(checkName("abc", 3).problem).toBeNull();
    expect(checkName("abcd", 3).problem).toBe("too-long");
    expect(checkName("🦊🦊🦊", 3).problem).toBeNull();
  });

  test("that is good stays as it is, and shows nothing that a terminal obeys", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const { name } = checkName(text, MAX);
        if (name === null) return;
        expect(checkName(name, MAX).name).toBe(name);
        expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}:"]/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the same name", () => {
  test.each([
    ["Bob", "bob"],
    ["Bob", "Ｂｏｂ"],
    ["Bób", "BO\u0301B"],
    ["STRASSE", "straße"],
    ["ΟΔΥΣΣΕΥΣ", "οδυσσευς"],
    ["ﬁne", "FINE"],
    ["張三", "張三"],
    // Cyrillic and Greek letters that all look like Latin ones.
    ["Pop", "Рор"],
    ["Tom", "ТОМ"],
    ["HEBE", "НЕВЕ"],
    ["KATE", "ΚΑΤΕ"],
    ["Zoë", "Ζοë"],
    ["ёл", "ëл"],
    ["Bob", "🅑🅞🅑"],
  ])("has the same key: %j and %j", (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  test.each([
    ["Bob", "Rob"],
    ["Bób", "Bob"],
    ["Bob", "B0b"],
    ["Ali", "All"],
    ["Андрей", "Андрий"],
    ["Нина", "Инна"],
    ["Νίκη", "Κίνη"],
    ["张三", "張三"],
  ])("is not this: %j and %j", (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  test("has a key that is its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(nameKey(nameKey(text))).toBe(nameKey(text));
      }),
    );
  });
});
