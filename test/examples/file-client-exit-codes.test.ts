/** How the file client ends: a status for each thing that can go wrong, provoked for real. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { FAILURES, type FailureKind } from "../../examples/ftp/client/failure.ts";
import { FtpSite } from "../support/ftp-site.ts";
import { NetWorld } from "../support/net-world.ts";
import { beginClient, complaintOf, runClient, type CommandOptions } from "./file-client-process.ts";
import {
  ANN,
  BOB,
  endFileServer,
  openUsersServer,
  type FileServer,
} from "./file-server-process.ts";
import { digestOf, digest, sample } from "./file-server-samples.ts";
import { FtpProxy } from "./ftp-proxy.ts";
import { OddServer } from "./odd-ftp-server.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

const MEBIBYTE = 2 ** 20;

let server: FileServer;
beforeAll(async () => {
  server = await openUsersServer();
  writeFileSync(join(server.root, "big"), sample(20 * MEBIBYTE));
  writeFileSync(join(server.root, "small"), "small");
});
afterAll(async () => {
  await endFileServer(server);
  cleanUp();
});

const shown = new Map<FailureKind, string>();

/** Ends with the status of `kind`, and exactly one line, which is shown on failure. */
async function fails(
  kind: FailureKind,
  args: readonly string[],
  said: RegExp,
  options?: CommandOptions,
): Promise<void> {
  const ended = await runClient(["-q", ...args], options);
  expect([ended.code, ended.err]).toEqual([FAILURES[kind][0], expect.stringMatching(said)]);
  expect(ended.err.trimEnd().split("\n")).toHaveLength(1);
  expect(ended.out.length).toBe(0);
  shown.set(kind, complaintOf(ended));
}

function at(path: string, user = ""): string {
  return `ftp://${user === "" ? "" : `${user}@`}127.0.0.1:${server.port}/${path}`;
}

const annsPassword = { IOMUX_FTP_PASSWORD: ANN.password };

test("a get that is whole is 0, with the file, its mode, and nothing beside it", async () => {
  const cwd = temporaryFolder();
  const { code, err } = await runClient(["get", at("big")], { cwd, first: "umask 027" });
  expect([code, err]).toEqual([0, expect.stringMatching(/^got big: 20\.0 MiB in /)]);
  expect(digestOf(join(cwd, "big"))).toBe(digest(sample(20 * MEBIBYTE)));
  expect(statSync(join(cwd, "big")).mode & 0o777).toBe(0o640);
  expect(readdirSync(cwd)).toEqual(["big"]);
});

test("a file that is replaced keeps its mode", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "small"), "old", { mode: 0o600 });
  chmodSync(join(cwd, "small"), 0o604);
  expect((await runClient(["-q", "get", at("small")], { cwd })).code).toBe(0);
  expect(readFileSync(join(cwd, "small"), "utf8")).toBe("small");
  expect(statSync(join(cwd, "small")).mode & 0o777).toBe(0o604);
});

test("list prints files with sizes and times; with --all folders too", async () => {
  mkdirSync(join(server.root, "folder"), { recursive: true });
  const files = await runClient(["list", at("")]);
  const lines = files.out.toString().trimEnd().split("\n");
  expect([files.code, files.err]).toEqual([0, ""]);
  const row = /^ *(\d+)\s+\d{4}-\d\d-\d\d \d\d:\d\d\s+(\S+)$/;
  const told = lines.map((line) => row.exec(line)?.slice(1));
  expect(told.filter((entry) => entry === undefined)).toEqual([]);
  expect(told).toContainEqual(["5", "small"]);
  expect(files.out.toString()).not.toContain("folder");
  const all = await runClient(["list", "--all", at("")]);
  expect(all.out.toString()).toMatch(/ folder\/$/m);
});

test("put goes to a folder, or to a name", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "one"), "1");
  writeFileSync(join(cwd, "two"), "2");
  const env = annsPassword;
  const both = await runClient(["put", "one", "two", at("", "ann")], { cwd, env });
  expect([both.code, both.err]).toEqual([0, expect.stringMatching(/^put one: 1 B.*\nput two: /)]);
  const named = await runClient(["-q", "put", "one", at("three", "ann")], { cwd, env });
  expect([named.code, named.err]).toEqual([0, ""]);
  expect(readFileSync(join(server.root, "three"), "utf8")).toBe("1");
});

test("one of several that cannot be put keeps none of the others", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "last"), "1");
  const args = ["-q", "put", "none", "last", at("", "ann")];
  const { code, err } = await runClient(args, { cwd, env: annsPassword });
  expect(code).toBe(FAILURES["no-file"][0]);
  expect(err).toMatch(/^file-client: none here: there is no such .*\nfile-client: not all /);
  expect(readFileSync(join(server.root, "last"), "utf8")).toBe("1");
});

test("misuse", async () => {
  await fails(
    "misuse",
    ["get"],
    /^file-client: get takes an address .*\(--help lists the flags\)$/m,
  );
  await fails("misuse", ["get", at("..")], /a file here cannot have this name/);
});

test("no such host", () => fails("no-host", ["get", "ftp://no..host/x"], /no host "no\.\.host"/));

test("refused", async () => {
  const odd = await OddServer.open();
  odd.close();
  const address = `ftp://127.0.0.1:${odd.port}/x`;
  await fails("refused", ["get", address], /takes no connections \(ECONNREFUSED\): see whether/);
});

test("a wrong password, and none at all", async () => {
  const env = { IOMUX_FTP_PASSWORD: "wr:ng@ secret" };
  await fails("login", ["get", at("small", "ann")], /^file-client: login: not let in.*530 /, {
    env,
  });
  expect(shown.get("login")).not.toContain("wr:ng");
  await fails("login", ["get", at("small", "ann")], /no password of "ann" at 127\.0\.0\.1/);
});

test("no such file", () =>
  fails("no-file", ["get", at("nothing")], /^file-client: nothing: no such/));

test("no permission, there and here", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "mine"), "x");
  const env = { IOMUX_FTP_PASSWORD: BOB.password };
  const forbidden = ["put", "mine", at("", "bob")];
  await fails("no-permission", forbidden, /^file-client: mine: not allowed/, { cwd, env });
});

test("the disk here is full: the half is kept, and gone on with", async () => {
  const cwd = temporaryFolder();
  // In units of 1024 bytes.
  const small = { cwd, first: "ulimit -f 4096" };
  await fails(
    "local-disk-full",
    ["get", at("big")],
    /^file-client: big here: files may not grow/,
    small,
  );
  expect(shown.get("local-disk-full")).toMatch(
    /; 4\.0 MiB are kept in \S*big\.\d{14}-[\da-f]{8}\.part, and a get/,
  );
  const [part] = readdirSync(cwd);
  expect(statSync(join(cwd, part!)).size).toBe(4 * MEBIBYTE);
  const again = await runClient(["-c", "get", at("big")], { cwd });
  expect([again.code, again.err]).toEqual([0, expect.stringMatching(/, from 4\.0 MiB on$/m)]);
  expect(digestOf(join(cwd, "big"))).toBe(digest(sample(20 * MEBIBYTE)));
});

test("the disk there is full", async () => {
  const site = await FtpSite.open(new NetWorld("tcp"), { store: { capacityBytes: MEBIBYTE } });
  const [address] = site.files.addresses as unknown as [{ readonly port: number }];
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "large"), sample(2 * MEBIBYTE));
  const args = ["put", "large", `ftp://ann@127.0.0.1:${address.port}/`];
  const env = { IOMUX_FTP_PASSWORD: "right" };
  await fails("remote-disk-full", args, /^file-client: large: no room on the server/, { cwd, env });
});

test("a connection that is lost, and what came is gone on with", async () => {
  const proxy = await FtpProxy.open(server.port);
  onTestFinished(() => proxy.close());
  const cwd = temporaryFolder();
  const address = `ftp://127.0.0.1:${proxy.port}/big`;
  void proxy.willBe("cut", 12 * MEBIBYTE);
  await fails("lost", ["get", address], /was lost \(ECONNRESET\): try again; .* are kept in /, {
    cwd,
  });
  proxy.mend();
  expect((await runClient(["-q", "-c", "get", address], { cwd })).code).toBe(0);
  expect(digestOf(join(cwd, "big"))).toBe(digest(sample(20 * MEBIBYTE)));
  expect(readdirSync(cwd)).toEqual(["big"]);
});

test("a certificate that is not trusted", async () => {
  await fails("not-trusted", ["--tls", "get", at("small")], /give its authority with --ca FILE/);
  const cwd = temporaryFolder();
  const { code } = await runClient(["--tls", "--insecure", "-q", "get", at("small")], { cwd });
  expect(code).toBe(0);
});

test("a server without TLS, if TLS was asked for: the password is not said", async () => {
  const odd = await OddServer.open();
  const address = `ftp://ann@127.0.0.1:${odd.port}/x`;
  const env = { IOMUX_FTP_PASSWORD: "secret" };
  await fails("not-trusted", ["--tls", "get", address], /AUTH TLS: no secure connection/, { env });
  expect(odd.heard).toEqual(["AUTH TLS"]);
});

test("a server that does not answer", async () => {
  const odd = await OddServer.open({ answers: { USER: null } });
  const args = ["--stall-seconds", "1", "get", `ftp://127.0.0.1:${odd.port}/x`];
  await fails("timed-out", args, /does not answer: nothing came for 1 s/);
});

test("nonsense", async () => {
  const odd = await OddServer.open({ greeting: "HTTP/1.1 400 Bad Request" });
  const address = `ftp://127.0.0.1:${odd.port}/x`;
  await fails("nonsense", ["get", address], /does not speak FTP: it says "HTTP\/1\.1 400 Bad/);
});

test("fewer bytes than there are", async () => {
  const odd = await OddServer.open({ answers: { SIZE: "213 10" }, data: sample(9) });
  await fails("incomplete", ["get", `ftp://127.0.0.1:${odd.port}/x`], /9 bytes have come of 10/);
});

test("a server that will not", async () => {
  const odd = await OddServer.open({ answers: { RETR: "504 not today" } });
  await fails("declined", ["get", `ftp://127.0.0.1:${odd.port}/x`], /504 not today/);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s breaks off, and keeps what came", async (signal) => {
  const proxy = await FtpProxy.open(server.port);
  onTestFinished(() => proxy.close());
  const stuck = proxy.willBe("stuck", 8 * MEBIBYTE);
  const cwd = temporaryFolder();
  const client = beginClient(["-q", "get", `ftp://127.0.0.1:${proxy.port}/big`], { cwd });
  await stuck;
  await expect.poll(() => readdirSync(cwd).length).toBe(1);
  client.child.kill(signal);
  const ended = await client.finish();
  expect(ended.code).toBe(FAILURES.interrupted[0]);
  expect(ended.err).toMatch(/^file-client: .* was interrupted; .* are kept in /);
  expect(readdirSync(cwd)).toEqual([expect.stringMatching(/^big\.\d{14}-[\da-f]{8}\.part$/)]);
});

test("what is killed leaves nothing under the final name, and is gone on with", async () => {
  const proxy = await FtpProxy.open(server.port);
  onTestFinished(() => proxy.close());
  const stuck = proxy.willBe("stuck", 8 * MEBIBYTE);
  const cwd = temporaryFolder();
  const address = `ftp://127.0.0.1:${proxy.port}/big`;
  const client = beginClient(["-q", "get", address], { cwd });
  await stuck;
  await expect
    .poll(() => readdirSync(cwd).map((name) => statSync(join(cwd, name)).size > 0))
    .toEqual([true]);
  const [part] = readdirSync(cwd);
  expect(part).toMatch(/^big\.\d{14}-[\da-f]{8}\.part$/);
  expect(statSync(join(cwd, part!)).mode & 0o777).toBe(0o600);
  client.child.kill("SIGKILL");
  await client.finish();
  expect(readdirSync(cwd)).toEqual([part]);
  proxy.mend();
  const again = await runClient(["-c", "get", address], { cwd });
  expect([again.code, again.err]).toEqual([0, expect.stringMatching(/, from .* on$/m)]);
  expect(digestOf(join(cwd, "big"))).toBe(digest(sample(20 * MEBIBYTE)));
});

test("no password stands in the list of processes, nor in the environment of children", async () => {
  const proxy = await FtpProxy.open(server.port);
  onTestFinished(() => proxy.close());
  const stuck = proxy.willBe("stuck", MEBIBYTE);
  const address = `ftp://ann@127.0.0.1:${proxy.port}/big`;
  const client = beginClient(["-q", "get", address], { env: annsPassword });
  await stuck;
  const words = readFileSync(`/proc/${client.child.pid}/cmdline`, "utf8");
  expect(words).toContain("ann@");
  expect(words).not.toContain(ANN.password);
  client.child.kill("SIGKILL");
  await client.finish();
});

test("every kind was provoked, but for what cannot be", () => {
  const missing = Object.keys(FAILURES).filter((kind) => !shown.has(kind as FailureKind));
  // A failing disk is no state that a test can make; signals are told of above.
  expect(missing).toEqual(["local-error", "interrupted"]);
  for (const line of shown.values()) expect(line).toMatch(/^[^\p{Cc}]{20,400}$/u);
});
