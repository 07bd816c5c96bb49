/** The file server's flags: what they set, and what else is wrong (file-server-flags has the rest). */
import { describe, expect, test } from "vitest";

import { HELP, readSettings } from "../../examples/ftp/server/flags.ts";

const DEFAULTS = {
  kind: "serve",
  listen: { host: "127.0.0.1", port: 2121 },
  passivePorts: [49_152, 65_535],
  passiveHost: null,
  root: null,
  users: null,
  anonymous: ["read", "create"],
  tls: "offered",
  identity: null,
  log: null,
  statusSocket: null,
  sessions: 1000,
  perAddress: 100,
  sessionsPerSecond: 200,
  loginSeconds: 60,
  idleSeconds: 300,
  connectSeconds: 30,
  stallSeconds: 120,
  commandBytes: 8192,
  waitingCommands: 16,
  passwordTries: 3,
  wrongPasswordSeconds: 3,
  listingEntries: 100_000,
  statusEntries: 1000,
  sessionBytesPerSecond: 0,
  totalBytesPerSecond: 0,
  poolBytes: 16_777_216,
  memoryBytes: 268_435_456,
  logBytes: 10_485_760,
  drainSeconds: 30,
};

test("without flags it is for this machine, at port 2121, and anybody may try it out", () => {
  expect(readSettings([])).toEqual(DEFAULTS);
});

test("a folder of somebody's own is not written to by anybody, unless that is said", () => {
  expect(readSettings(["--root", "/srv"])).toMatchObject({ root: "/srv", anonymous: ["read"] });
  expect(readSettings(["--root", "/srv", "--anonymous-upload", "on"])).toMatchObject({
    anonymous: ["read", "create"],
  });
});

test.each([
  ["--port=0", { listen: { host: "127.0.0.1", port: 0 } }],
  ["--host=::1", { listen: { host: "::1", port: 2121 } }],
  ["--passive-ports=40000-40099", { passivePorts: [40_000, 40_099] }],
  ["--passive-host=192.0.2.1", { passiveHost: "192.0.2.1" }],
  ["--users=users", { users: "users" }],
  ["--anonymous=off", { anonymous: null }],
  ["--anonymous-upload=off", { anonymous: ["read"] }],
  ["--tls=data", { tls: "data" }],
  ["--log=x", { log: "x" }],
  ["--status-socket=/run/x", { statusSocket: "/run/x" }],
  ["--sessions=5", { sessions: 5 }],
  ["--per-address=0", { perAddress: 0 }],
  ["--sessions-per-second=0", { sessionsPerSecond: 0 }],
  ["--login-seconds=1", { loginSeconds: 1 }],
  ["--idle-seconds=0", { idleSeconds: 0 }],
  ["--connect-seconds=1", { connectSeconds: 1 }],
  ["--stall-seconds=1", { stallSeconds: 1 }],
  ["--command-bytes=512", { commandBytes: 512 }],
  ["--waiting-commands=1", { waitingCommands: 1 }],
  ["--password-tries=1", { passwordTries: 1 }],
  ["--wrong-password-seconds=0", { wrongPasswordSeconds: 0 }],
  ["--listing-entries=1", { listingEntries: 1 }],
  ["--status-entries=1", { statusEntries: 1 }],
  ["--session-bytes-per-second=9", { sessionBytesPerSecond: 9 }],
  ["--total-bytes-per-second=9", { totalBytesPerSecond: 9 }],
  ["--pool-bytes=0", { poolBytes: 0 }],
  ["--memory-bytes=65536", { memoryBytes: 65_536 }],
  ["--log-bytes=1024", { logBytes: 1024 }],
  ["--drain-seconds=0", { drainSeconds: 0 }],
])("%s sets what it says", (flag, setting) => {
  expect(readSettings([flag])).toEqual({ ...DEFAULTS, ...setting });
  expect(HELP).toContain(`  ${flag.split("=")[0]!} `);
});

test("a certificate and its key come together", () => {
  expect(readSettings(["--cert", "c", "--key", "k"])).toMatchObject({
    identity: { cert: "c", key: "k" },
  });
});

test("--help is enough, whatever else is said", () => {
  expect(readSettings(["--help", "--port", "1"])).toBeNull();
  for (const line of HELP.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("--status: where the server with the same flags tells it", () => {
  const place = { kind: "status", socket: null, host: "127.0.0.1", port: 2121 };
  expect(readSettings(["--status"])).toEqual(place);
  const given = ["--status", "--host", "::1", "--port", "21", "--status-socket", "/run/x"];
  expect(readSettings(given)).toEqual({ ...place, host: "::1", port: 21, socket: "/run/x" });
});

test("--new-user: a home of its own and all rights, or what is said", () => {
  expect(readSettings(["--new-user", "ann"])).toEqual({
    kind: "new-user",
    name: "ann",
    home: "/ann",
    rights: ["read", "create", "write", "delete"],
  });
  const given = ["--new-user", "ann", "--home", "/", "--rights", "read,write"];
  expect(readSettings(given)).toMatchObject({ home: "/", rights: ["read", "write"] });
});

describe("what is wrong is said in one line:", () => {
  test.each([
    [["--port"], "--port has no value: give one"],
    [["--sessions", "0"], '--sessions is "0": give a whole number from 1 to 1000000'],
    [["--login-seconds", "1.5"], '--login-seconds is "1.5": give a whole number'],
    [["--command-bytes=511"], '--command-bytes is "511": give a whole number from 512'],
    [["--passive-ports", "40000"], '--passive-ports is "40000": give two ports'],
    [["--passive-ports", "0-9"], "give two ports"],
    [["--passive-ports", "1-65536"], "give two ports"],
    [["--passive-host", "host.example"], "give an IPv4 address"],
    [["--anonymous-upload", ""], "give one of on, off"],
    [["--rights", "read"], "--rights is for --new-user"],
    [["2121"], "Unexpected argument '2121'"],
  ])("%j", (flags, why) => {
    const failure = (() => {
      try {
        return readSettings(flags);
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(failure).toContain(why);
    expect(failure).not.toContain("\n");
  });
});
