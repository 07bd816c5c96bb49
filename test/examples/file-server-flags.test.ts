/** The file server's flags: what is refused, and in which words. */
import { afterAll, expect, test } from "vitest";

import { readSettings } from "../../examples/ftp/server/flags.ts";
import { complaints, runFileServer } from "./file-server-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

test.each([
  [["--cert", "c"], "--cert is alone: give --cert and --key"],
  [["--key", "k"], "--key is alone: give --cert and --key"],
  [["--tls", "maybe"], '--tls is "maybe": give one of none, offered, login, data'],
  [["--passive-ports", "9-1"], '--passive-ports is "9-1": give two ports, like 40000-40099'],
  [["--passive-host", "::1"], '--passive-host is "::1": give an IPv4 address, like 192.0.2.1'],
  [["--port", "65536"], '--port is "65536": give a whole number from 0 to 65535'],
  [["--home", "/ann"], "--home is for --new-user"],
  [
    ["--new-user", "ann", "--rights", "read,fly"],
    '--rights has "fly": give some of read, create, write, delete, with commas',
  ],
  [["--anonymous", "maybe"], '--anonymous is "maybe": give one of on, off'],
  [["--unknown", "1"], "Unknown option '--unknown'"],
])("%j is refused", (flags, why) => {
  expect(() => readSettings(flags)).toThrow(new Error(why));
});

test.each([
  [
    ["--root", "/nowhere/at all"],
    /^file-server: --root \/nowhere\/at all cannot be served: ENOENT/,
  ],
  [["--anonymous", "off"], /^file-server: nobody could log in: give --users, or --anonymous on$/],
  [["--tls", "perhaps"], /^file-server: --tls is "perhaps": .* \(--help lists the flags\)$/],
])("%j is one line on stderr, and exit status 2", async (flags, why) => {
  const root = ["--root", temporaryFolder()];
  const running = runFileServer("--port", "0", ...root, ...flags);
  expect(await running.ended).toEqual({ code: 2, signal: null });
  expect(complaints(running)).toEqual([expect.stringMatching(why)]);
});
