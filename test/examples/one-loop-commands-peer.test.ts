/** The commands that `npm start` says, as somebody copies them: what is between the spaces, to the letter. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { userLine } from "../../examples/accounts/accounts.ts";
import { absent as noClient } from "./file-server-clients.ts";
import { openOneLoop, type OneLoop } from "./one-loop-process.ts";
import { ProgramTerminal } from "./program-terminal.ts";
import { cleanUp, finish, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

/** Nobody's start-up files, and no brackets around what is pasted, which the screen does not know. */
const HOME = temporaryFolder();
const env = { PATH: process.env.PATH, HOME, LC_ALL: "C.UTF-8", TZ: "UTC" };
writeFileSync(join(HOME, ".inputrc"), "set enable-bracketed-paste off\n");
const LISTED = /^[-r][-rwx]{9} .* 6 .* hello\.txt\r?$/m;

function folder(): string {
  const root = temporaryFolder();
  writeFileSync(join(root, "hello.txt"), "hello\n");
  return root;
}

async function users(): Promise<string> {
  const file = join(temporaryFolder(), "users");
  const user = { name: "ann", password: "pass", home: "/", rights: ["read"] };
  writeFileSync(file, `${await userLine(user, { logN: 10, r: 1, p: 1 })}\n`);
  return file;
}

/** The command for this program, as it is said. */
function commandOf({ out }: OneLoop, program: string): string {
  const command = new RegExp(`(?<=\\s)${program} .*$`);
  const said = out.lines.map((line) => command.exec(line)?.[0]).filter(Boolean);
  expect(said).toHaveLength(1);
  return said[0]!;
}

async function end(loop: OneLoop): Promise<void> {
  loop.child.kill("SIGINT");
  expect(await loop.ended).toEqual({ code: 0, signal: null });
  expect(loop.err.lines).toEqual([]);
}

const absent =
  noClient("lftp", "curl") ||
  (process.env.IOMUX_REQUIRE_PEERS !== "1" &&
    ["nc", "script"].some((program) => spawnSync(program, ["-h"]).error !== undefined));

describe.skipIf(absent)("real peer: the command of npm start for", () => {
  it("lftp, curl and nc lead to the files and into the chat", async () => {
    const loop = await openOneLoop("--root", folder());
    const shell = (program: string, input: string) =>
      finish("sh", ["-c", commandOf(loop, program)], { env, input });
    const lftp = await shell("lftp", "ls\nbye\n");
    expect([lftp.code, lftp.err]).toEqual([0, ""]);
    expect(lftp.out.toString()).toMatch(LISTED);
    const curl = await shell("curl", "");
    expect(curl.code).toBe(0);
    expect(curl.out.toString()).toMatch(LISTED);
    const nc = await shell("nc", "Ann\n/quit\n");
    expect(nc.out.toString()).toContain("Hello Ann. Nobody else is here yet.\n");
    await end(loop);
  });

  it.each([
    ["in plain", ["--plain-passwords", "on"]],
    ["over TLS", ["--tls", "on"]],
  ])("lftp and curl ask for the password of a user, %s", async (_, flags) => {
    const loop = await openOneLoop("--root", folder(), "--users", await users(), ...flags);
    for (const program of ["lftp", "curl"]) {
      const command = commandOf(loop, program);
      expect(command).toContain(" -u NAME ");
      const mine = command.replace("NAME", "ann");
      const size = { columns: 120, rows: 40 };
      const terminal = new ProgramTerminal(["sh", "-c", mine], { ...size, env });
      await terminal.until(/password.*: ?$/i);
      terminal.type("pass\n");
      if (program === "lftp") {
        await terminal.until(/lftp ann@/);
        terminal.type("ls\n");
      }
      await terminal.screen.until((rows) => rows.some((row) => LISTED.test(row)));
      if (program === "lftp") terminal.type("bye\n");
      await terminal.shows("exit 0", "cooked");
    }
    await end(loop);
  });
});
