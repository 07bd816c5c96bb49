/** The file client's flags and addresses, and where passwords come from. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import {
  findAccount,
  MAX_NETRC_BYTES,
  netrcPlace,
  type AccountSources,
} from "../../examples/ftp/client/credentials.ts";
import { readSettings } from "../../examples/ftp/client/flags.ts";
import {
  formatFtpAddress,
  parseFtpAddress,
  parseTypedAddress,
} from "../../examples/ftp/client/ftp-address.ts";
import { findMachine } from "../../examples/ftp/client/netrc.ts";
import { failureOf } from "./file-client-session.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

describe("addresses", () => {
  test.each([
    ["ftp://host", { host: "host", port: 21, user: null, path: "" }],
    ["FTP://Host/", { host: "host", port: 21, user: null, path: "" }],
    ["ftp://ann@host:2121/a/b", { host: "host", port: 2121, user: "ann", path: "a/b" }],
    ["ftp://host//etc/motd", { host: "host", port: 21, user: null, path: "/etc/motd" }],
    ["ftp://host/a%20b?c#d", { host: "host", port: 21, user: null, path: "a b?c#d" }],
    ["ftp://host/a b/中", { host: "host", port: 21, user: null, path: "a b/中" }],
    ["ftp://a%40b@[::1]:2121/x@y:z", { host: "::1", port: 2121, user: "a@b", path: "x@y:z" }],
    ["ftp://@host/..", { host: "host", port: 21, user: null, path: ".." }],
  ])("%s", (text, expected) => {
    expect(parseFtpAddress(text)).toEqual(expected);
  });

  test.each([
    ["host/a", "an address is needed: ftp://host/path"],
    ["http://host/a", "an address is needed: ftp://host/path"],
    ["ftps://host/a", "ftps:// is not known here: give ftp:// and --tls"],
    ["ftp:///a", '"" is no host: give a name or an address, [::1] for IPv6'],
    ["ftp://a b/c", '"a b" is no host: give a name or an address, [::1] for IPv6'],
    ["ftp://[::g]/c", '"[::g]" is no host: give a name or an address, [::1] for IPv6'],
    ["ftp://host:0/", "port 0 is none: give a number from 1 to 65535"],
    ["ftp://host:65536/", "port 65536 is none: give a number from 1 to 65535"],
    ["ftp://host:x/", '"ftp://host:x/" is no address: give ftp://host:port/path'],
    ["ftp://host/%zz", '"%zz" has a % that begins no character: write %25 for one'],
    [
      "ftp://host/a%0d%0aDELE b",
      '"a??DELE b" has control characters, which no FTP command can hold',
    ],
  ])("%s is none", (text, why) => {
    expect(() => parseFtpAddress(text)).toThrow(new Error(why));
  });

  test.each([
    "ftp://ann:secret@host/",
    "ftp://ann:@host",
    "ftp://:secret@host/",
    "ann:secret@host",
  ])("a password in %s is refused, and not shown", (text) => {
    const parse = (): unknown => parseTypedAddress(text);
    expect(parse).toThrow(/^a password in an address is seen by all who list processes: leave it/);
    expect(parse).not.toThrow(/secret/);
  });

  test("as they are typed, and shown", () => {
    expect(parseTypedAddress("ann@host:2121/a")).toEqual(parseFtpAddress("ftp://ann@host:2121/a"));
    const shown = ["ftp://host/", "ftp://a@host:21/x", "ftp://[::1]:2121"].map((text) =>
      formatFtpAddress(parseFtpAddress(text)),
    );
    expect(shown).toEqual(["host", "a@host", "[::1]:2121"]);
  });
});

describe("flags", () => {
  test.each([
    [["fetch", "ftp://host/x"], '"fetch" is no command: give get, put, list or open'],
    [["get"], "get takes an address and a name here: get ftp://host/path [LOCAL]"],
    [
      ["get", "ftp://h/x", "a", "b"],
      "get takes an address and a name here: get ftp://host/path [LOCAL]",
    ],
    [["get", "ftp://h/x", ""], "the name here is empty: give one, or leave it out"],
    [["put", "ftp://h/"], "put takes files and an address: put LOCAL... ftp://host/folder/"],
    [["put", "a", "b", "ftp://h/x"], "several files go to a folder: end the address with a slash"],
    [["list"], "list takes one address: list ftp://host/folder/"],
    [["open", "a", "b"], "open takes one address: open ftp://host/folder/"],
    [["--all", "get", "ftp://h/x"], "--all is for list"],
    [["--insecure"], "--insecure is for --tls: give that too"],
    [["--ca", "file"], "--ca is for --tls: give that too"],
    [
      ["--tls", "--insecure", "--ca", "file"],
      "--insecure checks nothing, and --ca says by whom: give one of them",
    ],
    [["--stall-seconds", "0"], '--stall-seconds is "0": give a whole number from 1 to 86400'],
    [["--unknown"], "Unknown option '--unknown'"],
  ])("%j is refused", (args, why) => {
    expect(() => readSettings(args)).toThrow(new Error(why));
  });

  test.each(["--password", "--pass", "--passwd"])("%s is refused, and not shown", (flag) => {
    const read = (): unknown => readSettings([flag, "secret", "get", "ftp://h/x"]);
    expect(read).toThrow(`${flag} would be seen by all who list processes: leave it out`);
    expect(read).not.toThrow("secret");
  });

  test("without a command it is interactive; letters stand for flags", () => {
    const none = { connectSeconds: 30, stallSeconds: 120, listingEntries: 100_000 };
    const nothing = { quiet: false, resume: false, tls: null };
    expect(readSettings([])).toEqual({
      ...{ ...none, ...nothing, command: { kind: "open", address: null } },
    });
    expect(readSettings(["-qc", "--tls", "get", "ftp://h/x"])).toMatchObject({
      ...{ quiet: true, resume: true, tls: { check: true, ca: null } },
      command: { kind: "get", local: null },
    });
    expect(readSettings(["--help", "nonsense"])).toBeNull();
  });
});

describe("passwords", () => {
  const HOST = parseFtpAddress("ftp://host/");
  const ANN = parseFtpAddress("ftp://ann@host/");

  function sources(netrc: string | null, mode = 0o600): AccountSources {
    const path = join(temporaryFolder(), ".netrc");
    if (netrc !== null) {
      writeFileSync(path, netrc);
      chmodSync(path, mode);
    }
    return { password: null, netrc: { path, named: false }, ask: null };
  }

  test("without a user, and with none in .netrc, it is anonymous", async () => {
    const account = { user: "anonymous", password: "anonymous@" };
    expect(await findAccount(HOST, sources(null))).toEqual(account);
    expect(await findAccount(HOST, sources("machine other login a password b"))).toEqual(account);
    const named = { ...HOST, user: "ftp" };
    expect(await findAccount(named, sources(null))).toEqual({ ...account, user: "ftp" });
  });

  test("the environment comes before .netrc, and .netrc before asking", async () => {
    const asked: string[] = [];
    const ask = (question: string): Promise<string> => {
      asked.push(question);
      return Promise.resolve("told");
    };
    const file = sources("machine host login ann password filed");
    const all = { ...file, password: "env", ask };
    expect(await findAccount(ANN, all)).toEqual({ user: "ann", password: "env" });
    expect(await findAccount(ANN, { ...all, password: null })).toMatchObject({ password: "filed" });
    // The environment has no user: it is for who is named.
    expect(await findAccount(HOST, all)).toEqual({ user: "ann", password: "filed" });
    expect(asked).toEqual([]);
    const bob = { ...ANN, user: "bob" };
    expect(await findAccount(bob, { ...file, ask })).toEqual({ user: "bob", password: "told" });
    expect(asked).toEqual(['Password of "bob" at host: ']);
  });

  test("who is asked and gives none has interrupted; who cannot be asked is told what to do", async () => {
    const nobody = sources(null);
    await failureOf(
      findAccount(ANN, { ...nobody, ask: () => Promise.resolve(null) }),
      "interrupted",
    );
    const { message } = await failureOf(findAccount(ANN, nobody), "login");
    expect(message).toMatch(/^no password of "ann" at host: .*~\/\.netrc and IOMUX_FTP_PASSWORD$/);
  });

  test.each([0o640, 0o604, 0o620, 0o777])("a .netrc of mode %o is refused", async (mode) => {
    const file = sources("machine host login ann password filed", mode);
    const { message } = await failureOf(findAccount(ANN, file), "misuse");
    expect(message).toBe(
      `${file.netrc.path} has a password, and others can read it: chmod 600 ${file.netrc.path}`,
    );
    // There is nothing to be read of others.
    const other = { ...HOST, host: "other" };
    expect(await findAccount(other, file)).toMatchObject({ user: "anonymous" });
  });

  test("the file that NETRC names must be there; ~/.netrc need not be", async () => {
    expect(netrcPlace({}, "/home/ann")).toEqual({ path: "/home/ann/.netrc", named: false });
    expect(netrcPlace({ NETRC: "/x" }, "/home/ann")).toEqual({ path: "/x", named: true });
    const named = { ...sources(null), netrc: { path: "/nowhere/at/all", named: true } };
    await failureOf(findAccount(HOST, named), "no-file");
  });

  test("a file that is too large is not read: MAX_NETRC_BYTES", async () => {
    const file = sources("x".repeat(MAX_NETRC_BYTES + 1));
    await failureOf(findAccount(HOST, file), "misuse");
  });

  test.each([
    ["machine host login ann password p", null, "ann", "p"],
    ["machine\nhost\nlogin\nann\npassword\np", "ann", "ann", "p"],
    ["machine HOST login ann", null, "ann", null],
    ['machine host login "an n" password "p \\" q"', null, "an n", 'p " q'],
    ["machine host login bob password b\nmachine host login ann password p", "ann", "ann", "p"],
    ["default login any password d", null, "any", "d"],
    ["machine x login a password b\ndefault password d", "ann", "ann", "d"],
    [
      "# machine host login no password no\nmachine host login ann account z password p",
      null,
      "ann",
      "p",
    ],
    ["macdef init\nmachine host login no\n\nmachine host login ann password p", null, "ann", "p"],
    ["machine host login ann password login", null, "ann", "login"],
  ])("%j for %j", (text, user, name, password) => {
    expect(findMachine(text, "host", user)).toEqual({ user: name, password });
  });

  test.each(["", "machine", "machine host", "login ann", "machine other login ann password p"])(
    "%j has none",
    (text) => {
      expect(findMachine(text, "host", null)).toBeNull();
    },
  );
});
