/** What all programs here share of their flags. */
import { describe, expect, test } from "vitest";

import { HELP as CHAT } from "../../examples/chat/flags.ts";
import { HELP as FILES } from "../../examples/ftp/server/flags.ts";
import { flagOf, limitsHelp } from "../../examples/program/flags.ts";

describe("the help of limits", () => {
  test("has what each does in one column, also if the flag is longer than that", () => {
    const does = [1, 0, 9, "what it does"] as const;
    const [fits, touches] = ["x".repeat(17), "y".repeat(18)];
    const flags = { short: does, [fits]: does, [touches]: does, muchLongerThanOthers: does };
    expect(limitsHelp(flags)).toBe(
      [
        "  --short N             what it does (1)",
        "  --xxxxxxxxxxxxxxxxx N what it does (1)",
        "  --yyyyyyyyyyyyyyyyyy N",
        "                        what it does (1)",
        "  --much-longer-than-others N",
        "                        what it does (1)",
      ].join("\n"),
    );
  });

  test.each([
    ["chat room", CHAT],
    ["file server", FILES],
  ])("of the %s has no flag that touches its text", (_, help) => {
    expect(help.match(/^ {2}--[a-z-]+ N\S.*$/gm)).toBeNull();
    expect(help).toContain(`--${flagOf("idleSeconds")} N`);
  });
});
