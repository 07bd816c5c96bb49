/** The sessions of docs/records.md are what unix-receive and unix-send say. */
import { afterAll, expect, it } from "vitest";

import { withoutSlowHandlers } from "../support/slow-handlers.ts";
import { cleanUp, finish, temporaryFolder } from "../examples/programs.ts";
import { pathOf, receiving, sendCommand } from "../examples/records-process.ts";
import { blocksOf } from "./markdown.ts";

const PAGE = "docs/records.md";

afterAll(cleanUp);

function session(mark: string): string {
  return blocksOf(PAGE).find((block) => block.mark === `records: ${mark}`)!.text;
}

it("what is sent is answered and printed as the page shows", async () => {
  const path = pathOf(temporaryFolder());
  const receiver = await receiving("--path", path);
  const typed = [...session("send").matchAll(/^\$ (.*)$/gm)].map(([shown, line]) => {
    const command = line!.replace(/npm run -s unix-send( --)?/, sendCommand(path));
    const before = `status=$?\ncat <<'SHOWN'\n${shown}\nSHOWN\n`;
    return before + command.replace("$?", () => "$status") + "\n";
  });
  const script = typed.join("");
  const { out } = await finish("sh", ["-c", `exec 2>&1\n${script}`]);
  expect(withoutSlowHandlers(out.toString())).toBe(session("send"));
  receiver.child.kill("SIGTERM");
  await receiver.ended;
  const [, announced, ...printed] = session("receive").trimEnd().split("\n");
  expect(receiver.err.lines[0]!.replace(path, "records.sock")).toBe(announced);
  expect(receiver.out.lines).toEqual(printed);
});
