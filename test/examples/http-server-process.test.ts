/** The HTTP server as a process: how it starts, for whom it answers, and what it says at its end. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";

import { expect, test } from "vitest";

import { endFilesServer, openFilesServer } from "./http-files-process.ts";
import { temporaryFolder } from "./programs.ts";

async function statusOf(url: string, host: string): Promise<number | undefined> {
  const [answer] = (await once(get(url, { headers: { Host: host } }), "response")) as [
    IncomingMessage,
  ];
  answer.resume();
  return answer.statusCode;
}

test("--allow-host: others are 421, and what it says to try is answered", async () => {
  const server = await openFilesServer(["--listing", "on", "--allow-host", "Files.example"]);
  expect(server.out.lines.join("\n")).toContain(`curl -H "Host: Files.example" ${server.url}/`);
  expect(await statusOf(`${server.url}/`, new URL(server.url).host)).toBe(421);
  expect(await statusOf(`${server.url}/`, "files.example:1")).toBe(200);
  await endFilesServer(server);
});

test("a root that is no folder: one line says what to do", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  for (const root of [file, `${file}/none`, join(file, "..", "none")]) {
    await expect(openFilesServer([], root)).rejects.toThrow(
      `http-server: --root ${root} cannot be served: `,
    );
  }
});

test("what is cut off at the end is told", async () => {
  const server = await openFilesServer(["--drain-seconds", "1"]);
  writeFileSync(join(server.root, "large"), Buffer.alloc(64 * 1024 * 1024));
  const [answer] = (await once(get(`${server.url}/large`), "response")) as [IncomingMessage];
  const lost = once(answer, "error");
  answer.pause();
  await endFilesServer(server);
  expect(server.out.lines).toContain("Cut off after 1 s: 1 of them.");
  answer.resume();
  await lost;
});
