/** Where the status is told: the folder is the user's own, or it is not used. */
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";

import { afterAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";

import {
  checkAskedFolder,
  checkUserFolder,
  makeUserFolder,
  statusPath,
} from "../../examples/ftp/server/status-path.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

let runtime: string;

beforeEach(() => {
  runtime = temporaryFolder();
  vi.stubEnv("XDG_RUNTIME_DIR", runtime);
  onTestFinished(() => void vi.unstubAllEnvs());
});

const HERE = { socket: null, host: "127.0.0.1", port: 2121 };

test("each host and port has a socket of its own, which no host leads out of the folder", () => {
  const folder = join(runtime, "iomux-file-server");
  expect(statusPath(HERE)).toBe(join(folder, "127.0.0.1-2121.sock"));
  expect(statusPath({ ...HERE, host: "::1" })).toBe(join(folder, "%3A%3A1-2121.sock"));
  expect(statusPath({ ...HERE, host: "../../x" })).toBe(join(folder, "..%2F..%2Fx-2121.sock"));
  expect(statusPath({ ...HERE, socket: "given" })).toBe("given");
});

test.each(["", "relative"])("XDG_RUNTIME_DIR %j is none: users have folders by number", (given) => {
  vi.stubEnv("XDG_RUNTIME_DIR", given);
  vi.stubEnv("TMPDIR", runtime);
  const folder = join(runtime, `iomux-file-server-${process.getuid!()}`);
  expect(statusPath(HERE)).toBe(join(folder, "127.0.0.1-2121.sock"));
});

test("the folder is made for this user only, and found by the next one", async () => {
  const path = statusPath(HERE);
  await makeUserFolder(path);
  await makeUserFolder(path);
  expect(lstatSync(join(path, "..")).mode & 0o777).toBe(0o700);
});

test.each([0o710, 0o701, 0o720, 0o702, 0o740, 0o704])(
  "a folder of mode %o is open to others, and refused",
  async (mode) => {
    const path = statusPath(HERE);
    mkdirSync(join(path, ".."));
    chmodSync(join(path, ".."), mode);
    await expect(checkUserFolder(path)).rejects.toThrow(/not a folder that only you may use/);
  },
);

test("a file in its place is refused", async () => {
  const path = statusPath(HERE);
  writeFileSync(join(path, ".."), "", { mode: 0o600 });
  await expect(makeUserFolder(path)).rejects.toThrow(/not a folder that only you may use/);
});

test.skipIf(process.getuid!() !== 0)(
  "a folder of somebody else is refused, though there is a socket in it",
  async () => {
    const path = statusPath(HERE);
    mkdirSync(join(path, ".."), { mode: 0o700 });
    const impostor = createServer().listen(path);
    await once(impostor, "listening");
    onTestFinished(() => void impostor.close());
    chownSync(join(path, ".."), 65_534, 65_534);
    await expect(makeUserFolder(path)).rejects.toThrow(/not a folder that only you may use/);
    await expect(checkAskedFolder(path)).rejects.toThrow(/not a folder that only you may use/);
  },
);

test("where no server has ever been there is nothing to refuse", async () => {
  await expect(checkAskedFolder(statusPath(HERE))).resolves.toBeUndefined();
});
